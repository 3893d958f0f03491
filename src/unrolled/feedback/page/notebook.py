"""A graded notebook as HTML: what students see of it, and nothing that runs.

Texts go through `render`, everything else is escaped. What the release has given is
the same for a whole class, and is made once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from markupsafe import Markup
from nbconvert.filters import strip_ansi
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from unrolled.assignment import Cell, Notebook
from unrolled.assignment.cells import split_check
from unrolled.feedback.markup import render

_LEVEL = re.compile(r"<(/?)h([1-6])>")
_TOP = 2  # the notebook's own heading on the page; those in it stand below
_FORMAT = HtmlFormatter(nowrap=True)
_LEXER = PythonLexer(stripnl=False)
_KEPT = 2000  # texts: those of all assignments of a course


@dataclass(frozen=True, kw_only=True)
class CellView:
    """A cell for the page; `id` is its place there, "" if nothing leads to it."""

    id: str
    title: str
    html: Markup
    outputs: Markup


def list_cell_views(
    notebook: Notebook,
    cells: Collection[Cell],
    *,
    shows_tests: bool = False,
    elsewhere: Collection[str] = (),
) -> Iterator[CellView]:
    """The cells of a graded notebook as students see them.

    Hidden tests are shown with `shows_tests` only, model answers never. The texts of
    the answers `elsewhere` stand at another place of the page.
    """
    level = _HeadingLevels(_TOP)
    for cell in cells:
        document = notebook["cells"][cell.index]
        notes = document["metadata"].get("unrolled", {}).get("notes")
        if cell.role == "scheme" or notes:  # notes stand at the head of the page
            continue
        if cell.cell_type == "code":
            yield _view_code(cell, document, shows_tests=shows_tests)
        elif cell.grade_id and cell.grade_id in elsewhere:
            link = '<p><a href="#answer-{}">Your answer, above</a></p>'
            yield _view_text(cell, Markup(link).format(cell.grade_id))
        elif cell.source.strip():
            text = '<div class="text_cell_render rendered_html">{}</div>'
            html = level.lower(render_text(cell))
            yield _view_text(cell, Markup(text).format(html))


def _view_text(cell: Cell, html: Markup) -> CellView:
    return CellView(id=cell.grade_id, title="", html=html, outputs=Markup())


def _view_code(
    cell: Cell, document: Mapping[str, Any], *, shows_tests: bool
) -> CellView:
    source = cell.source
    if cell.role == "check" and not shows_tests:
        source = split_check(source)[0].rstrip()
    titles = {"check": "Check", "exercise": "Your code", "own": "Your own cell"}
    code = Markup('<div class="input_area"><pre class="highlight">{}</pre></div>')
    outputs = Markup("\n").join(map(_view_output, document.get("outputs", [])))
    return CellView(
        id=cell.grade_id,
        title=titles.get(cell.role, ""),
        html=code.format(highlight_code(source)) if source.strip() else Markup(),
        outputs=outputs,
    )


def render_text(cell: Cell) -> Markup:
    """The text of a Markdown cell, or of an answer, made safe."""
    given = cell.role == "prose" and not cell.grade_id  # the release's, word for word
    if given and not cell.attachments:
        return _render_given(cell.source)
    return Markup(render(cell.source, cell.attachments, given=given))


@lru_cache(_KEPT)
def _render_given(source: str) -> Markup:
    return Markup(render(source, given=True))


@lru_cache(_KEPT)
def highlight_code(source: str) -> Markup:
    """Python in colours, line by line: each line closes what it opens."""
    return Markup(highlight(source.rstrip(), _LEXER, _FORMAT).rstrip("\n"))


class _HeadingLevels:
    """Headings that go down one step at a time, below one of level `top`."""

    def __init__(self, top: int) -> None:
        self.top = self.last = top

    def lower(self, html: Markup) -> Markup:
        return Markup(_LEVEL.sub(self._lower, html))

    def _lower(self, tag: re.Match[str]) -> str:
        if not tag[1]:
            self.last = min(int(tag[2]) + self.top, self.last + 1, 6)
        return f"<{tag[1]}h{self.last}>"


def level_headings(html: str, top: int) -> Markup:
    """Safe HTML whose headings go down by steps, below one of level `top`."""
    return _HeadingLevels(top).lower(Markup(html))


def _view_output(output: Mapping[str, Any]) -> Markup:
    kind = output.get("output_type")
    if kind == "stream":
        name = "output_stderr" if output.get("name") == "stderr" else "output_stdout"
        return _frame(f"output_text {name}", _read_text(output.get("text")))
    if kind == "error":
        return _frame("output_error", "\n".join(output.get("traceback", [])))
    data = output.get("data", {})
    words = _read_text(data.get("text/plain"))
    for mime in ("image/png", "image/jpeg"):
        if mime in data:
            return _view_picture(mime, _read_text(data[mime]), words)
    return _frame("output_text", words) if words else Markup()


def _frame(name: str, text: str) -> Markup:
    block = Markup('<div class="output_area {}"><pre>{}</pre></div>')
    return block.format(name, strip_ansi(text))


def _view_picture(mime: str, content: str, words: str) -> Markup:
    alt = words if words and not words.startswith("<") else "A picture of this cell's"
    content = "".join(content.split())
    image = Markup('<img src="data:{};base64,{}" alt="{}">').format(mime, content, alt)
    return Markup('<div class="output_area output_png">{}</div>').format(image)


def _read_text(value: Any) -> str:
    """A text of a notebook, which may be a list of lines."""
    return "".join(value) if isinstance(value, list) else str(value or "")

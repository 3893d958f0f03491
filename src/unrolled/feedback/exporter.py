"""A feedback page whose table of contents says what each check asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import takewhile
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode

from unrolled.assignment.cells import is_check, meta, ours, split_check

_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_POINTS = re.compile(r"\s*\(\d+ points?\)$")
_LEVEL = re.compile(r"<(/?)h([1-6])>")
_TITLE = 1  # the page's own heading; those of the notebook stand below it


class FeedbackExporter(HTMLExporter):  # type: ignore[misc]
    """The page of the template `feedback`, with a name for every entry of its table."""

    def from_notebook_node(
        self, nb: NotebookNode, resources: Any = None, **kw: Any
    ) -> tuple[str, Any]:
        """A notebook as a page, and nbconvert's resources."""
        resources = resources or {}
        resources["entries"] = _all_entries(nb)
        page, resources = super().from_notebook_node(nb, resources, **kw)
        head, mark, cells = page.partition('<div id="notebook">')
        return head + mark + levelled(cells), resources


def _all_entries(nb: NotebookNode) -> dict[str, str]:
    """The names of `entry_names`, and one for each graded cell that has none."""
    plain = {
        meta(c)["grade_id"]: f"<code>{escape(meta(c)['grade_id'])}</code>"
        for c in nb.cells
        if meta(c).get("grade") or meta(c).get("task")
    }
    return plain | dict(entry_names(nb))


def levelled(html: str) -> str:
    """HTML whose headings go down one step at a time, below the page's own."""
    last = _TITLE

    def level(found: re.Match[str]) -> str:
        nonlocal last
        if not found[1]:
            last = min(int(found[2]) + _TITLE, last + 1, 6)
        return f"<{found[1]}h{last}>"

    return _LEVEL.sub(level, html)


def entry_names(nb: NotebookNode) -> Iterator[tuple[str, str]]:
    """Each graded cell's grade_id, and its name as HTML.

    A check: its exercise, and the comment that it begins with, as students see it.
    A written answer: the heading above it.
    """
    heading = ""
    for cell in nb.cells:
        if cell.cell_type == "markdown" and not meta(cell).get("solution"):
            heading = next(reversed(_HEADING.findall(cell.source)), heading)
        if is_check(cell):
            yield meta(cell)["grade_id"], _check_name(cell)
        elif heading and (meta(cell).get("grade") or meta(cell).get("task")):
            yield meta(cell)["grade_id"], _code(_POINTS.sub("", heading))


def _check_name(cell: NotebookNode) -> str:
    exercise, grade_id = ours(cell).get("exercise", ""), meta(cell)["grade_id"]
    lines = split_check(cell.source)[0].strip().split("\n")
    comment = takewhile(lambda line: line.startswith("#"), lines)
    asked = " ".join(line.lstrip("#").strip() for line in comment)
    if not exercise or not asked:
        return f"<code>{escape(grade_id)}</code>"
    return f"<code>{escape(exercise)}</code>: {_code(asked)}"


def _code(text: str) -> str:
    """Markdown's code in HTML, all else as it is."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))

"""A feedback page whose table of contents says what each check asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import takewhile
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode

from unrolled.assignment.cells import Cell, read_cells, split_check

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
        resources["entries"] = _list_all_entries(nb)
        page, resources = super().from_notebook_node(nb, resources, **kw)
        head, mark, cells = page.partition('<div id="notebook">')
        return head + mark + level_headings(cells), resources


def _list_all_entries(nb: NotebookNode) -> dict[str, str]:
    """The names of `entry_names`, and one for each graded cell that has none."""
    graded = [c.grade_id for c in read_cells(nb) if c.graded]
    plain = {name: f"<code>{escape(name)}</code>" for name in graded}
    return plain | dict(list_entry_names(nb))


def level_headings(html: str) -> str:
    """HTML whose headings go down one step at a time, below the page's own."""
    last = _TITLE

    def level(tag: re.Match[str]) -> str:
        nonlocal last
        if not tag[1]:
            last = min(int(tag[2]) + _TITLE, last + 1, 6)
        return f"<{tag[1]}h{last}>"

    return _LEVEL.sub(level, html)


def list_entry_names(nb: NotebookNode) -> Iterator[tuple[str, str]]:
    """Each graded cell's grade_id, and its name as HTML.

    A check: its exercise, and the comment that it begins with, as students see it.
    A written answer: the heading above it.
    """
    heading = ""
    for cell in read_cells(nb):
        if cell.cell_type == "markdown" and cell.role != "answer":
            heading = next(reversed(_HEADING.findall(cell.source)), heading)
        if cell.role == "check":
            yield cell.grade_id, _format_check_name(cell)
        elif heading and cell.graded:
            yield cell.grade_id, _format_code(_POINTS.sub("", heading))


def _format_check_name(cell: Cell) -> str:
    lines = split_check(cell.source)[0].strip().split("\n")
    comment = takewhile(lambda line: line.startswith("#"), lines)
    asked = " ".join(line.lstrip("#").strip() for line in comment)
    if not cell.exercise or not asked:
        return f"<code>{escape(cell.grade_id)}</code>"
    return f"<code>{escape(cell.exercise)}</code>: {_format_code(asked)}"


def _format_code(text: str) -> str:
    """Markdown's code in HTML, all else as it is."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))

"""What people call a graded cell: a check by what it asks, an answer by its heading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from itertools import takewhile

from unrolled.assignment.cells import Cell, split_check

_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_POINTS = re.compile(r"\s*\(\d+ points?\)$")


def list_labels(cells: Iterable[Cell]) -> Iterator[tuple[str, str]]:
    """Each graded cell's grade id, and its name as HTML.

    A check: its exercise, and the comment that it begins with, as students see it.
    A written answer: the heading above it.
    """
    heading = ""
    for cell in cells:
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

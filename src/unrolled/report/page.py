"""A feedback page whose table of contents says what each check asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import takewhile
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode

from unrolled.grade.reference import is_check, meta, ours, split_check

# nbgrader's own words for an entry, in its template feedback/index.html.j2.
WORDS = ("Test cell", "Coding free-response", "Written response", "Task")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_POINTS = re.compile(r"\s*\(\d+ points?\)$")


class FeedbackExporter(HTMLExporter):  # type: ignore[misc]
    """nbgrader's page, with names in the place of "Test cell" on every line."""

    def from_notebook_node(
        self, nb: NotebookNode, resources: Any = None, **kw: Any
    ) -> tuple[str, Any]:
        """A notebook as a page, and nbconvert's resources."""
        page, resources = super().from_notebook_node(nb, resources, **kw)
        for grade_id, name in entry_names(nb):
            link = f'<a href="#{grade_id}">'
            for words in WORDS:
                page = page.replace(f"{link}{words}</a>", f"{link}{name}</a>", 1)
        return page, resources


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

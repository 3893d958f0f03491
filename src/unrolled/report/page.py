"""A feedback page whose table of contents says what each check asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from html import escape
from itertools import takewhile
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode

from unrolled.grade.reference import is_check, meta, ours, split_check

# An entry as nbgrader's template feedback/index.html.j2 writes it.
_ENTRY = re.compile(
    r'<a href="#(?P<grade_id>[^"]+)">(?P<kind>Test cell|Coding free-response|'
    r"Written response|Task)</a> "
    r"(?P<points>\(Score: (?P<score>-?\d+\.\d+) / (?P<most>\d+\.\d+)\))"
)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_POINTS = re.compile(r"\s*\(\d+ points?\)$")


class FeedbackExporter(HTMLExporter):  # type: ignore[misc]
    """nbgrader's page, with names in the place of "Test cell" on every line.

    Checks that did not pass stand out.
    """

    def from_notebook_node(
        self, nb: NotebookNode, resources: Any = None, **kw: Any
    ) -> tuple[str, Any]:
        """A notebook as a page, and nbconvert's resources."""
        page, resources = super().from_notebook_node(nb, resources, **kw)
        table, end, rest = page.partition("</ol>")  # below it are students' words
        table = _ENTRY.sub(partial(_entry, dict(entry_names(nb))), table)
        return table + end + rest, resources


def _entry(names: Mapping[str, str], found: re.Match[str]) -> str:
    name = names.get(found["grade_id"], found["kind"])
    # A written answer may have no points because nobody has marked it yet.
    lost = found["kind"] == "Test cell" and float(found["score"]) < float(found["most"])
    points = f"<strong>{found['points']}</strong>" if lost else found["points"]
    return f'<a href="#{found["grade_id"]}">{name}</a> {points}'


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

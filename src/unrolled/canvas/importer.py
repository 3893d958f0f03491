"""A model of what Canvas's gradebook import does with a CSV; shares no code with ours.

Written from the rules of the importer, not from the exporter, so that it can
judge the exporter's files: cell by cell, what would change in Canvas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from unrolled.canvas.importer_table import (
    ImportRefusedError,
    Sheet,
    read_sheet,
    score_in,
    title_and_id,
)

__all__ = ["CanvasState", "CellEffect", "ImportRefusedError", "read_as_canvas"]

Effect = Literal["nothing", "scored", "excused", "cleared", "may clear", "ignored"]


@dataclass(frozen=True)
class CanvasStudent:
    """A student as Canvas knows one; who is not active has a concluded enrolment."""

    id: str
    name: str
    sortable_name: str = ""
    sis_id: str = ""
    login: str = ""
    active: bool = True


@dataclass(frozen=True)
class CanvasAssignment:
    """An assignment as Canvas knows one."""

    id: str
    title: str
    points: float
    published: bool = True


@dataclass(frozen=True)
class CanvasState:
    """A course in Canvas; scores by (student id, assignment id), "EX" if excused.

    `custom` are the titles of custom columns. Where grades are not `known`, a blank
    may clear one.
    """

    students: Sequence[CanvasStudent]
    assignments: Sequence[CanvasAssignment]
    scores: Mapping[tuple[str, str], float | Literal["EX"]]
    custom: Sequence[str] = ()
    known: bool = True


@dataclass(frozen=True)
class CellEffect:
    """What one cell does; `assignment` is "new: title" for one Canvas would add."""

    row: int
    student: str | None
    assignment: str
    effect: Effect
    score: float | None = None
    header: str = ""
    cell: str = ""
    old: float | str | None = None


@dataclass(frozen=True)
class Reading:
    """All effects, and the columns that are no grades for Canvas, with the reason."""

    effects: tuple[CellEffect, ...]
    passed_over: Mapping[str, str]


def read_as_canvas(data: bytes, state: CanvasState) -> list[CellEffect]:
    """The effect of every grade cell; ImportRefusedError if the import fails."""
    return list(reading_of(data, state).effects)


def reading_of(data: bytes, state: CanvasState) -> Reading:
    """The effects, and what becomes of the other columns."""
    sheet = read_sheet(data, state.custom)
    people = _people(sheet, state)
    weed = None not in people.values()
    passed = dict.fromkeys(
        sheet.dropped.values(), "Canvas drops columns titled like this"
    )
    passed |= dict.fromkeys(sheet.custom.values(), "a custom column")
    effects: list[CellEffect] = []
    for index, header in sheet.columns.items():
        if index in sheet.read_only and weed:
            passed[header] = "read only"
            continue
        assignment = _assignment(header, state)
        first = sheet.header.index(header)  # of two alike, Canvas reads the first
        effects += [
            replace(
                _effect(n, people[n], assignment, header, row[first], state),
                cell=sheet.raw[n][first],
            )
            for n, row in sheet.rows
        ]
    return Reading(tuple(effects), passed)


def _assignment(header: str, state: CanvasState) -> CanvasAssignment:
    title, number = title_and_id(header)
    published = [a for a in state.assignments if a.published]
    for known in published:
        if number and known.id == number:
            return known
    for known in published:
        if known.title == header:
            return known
    return CanvasAssignment(f"new: {title}", title, 0.0)


def _people(sheet: Sheet, state: CanvasState) -> dict[int, CanvasStudent | None]:
    """Who each row is: by Canvas id, SIS id, login, then name."""
    by_id = {s.id: s for s in state.students}
    by_sis = {s.sis_id: s for s in state.students if s.sis_id}
    by_login = {s.login: s for s in state.students if s.login}
    by_name: dict[str, CanvasStudent] = {}
    for student in state.students:
        by_name.setdefault(student.name, student)
        by_name.setdefault(student.sortable_name, student)
    found = {}
    for line, row in sheet.rows:
        digits = re.match(r"\s*(\d+)", row[1])
        found[line] = (
            (by_id.get(str(int(digits[1]))) if digits else None)
            or (by_sis.get(row[sheet.sis]) if sheet.sis else None)
            or (by_login.get(row[sheet.login]) if sheet.login else None)
            or by_name.get(row[0])
        )
    return found


def _effect(
    line: int,
    student: CanvasStudent | None,
    assignment: CanvasAssignment,
    header: str,
    raw: str,
    state: CanvasState,
) -> CellEffect:
    cell = raw.strip()
    if student is None or not student.active:
        who = student.id if student else None
        return CellEffect(line, who, assignment.id, "ignored", None, header)
    present = state.scores.get((student.id, assignment.id))
    effect, score = _change(cell, present, assignment, state.known)
    return CellEffect(
        line, student.id, assignment.id, effect, score, header, old=present
    )


def _change(
    cell: str,
    present: float | str | None,
    assignment: CanvasAssignment,
    known: bool,
) -> tuple[Effect, float | None]:
    if cell.upper() in ("EX", "EXCUSED"):
        return ("nothing" if present == "EX" else "excused"), None
    score = None if cell in ("", "-") else score_in(cell, assignment.points)
    if score is None:
        if not known and not assignment.id.startswith("new: "):
            return "may clear", None
        return ("nothing" if present is None else "cleared"), None
    same = isinstance(present, float | int) and round(present, 2) == round(score, 2)
    return ("nothing" if same else "scored"), score

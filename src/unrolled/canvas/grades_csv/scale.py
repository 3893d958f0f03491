"""Columns of a CSV whose grades are on another scale than Canvas's points."""

from __future__ import annotations

from collections.abc import Iterator

from unrolled.canvas.grades_csv.exported_csv import parse_number
from unrolled.canvas.grades_csv.import_model import (
    CanvasAssignment,
    CanvasState,
    CellEffect,
    ImportOutcome,
)
from unrolled.canvas.grades_csv.import_parser import Sheet, strip_blanks
from unrolled.canvas.grades_csv.match import compare_points
from unrolled.course import Course

# Extra credit may go a little beyond the points possible; half as much again is none.
EXCESS_FACTOR = 1.5


def find_wrong_scales(
    sheet: Sheet, reading: ImportOutcome, state: CanvasState, course: Course | None
) -> Iterator[str]:
    """One line for each column that has grades on another scale, by what tells it.

    That are the file's own points, those of `course`, or the grades themselves.
    """
    for assignment in state.assignments:
        effects = [e for e in reading.effects if e.assignment == assignment.id]
        if any(e.effect == "scored" for e in effects):
            header = effects[0].header
            index = sheet.header.index(header)
            there = parse_number(strip_blanks(sheet.points[index]))
            yield from _find_point_differences(header, there, assignment, state, course)
            yield from _find_excessive_grades(header, effects, assignment)


def _find_point_differences(
    header: str,
    there: float | None,
    assignment: CanvasAssignment,
    state: CanvasState,
    course: Course | None,
) -> Iterator[str]:
    """Points that the file or the course has otherwise than Canvas."""
    if state.known and there is not None and abs(there - assignment.points) > 0.005:
        yield (
            f"{header}: {assignment.points:g} points possible in Canvas, {there:g} in "
            "this file: its grades are on another scale"
        )
    if course is None or (not state.known and there is None):
        return
    for ours in course.assignments.values():
        if {ours.title, ours.name} & {assignment.title, header}:
            differ = compare_points(assignment.points, ours.points)
            if differ:
                yield (
                    f"{header}: {differ}; if the file was written with --scale, say "
                    "--scale here as well"
                )


def _find_excessive_grades(
    header: str, effects: list[CellEffect], assignment: CanvasAssignment
) -> Iterator[str]:
    """Grades far above the points possible; where none are, all is extra credit."""
    top = assignment.points
    far = [e for e in effects if top > 0 and (e.score or 0.0) > EXCESS_FACTOR * top]
    if far:
        rows = ", ".join(str(e.row) for e in far[:5])
        rows += f" and {len(far) - 5} more" if len(far) > 5 else ""
        yield (
            f"{header}: {max(e.score or 0.0 for e in far):.2f} of {top:g} points (row "
            f"{rows}): the grades are on another scale than Canvas's"
        )

"""Deadlines and late penalties of one student, put into the gradebook.

Whoever writes calls this in its own transaction: grading, extending, stock autograde.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from unrolled.course import Course
from unrolled.deadlines.late_days import HandIn, spend_late_days
from unrolled.deadlines.late_penalty import compute_lateness, compute_penalty
from unrolled.deadlines.own import Deadline, OwnDeadlines, read_own_deadlines
from unrolled.gradebook.tables import (
    AssignmentRows,
    PartRow,
    read_parts,
    write_extension,
    write_penalty,
)


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """A submission's row as it is, and what extension and penalty it should have.

    `free_days` are the free late days that it spends.
    """

    row: PartRow
    deadline: Deadline
    extension: timedelta | None
    penalty: float | None
    free_days: int = 0


def settle_student(
    course: Course, table: AssignmentRows, student: str, assignment: str
) -> float | None:
    """Write what is due for a student; the penalty of this assignment.

    `table` may be any assignment's, for its connection. Other assignments are touched
    only if the course has free late days: then one submission changes what is left for
    another. The caller commits.
    """
    only = None if course.late_days else assignment
    rows = read_parts(table.connection, student, only)
    deadlines = read_own_deadlines(course)
    penalty = None
    for settlement in settle_rows(course, deadlines, student, rows):
        write_settlement(table, settlement)
        if settlement.row.assignment == assignment:
            penalty = settlement.penalty
    return penalty


def read_settlement(
    course: Course, table: AssignmentRows, student: str, assignment: str
) -> Settlement | None:
    """Deadline, penalty and free days of one submission, for pages that show them.

    None if it is not graded. `table` may be any assignment's, for its connection.
    """
    only = None if course.late_days else assignment
    rows = read_parts(table.connection, student, only)
    found = settle_rows(course, read_own_deadlines(course), student, rows)
    return next((one for one in found if one.row.assignment == assignment), None)


def settle_rows(
    course: Course, deadlines: OwnDeadlines, student: str, rows: Iterable[PartRow]
) -> Iterator[Settlement]:
    """What all rows of one student should say; nothing is written."""
    known = [row for row in rows if row.assignment in course.assignments]
    ends = {
        row.id: deadlines.find(student, row.assignment, row.due, row.extension)
        for row in known
    }
    hand_ins = [
        HandIn(
            assignment=row.assignment,
            deadline=ends[row.id].at,
            handed_in=row.timestamp,
            policy=course.assignments[row.assignment].late,
        )
        for row in known
    ]
    spent = spend_late_days(hand_ins, course.late_days, course.timezone)
    for row in known:
        name, end = row.assignment, ends[row.id]
        free = spent.get(name, 0)
        late = compute_lateness(end.at, row.timestamp, course.timezone)
        more = deadlines.make_extension(student, name, row.due, row.extension)
        policy = course.assignments[name].late
        yield Settlement(
            row=row,
            deadline=end,
            extension=more,
            penalty=compute_penalty(policy, row.score, late, free),
            free_days=free,
        )


def write_settlement(table: AssignmentRows, settlement: Settlement) -> None:
    """Write what differs; the caller commits."""
    row = settlement.row
    if settlement.extension != row.extension:
        write_extension(table.connection, row.id, settlement.extension)
    if settlement.penalty != row.penalty:
        write_penalty(table.connection, row.part, settlement.penalty)

"""Extensions that somebody has given in Canvas: overrides, which are only read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from unrolled.canvas.api.course import CourseConnection
from unrolled.course import Course
from unrolled.deadlines import (
    ExtendReport,
    extend_deadlines,
    list_extensions,
)
from unrolled.errors import UserError
from unrolled.gradebook.read import read_student_rows


@dataclass(frozen=True, kw_only=True)
class CanvasExtension:
    """A student's own due date in Canvas; `until` carries a zone."""

    student: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class CanvasExtensions:
    """What Canvas has beyond the class's due date, and what was left out and why."""

    assignment: str
    extensions: tuple[CanvasExtension, ...]
    left_out: tuple[str, ...]


def read_canvas_extensions(
    course: Course, remote: CourseConnection, assignment: str
) -> CanvasExtensions:
    """Overrides for single students that end after the class's due date.

    Those that stand here to the same minute are not told again. Raises UserError if
    Canvas has no such assignment or several, CanvasFailedError if it does not answer.
    """
    settings = course.assignments[assignment]
    titles = {settings.title, settings.name}
    same = [a for a in remote.assignments.values() if str(a.name) in titles]
    if len(same) != 1:
        raise UserError(
            f"{remote.name} has {len(same) or 'no'} assignments titled "
            f"{settings.title!r}."
        )
    people = {r.lms_user_id: r.id for r in read_student_rows(course) if r.lms_user_id}
    standing = {
        e.student: e.until.astimezone(UTC)
        for e in list_extensions(course, [assignment])
        if e.until
    }
    found: list[CanvasExtension] = []
    left_out: list[str] = []
    with remote.translate_errors():
        overrides = list(same[0].get_overrides())
    for override in overrides:
        for one in _read_override(override, people, settings.due):
            if isinstance(one, str):
                left_out.append(one)
            elif standing.get(one.student) != one.until:
                found.append(one)
    return CanvasExtensions(
        assignment=assignment, extensions=tuple(found), left_out=tuple(left_out)
    )


def _read_override(
    override: Any, people: dict[str, str], due: datetime | None
) -> Iterator[CanvasExtension | str]:
    """Extensions of one override, or in words what it is instead."""
    title = str(getattr(override, "title", "") or override.id)
    text = getattr(override, "due_at", None)
    numbers = getattr(override, "student_ids", None)
    if not numbers:
        yield f"{title}: it is for a section or a group, not for single students"
        return
    until = datetime.fromisoformat(text).astimezone(UTC) if text else None
    for number in map(str, numbers):
        if number not in people:
            yield f"{title}: Canvas's student {number} is not in the gradebook"
        elif until is None or due is None or until <= due:
            yield f"{title}: {people[number]} is not due later than the class"
        else:
            yield CanvasExtension(student=people[number], until=until)


def apply_canvas_extensions(
    course: Course, there: CanvasExtensions, *, dry_run: bool
) -> ExtendReport:
    """Give here what was given in Canvas, or only say what that would change."""
    reports: Sequence[ExtendReport] = [
        extend_deadlines(
            course,
            there.assignment,
            [one.student],
            one.until.isoformat(),
            why="given in Canvas",
            dry_run=dry_run,
        )
        for one in there.extensions
    ]
    return ExtendReport(
        deadlines=tuple(d for r in reports for d in r.deadlines),
        penalties=tuple(p for r in reports for p in r.penalties),
        dry_run=dry_run,
    )

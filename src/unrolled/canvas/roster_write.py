"""A planned roster written into the gradebook, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbgrader.api import Gradebook, Student
from sqlalchemy import select

from unrolled.canvas.grades import open_gradebook
from unrolled.canvas.records import read_identities, write_identities
from unrolled.course import Course
from unrolled.gradebook import backup_gradebook


@dataclass(frozen=True)
class Enrolled:
    """A student of the gradebook, as it is or as it shall be."""

    student: str
    values: Mapping[str, str]
    kept: Mapping[str, str] = field(default_factory=dict)


def with_work(course: Course, gradebook: Gradebook) -> set[str]:
    """Students with a submission in the gradebook, or with files in a folder."""
    found = {s.id for s in gradebook.students if s.submissions}
    for folder in (course.submitted, course.autograded, course.feedback):
        if folder.is_dir():
            found |= {p.name for p in folder.iterdir() if p.is_dir()}
    return found


def write_roster(
    course: Course,
    wanted: Sequence[Enrolled],
    unwanted: Sequence[str],
    step: Callable[[int, int, str], None] = lambda done, total, talk: None,
) -> None:
    """Add and change the wanted, drop the unwanted; after a backup of the gradebook.

    Whoever has handed something in since the plan was made is not dropped.
    """
    backup_gradebook(course)
    with open_gradebook(course) as gradebook:
        working = with_work(course, gradebook)
        dropped = [s for s in unwanted if s not in working]
        session = gradebook.db
        for number, enrolled in enumerate(wanted, 1):
            _put(session, enrolled)
            step(number, len(wanted), enrolled.student)
        for student in session.scalars(select(Student).where(Student.id.in_(dropped))):
            session.delete(student)
        session.commit()
    _keep(course, wanted, dropped)


def _put(session: Any, enrolled: Enrolled) -> None:
    student = session.get(Student, enrolled.student)
    if student is None:
        student = Student(id=enrolled.student)
        session.add(student)
    for key, value in enrolled.values.items():
        setattr(student, key, value or None)


def _keep(course: Course, wanted: Sequence[Enrolled], dropped: Sequence[str]) -> None:
    known: dict[str, Mapping[str, str]] = dict(read_identities(course))
    for name in dropped:
        known.pop(name, None)
    write_identities(course, known | {e.student: dict(e.kept) for e in wanted})

"""Reads one assignment of a class: gradebook, verdicts, and what students wrote."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from unrolled.assignment import (
    Material,
    Notebook,
    load_material,
    read_cells,
    read_sources,
)
from unrolled.course import Course
from unrolled.deadlines import OwnDeadlines, compute_lateness, read_own_deadlines
from unrolled.errors import UserError
from unrolled.grade import SubmissionResult, list_submitted_students
from unrolled.grade.scheduling.prepare import JobPreparer
from unrolled.grade.stored_results import (
    build_result,
    open_rows,
)
from unrolled.gradebook import StudentRow, SubmissionRows
from unrolled.gradebook.open import read_check_sources
from unrolled.gradebook.read import read_student_rows
from unrolled.gradebook.tables import AssignmentRows


@dataclass(frozen=True, kw_only=True)
class Work:
    """A graded submission; `code` has the student's solution cells by grade id, and
    `not_begun` names those that are as they were released. `handed_in` is in UTC
    without a zone. Within the grace time nothing is late."""

    result: SubmissionResult
    code: Mapping[str, str]
    not_begun: frozenset[str]
    handed_in: datetime | None
    days_late: int


@dataclass(frozen=True, kw_only=True)
class ClassWork:
    """An assignment's material, the works of the class, and why others have none."""

    material: Material
    works: Mapping[str, Work]
    reasons: Mapping[str, str]
    people: Mapping[str, str]

    def name(self, student: str) -> str:
        """What people call a student; the account's name if nothing else is known."""
        return self.people.get(student) or student


def read_class(course: Course, assignment: str) -> ClassWork:
    """All that the gradebook, `autograded/` and `submitted/` have of an assignment.

    Raises UserError if the assignment is unknown, or not in the gradebook yet.
    """
    material = load_material(course, assignment)
    people = {row.id: format_name(row) for row in read_student_rows(course)}
    submitted = list_submitted_students(course, assignment)
    if not read_check_sources(course, assignment):
        raise UserError(
            f"{course.gradebook_place}: assignment {assignment} is not registered. "
            "Run `unrolled build`."
        )
    with open_rows(course, assignment) as table:
        found = {s: table.find(s) for s in sorted({*people, *submitted})}
        reader = _WorkReader(course, material, table, read_own_deadlines(course))
        works = {s: reader.read(s, r) for s, r in found.items() if r is not None}
    waiting = [student for student in submitted if student not in works]
    return ClassWork(
        material=material,
        works=works,
        reasons=dict(_explain_ungraded(course, material, waiting)),
        people=people,
    )


def format_name(row: StudentRow) -> str:
    """First and last name, as far as they are known."""
    return f"{row.first_name} {row.last_name}".strip()


@dataclass(frozen=True)
class _WorkReader:
    """Reads graded submissions of one assignment."""

    course: Course
    material: Material
    table: AssignmentRows
    deadlines: OwnDeadlines

    def read(self, student: str, rows: SubmissionRows) -> Work:
        path = self.course.autograded_notebook(student, self.material.assignment)
        notebook = _read_notebook(path)
        notes = notebook["metadata"].get("unrolled", {})
        code = read_sources(read_cells(notebook), "exercise")
        deadline = self.deadlines.find(
            student, self.material.assignment, self.table.due, rows.extension
        )
        late = compute_lateness(deadline.at, rows.timestamp, self.course.timezone)
        return Work(
            result=build_result(student, rows, self.table.max_scores, notes=notes),
            code=code,
            not_begun=frozenset(n for n in code if code[n].strip() == self._stubs[n]),
            handed_in=rows.timestamp,
            days_late=late.days if late.seconds > self._grace else 0,
        )

    @property
    def _grace(self) -> float:
        """Seconds after the due date that cost nothing."""
        policy = self.course.assignments[self.material.assignment].late
        return 60.0 * policy.grace_minutes

    @cached_property
    def _stubs(self) -> dict[str, str]:
        """The exercises as they are released."""
        stubs = read_sources(self.material.release_cells, "exercise")
        return defaultdict(str, {name: text.strip() for name, text in stubs.items()})


def _read_notebook(path: Path) -> Notebook:
    """A graded notebook; an empty one if it is lost: the gradebook has the scores."""
    with suppress(OSError, ValueError):
        document: Notebook = json.loads(path.read_text(encoding="utf-8"))
        return document
    return {"cells": [], "metadata": {}}


def _explain_ungraded(
    course: Course, material: Material, students: list[str]
) -> Iterator[tuple[str, str]]:
    """Why what these students handed in has no score."""
    preparer = JobPreparer(course, material.assignment, material) if students else None
    for student in students:
        reason = "not graded yet"
        try:
            if preparer is not None:
                preparer.prepare(student)
        except (UserError, OSError) as error:
            reason = " ".join(str(error).split()).replace(f"{course.root}/", "")
        yield student, reason

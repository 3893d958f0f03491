"""Students and results as nbgrader's gradebook has them, in points of Canvas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nbgrader.api import Assignment, Gradebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.api import Grade as GradeCellRow
from sqlalchemy import exists

from unrolled.canvas.model import ExportedAssignment, Grade, Student
from unrolled.canvas.records import read_identities
from unrolled.course.model import Course
from unrolled.errors import UserError
from unrolled.gradebook.open import has_gradebook
from unrolled.gradebook.open import open_gradebook as opened

_UNGRADED = exists().where(
    SubmittedNotebook.assignment_id == SubmittedAssignment.id,
    GradeCellRow.notebook_id == SubmittedNotebook.id,
    GradeCellRow.auto_score.is_(None),
    GradeCellRow.manual_score.is_(None),
    GradeCellRow.needs_manual_grade.is_(False),
)


def open_existing_gradebook(course: Course) -> Gradebook:
    """The gradebook, to be used with `with`; UserError if there is none."""
    if not has_gradebook(course):
        where = course.gradebook_place
        raise UserError(f"{where} is missing: run `unrolled build`, grade.")
    return opened(course)


def make_exported_assignments(
    course: Course, names: Sequence[str]
) -> list[ExportedAssignment]:
    """Assignments as Canvas shall have them; UserError if one is unknown."""
    refuse_unknown("assignment", names, course.assignments)
    wanted = [course.assignments[n] for n in names]
    return [ExportedAssignment(a.name, a.title, a.points) for a in wanted]


def read_roster_students(
    course: Course, gradebook: Gradebook, students: Iterable[str] = ()
) -> list[Student]:
    """Some students or all, with what the roster told of them."""
    chosen = set(students)
    everybody = gradebook.students
    refuse_unknown("student", chosen, [s.id for s in everybody])
    known = read_identities(course)
    return [
        Student(
            s.id,
            s.lms_user_id or "",
            s.last_name or "",
            s.first_name or "",
            known.get(s.id, {}).get("sis_id", ""),
            known.get(s.id, {}).get("login", ""),
        )
        for s in everybody
        if not chosen or s.id in chosen
    ]


def refuse_unknown(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """UserError if a name is not among the known."""
    there = list(known)
    unknown = sorted(set(names) - set(there))
    if unknown:
        some = ", ".join(there[:20]) + (", ..." if len(there) > 20 else "")
        raise UserError(f"no {kind} {', '.join(unknown)}; there are: {some}.")


def read_grades(
    gradebook: Gradebook, assignments: Sequence[ExportedAssignment]
) -> Mapping[tuple[str, str], Grade]:
    """Every result by (student, assignment), read with one query an assignment."""
    found = {}
    for assignment in assignments:
        rows = (
            gradebook.db.query(
                SubmittedAssignment.student_id,
                SubmittedAssignment.score,
                SubmittedAssignment.max_score,
                SubmittedAssignment.late_submission_penalty,
                SubmittedAssignment.needs_manual_grade,
                _UNGRADED,
            )
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .filter(Assignment.name == assignment.name)
        )
        for student, *row in rows:
            found[student, assignment.name] = _make_grade(row, assignment.points)
    return found


def _make_grade(row: Sequence[Any], points: float) -> Grade:
    """Points of Canvas, after the late penalty, never below nothing."""
    score, top, penalty, waits, ungraded = row
    net = max(0.0, float(score) - float(penalty or 0.0))
    share = net / float(top) if top else float("nan")
    return Grade(share * points, bool(waits or ungraded))

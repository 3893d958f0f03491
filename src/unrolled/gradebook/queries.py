"""What the rest of us asks nbgrader's gradebook and tells it: values, never its ORM.

All functions work on an open gradebook (`open_gradebook`). The words are nbgrader's: a
submission is one student's work on one assignment, a due date and a timestamp carry no
zone and are in UTC, a cell is named by its grade id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from nbgrader.api import (
    Assignment,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import exists, select

from unrolled.gradebook.read import StudentRow

_UNGRADED = exists().where(
    SubmittedNotebook.assignment_id == SubmittedAssignment.id,
    Grade.notebook_id == SubmittedNotebook.id,
    Grade.auto_score.is_(None),
    Grade.manual_score.is_(None),
    Grade.needs_manual_grade.is_(False),
)


@dataclass(frozen=True, kw_only=True)
class RegisteredNotebook:
    """An assignment as it is registered, its cells by name.

    `sources` are the texts of the cells that nbgrader keeps: checks, and other locked
    ones.
    """

    due: datetime | None
    max_scores: Mapping[str, float]
    solutions: frozenset[str]
    sources: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class SubmissionFacts:
    """One submission without its scores; `waiting` are cells that wait for a mark."""

    student: StudentRow
    due: datetime | None
    extension: timedelta | None
    timestamp: datetime | None
    waiting: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Score:
    """Points of a submission before the late penalty; `waits` for marks or grading."""

    points: float
    max_points: float
    late_penalty: float
    waits: bool


def read_students(gradebook: Gradebook) -> list[StudentRow]:
    """All students, by last and first name."""
    return [_make_student_row(student) for student in gradebook.students]


def _make_student_row(student: Student) -> StudentRow:
    names = StudentRow.__dataclass_fields__
    return StudentRow(**{name: getattr(student, name) or "" for name in names})


def list_submitters(gradebook: Gradebook) -> set[str]:
    """The students who have a submission."""
    return set(gradebook.db.scalars(select(SubmittedAssignment.student_id)))


def add_students(gradebook: Gradebook, names: Iterable[str]) -> None:
    """Add students of whom only the names are known."""
    for name in names:
        gradebook.add_student(name)


def write_students(
    gradebook: Gradebook,
    students: Sequence[StudentRow],
    removed: Sequence[str] = (),
    step: Callable[[int, int, str], None] = lambda done, total, name: None,
) -> None:
    """Add or change students and remove others, all of it in one transaction."""
    session = gradebook.db
    for number, row in enumerate(students, 1):
        student = session.get(Student, row.id)
        if student is None:
            student = Student(id=row.id)
            session.add(student)
        for key, value in asdict(row).items():
            setattr(student, key, value or None)
        step(number, len(students), row.id)
    for student in session.scalars(select(Student).where(Student.id.in_(removed))):
        session.delete(student)
    session.commit()


def read_notebook(
    gradebook: Gradebook, assignment: str, notebook: str
) -> RegisteredNotebook | None:
    """An assignment's notebook; None if the gradebook does not know it."""
    try:
        stored = gradebook.find_notebook(notebook, assignment)
    except MissingEntry:
        return None
    return RegisteredNotebook(
        due=stored.assignment.duedate,
        max_scores={c.name: float(c.max_score) for c in stored.grade_cells},
        solutions=frozenset(c.name for c in stored.solution_cells),
        sources={c.name: c.source for c in stored.source_cells},
    )


def read_due_date(gradebook: Gradebook, assignment: str) -> datetime | None:
    """When an assignment is due; None if nothing says so."""
    try:
        due: datetime | None = gradebook.find_assignment(assignment).duedate
    except MissingEntry:
        return None
    return due


def set_due_date(gradebook: Gradebook, assignment: str, due: datetime | None) -> None:
    """Set when an assignment is due."""
    gradebook.update_or_create_assignment(assignment, duedate=due)


def read_submission_facts(
    gradebook: Gradebook, assignment: str, student: str
) -> SubmissionFacts:
    """One submission; nbgrader's MissingEntry if there is none."""
    stored = gradebook.find_submission(assignment, student)
    grades = [grade for notebook in stored.notebooks for grade in notebook.grades]
    return SubmissionFacts(
        student=_make_student_row(stored.student),
        due=stored.assignment.duedate,
        extension=stored.extension,
        timestamp=stored.timestamp,
        waiting=frozenset(g.name for g in grades if g.needs_manual_grade),
    )


def set_timestamp(
    gradebook: Gradebook, assignment: str, student: str, moment: datetime | None
) -> None:
    """Set when a submission was handed in, None if nobody can tell."""
    gradebook.find_submission(assignment, student).timestamp = moment
    gradebook.db.commit()


def read_scores(gradebook: Gradebook, assignment: str) -> dict[str, Score]:
    """The scores of a whole class by student, read with one query."""
    rows = gradebook.db.execute(
        select(
            SubmittedAssignment.student_id,
            SubmittedAssignment.score,
            SubmittedAssignment.max_score,
            SubmittedAssignment.late_submission_penalty,
            SubmittedAssignment.needs_manual_grade,
            _UNGRADED,
        )
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .where(Assignment.name == assignment)
    )
    return {
        student: Score(
            points=float(points),
            max_points=float(most or 0.0),
            late_penalty=float(penalty or 0.0),
            waits=bool(waits or ungraded),
        )
        for student, points, most, penalty, waits, ungraded in rows
    }


def set_auto_score(
    gradebook: Gradebook,
    *,
    cell: str,
    notebook: str,
    assignment: str,
    student: str,
    score: float | None,
    is_other_work: bool,
) -> None:
    """Set the automatic score of a cell, None where only a person can give one.

    A mark by hand stays final, unless it was given for other work than this.
    """
    grade = gradebook.find_grade(cell, notebook, assignment, student)
    grade.auto_score = score
    if grade.manual_score is None:
        grade.needs_manual_grade = score is None
    elif is_other_work:
        grade.needs_manual_grade = True
    gradebook.db.commit()


def mark_fully(gradebook: Gradebook, assignment: str, student: str) -> None:
    """Mark all that has no automatic score with full points, as in formgrader."""
    for notebook in gradebook.find_submission(assignment, student).notebooks:
        for grade in notebook.grades:
            if grade.auto_score is None:
                grade.manual_score = grade.max_score
                grade.needs_manual_grade = False
    gradebook.db.commit()

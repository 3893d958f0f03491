"""What the rest of us asks nbgrader's gradebook and tells it: values, never its ORM.

All functions work on an open gradebook (`open_gradebook`). The words are nbgrader's: a
submission is one student's work on one assignment, a due date and a timestamp carry no
zone and are in UTC, a cell is named by its grade id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from nbgrader import api
from nbgrader.api import Gradebook as Gradebook  # others may open one, and hand it on
from sqlalchemy import exists, select

from unrolled.errors import UserError
from unrolled.gradebook.read import StudentRow

_UNGRADED = exists().where(
    api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id,
    api.Grade.notebook_id == api.SubmittedNotebook.id,
    api.Grade.auto_score.is_(None),
    api.Grade.manual_score.is_(None),
    api.Grade.needs_manual_grade.is_(False),
)


STRAY_COURSE = "default_course"
_SOURCE = "source"  # a cell's text, which nbgrader keeps beside what it is
_CELL_TABLES: Mapping[str, type[api.Base]] = {
    "grade": api.GradeCell,
    "solution": api.SolutionCell,
    "task": api.TaskCell,
    _SOURCE: api.SourceCell,
}
_KIND_OF = {table: kind for kind, table in _CELL_TABLES.items()}


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
class ReleasedCell:
    """A cell of a release as nbgrader registers it; `source` is without the solution.

    `kinds` are what nbgrader has a row for: grade, solution, task.
    """

    name: str
    kinds: frozenset[str]
    cell_type: str
    points: float
    locked: bool
    source: str
    checksum: str | None


@dataclass(frozen=True, kw_only=True)
class ReleasedNotebook:
    """What of a release goes into the gradebook; `kernelspec` is nbgrader's JSON."""

    name: str
    kernelspec: str
    cells: tuple[ReleasedCell, ...]


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


def _make_student_row(student: api.Student) -> StudentRow:
    names = StudentRow.__dataclass_fields__
    return StudentRow(**{name: getattr(student, name) or "" for name in names})


def list_submitters(gradebook: Gradebook) -> set[str]:
    """The students who have a submission."""
    return set(gradebook.db.scalars(select(api.SubmittedAssignment.student_id)))


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
        student = session.get(api.Student, row.id)
        if student is None:
            student = api.Student(id=row.id)
            session.add(student)
        for key, value in asdict(row).items():
            setattr(student, key, value or None)
        step(number, len(students), row.id)
    for student in session.scalars(
        select(api.Student).where(api.Student.id.in_(removed))
    ):
        session.delete(student)
    session.commit()


def read_notebook(
    gradebook: Gradebook, assignment: str, notebook: str
) -> RegisteredNotebook | None:
    """An assignment's notebook; None if the gradebook does not know it."""
    try:
        stored = gradebook.find_notebook(notebook, assignment)
    except api.MissingEntry:
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
    except api.MissingEntry:
        return None
    return due


def write_release(
    gradebook: Gradebook,
    assignment: str,
    release: ReleasedNotebook,
    due: datetime | None,
) -> None:
    """Register an assignment of one notebook: all of it in one transaction.

    The rows are those that nbgrader's SaveCells leaves, which asks and commits for each
    cell. Raises UserError if there are submissions and the cells are not the same.
    """
    session = gradebook.db
    # nbgrader makes this course, to which nothing belongs, where it opens a gradebook
    # without a name; two of its processes that do so at once would stop each other.
    if session.get(api.Course, STRAY_COURSE) is None:
        session.add(api.Course(id=STRAY_COURSE))
    stored = session.scalar(
        select(api.Assignment).where(api.Assignment.name == assignment)
    )
    if stored is None:
        stored = api.Assignment(name=assignment, course_id=gradebook.course_id)
        session.add(stored)
    stored.duedate = due
    graded = bool(stored.submissions)
    for notebook in [n for n in stored.notebooks if n.name != release.name]:
        _require_ungraded(assignment, graded=graded)
        for row in (*notebook._base_cells, *notebook.source_cells, notebook):
            session.delete(row)
    notebook = next((n for n in stored.notebooks if n.name == release.name), None)
    if notebook is None:
        notebook = api.Notebook(name=release.name, assignment=stored)
        session.add(notebook)
    if not graded:
        notebook.kernelspec = release.kernelspec
    session.flush()
    _write_cells(session, notebook, release.cells, graded=graded)
    session.commit()


def _require_ungraded(assignment: str, *, graded: bool) -> None:
    if graded:
        raise UserError(
            f"{assignment} has submissions, and the release has other cells or another "
            "notebook than they have."
        )


def _write_cells(
    session: Any, notebook: api.Notebook, cells: Sequence[ReleasedCell], *, graded: bool
) -> None:
    """Make a notebook's cells those of the release; one that stays keeps its id."""
    rows = {
        (_KIND_OF.get(type(row), ""), row.name): row
        for row in (*notebook._base_cells, *notebook.source_cells)
    }
    coming = {(kind, c.name): c for c in cells for kind in (*c.kinds, _SOURCE)}
    if rows.keys() != coming.keys():
        _require_ungraded(notebook.assignment.name, graded=graded)
    for key in rows.keys() - coming.keys():
        session.delete(rows[key])
    for (kind, name), cell in coming.items():
        row = rows.get((kind, name))
        if row is None:
            row = _CELL_TABLES[kind](name=name, notebook_id=notebook.id)
            session.add(row)
        if kind != "solution":
            row.cell_type = cell.cell_type
        if kind in ("grade", "task"):
            row.max_score = cell.points
        if kind == _SOURCE:
            row.locked, row.source = cell.locked, cell.source
            row.checksum = cell.checksum


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
            api.SubmittedAssignment.student_id,
            api.SubmittedAssignment.score,
            api.SubmittedAssignment.max_score,
            api.SubmittedAssignment.late_submission_penalty,
            api.SubmittedAssignment.needs_manual_grade,
            _UNGRADED,
        )
        .join(
            api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id
        )
        .where(api.Assignment.name == assignment)
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

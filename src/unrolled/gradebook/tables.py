"""One submission's rows in nbgrader's tables, read and written without its ORM.

nbgrader's own classes load and save a submission object by object, with a query
for each relation; here it is one statement a table. The rows are those that
nbgrader's autograde would leave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from sqlalchemy import (
    Boolean,
    Connection,
    bindparam,
    case,
    insert,
    null,
    select,
    true,
    update,
)

from unrolled.course.model import Course
from unrolled.gradebook.open import open_gradebook

_STUDENT = Student.__table__
_SUBMISSION = SubmittedAssignment.__table__
_PART = SubmittedNotebook.__table__
_CELL = BaseCell.__table__
_GRADE = Grade.__table__
_COMMENT = Comment.__table__

_FIND = (
    select(
        _SUBMISSION.c.id,
        _SUBMISSION.c.timestamp,
        _SUBMISSION.c.extension,
        _PART.c.id.label("part"),
        _PART.c.late_submission_penalty.label("penalty"),
    )
    .join(_PART, _PART.c.assignment_id == _SUBMISSION.c.id)
    .where(_SUBMISSION.c.student_id == bindparam("student"))
    .where(_SUBMISSION.c.assignment_id == bindparam("assignment"))
    .where(_PART.c.notebook_id == bindparam("notebook"))
)
_CELLS = select(_CELL.c.id).where(_CELL.c.notebook_id == bindparam("notebook"))
_FIND_GRADES = select(_GRADE).where(_GRADE.c.notebook_id == bindparam("part"))
_FIND_COMMENTS = select(_COMMENT).where(_COMMENT.c.notebook_id == bindparam("part"))
_FIND_STUDENT = select(_STUDENT.c.id).where(_STUDENT.c.id == bindparam("student"))


def _make_grade_update(marked: Any) -> Any:
    """Set a score; `marked` says whether a cell that has a mark waits for a new one.

    A mark may be given while we grade: whether there is one is looked up there.
    """
    waits = case(
        (_GRADE.c.manual_score.is_not(null()), marked),
        else_=bindparam("waits", type_=Boolean),
    )
    return (
        update(_GRADE)
        .where(_GRADE.c.notebook_id == bindparam("part"))
        .where(_GRADE.c.cell_id == bindparam("cell"))
        .values(auto_score=bindparam("score"), needs_manual_grade=waits)
    )


_SET_GRADE = _make_grade_update(_GRADE.c.needs_manual_grade)
_SET_GRADE_OF_OTHER_WORK = _make_grade_update(true())
_SET_COMMENT = (
    update(_COMMENT)
    .where(_COMMENT.c.notebook_id == bindparam("part"))
    .where(_COMMENT.c.cell_id == bindparam("cell"))
    .values(auto_comment=bindparam("text"))
)
_SET_TIME = (
    update(_SUBMISSION)
    .where(_SUBMISSION.c.id == bindparam("submission"))
    .values(timestamp=bindparam("moment"))
)
_SET_PENALTY = (
    update(_PART)
    .where(_PART.c.id == bindparam("part"))
    .values(late_submission_penalty=bindparam("points"))
)


@dataclass(frozen=True)
class GradeRow:
    """The scores of one grade cell; `score` follows nbgrader's rule."""

    auto: float | None
    manual: float | None
    extra: float | None
    waits: bool

    @property
    def score(self) -> float:
        """A mark goes before the automatic score; extra credit is added to either."""
        base = self.auto if self.manual is None else self.manual
        return 0.0 if base is None else base + (self.extra or 0.0)


@dataclass(frozen=True, kw_only=True)
class SubmissionRows:
    """The rows of one student's submission; grades and comments by cell name."""

    id: str
    part: str
    timestamp: datetime | None = None
    extension: timedelta | None = None
    penalty: float | None = None
    grades: Mapping[str, GradeRow] = field(default_factory=dict)
    comments: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """Points before the late penalty."""
        return sum(grade.score for grade in self.grades.values())


@contextmanager
def open_assignment_rows(
    course: Course, assignment: str, order: Sequence[str] = ()
) -> Iterator[AssignmentRows]:
    """An assignment in nbgrader's tables, through a connection of its own.

    Cells come in `order`, where it names them: a database has none of its own.
    Raises nbgrader's MissingEntry if the gradebook does not know the assignment.
    """
    with open_gradebook(course) as gradebook:
        name = course.assignments[assignment].notebook
        notebook = gradebook.find_notebook(name, assignment)
        if len(notebook.assignment.notebooks) > 1:
            raise ValueError(f"{assignment} has more than one notebook")
        with gradebook.engine.connect() as connection:
            rows = AssignmentRows(connection, notebook, order)
            gradebook.db.rollback()  # what was read holds up nobody
            yield rows


class AssignmentRows:
    """One assignment in nbgrader's tables, and its submissions through `connection`."""

    def __init__(
        self, connection: Connection, notebook: Notebook, order: Sequence[str]
    ) -> None:
        ranks = {name: rank for rank, name in enumerate(order)}

        def rank(cell: BaseCell) -> int:
            return ranks.get(cell.name, len(ranks))

        self.connection = connection
        self.assignment: str = notebook.assignment.id
        self.notebook: str = notebook.id
        self.due: datetime | None = notebook.assignment.duedate
        graded = sorted([*notebook.grade_cells, *notebook.task_cells], key=rank)
        commented = sorted([*notebook.solution_cells, *notebook.task_cells], key=rank)
        self.grade_cells: dict[str, str] = {c.name: c.id for c in graded}
        self.max_scores: dict[str, float] = {c.name: c.max_score for c in graded}
        self.comment_cells: dict[str, str] = {c.name: c.id for c in commented}
        self._names = {c.id: c.name for c in (*graded, *commented)}

    def is_current(self) -> bool:
        """Whether the gradebook still has the cells of the beginning."""
        cells = self.connection.scalars(_CELLS, {"notebook": self.notebook})
        return self._names.keys() <= set(cells)

    def find(self, student: str, *, lock: bool = False) -> SubmissionRows | None:
        """The rows of a student, if there are any.

        With `lock` nobody else gives a mark until the transaction ends (PostgreSQL;
        in SQLite a transaction that writes has the whole file).
        """
        mine = {"assignment": self.assignment, "notebook": self.notebook}
        ids = {"student": student, **mine}
        row = self.connection.execute(_FIND, ids).one_or_none()
        if row is None:
            return None
        part = {"part": row.part}
        statement = _FIND_GRADES.with_for_update() if lock else _FIND_GRADES
        grades = {
            self._names[g.cell_id]: GradeRow(
                g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade
            )
            for g in self.connection.execute(statement, part)
        }
        comments = {
            self._names[c.cell_id]: c.auto_comment
            for c in self.connection.execute(_FIND_COMMENTS, part)
        }
        return SubmissionRows(
            **row._asdict(),
            grades={name: grades[name] for name in self.grade_cells if name in grades},
            comments=comments,
        )

    def make(self, student: str) -> SubmissionRows:
        """Insert the rows of a first submission, as nbgrader makes them: empty."""
        execute = self.connection.execute
        if execute(_FIND_STUDENT, {"student": student}).first() is None:
            execute(insert(_STUDENT), {"id": student})
        submission, part = new_uuid(), new_uuid()
        ids = {"assignment_id": self.assignment, "student_id": student}
        execute(insert(_SUBMISSION), {"id": submission, **ids})
        ids = {"assignment_id": submission, "notebook_id": self.notebook}
        execute(insert(_PART), {"id": part, **ids})
        for table, cells in (
            (_GRADE, self.grade_cells),
            (_COMMENT, self.comment_cells),
        ):
            rows = [{"notebook_id": part, "cell_id": c} for c in cells.values()]
            if rows:
                execute(insert(table), rows)
        return SubmissionRows(id=submission, part=part)

    def fill(
        self,
        part: str,
        *,
        scores: Mapping[str, float | None],
        comments: Mapping[str, str | None],
        changed: Collection[str],
    ) -> None:
        """Set automatic scores and comments.

        A mark by hand stays final, unless its cell is in `changed`: then the work
        that it was given for is another one, and it waits to be looked at.
        """
        grades: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
        for n, cell in self.grade_cells.items():
            if n in scores:
                row = {"part": part, "cell": cell, "score": scores[n]}
                grades[n in changed].append(row | {"waits": scores[n] is None})
        texts: list[dict[str, Any]] = [
            {"part": part, "cell": cell, "text": comments[n]}
            for n, cell in self.comment_cells.items()
            if n in comments
        ]
        for statement, rows in (
            (_SET_GRADE, grades[False]),
            (_SET_GRADE_OF_OTHER_WORK, grades[True]),
            (_SET_COMMENT, texts),
        ):
            if rows:
                self.connection.execute(statement, rows)

    def set_time(self, submission: str, at: datetime | None) -> None:
        """Set when it was handed in, None if nobody can tell."""
        self.connection.execute(_SET_TIME, {"submission": submission, "moment": at})

    def set_penalty(self, part: str, points: float | None) -> None:
        """Set the late penalty, None where it is in time."""
        self.connection.execute(_SET_PENALTY, {"part": part, "points": points})

    def is_late(self, rows: SubmissionRows) -> bool:
        """Whether it came after the due date and its extension, as nbgrader has it."""
        if rows.timestamp is None or self.due is None:
            return False
        return rows.timestamp > self.due + (rows.extension or timedelta())

"""One submission's rows in nbgrader's tables, read and written without its ORM.

nbgrader's classes load and save object by object, with a query for each relation; here
it is one statement a table. The rows are those that nbgrader's autograde would leave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from unrolled.course import Course
from unrolled.gradebook.open import connect_gradebook
from unrolled.gradebook.schema import (
    ASSIGNMENT,
    CELL,
    COMMENT,
    GRADE,
    GRADE_CELL,
    NOTEBOOK,
    PART,
    STUDENT,
    SUBMISSION,
    TASK_CELL,
    make_id,
)

_FIND = (
    sa.select(
        SUBMISSION.c.id,
        SUBMISSION.c.timestamp,
        SUBMISSION.c.extension,
        PART.c.id.label("part"),
        PART.c.late_submission_penalty.label("penalty"),
    )
    .join(PART, PART.c.assignment_id == SUBMISSION.c.id)
    .where(SUBMISSION.c.student_id == sa.bindparam("student"))
    .where(SUBMISSION.c.assignment_id == sa.bindparam("assignment"))
    .where(PART.c.notebook_id == sa.bindparam("notebook"))
)
_FIND_EXTENSIONS = sa.select(SUBMISSION.c.extension).where(
    SUBMISSION.c.assignment_id == sa.bindparam("assignment")
)
_FIND_NOTEBOOKS = (
    sa.select(NOTEBOOK.c.id, NOTEBOOK.c.name, ASSIGNMENT.c.duedate)
    .add_columns(NOTEBOOK.c.assignment_id)
    .join(ASSIGNMENT, ASSIGNMENT.c.id == NOTEBOOK.c.assignment_id)
    .where(ASSIGNMENT.c.name == sa.bindparam("assignment"))
)
_MAX_SCORE = sa.func.coalesce(GRADE_CELL.c.max_score, TASK_CELL.c.max_score)
_FIND_CELLS = (
    sa.select(CELL.c.id, CELL.c.name, CELL.c.type)
    .add_columns(_MAX_SCORE.label("max_score"))
    .outerjoin(GRADE_CELL, GRADE_CELL.c.id == CELL.c.id)
    .outerjoin(TASK_CELL, TASK_CELL.c.id == CELL.c.id)
    .where(CELL.c.notebook_id == sa.bindparam("notebook"))
)
_CELLS = sa.select(CELL.c.id).where(CELL.c.notebook_id == sa.bindparam("notebook"))
_FIND_GRADES = sa.select(GRADE).where(GRADE.c.notebook_id == sa.bindparam("part"))
_FIND_COMMENTS = sa.select(COMMENT).where(COMMENT.c.notebook_id == sa.bindparam("part"))
_FIND_STUDENT = sa.select(STUDENT.c.id).where(STUDENT.c.id == sa.bindparam("student"))


def _make_grade_update(marked: Any) -> Any:
    """Set a score; `marked` says whether a cell that has a mark waits for a new one.

    A mark may be given while we grade: whether there is one is looked up there.
    """
    waits = sa.case(
        (GRADE.c.manual_score.is_not(sa.null()), marked),
        else_=sa.bindparam("waits", type_=sa.Boolean),
    )
    return (
        sa.update(GRADE)
        .where(GRADE.c.notebook_id == sa.bindparam("part"))
        .where(GRADE.c.cell_id == sa.bindparam("cell"))
        .values(auto_score=sa.bindparam("score"), needs_manual_grade=waits)
    )


_SET_GRADE = _make_grade_update(GRADE.c.needs_manual_grade)
_SET_GRADE_OF_OTHER_WORK = _make_grade_update(sa.true())
_SET_COMMENT = (
    sa.update(COMMENT)
    .where(COMMENT.c.notebook_id == sa.bindparam("part"))
    .where(COMMENT.c.cell_id == sa.bindparam("cell"))
    .values(auto_comment=sa.bindparam("text"))
)
_PUT_GRADE = (
    sa.update(GRADE)
    .where(GRADE.c.notebook_id == sa.bindparam("part"))
    .where(GRADE.c.cell_id == sa.bindparam("cell"))
    .values(
        auto_score=sa.bindparam("auto"),
        manual_score=sa.bindparam("manual"),
        needs_manual_grade=sa.bindparam("waits"),
    )
)
_SET_TIME = (
    sa.update(SUBMISSION)
    .where(SUBMISSION.c.id == sa.bindparam("submission"))
    .values(timestamp=sa.bindparam("moment"))
)
_FIND_PARTS = (
    sa.select(
        ASSIGNMENT.c.name.label("assignment"),
        ASSIGNMENT.c.duedate.label("due"),
        SUBMISSION.c.id,
        SUBMISSION.c.timestamp,
        SUBMISSION.c.extension,
        PART.c.id.label("part"),
        PART.c.late_submission_penalty.label("penalty"),
    )
    .join(SUBMISSION, SUBMISSION.c.assignment_id == ASSIGNMENT.c.id)
    .join(PART, PART.c.assignment_id == SUBMISSION.c.id)
    .where(SUBMISSION.c.student_id == sa.bindparam("student"))
    .order_by(ASSIGNMENT.c.name)
)
_SET_EXTENSION = (
    sa.update(SUBMISSION)
    .where(SUBMISSION.c.id == sa.bindparam("submission"))
    .values(extension=sa.bindparam("more"))
)
_SET_PENALTY = (
    sa.update(PART)
    .where(PART.c.id == sa.bindparam("part"))
    .values(late_submission_penalty=sa.bindparam("points"))
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
    """The rows of one student's submission; grades and comments by cell name.

    `comments` are the automatic ones, `remarks` those of a person.
    """

    id: str
    part: str
    timestamp: datetime | None = None
    extension: timedelta | None = None
    penalty: float | None = None
    grades: Mapping[str, GradeRow] = field(default_factory=dict)
    comments: Mapping[str, str | None] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """Points before the late penalty."""
        return sum(grade.score for grade in self.grades.values())


@dataclass(frozen=True, kw_only=True)
class PartRow:
    """A submission of one student, with all that its late penalty hangs on.

    Times are in UTC without a zone; `due` is the class's, `score` before the penalty.
    """

    assignment: str
    due: datetime | None
    id: str
    part: str
    timestamp: datetime | None
    extension: timedelta | None
    penalty: float | None
    score: float


def read_parts(
    connection: sa.Connection, student: str, assignment: str | None = None
) -> list[PartRow]:
    """All submissions of a student, or that of one assignment."""
    rows = connection.execute(_FIND_PARTS, {"student": student}).all()
    return [
        PartRow(**row._asdict(), score=_add_up(connection, row.part))
        for row in rows
        if assignment in (None, row.assignment)
    ]


def _add_up(connection: sa.Connection, part: str) -> float:
    """A submission's score, as SubmissionRows has it."""
    return sum(
        GradeRow(
            g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade
        ).score
        for g in connection.execute(_FIND_GRADES, {"part": part})
    )


def write_extension(
    connection: sa.Connection, submission: str, more: timedelta | None
) -> None:
    """Set a submission's extension, which nbgrader adds to the due date."""
    connection.execute(_SET_EXTENSION, {"submission": submission, "more": more})


def write_penalty(connection: sa.Connection, part: str, points: float | None) -> None:
    """Set the late penalty, None where it is in time."""
    connection.execute(_SET_PENALTY, {"part": part, "points": points})


@contextmanager
def open_assignment_rows(
    course: Course, assignment: str, order: Sequence[str] = ()
) -> Iterator[AssignmentRows]:
    """An assignment in nbgrader's tables, through a connection of its own.

    Cells come in `order`, where it names them: a database has none of its own.
    Raises LookupError if the gradebook does not know the assignment.
    """
    name = course.assignments[assignment].notebook
    with connect_gradebook(course) as connection:
        ids = {"assignment": assignment}
        notebooks = connection.execute(_FIND_NOTEBOOKS, ids).all()
        if name not in [notebook.name for notebook in notebooks]:
            raise LookupError(f"{course.gradebook_place}: {assignment} is not in it")
        if len(notebooks) > 1:
            raise ValueError(f"{assignment} has more than one notebook")
        rows = AssignmentRows(connection, notebooks[0], order)
        connection.rollback()  # what was read holds up nobody
        yield rows


class AssignmentRows:
    """One assignment in nbgrader's tables, and its submissions through `connection`."""

    def __init__(
        self, connection: sa.Connection, notebook: sa.Row[Any], order: Sequence[str]
    ) -> None:
        self.connection = connection
        self.assignment: str = notebook.assignment_id
        self.notebook: str = notebook.id
        self.due: datetime | None = notebook.duedate
        ranks = {name: rank for rank, name in enumerate(order)}
        cells = sorted(
            connection.execute(_FIND_CELLS, {"notebook": self.notebook}),
            key=lambda cell: ranks.get(cell.name, len(ranks)),
        )
        graded = [c for c in cells if c.type in ("GradeCell", "TaskCell")]
        commented = [c for c in cells if c.type in ("SolutionCell", "TaskCell")]
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
        comments = self.connection.execute(_FIND_COMMENTS, part).all()
        return SubmissionRows(
            **row._asdict(),
            grades={name: grades[name] for name in self.grade_cells if name in grades},
            comments={self._names[c.cell_id]: c.auto_comment for c in comments},
            remarks={
                self._names[c.cell_id]: c.manual_comment
                for c in comments
                if c.manual_comment is not None
            },
        )

    def find_longest_extension(self) -> timedelta:
        """The most time that anybody has been given for this assignment."""
        ids = {"assignment": self.assignment}
        return max(
            (one for one in self.connection.scalars(_FIND_EXTENSIONS, ids) if one),
            default=timedelta(),
        )

    def make(self, student: str) -> SubmissionRows:
        """Insert the rows of a first submission, as nbgrader makes them: empty."""
        execute = self.connection.execute
        if execute(_FIND_STUDENT, {"student": student}).first() is None:
            execute(sa.insert(STUDENT), {"id": student})
        submission, part = make_id(), make_id()
        ids = {"assignment_id": self.assignment, "student_id": student}
        execute(sa.insert(SUBMISSION), {"id": submission, **ids})
        ids = {"assignment_id": submission, "notebook_id": self.notebook}
        execute(sa.insert(PART), {"id": part, **ids})
        for table, cells in (
            (GRADE, self.grade_cells),
            (COMMENT, self.comment_cells),
        ):
            rows = [{"notebook_id": part, "cell_id": c} for c in cells.values()]
            if rows:
                execute(sa.insert(table), rows)
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
        for statement, rows in (
            (_SET_GRADE, grades[False]),
            (_SET_GRADE_OF_OTHER_WORK, grades[True]),
        ):
            if rows:
                self.connection.execute(statement, rows)
        self._set_comments(part, comments)

    def put(
        self,
        part: str,
        grades: Mapping[str, GradeRow],
        comments: Mapping[str, str | None] | None = None,
    ) -> None:
        """Set scores, marks and automatic comments to these; extra credit stays."""
        rows = [
            {
                "part": part,
                "cell": self.grade_cells[name],
                "auto": grade.auto,
                "manual": grade.manual,
                "waits": grade.waits,
            }
            for name, grade in grades.items()
        ]
        if rows:
            self.connection.execute(_PUT_GRADE, rows)
        self._set_comments(part, comments or {})

    def _set_comments(self, part: str, comments: Mapping[str, str | None]) -> None:
        rows = [
            {"part": part, "cell": cell, "text": comments[n]}
            for n, cell in self.comment_cells.items()
            if n in comments
        ]
        if rows:
            self.connection.execute(_SET_COMMENT, rows)

    def set_time(self, submission: str, at: datetime | None) -> None:
        """Set when it was handed in, None if nobody can tell."""
        self.connection.execute(_SET_TIME, {"submission": submission, "moment": at})

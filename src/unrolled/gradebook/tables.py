"""One submission's rows in nbgrader's tables, read and written without its ORM.

nbgrader's own classes load and save a submission object by object, with a query
for each relation; here it is one statement a table. The rows are those that
nbgrader's autograde would leave.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    Gradebook,
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
    literal,
    null,
    select,
    update,
)

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
_SET_GRADE_OF_OTHER_WORK = _make_grade_update(literal(True))
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


@dataclass(frozen=True)
class SubmissionRows:
    """The rows of one student's submission; grades and comments by cell name."""

    id: str
    part: str
    timestamp: datetime | None
    extension: timedelta | None
    penalty: float | None
    grades: Mapping[str, GradeRow] = field(default_factory=dict)
    comments: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """Points before the late penalty."""
        return sum(grade.score for grade in self.grades.values())


class AssignmentRows:
    """One assignment in nbgrader's tables, and its submissions through a connection.

    Cells come in `order`, where it names them: a database has none of its own.
    Raises nbgrader's MissingEntry if the gradebook does not know it.
    """

    def __init__(
        self,
        gradebook: Gradebook,
        assignment: str,
        notebook: str,
        order: Sequence[str] = (),
    ) -> None:
        places = {name: place for place, name in enumerate(order)}

        def place(cell: Any) -> int:
            return places.get(cell.name, len(places))

        found = gradebook.find_notebook(notebook, assignment)
        self.assignment: str = found.assignment.id
        self.notebook: str = found.id
        self.due: datetime | None = found.assignment.duedate
        graded = sorted([*found.grade_cells, *found.task_cells], key=place)
        commented = sorted([*found.solution_cells, *found.task_cells], key=place)
        self.grade_cells: dict[str, str] = {c.name: c.id for c in graded}
        self.max_scores: dict[str, float] = {c.name: c.max_score for c in graded}
        self.comment_cells: dict[str, str] = {c.name: c.id for c in commented}
        self._names = {c.id: c.name for c in (*graded, *commented)}
        others = [n.id for n in found.assignment.notebooks if n.id != found.id]
        if others:
            raise ValueError(f"{assignment} has more than one notebook")

    def is_current(self, connection: Connection) -> bool:
        """Whether the gradebook still has the cells that were found."""
        there = connection.scalars(_CELLS, {"notebook": self.notebook})
        return self._names.keys() <= set(there)

    def find(
        self, connection: Connection, student: str, lock: bool = False
    ) -> SubmissionRows | None:
        """The rows of a student, if there are any.

        With `lock` nobody else gives a mark until the transaction ends (PostgreSQL;
        in SQLite a transaction that writes has the whole file).
        """
        mine = {"assignment": self.assignment, "notebook": self.notebook}
        row = connection.execute(_FIND, {"student": student, **mine}).one_or_none()
        if row is None:
            return None
        part = {"part": row.part}
        grades = self._read_grades(connection, part, lock)
        comments = {
            self._names[c.cell_id]: c.auto_comment
            for c in connection.execute(_FIND_COMMENTS, part)
        }
        return SubmissionRows(
            row.id,
            row.part,
            row.timestamp,
            row.extension,
            row.penalty,
            {name: grades[name] for name in self.grade_cells if name in grades},
            comments,
        )

    def _read_grades(
        self, connection: Connection, part: Mapping[str, str], lock: bool
    ) -> dict[str, GradeRow]:
        rows = connection.execute(
            _FIND_GRADES.with_for_update() if lock else _FIND_GRADES, part
        )
        return {
            self._names[g.cell_id]: GradeRow(
                g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade
            )
            for g in rows
        }

    def make(self, connection: Connection, student: str) -> SubmissionRows:
        """Insert the rows of a first submission, as nbgrader makes them: empty."""
        if connection.execute(_FIND_STUDENT, {"student": student}).first() is None:
            connection.execute(insert(_STUDENT), {"id": student})
        made, part = new_uuid(), new_uuid()
        submission = {"assignment_id": self.assignment, "student_id": student}
        connection.execute(insert(_SUBMISSION), {"id": made, **submission})
        notebook = {"assignment_id": made, "notebook_id": self.notebook}
        connection.execute(insert(_PART), {"id": part, **notebook})
        for table, cells in (
            (_GRADE, self.grade_cells),
            (_COMMENT, self.comment_cells),
        ):
            rows = [{"notebook_id": part, "cell_id": c} for c in cells.values()]
            if rows:
                connection.execute(insert(table), rows)
        return SubmissionRows(made, part, None, None, None)

    def fill(
        self,
        connection: Connection,
        part: str,
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
                connection.execute(statement, rows)

    def set_time(
        self, connection: Connection, submission: str, at: datetime | None
    ) -> None:
        """Set when it was handed in, None if nobody can tell."""
        connection.execute(_SET_TIME, {"submission": submission, "moment": at})

    def set_penalty(
        self, connection: Connection, part: str, points: float | None
    ) -> None:
        """Set the late penalty, None where it is in time."""
        connection.execute(_SET_PENALTY, {"part": part, "points": points})

    def is_late(self, rows: SubmissionRows) -> bool:
        """Whether it came after the due date and its extension, as nbgrader has it."""
        if rows.timestamp is None or self.due is None:
            return False
        return rows.timestamp > self.due + (rows.extension or timedelta())

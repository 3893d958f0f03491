"""One question of an assignment over the whole class, and our own two tables.

Scores and comments are nbgrader's: `manual_score` and `manual_comment`. What nbgrader
has no place for (the rubric, which of its items a mark is made of, who holds an answer
until when) lies in the same database, so that both are written in one transaction.
nbgrader does not look at tables that it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from unrolled.gradebook.schema import (
    COMMENT,
    GRADE,
    MARK,
    OWN_METADATA,
    PART,
    RUBRIC,
    SUBMISSION,
)
from unrolled.gradebook.tables import AssignmentRows

_FIND_GRADES = (
    sa.select(
        SUBMISSION.c.student_id.label("student"),
        PART.c.id.label("part"),
        GRADE.c.auto_score.label("auto"),
        GRADE.c.manual_score.label("manual"),
        GRADE.c.needs_manual_grade.label("waits"),
        COMMENT.c.manual_comment.label("remark"),
    )
    .join(PART, PART.c.assignment_id == SUBMISSION.c.id)
    .join(GRADE, GRADE.c.notebook_id == PART.c.id)
    .outerjoin(
        COMMENT,
        sa.and_(
            COMMENT.c.notebook_id == PART.c.id,
            COMMENT.c.cell_id == sa.bindparam("comment_cell"),
        ),
    )
    .where(SUBMISSION.c.assignment_id == sa.bindparam("assignment"))
    .where(PART.c.notebook_id == sa.bindparam("notebook"))
    .where(GRADE.c.cell_id == sa.bindparam("grade_cell"))
    .order_by(SUBMISSION.c.student_id)
)
_FIND_REMARKS = (
    sa.select(
        SUBMISSION.c.student_id.label("student"),
        PART.c.id.label("part"),
        COMMENT.c.manual_comment.label("text"),
    )
    .join(PART, PART.c.assignment_id == SUBMISSION.c.id)
    .join(COMMENT, COMMENT.c.notebook_id == PART.c.id)
    .where(SUBMISSION.c.assignment_id == sa.bindparam("assignment"))
    .where(PART.c.notebook_id == sa.bindparam("notebook"))
    .where(COMMENT.c.cell_id == sa.bindparam("cell"))
    .order_by(SUBMISSION.c.student_id)
)
_SET_MARK = (
    sa.update(GRADE)
    .where(GRADE.c.notebook_id == sa.bindparam("part"))
    .where(GRADE.c.cell_id == sa.bindparam("cell"))
    .values(
        manual_score=sa.bindparam("points"),
        needs_manual_grade=sa.bindparam("waits"),
    )
)
_SET_REMARK = (
    sa.update(COMMENT)
    .where(COMMENT.c.notebook_id == sa.bindparam("part"))
    .where(COMMENT.c.cell_id == sa.bindparam("cell"))
    .values(manual_comment=sa.bindparam("text"))
)


@dataclass(frozen=True, kw_only=True)
class QuestionGrade:
    """What the gradebook has of one student's answer; `remark` is a person's comment,
    and `waits` says that somebody has to mark it."""

    student: str
    part: str
    auto: float | None
    manual: float | None
    waits: bool
    remark: str | None


@dataclass(frozen=True, kw_only=True)
class RubricRow:
    """A question's rubric; `version` counts its changes."""

    version: int
    document: str


@dataclass(frozen=True, kw_only=True)
class MarkRow:
    """Who holds an answer (""), until when (seconds since 1970), and what its mark is
    made of ("" while there is none)."""

    holder: str = ""
    until: float = 0.0
    document: str = ""


def read_question_grades(
    rows: AssignmentRows, question: str, *, lock: bool = False
) -> dict[str, QuestionGrade]:
    """The grades of one cell by student.

    With `lock` nobody else gives a mark until the transaction ends (PostgreSQL; in
    SQLite a transaction that writes has the whole file).
    """
    ids = {
        "assignment": rows.assignment,
        "notebook": rows.notebook,
        "grade_cell": rows.grade_cells[question],
        "comment_cell": rows.comment_cells.get(question, ""),
    }
    statement = _FIND_GRADES
    if lock:
        statement = _FIND_GRADES.with_for_update(of=GRADE)
        if question in rows.comment_cells:
            read_remarks(rows, question, lock=True)
    found = rows.connection.execute(statement, ids)
    return {row.student: QuestionGrade(**row._asdict()) for row in found}


def read_remarks(
    rows: AssignmentRows, name: str, *, lock: bool = False
) -> dict[str, tuple[str, str]]:
    """People's comments on one cell, by student: the part that it belongs to, the text.

    With `lock` nobody else writes one until the transaction ends.
    """
    ids = {
        "assignment": rows.assignment,
        "notebook": rows.notebook,
        "cell": rows.comment_cells[name],
    }
    statement = _FIND_REMARKS.with_for_update(of=COMMENT) if lock else _FIND_REMARKS
    found = rows.connection.execute(statement, ids)
    return {row.student: (row.part, row.text or "") for row in found}


def write_remark(rows: AssignmentRows, part: str, name: str, text: str | None) -> None:
    """Set a person's comment on a cell of a submission."""
    cell = rows.comment_cells[name]
    values = {"part": part, "cell": cell, "text": text}
    if rows.connection.execute(_SET_REMARK, values).rowcount == 0:
        ids = {"notebook_id": part, "cell_id": cell}
        rows.connection.execute(sa.insert(COMMENT), {**ids, "manual_comment": text})


class QuestionRows:
    """One question: nbgrader's grades of it, and our rubric and marks.

    The caller begins and ends transactions; reading works without our tables, too.
    """

    def __init__(self, rows: AssignmentRows, assignment: str, question: str) -> None:
        self.rows = rows
        self.connection = rows.connection
        self.question = question
        self._ids = {"assignment": assignment, "question": question}

    def make_tables(self) -> None:
        """Make our tables if nobody has marked with them yet."""
        OWN_METADATA.create_all(self.connection)

    def read_grades(self, *, lock: bool = False) -> dict[str, QuestionGrade]:
        """Those of the class, by student."""
        return read_question_grades(self.rows, self.question, lock=lock)

    def read_rubric(self) -> RubricRow | None:
        """The rubric that was written last, if any."""
        for row in self._read(RUBRIC):
            return RubricRow(version=row.version, document=row.document)
        return None

    def read_marks(self) -> dict[str, MarkRow]:
        """Claims and marks by student."""
        return {
            row.student: MarkRow(
                holder=row.holder, until=row.until, document=row.document
            )
            for row in self._read(MARK)
        }

    def _read(self, table: sa.Table) -> list[sa.Row[Any]]:
        if not sa.inspect(self.connection).has_table(table.name):
            return []
        mine = (table.c[name] == value for name, value in self._ids.items())
        return list(self.connection.execute(sa.select(table).where(*mine)))

    def write_rubric(self, row: RubricRow) -> None:
        """Put a rubric in the place of the last one."""
        self._replace(RUBRIC, self._ids, row)

    def write_mark(self, student: str, row: MarkRow) -> None:
        """Put a student's claim and mark in the place of what was there."""
        self._replace(MARK, {**self._ids, "student": student}, row)

    def _replace(
        self, table: sa.Table, key: Mapping[str, str], row: RubricRow | MarkRow
    ) -> None:
        mine = [table.c[name] == value for name, value in key.items()]
        self.connection.execute(sa.delete(table).where(*mine))
        self.connection.execute(sa.insert(table), {**key, **vars(row)})

    def write_grade(
        self, part: str, *, points: float | None, remark: str | None
    ) -> None:
        """Set mark and comment as formgrader does; without points it waits again."""
        cell = self.rows.grade_cells[self.question]
        values = {"part": part, "cell": cell, "points": points}
        self.connection.execute(_SET_MARK, {**values, "waits": points is None})
        write_remark(self.rows, part, self.question, remark)

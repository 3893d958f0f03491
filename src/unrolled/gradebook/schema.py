"""nbgrader's tables, as far as grading reads and writes them.

`nbgrader.api` has them, too, but importing it takes a second: it brings nbgrader's
applications, its server extensions and alembic along. A test holds these tables
against nbgrader's own, column by column.
"""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Float,
    Interval,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()


def make_id() -> str:
    """A random id, as nbgrader makes them."""
    return uuid4().hex


def _make_key() -> Column[str]:
    return Column("id", String(32), primary_key=True, default=make_id)


ASSIGNMENT = Table(
    "assignment",
    METADATA,
    _make_key(),
    Column("name", String(128), nullable=False),
    Column("duedate", DateTime()),
)
NOTEBOOK = Table(
    "notebook",
    METADATA,
    _make_key(),
    Column("name", String(128), nullable=False),
    Column("assignment_id", String(32)),
)
CELL = Table(
    "base_cell",
    METADATA,
    _make_key(),
    Column("name", String(128), nullable=False),
    Column("notebook_id", String(32), nullable=False),
    Column("type", String(50)),
)
GRADE_CELL = Table(
    "grade_cells",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("max_score", Float(), nullable=False),
)
TASK_CELL = Table(
    "task_cells",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("max_score", Float(), nullable=False),
)
SOURCE_CELL = Table(
    "source_cell",
    METADATA,
    _make_key(),
    Column("name", String(128), nullable=False),
    Column("source", Text()),
    Column("notebook_id", String(32)),
)
STUDENT = Table(
    "student",
    METADATA,
    Column("id", String(128), primary_key=True, nullable=False),
    Column("first_name", String(128)),
    Column("last_name", String(128)),
    Column("email", String(128)),
    Column("lms_user_id", String(128)),
)
SUBMISSION = Table(
    "submitted_assignment",
    METADATA,
    _make_key(),
    Column("assignment_id", String(32)),
    Column("student_id", String(128)),
    Column("timestamp", DateTime()),
    Column("extension", Interval()),
)
PART = Table(
    "submitted_notebook",
    METADATA,
    _make_key(),
    Column("assignment_id", String(32)),
    Column("notebook_id", String(32)),
    Column("flagged", Boolean, default=False),
    Column("late_submission_penalty", Float(0)),
)
GRADE = Table(
    "grade",
    METADATA,
    _make_key(),
    Column("notebook_id", String(32)),
    Column("cell_id", String(32)),
    Column("auto_score", Float()),
    Column("manual_score", Float()),
    Column("extra_credit", Float()),
    Column("needs_manual_grade", Boolean, default=True, nullable=False),
)
COMMENT = Table(
    "comment",
    METADATA,
    _make_key(),
    Column("notebook_id", String(32)),
    Column("cell_id", String(32)),
    Column("auto_comment", Text()),
    Column("manual_comment", Text()),
)

"""nbgrader's tables, as far as grading reads and writes them.

`nbgrader.api` has them, too, but importing it takes a second: it brings nbgrader's
applications, its server extensions and alembic along. A test holds these tables
against nbgrader's own, column by column.
"""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa

METADATA = sa.MetaData()
OWN_METADATA = sa.MetaData()  # tables of ours, which nbgrader does not look at


def make_id() -> str:
    """A random id, as nbgrader makes them."""
    return uuid4().hex


def _make_key() -> sa.Column[str]:
    return sa.Column("id", sa.String(32), primary_key=True, default=make_id)


ASSIGNMENT = sa.Table(
    "assignment",
    METADATA,
    _make_key(),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("duedate", sa.DateTime()),
)
NOTEBOOK = sa.Table(
    "notebook",
    METADATA,
    _make_key(),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("assignment_id", sa.String(32)),
)
CELL = sa.Table(
    "base_cell",
    METADATA,
    _make_key(),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("notebook_id", sa.String(32), nullable=False),
    sa.Column("type", sa.String(50)),
)
GRADE_CELL = sa.Table(
    "grade_cells",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("max_score", sa.Float(), nullable=False),
)
TASK_CELL = sa.Table(
    "task_cells",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("max_score", sa.Float(), nullable=False),
)
SOURCE_CELL = sa.Table(
    "source_cell",
    METADATA,
    _make_key(),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("source", sa.Text()),
    sa.Column("notebook_id", sa.String(32)),
)
STUDENT = sa.Table(
    "student",
    METADATA,
    sa.Column("id", sa.String(128), primary_key=True, nullable=False),
    sa.Column("first_name", sa.String(128)),
    sa.Column("last_name", sa.String(128)),
    sa.Column("email", sa.String(128)),
    sa.Column("lms_user_id", sa.String(128)),
)
SUBMISSION = sa.Table(
    "submitted_assignment",
    METADATA,
    _make_key(),
    sa.Column("assignment_id", sa.String(32)),
    sa.Column("student_id", sa.String(128)),
    sa.Column("timestamp", sa.DateTime()),
    sa.Column("extension", sa.Interval()),
)
PART = sa.Table(
    "submitted_notebook",
    METADATA,
    _make_key(),
    sa.Column("assignment_id", sa.String(32)),
    sa.Column("notebook_id", sa.String(32)),
    sa.Column("flagged", sa.Boolean, default=False),
    sa.Column("late_submission_penalty", sa.Float(0)),
)
GRADE = sa.Table(
    "grade",
    METADATA,
    _make_key(),
    sa.Column("notebook_id", sa.String(32)),
    sa.Column("cell_id", sa.String(32)),
    sa.Column("auto_score", sa.Float()),
    sa.Column("manual_score", sa.Float()),
    sa.Column("extra_credit", sa.Float()),
    sa.Column("needs_manual_grade", sa.Boolean, default=True, nullable=False),
)
COMMENT = sa.Table(
    "comment",
    METADATA,
    _make_key(),
    sa.Column("notebook_id", sa.String(32)),
    sa.Column("cell_id", sa.String(32)),
    sa.Column("auto_comment", sa.Text()),
    sa.Column("manual_comment", sa.Text()),
)
RUBRIC = sa.Table(
    "unrolled_rubric",
    OWN_METADATA,
    sa.Column("assignment", sa.String(128), primary_key=True),
    sa.Column("question", sa.String(128), primary_key=True),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.Column("document", sa.Text(), nullable=False),
)
MARK = sa.Table(
    "unrolled_mark",
    OWN_METADATA,
    sa.Column("assignment", sa.String(128), primary_key=True),
    sa.Column("question", sa.String(128), primary_key=True),
    sa.Column("student", sa.String(128), primary_key=True),
    sa.Column("holder", sa.String(128), nullable=False),
    sa.Column("until", sa.Float(), nullable=False),  # seconds since 1970
    sa.Column("document", sa.Text(), nullable=False),
)

"""Are our tables those of nbgrader, as far as they go?"""

from __future__ import annotations

import subprocess
import sys

import pytest
from nbgrader.api import Base
from sqlalchemy import Column, Table

from unrolled.gradebook.schema import (
    COMMENT,
    GRADE,
    METADATA,
    PART,
    STUDENT,
    SUBMISSION,
)

TABLES = list(METADATA.tables.values())
WRITTEN = (STUDENT, SUBMISSION, PART, GRADE, COMMENT)
STATEMENT = """
import sys
import unrolled.grade.run, unrolled.grade.scheduling.job
slow = {"nbgrader", "nbconvert", "alembic", "tornado", "sqlalchemy.orm", "torch"}
print(*sorted(slow & set(sys.modules)))
"""


@pytest.mark.parametrize("ours", TABLES, ids=[table.name for table in TABLES])
def test_each_column_is_nbgraders(ours: Table) -> None:
    """Has each column nbgrader's type, and what it puts into a row by itself?"""
    theirs = Base.metadata.tables[ours.name]
    for column in ours.columns:
        assert describe(column) == describe(theirs.columns[column.name])


@pytest.mark.parametrize("ours", WRITTEN, ids=[table.name for table in WRITTEN])
def test_no_row_lacks_what_nbgrader_would_put_in(ours: Table) -> None:
    """Has a row that we insert all that nbgrader would give it by default?"""
    theirs = Base.metadata.tables[ours.name]
    given = {column.name for column in theirs.columns if column.default is not None}
    assert given <= set(ours.columns.keys())


def describe(column: Column[object]) -> tuple[object, ...]:
    default = column.default
    value = getattr(default, "arg", None)
    value = "made" if callable(value) else value
    return repr(column.type), column.nullable, column.primary_key, value


def test_grading_starts_without_nbgrader() -> None:
    """Does whoever grades a class wait for none of nbgrader's applications?"""
    command = [sys.executable, "-c", STATEMENT]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.split() == []

"""Rows for pages that only look: read without nbgrader's imports."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

from unrolled.errors import UserError
from unrolled.gradebook.errors import explain_gradebook_error, is_gradebook_error

if TYPE_CHECKING:
    from unrolled.course.model import Course
from unrolled.course.database import require_driver

READ_SECONDS = 5.0


def read_rows(course: Course, statement: str) -> list[tuple[Any, ...]]:
    """What a `select` finds in the gradebook, whichever database that is.

    Nothing is written, and nothing found while there is no gradebook yet. A time comes
    as a `datetime` from PostgreSQL and as text from SQLite: `as_moment` reads both.
    Raises UserError if the gradebook cannot be read.
    """
    try:
        if course.database.url:
            return _read_postgresql(course.database.url, statement)
        return _read_sqlite(course, statement)
    except Exception as error:
        if not is_gradebook_error(error):
            raise
        raise UserError(explain_gradebook_error(error)) from error


def _read_sqlite(course: Course, statement: str) -> list[tuple[Any, ...]]:
    if not course.gradebook.exists():
        return []
    address = f"{course.gradebook.resolve().as_uri()}?mode=ro"
    seconds = READ_SECONDS
    with closing(sqlite3.connect(address, uri=True, timeout=seconds)) as connection:
        there = "select 1 from sqlite_master where name = 'assignment'"
        if connection.execute(there).fetchone() is None:
            return []
        return connection.execute(statement).fetchall()


def _read_postgresql(url: str, statement: str) -> list[tuple[Any, ...]]:
    require_driver()
    import psycopg

    with psycopg.connect(url, connect_timeout=round(READ_SECONDS)) as connection:
        connection.read_only = True
        found = connection.execute("select to_regclass('assignment')").fetchone()
        if found is None or found[0] is None:
            return []
        return connection.execute(statement.encode()).fetchall()


def parse_datetime(value: Any) -> datetime | None:
    """A time that `read_rows` found: naive, in UTC, as nbgrader keeps times."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value)

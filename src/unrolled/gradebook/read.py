"""Rows for pages that only look: read without nbgrader's imports, which take a second.

A sign-in, and the page that shows how far a class is, must not wait for those. What is
wrong with the database is told here as well, in two sentences with the way out.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from unrolled.course import Course
from unrolled.course.database import require_driver
from unrolled.errors import UserError

READ_SECONDS = 5.0
_STUDENTS = "select id, first_name, last_name, email, lms_user_id from student"
_SUBMISSIONS = """
select assignment.name, submitted.student_id, submitted.timestamp,
       max(case when grade.needs_manual_grade then 1 else 0 end)
from submitted_assignment as submitted
join assignment on assignment.id = submitted.assignment_id
join submitted_notebook as part on part.assignment_id = submitted.id
join grade on grade.notebook_id = part.id
group by submitted.id, assignment.name, submitted.student_id, submitted.timestamp
"""


@dataclass(frozen=True, kw_only=True)
class StudentRow:
    """A student of the gradebook; "" is what it does not know. Names are nbgrader's."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ProgressRow:
    """A graded submission: when it was handed in (in UTC, without a zone), and whether
    it `waits` for a mark by hand."""

    assignment: str
    student: str
    timestamp: datetime | None
    waits: bool


def read_student_rows(course: Course) -> list[StudentRow]:
    """All students; UserError if the gradebook cannot be read."""
    names = StudentRow.__dataclass_fields__
    return [
        StudentRow(**{n: str(v or "") for n, v in zip(names, row, strict=True)})
        for row in read_rows(course, _STUDENTS)
    ]


def read_progress_rows(course: Course) -> list[ProgressRow]:
    """All graded submissions; UserError if the gradebook cannot be read."""
    return [
        ProgressRow(
            assignment=assignment,
            student=student,
            timestamp=parse_datetime(timestamp),
            waits=bool(waits),
        )
        for assignment, student, timestamp, waits in read_rows(course, _SUBMISSIONS)
    ]


def read_rows(course: Course, statement: str) -> list[tuple[Any, ...]]:
    """What a `select` finds in the gradebook, whichever database that is.

    Nothing is written, and there are no rows while there is no gradebook yet. A time
    is a `datetime` in PostgreSQL and text in SQLite: `parse_datetime` reads both.
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
    connection = sqlite3.connect(address, uri=True, timeout=READ_SECONDS)
    with closing(connection):
        tables = "select 1 from sqlite_master where name = 'assignment'"
        if connection.execute(tables).fetchone() is None:
            return []
        return connection.execute(statement).fetchall()


def _read_postgresql(url: str, statement: str) -> list[tuple[Any, ...]]:
    require_driver()
    import psycopg

    with psycopg.connect(url, connect_timeout=round(READ_SECONDS)) as connection:
        connection.read_only = True
        table = connection.execute("select to_regclass('assignment')").fetchone()
        if table is None or table[0] is None:
            return []
        return connection.execute(statement.encode()).fetchall()


def parse_datetime(value: Any) -> datetime | None:
    """A time as `read_rows` reads it: naive, in UTC, as nbgrader keeps times."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value)


_UPGRADE = "It is of another nbgrader: `nbgrader db upgrade`, run again."
_LINE = "[grading] database in course.toml"
_SQLITE = (
    ("locked", "Another program is writing it: wait, or close formgrader; run again."),
    ("full", "Make room on the disk and run again; nothing was written."),
    ("readonly", "This account may not write it; mend that and run again."),
    ("unable to open", "This account may not write there; mend that and run again."),
    ("no such column", _UPGRADE),
    ("no such table", _UPGRADE),
    ("", "Backups: build/backups/."),
)
_POSTGRESQL = (
    ("lock timeout", "Another program is writing it: wait, or close it; run again."),
    ("password", "Put it into ~/.pgpass (mode 600) or PGPASSWORD, never course.toml."),
    ("authentication failed", f"The server knows who may come in; see {_LINE}."),
    ("No space left", "Make room on the server's disk and run again."),
    ("permission denied", "The role may not do that: make it the database's owner."),
    ('database "', f"Make it (`createdb`), or mend {_LINE}; then `unrolled build`."),
    ('role "', f"Make it (`createuser`), or mend {_LINE}."),
    ('relation "', _UPGRADE),
    ("column", _UPGRADE),
    ("connection", f"Does the server run, and is {_LINE} right?"),
    ("", f"See {_LINE}; backups: build/backups/, or the server's own."),
)


def is_gradebook_error(error: Exception) -> bool:
    """Whether an error comes from the database, and from no bug of ours."""
    module = type(error).__module__
    return module in ("sqlalchemy.exc", "sqlite3") or _is_psycopg(error)


def _is_psycopg(error: Exception) -> bool:
    return type(error).__module__.split(".")[0] == "psycopg"


def explain_gradebook_error(error: Exception) -> str:
    """The trouble and what to do."""
    reason = str(error).split("\n")[0]
    other = _is_psycopg(error) or "psycopg" in reason
    name, known = (
        ("the gradebook in PostgreSQL", _POSTGRESQL)
        if other
        else ("gradebook.db", _SQLITE)
    )
    way_out = next(w for sign, w in known if sign in reason)
    return f"{name} cannot be used: {reason}. {way_out}"

"""Where the gradebook lies: `database` under `[grading]` in course.toml.

Nothing said, it is the SQLite file gradebook.db in the course folder. One line makes
it a database of a PostgreSQL server. `read_rows` is the door for pages that only look:
a sign-in must not wait for nbgrader's imports.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from unrolled.errors import UserError
from unrolled.toml_table import Table
from unrolled.trouble import gradebook_trouble, is_gradebook_trouble

if TYPE_CHECKING:
    from unrolled.course import Course

SCHEME = "postgresql"
EXAMPLE = "postgresql://grader@db.example.edu/recurrent_2027"
LOCK_SECONDS = 60.0
READ_SECONDS = 5.0


@dataclass(frozen=True)
class Database:
    """The gradebook's database: `url` as course.toml has it, "" for gradebook.db.

    Whoever finds it being written waits `lock_seconds` before giving up.
    """

    url: str = ""
    lock_seconds: float = LOCK_SECONDS

    @property
    def sqlalchemy_url(self) -> str:
        """The address for SQLAlchemy; UserError if the driver is not installed."""
        _require_driver()
        rest = self.url.removeprefix(SCHEME)
        if "options" in dict(parse_qsl(urlsplit(self.url).query)):
            return f"{SCHEME}+psycopg{rest}"
        # nbgrader's upgrade cannot take a % in an address, so nothing is quoted.
        wait = f"options=-clock_timeout={round(1000 * self.lock_seconds)}"
        return f"{SCHEME}+psycopg{rest}{'&' if '?' in rest else '?'}{wait}"


def _require_driver() -> None:
    if find_spec("psycopg") is None:
        raise UserError(
            "course.toml puts the gradebook into PostgreSQL, and its driver is not "
            "installed: pip install 'unrolled[grading,postgresql]'."
        )


def read_rows(course: Course, statement: str) -> list[tuple[Any, ...]]:
    """What a `select` finds in the gradebook, whichever database that is.

    Nothing is written, and nothing found while there is no gradebook yet. A time comes
    as a `datetime` from PostgreSQL and as text from SQLite: `as_moment` reads both.
    Raises UserError if the gradebook cannot be read.
    """
    try:
        if course.database.url:
            return _from_postgresql(course.database.url, statement)
        return _from_sqlite(course, statement)
    except Exception as error:
        if not is_gradebook_trouble(error):
            raise
        raise UserError(gradebook_trouble(error)) from error


def _from_sqlite(course: Course, statement: str) -> list[tuple[Any, ...]]:
    if not course.gradebook.exists():
        return []
    address = f"{course.gradebook.resolve().as_uri()}?mode=ro"
    seconds = READ_SECONDS
    with closing(sqlite3.connect(address, uri=True, timeout=seconds)) as connection:
        there = "select 1 from sqlite_master where name = 'assignment'"
        if connection.execute(there).fetchone() is None:
            return []
        return connection.execute(statement).fetchall()


def _from_postgresql(url: str, statement: str) -> list[tuple[Any, ...]]:
    _require_driver()
    import psycopg

    with psycopg.connect(url, connect_timeout=round(READ_SECONDS)) as connection:
        connection.read_only = True
        found = connection.execute("select to_regclass('assignment')").fetchone()
        if found is None or found[0] is None:
            return []
        return connection.execute(statement.encode()).fetchall()


def as_moment(value: Any) -> datetime | None:
    """A time that `read_rows` found: naive, in UTC, as nbgrader keeps times."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value)


def read_database(grading: Table) -> Database:
    """Read `database` and `lock_seconds`; UserError names the key that is wrong."""
    seconds = grading.number("lock_seconds", LOCK_SECONDS, 3600)
    if seconds <= 0:
        raise grading.fail("lock_seconds", "must be more than 0 seconds")
    return Database(_address(grading), seconds)


def _address(grading: Table) -> str:
    text = str(grading.get("database", str, "")).strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        named = len(parts.path.strip("/")) > 0 and parts.port != 0
    except ValueError:
        named = False
    if not named or parts.scheme != SCHEME or parts.fragment:
        raise grading.fail("database", f"must be like {EXAMPLE!r}")
    given = {key for key, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if parts.password is not None or given & {"password", "sslpassword"}:
        raise grading.fail(
            "database",
            "must hold no password: put it into ~/.pgpass (one line, "
            "host:port:database:user:password, mode 600) or into PGPASSWORD",
        )
    if "%" in text:
        why = "must hold no %: name a socket's folder with ?host=/var/run/postgresql"
        raise grading.fail("database", why)
    return text

"""Whose turn it is to write: graders and markers at the same gradebook.

A mark is never lost, whoever else writes: formgrader sets a mark and a comment,
we set the automatic score and comment, each in columns of its own; whether a mark is
waited for is worked out by the database, from the mark as it is then. What a grader
reads and then writes is one transaction, and one grader's transaction comes after
another's.
"""

from __future__ import annotations

import contextlib
import time

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

GradebookError = SQLAlchemyError  # whatever the gradebook's database refuses
_LOCK_NUMBER = 0x756E726F6C6C6564  # the number of our lock in PostgreSQL: "unrolled"
MAX_PAUSE = 0.05  # seconds
_DEADLOCK, _SERIALIZATION_FAILURE, _LOCK_TIMEOUT = "40P01", "40001", "55P03"


def begin_write(connection: Connection, seconds: float) -> None:
    """Begin a transaction that writes; wait for others, at most so many seconds."""
    milliseconds = max(1, round(1000 * seconds))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {milliseconds}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")


def roll_back(connection: Connection) -> None:
    """End a transaction with nothing written, in whatever state it is.

    After a commit that failed SQLAlchemy takes it for ended; in SQLite it may still be
    open (somebody reads, and has no write-ahead log), and none could begin any more.
    """
    with contextlib.suppress(SQLAlchemyError):
        connection.rollback()
    with contextlib.suppress(SQLAlchemyError):  # there is none: so much the better
        connection.exec_driver_sql("ROLLBACK")
    with contextlib.suppress(SQLAlchemyError):
        connection.rollback()


def yield_lock(connection: Connection, seconds: float) -> None:
    """Pause for as long as others have waited for us.

    SQLite has no queue: who waits looks now and then whether the file is free, and a
    grader that writes one result after the other would keep a marker out.
    """
    if connection.dialect.name == "sqlite":
        time.sleep(min(MAX_PAUSE, seconds))


def is_retryable(error: Exception) -> bool:
    """Whether the same may succeed at once: stock nbgrader has come in between."""
    others = (_DEADLOCK, _SERIALIZATION_FAILURE)
    return isinstance(error, IntegrityError) or _get_sqlstate(error) in others


def is_lock_timeout(error: Exception) -> bool:
    """Whether somebody else has written for longer than we wait."""
    return "locked" in str(error) or _get_sqlstate(error) == _LOCK_TIMEOUT


def _get_sqlstate(error: Exception) -> str | None:
    origin = error.orig if isinstance(error, DBAPIError) else None
    return getattr(origin, "sqlstate", None)

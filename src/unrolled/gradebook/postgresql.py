"""A gradebook in PostgreSQL: its copies, and how a gradebook.db moves there."""

from __future__ import annotations

import logging
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import Connection, create_engine, func, insert, inspect, select

from unrolled.course import Course
from unrolled.files import make_stamp
from unrolled.gradebook.schema import ASSIGNMENT, OWN_METADATA, STUDENT

BATCH = 5000


class DumpError(Exception):
    """No copy could be made; the server's own backups must do."""


def dump(course: Course, file: Path) -> None:
    """Copy the database with `pg_dump`, for `pg_restore`; DumpError says why not."""
    program = shutil.which("pg_dump")
    if program is None:
        raise DumpError(f"pg_dump is not installed: {_NO_COPY}")
    words = [program, "--format=custom", f"--file={file}", "--no-password"]
    words += [f"--lock-wait-timeout={round(1000 * course.database.lock_seconds)}"]
    done = subprocess.run(
        [*words, f"--dbname={course.database.url}"], capture_output=True, text=True
    )
    if done.returncode != 0:
        file.unlink(missing_ok=True)
        reason = " ".join(done.stderr.split())[:300]
        raise DumpError(f"pg_dump made no copy ({reason}): {_NO_COPY}")


_NO_COPY = (
    "nothing is copied to build/backups/ before the gradebook is written; rely on the "
    "backups of the PostgreSQL server."
)


def move_gradebook(course: Course) -> None:
    """Bring what gradebook.db holds into a PostgreSQL that holds nothing yet.

    All of it comes, or nothing; the file is renamed then, and is past.
    """
    if not course.gradebook.exists():
        return
    from nbgrader.api import Gradebook  # only now: it takes a second

    origin = create_engine(f"sqlite:///{course.gradebook}")
    try:
        with (
            Gradebook(course.db_url, course.id) as gradebook,
            origin.connect() as source,
            gradebook.engine.begin() as target,
        ):
            tables = (ASSIGNMENT, STUDENT)
            counts = (select(func.count()).select_from(t) for t in tables)
            if any(map(target.scalar, counts)):  # it is used already
                return
            _copy_rows(source, target)
            _copy_own_rows(source, target)
    finally:
        origin.dispose()
    past = course.gradebook.with_suffix(".db.moved-to-postgresql")
    if past.exists():  # of an earlier move: it is not written over
        past = past.with_name(f"{past.name}-{make_stamp()}")
    course.gradebook.rename(past)
    log = logging.getLogger("unrolled")
    log.warning("gradebook.db is in PostgreSQL now; the file is %s.", past.name)


def _copy_rows(source: Connection, target: Connection) -> None:
    from nbgrader.api import Base

    for table in reversed(Base.metadata.sorted_tables):
        target.execute(table.delete())
    for table in Base.metadata.sorted_tables:
        rows = source.execution_options(yield_per=BATCH).execute(select(table))
        for batch in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in batch])


def _copy_own_rows(source: Connection, target: Connection) -> None:
    """Copy our tables (see `marking/`), if there are any."""
    there = inspect(source)
    for table in OWN_METADATA.sorted_tables:
        if there.has_table(table.name):
            table.create(target, checkfirst=True)
            rows = [dict(row) for row in source.execute(select(table)).mappings()]
            if rows:
                target.execute(insert(table), rows)

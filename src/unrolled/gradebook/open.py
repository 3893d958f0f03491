"""nbgrader's database: opened so that nobody loses a mark, copied before a write.

`python -m unrolled.gradebook.open COURSE_FOLDER` makes a copy in build/backups/.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, create_engine, inspect, select, text

from unrolled.course import Course, load_course
from unrolled.files import make_stamp
from unrolled.gradebook import postgresql, sqlite
from unrolled.gradebook.schema import ASSIGNMENT, CELL, NOTEBOOK, SOURCE_CELL

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

MAX_BACKUPS = 10
_FIND_SOURCES = (
    select(SOURCE_CELL.c.name, SOURCE_CELL.c.source)
    .join(NOTEBOOK, NOTEBOOK.c.id == SOURCE_CELL.c.notebook_id)
    .join(ASSIGNMENT, ASSIGNMENT.c.id == NOTEBOOK.c.assignment_id)
    .join(CELL, CELL.c.notebook_id == NOTEBOOK.c.id)
    .where(ASSIGNMENT.c.name == bindparam("assignment"))
    .where(NOTEBOOK.c.name == bindparam("notebook"))
    .where(CELL.c.name == SOURCE_CELL.c.name)
    .where(CELL.c.type == "GradeCell")
)


def open_gradebook(course: Course) -> Gradebook:
    """The gradebook, to be used with `with`; it is made if there is none yet."""
    wait_for_others(course)
    make_tables(course.db_url)
    from nbgrader.api import Gradebook  # only now: it takes a second

    return Gradebook(course.db_url, course.id)


def make_tables(url: str) -> None:
    """Make nbgrader's tables in an empty database, with the mark of its version.

    nbgrader would do the same, but starts a Python of its own to learn the version.
    """
    engine = create_engine(url)
    try:
        with engine.begin() as database:
            if inspect(database).get_table_names():
                return
            from alembic.script import ScriptDirectory  # only now: it takes a second
            from nbgrader.api import Base
            from nbgrader.dbutil import ALEMBIC_DIR

            Base.metadata.create_all(database)
            version = ScriptDirectory(ALEMBIC_DIR).get_current_head()
            for statement in (
                "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
                f"INSERT INTO alembic_version (version_num) VALUES ('{version}')",
            ):
                database.execute(text(statement))
    finally:
        engine.dispose()


def wait_for_others(course: Course) -> None:
    """Let this process wait for others that write gradebook.db.

    PostgreSQL is told in its address.
    """
    if not course.database.url:
        file, seconds = str(course.gradebook), course.database.lock_seconds
        sqlite.wait_for_others(file, seconds)


def set_journal_mode(course: Course) -> None:
    """Put gradebook.db into the mode in which several may use it at once."""
    if not course.database.url:
        sqlite.set_journal_mode(course.gradebook)


def has_gradebook(course: Course) -> bool:
    """Whether there is a gradebook: the file, or in PostgreSQL the tables."""
    if not course.database.url:
        return course.gradebook.exists()
    engine = create_engine(course.db_url)
    try:
        return inspect(engine).has_table(ASSIGNMENT.name)
    finally:
        engine.dispose()


@contextmanager
def connect_gradebook(course: Course) -> Iterator[Connection]:
    """A connection to a gradebook that is there; LookupError if there is none."""
    if not has_gradebook(course):
        raise LookupError(f"{course.gradebook_place}: there is no gradebook")
    wait_for_others(course)
    engine = create_engine(course.db_url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def read_check_sources(course: Course, assignment: str) -> dict[str, str]:
    """The texts of the grade cells that the gradebook keeps, by name.

    Empty if it does not know the assignment, or if there is no gradebook.
    """
    if not has_gradebook(course):
        return {}
    names = {
        "assignment": assignment,
        "notebook": course.assignments[assignment].notebook,
    }
    with connect_gradebook(course) as connection:
        rows = connection.execute(_FIND_SOURCES, names)
        return {row.name: row.source for row in rows}


def backup_gradebook(course: Course) -> Path | None:
    """A copy of the gradebook in build/backups/, made before it is written.

    None if there is no gradebook yet, or if PostgreSQL's own backups must do. The
    last ten copies are kept. An SQLite file is put into the right mode.
    """
    if not has_gradebook(course):
        return None
    if course.database.url:
        return _make_backup(course, ".dump", postgresql.dump)
    set_journal_mode(course)
    return _make_backup(
        course, ".db", lambda c, copy: sqlite.copy_database(c.gradebook, copy)
    )


def _make_backup(
    course: Course, suffix: str, make: Callable[[Course, Path], None]
) -> Path | None:
    """A new copy among the last ten."""
    folder = course.build / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f"gradebook-{make_stamp()}{suffix}"
    try:
        make(course, copy)
    except postgresql.DumpError as error:
        logging.getLogger("unrolled").warning("%s", error)
        return None
    stamped = re.compile(rf"gradebook-\d{{8}}T\d{{6}}\.\d{{6}}{re.escape(suffix)}")
    ours = [p for p in sorted(folder.iterdir()) if stamped.fullmatch(p.name)]
    others = [p for p in ours if p != copy]  # a copy with a name of its own stays
    for old in others[: 1 - MAX_BACKUPS]:  # never the new one, should the clock go back
        old.unlink(missing_ok=True)  # another grader may be at it
    return copy


def main() -> None:
    """Copy the gradebook of the course folder that is given."""
    backup_gradebook(load_course(Path(sys.argv[1])))


if __name__ == "__main__":
    main()

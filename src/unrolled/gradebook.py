"""Backups of nbgrader's database, made before anything is written to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from unrolled.course import Course

KEEP = 10


def backup_gradebook(course: Course) -> Path | None:
    """A copy of gradebook.db in build/backups/; None if there is no gradebook yet.

    The last ten copies are kept.
    """
    if not course.gradebook.exists():
        return None
    folder = course.build / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    copy = folder / f"gradebook-{stamp}.db"
    with (
        closing(sqlite3.connect(course.gradebook)) as origin,
        closing(sqlite3.connect(copy)) as target,
    ):
        origin.backup(target)
    others = [p for p in sorted(folder.glob("gradebook-*.db")) if p != copy]
    for old in others[: 1 - KEEP]:  # never the new one, should the clock go back
        old.unlink()
    return copy

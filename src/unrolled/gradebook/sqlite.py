"""gradebook.db in the right mode: several may read and write it at once.

With a write-ahead log nobody who reads holds up who writes, nor the other way round;
two who write wait for each other. The mode stays with the file; how long to wait is
said anew by each connection, nbgrader's own included: SQLAlchemy asks us when it
opens this file. (In the address the time to wait would stop `nbgrader db upgrade`,
which takes the address's end for the file's name.)
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

# A write-ahead log is shared memory: it needs one machine, and a disk of its own.
LOCAL_FILESYSTEMS = (
    "aufs bcachefs btrfs exfat ext2 ext3 ext4 f2fs fuseblk jfs ntfs3 overlay ramfs "
    "reiserfs tmpfs vfat xfs zfs"
)


@cache
def wait_for_others(file: str, seconds: float) -> None:
    """Let all later connections of this process to a SQLite file wait for others.

    Whatever is committed goes on into the file itself at once, so that a plain copy
    of it, made while nobody writes, is whole.
    """

    @event.listens_for(Engine, "do_connect")
    def connect(dialect: Any, _: Any, args: Any, options: Any) -> Any:
        if dialect.name != "sqlite" or [file] != list(args):
            return None
        connection = dialect.connect(*args, **(options | {"timeout": seconds}))
        connection.execute("PRAGMA wal_autocheckpoint = 1")
        return connection


def set_journal_mode(file: Path) -> None:
    """Give a SQLite file its journal: a write-ahead log, if the disk is local.

    Whoever may not change the file, or finds it in use, leaves it as it is.
    """
    mode = "WAL" if is_on_local_disk(file) else "DELETE"
    with (
        contextlib.suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(file, timeout=1)) as db,
    ):
        db.execute(f"PRAGMA journal_mode = {mode}")


def is_on_local_disk(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Whether a file lies on a disk of this machine, as far as Linux tells."""
    if sys.platform != "linux":
        return True
    try:
        lines = mounts.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    mounted = dict(_parse_mount(line) for line in lines)  # the later one is on top
    path = path.resolve()
    kinds = (mounted[p] for p in (path, *path.parents) if p in mounted)
    return next(kinds, "") in LOCAL_FILESYSTEMS.split()


def _parse_mount(line: str) -> tuple[Path, str]:
    """Where a line of mountinfo mounts, and the kind of file system."""
    before, _, after = line.partition(" - ")
    target = before.split(" ")[4].encode().decode("unicode_escape")
    return Path(target.encode("latin-1").decode("utf-8")), after.split(" ")[0]


def copy_database(origin: Path, target: Path) -> None:
    """Copy a SQLite file as it is in one moment, whoever else writes it."""
    with (
        closing(sqlite3.connect(origin)) as database,
        closing(sqlite3.connect(target)) as copy,
    ):
        database.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside

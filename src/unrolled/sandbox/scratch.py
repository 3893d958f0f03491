"""Scratch folders that go away even if their owner was killed.

The owner holds a lock on a file in its folder. A folder whose lock nobody holds
belongs to a process that was killed: the next one to make a folder removes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PREFIX = "unrolled-"
LOCK = "owner.lock"


@dataclass(frozen=True)
class ScratchFolder:
    """A folder of our own, in the system's place for temporary files."""

    path: Path
    lock: int

    @staticmethod
    def make() -> ScratchFolder:
        """A fresh folder; leftovers of owners that were killed are removed."""
        remove_stale_folders()
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = os.open(path / "new", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        _lock_file(lock)
        (path / "new").rename(path / LOCK)  # a sweep never sees it without an owner
        return ScratchFolder(path, lock)

    def remove(self) -> None:
        """Remove the folder and all in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.lock)


def remove_stale_folders() -> None:
    """Remove the folders of this account that no living process owns."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if path.is_symlink() or path.stat().st_uid != os.getuid():
                continue
            lock = os.open(path / LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                _lock_file(lock)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)


def _lock_file(lock: int) -> None:
    """Lock a file; OSError if somebody else has."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

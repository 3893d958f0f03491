"""What is made once for all processes of pytest-xdist, and copied by tests.

`conftest.py` says where (`FOLDER`); a lock lets one process make it while others wait.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from support.author_course import LESSON, make_course

from unrolled.author.build import build_assignments
from unrolled.course.model import Course, load_course

FOLDER = Path()  # of this run of the tests; set by conftest.py
PATIENCE = 1200.0
NAME = "01_tiny"


def make_once(name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` has filled: now, or before in this or another process."""
    root, made = FOLDER / name, FOLDER / f"{name}.made"
    with _lock(FOLDER / f"{name}.lock"):
        if not made.exists():
            shutil.rmtree(root, ignore_errors=True)  # of a process that failed
            make(root)
            made.touch()
    return root


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold a lock that ends with this process; a failure if others never give way."""
    until = time.monotonic() + PATIENCE
    with path.open("w") as file:
        while True:
            assert time.monotonic() < until, f"another process did not make {path.stem}"
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.1)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN | fcntl.LOCK_NB)


def make_built_course(folder: Path, lesson: str = LESSON) -> Course:
    """`make_course`, built: a copy of one that was built once for all tests."""

    def build(root: Path) -> None:
        build_assignments(make_course(root, lesson), [NAME])

    key = hashlib.sha256(lesson.encode()).hexdigest()[:8]
    origin = make_once(f"built-{key}", build)
    return load_course(shutil.copytree(origin, folder, dirs_exist_ok=True))

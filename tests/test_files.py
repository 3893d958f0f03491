"""Files and folders that are written whole or not at all, also by two at once."""

from __future__ import annotations

import itertools
import os
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files
from traitlets.config import Config

from unrolled.errors import UserError
from unrolled.files import (
    make_scratch_folder,
    replace_folder,
    swap_folder,
    write_file,
    write_output,
)
from unrolled.pipeline import configure

COURSE = """
[course]
id = "files"
title = "Files"
timezone = "America/Chicago"
"""
CONTENTS = [letter * 100_000 for letter in (b"a", b"b")]


def list_names(folder: Path) -> list[str]:
    """What lies in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def run_both(
    write: Callable[[int, bytes], str], outcomes: set[str], times: int = 100
) -> None:
    """Let two writers begin at the same time, `times` or more often.

    `write` is given the number of the round, and says how its part came out. It goes
    on until all `outcomes` have been there: a race that one always wins is none.
    """
    seen: Counter[str] = Counter()
    together = threading.Barrier(2)
    until = time.monotonic() + 60

    def work(number: int, content: bytes) -> str:
        together.wait(60)
        return write(number, content)

    with ThreadPoolExecutor(2) as pool:
        for number in itertools.count():
            seen.update(pool.map(partial(work, number), CONTENTS))
            if number >= times and outcomes <= set(seen):
                break
            assert time.monotonic() < until, f"of {outcomes} there were only {seen}"
    assert set(seen) == outcomes


def test_two_writers_of_one_file(tmp_path: Path) -> None:
    """Does neither disturb the other, and is the file always one of the two?"""
    path = tmp_path / "file"

    def write_and_read(_: int, content: bytes) -> str:
        write_file(path, content)
        found = path.read_bytes()
        assert found in CONTENTS
        return "own" if found == content else "the other's"

    run_both(write_and_read, {"own", "the other's"})
    assert list_names(tmp_path) == ["file"]


def test_what_a_killed_writer_has_left(tmp_path: Path) -> None:
    """Does the next writer remove it, and nothing that is somebody's or still young?"""
    names = {
        ".file.0a1b2c3d.new": False,  # a killed writer's
        ".file.00000000.new": True,  # of one that still writes
        ".file.txt.0a1b2c3d.new": True,  # of another file
        ".file.mine.new": True,
        "file.0a1b2c3d.new": True,
    }
    for name in names:
        (tmp_path / name).write_text("half")
        if name != ".file.00000000.new":
            os.utime(tmp_path / name, (1e9, 1e9))
    write_file(tmp_path / "file", "whole")
    assert {name: (tmp_path / name).exists() for name in names} == names


def test_what_a_killed_writer_has_left_travels_nowhere(tmp_path: Path) -> None:
    """Does nbgrader, as we set it up, pass it by? In source/ it holds solutions."""
    (tmp_path / "course.toml").write_text(COURSE)
    config = Config()
    configure(config, tmp_path)
    ignored = CourseDirectory(config=config).ignore
    for name in ("notes.txt", ".tiny.ipynb.0a1b2c3d.new", "a.pyc"):
        (tmp_path / name).touch()
    found = {Path(p).name for p in find_all_files(str(tmp_path), ignored)}
    assert found == {"course.toml", "notes.txt"}


def test_of_two_makers_the_first_wins(tmp_path: Path) -> None:
    """Without `replace`, is a file that is there never written over?"""

    def make(number: int, content: bytes) -> str:
        path = tmp_path / f"secret{number}"
        try:
            write_file(path, content, replace=False)
        except FileExistsError:
            assert path.read_bytes() in CONTENTS
            return "lost"
        assert path.read_bytes() == content
        return f"won by {content[:1].decode()}"

    run_both(make, {"won by a", "won by b", "lost"})
    path = tmp_path / "secret0"
    first = path.read_bytes()
    with pytest.raises(FileExistsError):
        write_file(path, b"last", replace=False)
    assert path.read_bytes() == first
    assert all(name.startswith("secret") for name in list_names(tmp_path))


@pytest.mark.parametrize(
    ("mode", "exact", "becomes"),
    [(0o666, False, 0o640), (0o600, False, 0o600), (0o644, True, 0o644)],
)
def test_who_may_read_it(tmp_path: Path, mode: int, exact: bool, becomes: int) -> None:
    """Does the umask take from the mode, unless it is exact?"""
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "file", "text", mode=mode, exact=exact, sync=exact)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == becomes


def test_a_failure_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does a full disk leave the old file, no other, and an error with its name?"""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "file"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
        write_file(path, "new", sync=True)
    assert path.read_text() == "old"
    assert list_names(tmp_path) == ["file"]


def test_a_user_is_told_what_cannot_be_written(tmp_path: Path) -> None:
    """Is it the file's name that is told, not that of a file in between?"""
    path = tmp_path / "no folder" / "out.csv"
    with pytest.raises(UserError) as told:
        write_output(path, b"")
    assert str(told.value) == f"{path}: cannot be written: No such file or directory."


def test_two_writers_of_one_folder(tmp_path: Path) -> None:
    """Is nothing left over when two exchange the same folder, one after the other?"""
    place, lock = tmp_path / "place", threading.Lock()

    def write(_: int, content: bytes) -> str:
        with make_scratch_folder(place) as fresh:
            copy = fresh / "copy"
            copy.mkdir()
            (copy / "file").write_bytes(content)
            with lock:
                there = place / "file"
                before = there.read_bytes() if there.exists() else b""
                replace_folder(copy, place)
                assert there.read_bytes() == content
        return "own replaced" if before == content else "another replaced"

    run_both(write, {"own replaced", "another replaced"}, 20)
    assert list_names(tmp_path) == ["place"]


def test_a_swap_is_undone(tmp_path: Path) -> None:
    """Is all as it was, whether or not there was a folder before?"""
    new, place, aside = (tmp_path / n for n in ("new", "place", "aside"))
    new.mkdir()
    (new / "fresh").touch()
    swap_folder(new, place, aside)()
    assert list_names(tmp_path) == ["new"]
    place.mkdir()
    swap_folder(new, place, aside)()
    assert list_names(tmp_path) == ["new", "place"]
    assert list_names(new) == ["fresh"]

"""Who does the pieces of `unrolled verify`, and in which order."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.author_course import make_course

from unrolled.assignment.load import load_material
from unrolled.author.build import build_assignments
from unrolled.author.report import Case
from unrolled.author.verify.lazy import KINDS
from unrolled.author.verify.run import _list_work
from unrolled.author.work import WorkItem, run_all

WRONG = '''
from unrolled.assignment.catalogue import misconception

@misconception("double", fails="double_values", hint="Not the square.")
def squares(x):
    return x * x

@misconception("double", fails="double_values", hint="It never ends.", waits=True)
def sleeps(x):
    """Waits."""
    return x
'''


def waits_for(path: Path) -> list[str]:
    """A piece that ends when a file is there."""
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until, "nobody worked beside"
        time.sleep(0.01)
    return ["waited"]


def writes(path: Path) -> list[str]:
    """A piece that makes the file."""
    path.touch()
    return ["wrote"]


def fails() -> list[str]:
    """A piece with an error."""
    raise ValueError("broken")


def done(*pieces: WorkItem[str], jobs: int = 1) -> tuple[list[str], list[int]]:
    """What the pieces found, and what was told of the progress."""
    told: list[int] = []
    found = run_all(pieces, jobs, lambda n, total, _: told.append(n), lambda s: s)
    return found, told


def test_a_piece_that_waits_keeps_nobody_from_work(tmp_path: Path) -> None:
    """Do the others go on while it waits, and are the findings in their order?"""
    path = tmp_path / "there"
    pieces = (WorkItem(partial(waits_for, path), True), WorkItem(partial(writes, path)))
    assert done(*pieces) == (["waited", "wrote"], [1, 2])


def test_an_error_ends_the_run(tmp_path: Path) -> None:
    """Are pieces that have not begun dropped, and is the error told?"""
    later: list[Callable[[], list[str]]] = [
        partial(writes, tmp_path / str(n)) for n in range(200)
    ]
    with pytest.raises(ValueError, match="broken"):
        done(WorkItem(fails), *map(WorkItem, later))
    assert len(list(tmp_path.iterdir())) < 200


@pytest.mark.parametrize("mark", ["", ", waits=True"])
def test_an_assignment_with_a_marked_misconception_is_done_beside(
    mark: str, tmp_path: Path
) -> None:
    """Is it the mark that counts, and does each entry have one piece?"""
    course = make_course(tmp_path)
    text = WRONG.replace(", waits=True", mark)
    (course.lessons / "01_tiny" / "misconceptions.py").write_text(text)
    build_assignments(course, ["01_tiny"])
    pieces: list[WorkItem[Case]] = list(
        _list_work(course, [load_material(course, "01_tiny")], range(2))
    )
    assert [p.waits for p in pieces] == [False] + (8 + len(KINDS)) * [bool(mark)]
    first = pieces[1].work
    assert isinstance(first, partial)
    assert first.args[1] == ("sleeps" if mark else "squares")

"""kill -9 of the grader, its zygotes and its children: nothing is lost or changed."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.cluster import NAME, copy_class, make_class, notebooks
from support.gradebook_dump import dump
from support.hostile_class import adopt_orphans, children, still_alive
from support.kills import KillCount, kill_group, kill_process, list_below

from unrolled.course.model import Course
from unrolled.grade.run import grade

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
]
KILLS = 20
STUDENTS = 40
PATIENCE = 120.0


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class, nothing graded yet."""
    return make_class(tmp_path_factory.mktemp("school") / "course", STUDENTS)


@pytest.fixture(scope="module")
def undisturbed(school: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class, graded and left in peace."""
    course = copy_class(school, tmp_path_factory.mktemp("peace") / "course")
    assert grade(course, NAME).ungraded == ()
    return course


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of the grader's own."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def start(course: Course, *more: str) -> subprocess.Popen[bytes]:
    """`unrolled grade`, in the background."""
    command = [sys.executable, "-m", "unrolled", "--course", str(course.root)]
    return subprocess.Popen(
        [*command, "grade", NAME, "--json", *more],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def warm(pid: int) -> bool:
    """Whether a process runs our warm program."""
    try:
        return (
            b"unrolled.grade.student.zygote"
            in Path(f"/proc/{pid}/cmdline").read_bytes()
        )
    except OSError:
        return False


def is_zygote(pid: int) -> bool:
    """Whether it is a warm process that forks children: the outer or the inner one."""
    return warm(pid) and any(warm(p) for p in list_below(pid)) and not is_child(pid)


def is_child(pid: int) -> bool:
    """Whether it is a student's process: a warm one that stands below two others."""
    try:
        parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        above = Path(f"/proc/{parent}/stat").read_text().rsplit(")", 1)[1].split()[1]
    except (OSError, IndexError, ValueError):
        return False
    return warm(pid) and warm(parent) and warm(int(above))


def finished(course: Course) -> int:
    """How many results there are."""
    return len(list((course.build / "results" / NAME).glob("*.json")))


def check_same(course: Course, undisturbed: Course, scratch: Path) -> None:
    """One more run; then everything is as if nobody had been killed."""
    adopt_orphans()
    before = children()
    assert start(course).wait(PATIENCE) == 0
    assert still_alive(children() - before, PATIENCE) == set()
    assert dump(course) == dump(undisturbed)
    assert notebooks(course) == notebooks(undisturbed)
    assert list(scratch.iterdir()) == []


def test_a_grader_killed_twenty_times_goes_on_where_it_was(
    school: Course, undisturbed: Course, tmp_path: Path, scratch: Path
) -> None:
    """Do twenty killed runs, at any moment from start to end, add up to a whole one?"""
    adopt_orphans()
    before = children()
    course = copy_class(school, tmp_path / "course")
    chance, kills = random.Random(3), KillCount(KILLS)
    for number in range(2 * KILLS):
        if kills.is_enough:
            break
        results = 0 if number % 4 == 0 else chance.randrange(1, 4)
        force = ["--force"] if finished(course) > STUDENTS // 2 else []
        wanted = finished(course) + results if not force else 0
        run = start(course, "--jobs", str(1 + number % 2), *force)
        until = time.monotonic() + PATIENCE
        while finished(course) < wanted and run.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 3 if not results or force else 0.2))
        kills.note("" if kill_group(run) else "after the end of a run")
    kills.check()
    assert still_alive(children() - before, PATIENCE) == set()
    check_same(course, undisturbed, scratch)


def kill_some(course: Course, which: Callable[[int], bool], kills: KillCount) -> None:
    """Kill processes below a run, at random moments while it grades."""
    shutil.rmtree(course.build / "results", ignore_errors=True)
    run = start(course)
    chance = random.Random(4)
    until = time.monotonic() + PATIENCE
    while run.poll() is None and time.monotonic() < until:
        found = [pid for pid in list_below(run.pid) if which(pid)]
        if found and not kills.is_enough and finished(course):
            hit = kill_process(chance.choice(found))
            kills.note("" if hit else "after the end of a process")
            if hit:
                time.sleep(chance.uniform(0.02, 0.4))
    if run.poll() is None:
        kill_group(run)


@pytest.mark.parametrize("which", [is_zygote, is_child], ids=["zygote", "child"])
def test_twenty_killed_processes_cost_nothing(
    which: Callable[[int], bool],
    school: Course,
    undisturbed: Course,
    tmp_path: Path,
    scratch: Path,
) -> None:
    """Are zygotes and children replaced, and does no submission pay for it?"""
    course = copy_class(school, tmp_path / "course")
    kills = KillCount(KILLS)
    for _ in range(6):
        if not kills.is_enough:
            kill_some(course, which, kills)
    kills.check()
    check_same(course, undisturbed, scratch)


def test_the_killer_finds_what_it_looks_for(school: Course, tmp_path: Path) -> None:
    """Are there zygotes and children below a run, told apart?"""
    run = start(copy_class(school, tmp_path / "course"))
    seen: dict[str, set[int]] = {"zygote": set(), "child": set()}
    until = time.monotonic() + PATIENCE
    while run.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.005)
        for pid in list_below(run.pid):
            seen["zygote"] |= {pid} if is_zygote(pid) else set()
            seen["child"] |= {pid} if is_child(pid) else set()
    assert seen["zygote"] and seen["child"]
    assert len(seen["child"]) > len(seen["zygote"])

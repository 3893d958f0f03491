"""Two graders and a marker at the same moment: every mark and every score is there."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest
from support.cluster import NAME, notebooks
from support.gradebook_dump import dump
from support.postgresql import Server, needs_postgresql, server
from support.two_assignments import (
    NAMES,
    STUDENTS,
    copy_school,
    grade_school,
    make_school,
)
from support.waits import read_line

from unrolled.assignment.load import load_material
from unrolled.course.model import Course
from unrolled.grade.run import grade
from unrolled.grade.scheduling.cache import ResultCache
from unrolled.grade.scheduling.pool import JudgePool
from unrolled.grade.scheduling.prepare import JobPreparer
from unrolled.grade.writer import GradebookWriter
from unrolled.gradebook.open import backup_gradebook, open_gradebook

FORK = multiprocessing.get_context("fork")
ROUNDS = 4
PATIENCE = 600.0
MARKER = Path(__file__).parents[1] / "support" / "marker.py"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Two assignments, nothing graded yet."""
    return make_school(tmp_path_factory.mktemp("school") / "course")


@pytest.fixture(scope="module")
def graded(school: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The school, graded in peace."""
    return grade_school(school, tmp_path_factory.mktemp("graded") / "course")


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    """A server."""
    with server() as found:
        yield found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgresql)])
def course(
    request: pytest.FixtureRequest, school: Course, graded: Course, tmp_path: Path
) -> Course:
    """A school of the test's own, in either database; results are kept already."""
    line = ""
    if request.param == "postgresql":
        found: Server = request.getfixturevalue("postgresql")
        name = request.node.name.split("[")[0][-40:]
        line = f'database = "{found.create(name)}"'
    return copy_school(school, graded, tmp_path / "course", line)


def no_judge(_: JudgePool, jobs: Any) -> Iterator[Any]:
    """All results are kept: there is nothing to judge."""
    assert list(jobs) == []
    return iter(())


def at_once(*tasks: tuple[Callable[..., None], tuple[Any, ...]]) -> None:
    """Run tasks in processes of their own, all at the same moment."""
    barrier = FORK.Barrier(len(tasks))
    begun, ended = FORK.Array("d", len(tasks)), FORK.Array("d", len(tasks))

    def work(number: int) -> None:
        task, arguments = tasks[number]
        barrier.wait(60)
        begun[number] = time.monotonic()
        task(*arguments)
        ended[number] = time.monotonic()

    made = [FORK.Process(target=work, args=(n,)) for n in range(len(tasks))]
    for process in made:
        process.start()
    until = time.monotonic() + PATIENCE
    for process in made:
        process.join(max(0, until - time.monotonic()))
        process.kill()  # one that stands still: its exit code is not 0
        process.join(60)
    assert [p.exitcode for p in made] == [0] * len(made)
    assert max(begun[:]) < min(ended[:]), "one had ended before another began"


def grade_all(course: Course, name: str) -> None:
    """`unrolled grade` without its judges."""
    JudgePool.run = no_judge  # type: ignore[method-assign, assignment]
    assert grade(course, name).ungraded == ()


def test_four_graders_at_once_leave_what_one_leaves(
    course: Course, graded: Course
) -> None:
    """Two graders over the same assignment and two over another: is all as it was?"""
    at_once(*((grade_all, (course, name)) for name in NAMES * 2))
    assert dump(course) == dump(graded)
    assert notebooks(course) == notebooks(graded)
    assert not list(course.autograded.glob(".unrolled-*"))


@dataclass(frozen=True)
class Race:
    """What graders, who write, and a marker tell each other."""

    enough: Event = field(default_factory=FORK.Event)
    ready: Any = field(default_factory=lambda: FORK.Barrier(3))  # two graders write
    writes: Any = field(default_factory=lambda: FORK.Value("i"))
    told: Any = field(default_factory=FORK.Queue)


def write_again(course: Course, race: Race) -> None:
    """Write all results of an assignment, over and over."""
    preparer = JobPreparer(course, NAME, load_material(course, NAME))
    records = ResultCache(course, NAME)
    students = sorted(p.name for p in course.submitted.iterdir())
    prepared = [preparer.prepare(s) for s in students]
    kept = [(records.find(p.job.student, p.key), p.accompanying) for p in prepared]
    with GradebookWriter(course, NAME) as writer:
        race.ready.wait(PATIENCE)
        while not race.enough.is_set():
            for result, accompanying in kept:
                assert result is not None
                writer.write(result, accompanying, force=True)
                with race.writes.get_lock():
                    race.writes.value += 1


def copy_again(course: Course, race: Race) -> None:
    """Copy the gradebook, as every command does before it writes."""
    assert backup_gradebook(course)
    while not race.enough.wait(1):
        assert backup_gradebook(course)


def mark_all(course: Course, race: Race) -> None:
    """A marker at work in a program of its own; what it wrote last."""
    words = [sys.executable, str(MARKER), str(course.root), NAME, str(ROUNDS)]
    pipe = subprocess.PIPE
    marker = subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True)
    try:
        assert read_line(marker, PATIENCE) == "ready\n"
        race.ready.wait(PATIENCE)
        before = race.writes.value
        said, _ = marker.communicate("go\n", timeout=PATIENCE)
        assert marker.returncode == 0
        race.told.put(json.loads(said))
        assert race.writes.value > before, "nobody wrote while marks were given"
    finally:
        race.enough.set()
        marker.kill()


def without_marks(course: Course) -> dict[str, Any]:
    """The gradebook after all marks and comments are taken back."""
    with open_gradebook(course) as gradebook:
        for part in gradebook.notebook_submissions("tiny", NAME):
            for found in part.grades:
                found.manual_score = None
                found.needs_manual_grade = found.auto_score is None
            for comment in part.comments:
                comment.manual_comment = None
        gradebook.db.commit()
    assert grade(course, NAME).ungraded == ()  # late penalties, without the marks
    return dump(course)


def test_no_mark_is_lost_while_graders_write(
    course: Course, graded: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are all marks, comments and scores there after two graders and a marker?"""
    monkeypatch.setattr(JudgePool, "run", no_judge)
    assert grade(course, NAME).ungraded == ()
    assert grade(course, NAMES[1]).ungraded == ()
    race = Race()
    doing: tuple[Callable[..., None], ...] = (write_again, write_again)
    at_once(*((task, (course, race)) for task in (*doing, copy_again, mark_all)))
    last = race.told.get(timeout=60)
    assert len(last) == STUDENTS
    with open_gradebook(course) as gradebook:
        for student, (points, words) in last.items():
            found = gradebook.find_submission_notebook("tiny", NAME, student)
            assert {g.manual_score for g in found.grades if g.name == "why"} == {points}
            assert {c.manual_comment for c in found.comments} == {words}
    assert without_marks(course) == dump(graded)

"""kill -9 of workers and of the scheduler at random moments: nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from pathlib import Path

import pytest
from support.cluster import NAME, WORKER, Cluster, cluster, copy_class, make_class
from support.cluster import notebooks as graded
from support.gradebook_dump import dump

import unrolled.grade.scheduling.cluster
from unrolled.course.model import Course
from unrolled.errors import UserError
from unrolled.grade.results import SubmissionResult
from unrolled.grade.run import grade

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
]
KILLS = 20
STUDENTS = 30


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class, nothing graded yet."""
    return make_class(tmp_path_factory.mktemp("school") / "course", STUDENTS)


@pytest.fixture(scope="module")
def undisturbed(school: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class, graded on this machine and left in peace."""
    course = copy_class(school, tmp_path_factory.mktemp("local") / "course")
    assert grade(course, NAME).ungraded == ()
    return course


def kill(pid: int) -> None:
    """kill -9 of a process and its group."""
    os.killpg(pid, signal.SIGKILL)


class WorkerKiller:
    """Kills a worker whenever a result has come in, and starts another one."""

    def __init__(self, made: Cluster, seed: int) -> None:
        self.made = made
        self.random = random.Random(seed)
        self.kills = 0
        self.lock = threading.Lock()
        self.timers: list[threading.Timer] = []

    def __call__(self, _: SubmissionResult) -> None:
        """A result has come: kill soon, until there were enough kills."""
        if len(self.timers) < KILLS:
            timer = threading.Timer(self.random.uniform(0, 0.2), self._kill)
            self.timers.append(timer)
            timer.start()

    def _kill(self) -> None:
        with self.lock:
            worker = self.made.workers.pop(self.random.randrange(2))
            kill(worker.pid)
            worker.wait(60)
            self.kills += 1
            self.made.start_worker(WORKER.format(patch=""))


def test_twenty_killed_workers_cost_nothing(
    school: Course, undisturbed: Course, tmp_path: Path
) -> None:
    """Is the gradebook that of an undisturbed run, after workers died all the time?"""
    course = copy_class(school, tmp_path / "course")
    with cluster(0) as made:
        for _ in range(2):
            made.start_worker(WORKER.format(patch=""))
        killer = WorkerKiller(made, 1)
        grade(course, NAME, progress=killer, scheduler=made.address)
        for timer in killer.timers:
            timer.join(120)
        assert killer.kills == KILLS
        again = grade(course, NAME, scheduler=made.address)
    assert again.ungraded == ()
    assert dump(course) == dump(undisturbed)
    assert graded(course) == graded(undisturbed)


class SchedulerKiller:
    """Kills a scheduler a moment after some result, or soon after the start."""

    def __init__(self, pid: int, chance: random.Random, kept: int, early: bool) -> None:
        self.pid, self.chance = pid, chance
        self.missing = kept + chance.randrange(1, 4)
        self.timer: threading.Timer | None = None
        if early:
            self._start(3)

    def __call__(self, _: SubmissionResult) -> None:
        """A result has come."""
        self.missing -= 1
        if self.missing == 0 and self.timer is None:
            self._start(0.2)

    def _start(self, most: float) -> None:
        self.timer = threading.Timer(self.chance.uniform(0, most), kill, [self.pid])
        self.timer.start()

    def at_the_end(self) -> None:
        """The run has ended: the scheduler dies now, if it is still there."""
        if self.timer is None:
            kill(self.pid)
        else:
            self.timer.join(60)


def test_twenty_killed_schedulers_cost_nothing(
    school: Course,
    undisturbed: Course,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Does each run end with a clear word, and the next one go on where it was?"""
    # How long a scheduler that is gone is waited for.
    monkeypatch.setattr(unrolled.grade.scheduling.cluster, "CONNECT_SECONDS", 1)
    course = copy_class(school, tmp_path / "course")
    chance, interrupted = random.Random(2), 0
    for number in range(KILLS):
        with cluster(0) as made:
            made.start_worker(WORKER.format(patch=""))
            assert made.scheduler is not None
            finished = len(list((course.build / "results" / NAME).glob("*.json")))
            force = number % 4 == 3 or finished > STUDENTS // 2
            kept, early = 0 if force else finished, number % 4 == 0
            killer = SchedulerKiller(made.scheduler.pid, chance, kept, early)
            try:
                grade(
                    course,
                    NAME,
                    force=force,
                    progress=killer,
                    scheduler=made.address,
                )
            except UserError as error:
                assert made.address in str(error)
                assert "scheduler" in str(error)
                interrupted += 1
            killer.at_the_end()
    assert interrupted > KILLS // 2  # the others had come to their end
    assert grade(course, NAME).ungraded == ()
    assert dump(course) == dump(undisturbed)
    assert graded(course) == graded(undisturbed)

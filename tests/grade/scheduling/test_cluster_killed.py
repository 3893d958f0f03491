"""kill -9 of workers and of the scheduler at random moments: nothing is lost."""

from __future__ import annotations

import random
import sys
import threading
import time
from pathlib import Path

import pytest
from support.cluster import (
    NAME,
    PATIENCE,
    WORKER,
    Cluster,
    cluster,
    copy_class,
    make_class,
)
from support.cluster import notebooks as graded
from support.gradebook_dump import dump
from support.kills import KillCount, Process, kill_group, list_below

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


class WorkerKiller:
    """Kills a busy worker whenever a result has come in, and starts another one."""

    def __init__(self, made: Cluster, seed: int) -> None:
        self.made = made
        self.random = random.Random(seed)
        self.kills = KillCount(KILLS)
        self.has_ended = False
        self.lock = threading.Lock()
        self.timers: list[threading.Timer] = []

    def __call__(self, _: SubmissionResult) -> None:
        """A result has come: kill soon, until there were enough kills."""
        if not self.kills.is_enough:
            timer = threading.Timer(self.random.uniform(0, 0.2), self._kill)
            self.timers.append(timer)
            timer.start()

    def stop(self) -> None:
        """The run has ended: what is killed now is no hit any more."""
        self.has_ended = True
        for timer in self.timers:
            timer.join(PATIENCE)
            assert not timer.is_alive()

    def _kill(self) -> None:
        with self.lock:
            if self.kills.is_enough:
                return
            number = self._choose_busy()
            if number is None or self.has_ended:
                self.kills.note("after the end of the run")
                return
            worker = self.made.workers.pop(number)
            self.kills.note("" if kill_group(worker) else "after the end of a worker")
            self.made.start_worker(WORKER.format(patch=""))

    def _choose_busy(self) -> int | None:
        """A worker that has begun to work: a new one does nothing for seconds."""
        until = time.monotonic() + PATIENCE
        while not self.has_ended and time.monotonic() < until:
            # What stands below a worker is a student's process, or a warm one.
            workers = enumerate(self.made.workers)
            busy = [number for number, w in workers if list_below(w.pid)]
            if busy:
                return self.random.choice(busy)
            time.sleep(0.01)
        return None


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
        killer.stop()
        killer.kills.check()
        again = grade(course, NAME, scheduler=made.address)
    assert again.ungraded == ()
    assert dump(course) == dump(undisturbed)
    assert graded(course) == graded(undisturbed)


class SchedulerKiller:
    """Kills a scheduler a moment after some result, or soon after the start."""

    def __init__(
        self,
        scheduler: Process,
        chance: random.Random,
        kept: int,
        early: bool,
    ) -> None:
        self.scheduler, self.chance = scheduler, chance
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
        moment = self.chance.uniform(0, most)
        self.timer = threading.Timer(moment, kill_group, [self.scheduler])
        self.timer.start()

    def at_the_end(self) -> None:
        """The run has ended: the scheduler dies now, if it is still there."""
        if self.timer is None:
            kill_group(self.scheduler)
        else:
            self.timer.join(PATIENCE)
            assert not self.timer.is_alive()


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
    chance, kills = random.Random(2), KillCount(KILLS)
    for number in range(2 * KILLS):
        if kills.is_enough:
            break
        with cluster(0) as made:
            made.start_worker(WORKER.format(patch=""))
            assert made.scheduler is not None
            finished = len(list((course.build / "results" / NAME).glob("*.json")))
            force = number % 4 == 3 or finished > STUDENTS // 2
            kept, early = 0 if force else finished, number % 4 == 0
            killer = SchedulerKiller(made.scheduler, chance, kept, early)
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
                kills.note()
            else:
                kills.note("after the end of a run")
            killer.at_the_end()
    kills.check()
    assert grade(course, NAME).ungraded == ()
    assert dump(course) == dump(undisturbed)
    assert graded(course) == graded(undisturbed)

"""Grading on a cluster: the same results, whatever workers do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cluster import (
    NAME,
    WORKER,
    Cluster,
    cluster,
    copy_class,
    make_class,
    notebooks,
    wait_for,
)
from support.gradebook_dump import dump

import unrolled.grade.scheduling.cluster
from unrolled.course.model import Course
from unrolled.errors import UserError
from unrolled.grade.run import grade

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
]
LIES = {
    "another version": "remote.compute_engine_digest = lambda: 'older'",
    "answered for": "from dataclasses import replace\n"
    "answer = remote.WorkerAnswer\n"
    "remote.WorkerAnswer = lambda e, g, u='': answer(\n"
    "    e, g and replace(g, student='eve'), u)",
    "gives 1000": "from dataclasses import replace\n"
    "answer = remote.WorkerAnswer\n"
    "remote.WorkerAnswer = lambda e, g, u='': answer(\n"
    "    e, g and replace(g, scores={n: 1000.0 for n in g.scores}), u)",
    "not one that `unrolled worker`": "remote.encode_answer = lambda answer: b'[1, 2'",
}


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class of twelve, nothing graded yet."""
    return make_class(tmp_path_factory.mktemp("school") / "course", 12)


@pytest.fixture(scope="module")
def undisturbed(school: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class, graded on this machine."""
    course = copy_class(school, tmp_path_factory.mktemp("local") / "course")
    grade(course, NAME)
    return course


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Cluster]:
    """A cluster of two."""
    with cluster(2) as made:
        yield made


def same(course: Course, other: Course) -> bool:
    """Whether gradebook and graded notebooks are equal."""
    return dump(course) == dump(other) and notebooks(course) == notebooks(other)


def test_a_cluster_gives_the_same_gradebook_and_notebooks(
    school: Course, undisturbed: Course, two_workers: Cluster, tmp_path: Path
) -> None:
    """Are two workers' results those of this machine, in every row and byte?"""
    course = copy_class(school, tmp_path / "course")
    report = grade(course, NAME, scheduler=two_workers.address)
    assert len(report.submissions) == 12 and report.ungraded == ()
    assert same(course, undisturbed), two_workers.log()


@pytest.mark.parametrize("said", LIES)
def test_a_worker_that_lies_is_used_no_more(
    said: str, school: Course, undisturbed: Course, two_workers: Cluster, tmp_path: Path
) -> None:
    """Does a worker of another version, or with a forged answer, spoil nothing?"""
    course = copy_class(school, tmp_path / "course")
    two_workers.start_worker(WORKER.format(patch=LIES[said]))
    liar = two_workers.workers[-1]
    try:
        grade(course, NAME, scheduler=two_workers.address)
    finally:
        os.killpg(liar.pid, signal.SIGKILL)
        two_workers.workers.remove(liar)
    assert same(course, undisturbed)


@pytest.mark.parametrize("said", LIES)
def test_with_liars_only_it_says_so(said: str, school: Course, tmp_path: Path) -> None:
    """Is each lie told in plain words, with the worker's address?"""
    course = copy_class(school, tmp_path / "course")
    with cluster(0) as made:
        made.start_worker(WORKER.format(patch=LIES[said]))
        with pytest.raises(UserError, match=said) as caught:
            grade(course, NAME, scheduler=made.address)
    assert "no worker can grade. tcp://127.0.0.1" in str(caught.value)
    assert notebooks(course) == {}


def test_a_worker_without_a_sandbox_grades_nothing(
    school: Course, tmp_path: Path
) -> None:
    """Is the sandbox tried on the worker, also on one that Dask itself started?"""
    course = copy_class(school, tmp_path / "course")
    with cluster(0) as made:
        made.start_worker(WORKER.format(patch=""), UNROLLED_TIER="missing")
        with pytest.raises(UserError, match="missing protection: sandbox"):
            grade(course, NAME, scheduler=made.address)
        assert notebooks(course) == {}
        made.start_worker(UNROLLED_TIER="missing")
        assert made.workers[-1].wait(60) == 2
        assert "cannot be graded safely" in made.log()


def test_a_worker_that_hangs_costs_a_second_try(
    school: Course,
    undisturbed: Course,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Do the others take over from a worker that stands still?"""
    monkeypatch.setattr(unrolled.grade.scheduling.cluster, "START_SECONDS", 0.0)
    monkeypatch.setattr(unrolled.grade.scheduling.cluster, "SPARE_SECONDS", 0.0)
    course = copy_class(school, tmp_path / "course")
    text = (course.root / "course.toml").read_text()
    limits = "[grading]\nsubmission_seconds = 8\n"
    (course.root / "course.toml").write_text(text + limits)
    course = copy_class(course, tmp_path / "limited")
    hangs = "import os, signal\n"
    hangs += "remote.decode_job = lambda *_: os.kill(os.getpid(), signal.SIGSTOP)"
    with cluster(1) as made:
        # So that it needs no time to start when its answers are waited for.
        with monkeypatch.context() as patch:
            patch.setattr(unrolled.grade.scheduling.cluster, "START_SECONDS", 120.0)
            grade(course, NAME, ["student00"], scheduler=made.address)
        there = made.log().count("Registered to")
        made.start_worker(WORKER.format(patch=hangs))
        wait_for(lambda: made.log().count("Registered to") > there)
        stopped = made.workers[-1]
        report = grade(course, NAME, scheduler=made.address)
        state = Path(f"/proc/{stopped.pid}/stat").read_text().rsplit(")")[-1].split()[0]
        os.killpg(stopped.pid, signal.SIGKILL)
    assert report.ungraded == () and state == "T"  # it was asked, and stands still
    assert dump(course) == dump(undisturbed)


def test_without_a_scheduler_or_workers_it_says_what_to_start(
    school: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does each error name the address and the command that mends it?"""
    monkeypatch.setattr(unrolled.grade.scheduling.cluster, "CONNECT_SECONDS", 1)
    monkeypatch.setattr(unrolled.grade.scheduling.cluster, "WAIT_FOR_WORKERS", 0.0)
    course = copy_class(school, tmp_path / "course")
    with pytest.raises(UserError, match=r"127\.0\.0\.1:9.*`dask scheduler`"):
        grade(course, NAME, scheduler="tcp://127.0.0.1:9")
    with pytest.raises(UserError, match="no Dask scheduler answers"):
        grade(course, NAME, scheduler="nonsense")
    with cluster(0) as made, pytest.raises(UserError, match="`unrolled worker tcp:"):
        grade(course, NAME, scheduler=made.address)
    command = [sys.executable, "-m", "unrolled", "worker", "tcp://127.0.0.1:9"]
    env = {**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1"}
    run = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)
    assert run.returncode == 2 and "no Dask scheduler answers" in run.stderr

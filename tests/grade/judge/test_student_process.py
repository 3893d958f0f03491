"""A process that is killed from outside is no fault of the submission in it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from support.small_assignment import QUICK, RIGHT, material, submission
from support.tiers import has_huge_pages, starts

import unrolled.grade.judge.judge
import unrolled.grade.scheduling.pool
import unrolled.grade.worker.zygote_worker
from unrolled.assignment.material import Material
from unrolled.assignment.reference import build_reference
from unrolled.course.limits import Limits
from unrolled.errors import UserError
from unrolled.grade.doctor.select_worker import TIER_VARIABLE, select_warm_worker
from unrolled.grade.judge.judge import judge_submission
from unrolled.grade.judge.verdict import JudgeInput, Verdict
from unrolled.grade.scheduling.job import GradingJob
from unrolled.grade.scheduling.judge_process import require_one_thread
from unrolled.grade.scheduling.pool import JudgeHost, JudgePool
from unrolled.grade.session.session import Session
from unrolled.grade.student.zygote import FORKS_BEFORE_COLLAPSE
from unrolled.grade.submission.rebuild import rebuild_submission
from unrolled.grade.worker.errors import ProcessLostError
from unrolled.grade.worker.zygote_worker import ZygoteWorker

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
]
SUBMISSION = submission(**RIGHT)
IMPORTS = """
import numpy, torch
import matplotlib.pyplot
from unrolled.lab import check
make = torch.optim.Adam
"""


@pytest.fixture(scope="module")
def worker() -> Iterator[ZygoteWorker]:
    """A warm process that may be killed."""
    with ZygoteWorker("namespaces" if starts("namespaces") else "landlock") as made:
        yield made


def judged(worker: ZygoteWorker, limits: Limits = QUICK) -> Verdict:
    """The verdict on a right submission."""
    trusted = material()
    rebuilt = rebuild_submission(trusted, SUBMISSION).notebook
    task = JudgeInput(trusted, rebuilt, 1, limits)
    return judge_submission(task, build_reference(trusted), worker)


def below(pid: int) -> list[int]:
    """All processes below a process, the nearest first."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    near = [int(n) for t in tasks for n in (t / "children").read_text().split()]
    return [*near, *(far for child in near for far in below(child))]


def kill_zygote(worker: ZygoteWorker) -> None:
    """kill -9 of the warm process; all below it end with it."""
    assert worker._process is not None
    ending = below(worker._process.pid)
    os.kill(worker._process.pid, signal.SIGKILL)
    until = time.monotonic() + 60
    while any(map(lives, ending)):
        assert time.monotonic() < until
        time.sleep(0.01)


def lives(pid: int) -> bool:
    """Whether a process has not ended yet, buried or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1][1] not in "ZX"
    except OSError:
        return False


def kill_child(worker: ZygoteWorker) -> None:
    """kill -9 of the student's process, the youngest and lowest."""
    assert worker._process is not None
    os.kill(below(worker._process.pid)[-1], signal.SIGKILL)


class Before:
    """Does something before a session's method, the first few times."""

    def __init__(self, method: str, times: int, do: Callable[[], None]) -> None:
        self.method = method
        self.left = times
        self.do = do

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Replace the method."""
        original = getattr(Session, self.method)

        def replaced(session: Session, *args: Any) -> Any:
            if self.left:
                self.left -= 1
                self.do()
            return original(session, *args)

        monkeypatch.setattr(Session, self.method, replaced)


@pytest.mark.parametrize("kill", [kill_zygote, kill_child])
@pytest.mark.parametrize(
    "moment,times", [("start", 7), ("run_cell", 1), ("look_up_name", 1), ("call", 7)]
)
def test_it_is_judged_again(
    kill: Callable[[ZygoteWorker], None],
    moment: str,
    times: int,
    worker: ZygoteWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Is the verdict that of an undisturbed run, at whatever moment it was hit?"""
    killer = Before(moment, times, lambda: kill(worker))
    killer.install(monkeypatch)
    verdict = judged(worker)
    assert killer.left == 0
    assert [c.score for c in verdict.cells] == [10, 20]
    assert verdict.notes == ()


def test_a_shared_zygote_that_is_killed_costs_nobody_anything(
    worker: ZygoteWorker,
) -> None:
    """Does each judge on it go on with a warm process of its own?"""
    judged(worker)  # it runs, whoever was killed before
    first, second = worker.connect("first"), worker.connect("second")
    try:
        assert [c.score for c in judged(first).cells] == [10, 20]
        assert first._process is None  # it has used the shared one
        kill_zygote(worker)
        for other in (first, second):
            assert [c.score for c in judged(other).cells] == [10, 20]
            assert other._process is not None
    finally:
        first.stop()
        second.stop()


def test_many_children_are_forked_from_huge_pages() -> None:
    """Is the warm process put together once it has many, with the same verdict?"""
    with ZygoteWorker("namespaces" if starts("namespaces") else "landlock") as made:
        assert made._process is not None
        inner = (below(made._process.pid) or [made._process.pid])[0]
        before = count_huge_pages(inner)
        verdicts = [judged(made) for _ in range(FORKS_BEFORE_COLLAPSE + 1)]
        assert all([c.score for c in v.cells] == [10, 20] for v in verdicts)
        assert count_huge_pages(inner) > before or not has_huge_pages()


def count_huge_pages(pid: int) -> int:
    """Kilobytes of a process that lie in huge pages."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(x.split()[1]) for x in lines if x.startswith("AnonHugePages"))


def test_a_zygote_that_is_frozen_costs_nobody_a_point(
    worker: ZygoteWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is a warm process that answers no more given up, for a new one?"""
    monkeypatch.setattr(unrolled.grade.worker.zygote_worker, "CLOSE_SECONDS", 1.0)
    judged(worker)
    assert worker._process is not None
    shared = worker.connect("shared")
    frozen = below(worker._process.pid)[:1] or [worker._process.pid]
    try:
        assert [c.score for c in judged(shared).cells] == [10, 20]
        os.kill(frozen[0], signal.SIGSTOP)
        verdict = judged(shared, replace(QUICK, start_seconds=2))
        assert [c.score for c in verdict.cells] == [10, 20]
        assert verdict.notes == () and shared._process is not None
    finally:
        os.kill(frozen[0], signal.SIGCONT)
        shared.stop()


def test_the_children_of_a_judge_that_is_gone_are_ended(worker: ZygoteWorker) -> None:
    """And nobody else's?"""
    judged(worker)
    assert worker._process is not None
    stays, goes = worker.connect("stays"), worker.connect("goes")
    with stays.open({}, QUICK).sock as there:
        there.settimeout(60)
        assert there.recv(1)  # it has come up
        before = set(below(worker._process.pid))
        with goes.open({}, QUICK).sock as sock:
            sock.settimeout(60)
            assert sock.recv(1)
            (child,) = set(below(worker._process.pid)) - before
            goes.stop()
            until = time.monotonic() + 60
            while lives(child):
                assert time.monotonic() < until
                time.sleep(0.01)
        assert set(below(worker._process.pid)) == before
        stays.stop()


def test_nothing_is_forked_beside_a_thread() -> None:
    """Is a fork refused where another thread may hold a lock?"""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    with pytest.raises(RuntimeError, match="threads before the fork"):
        require_one_thread()
    end.set()
    thread.join(60)


def test_judges_are_forked_in_one_thread() -> None:
    """Has the process that all judges come from a single one, with all libraries?"""
    host = JudgeHost(load_torch_material())
    try:
        pipes = [
            host.start_judge(tries_sandbox=False, allow_weak=True)[1] for _ in range(2)
        ]
        assert all(pipe.poll(100) and pipe.recv().tier != "none" for pipe in pipes)
        maps = Path(f"/proc/{host.process.pid}/maps").read_text()
        for library in ("libtorch_cpu", "_multiarray_umath", "ft2font"):
            assert library in maps
        assert len(list(Path(f"/proc/{host.process.pid}/task").iterdir())) == 1
    finally:
        host.end()


def load_torch_material() -> Material:
    """An assignment whose reference imports all that a lesson does."""
    cell = {"cell_type": "code", "metadata": {}, "source": IMPORTS}
    made = material()
    source = made.source | {"cells": [cell, *made.source["cells"]]}
    return replace(made, source=source)


def test_a_process_that_never_comes_up_is_no_verdict(
    worker: ZygoteWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does it end, and is grading to blame?"""
    monkeypatch.setattr(unrolled.grade.judge.judge, "MAX_TRIES", 3)
    killer = Before("start", 100, lambda: kill_child(worker))
    killer.install(monkeypatch)
    with pytest.raises(ProcessLostError):
        judged(worker)
    assert killer.left == 97


def test_a_machine_out_of_memory_is_asked_twice_at_most(
    worker: ZygoteWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is a cell that takes all memory left out after the second time?"""
    out_of_memory = [0]

    def kill() -> None:
        out_of_memory[0] += 1
        kill_child(worker)

    monkeypatch.setattr(
        unrolled.grade.judge.judge, "_count_oom_kills", lambda: out_of_memory[0]
    )
    killer = Before("look_up_name", 100, kill)
    killer.install(monkeypatch)
    verdict = judged(worker)
    assert not any(c.passed for c in verdict.cells)
    assert 90 < killer.left < 98


def test_the_machine_tells_when_its_memory_ran_out() -> None:
    """Does the counter exist here?"""
    assert "oom_kill " in Path("/proc/vmstat").read_text()
    assert unrolled.grade.judge.judge._count_oom_kills() >= 0


def test_a_warm_worker_that_is_killed_once_is_no_reason_for_a_weaker_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Is the strongest tier tried again before the next one?"""
    expected = select_warm_worker()
    assert expected is not None
    original, starts = ZygoteWorker.start, []

    def start(worker: ZygoteWorker) -> None:
        starts.append(worker.tier)
        if starts.count(worker.tier) == 1:
            raise ProcessLostError("killed")
        original(worker)

    monkeypatch.setattr(ZygoteWorker, "start", start)
    again = select_warm_worker.__wrapped__()
    assert again is not None and again.tier == expected.tier
    again.stop()


def jobs(count: int) -> list[GradingJob]:
    """Right submissions of some students."""
    text, trusted = json.dumps(SUBMISSION).encode(), material()
    names = [f"student{number}" for number in range(count)]
    return [
        GradingJob(
            student=name,
            name="small.ipynb",
            submission=text,
            material=trusted,
            seed=1,
            limits=QUICK,
        )
        for name in names
    ]


@pytest.mark.parametrize("tier", ["landlock", "none"])
def test_no_code_runs_in_a_tier_that_was_not_tried(
    tier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does a judge whose sandbox came up weaker get no submission?"""
    if not starts("namespaces"):
        pytest.skip("allow user namespaces, or run as root")
    given: list[object] = []
    weak: list[Connection] = []
    hosts: list[JudgeHost] = []
    start_judge = JudgeHost.start_judge

    def start(
        host: JudgeHost, *, tries_sandbox: bool, allow_weak: bool
    ) -> tuple[int, Connection]:
        if not tries_sandbox:
            with monkeypatch.context() as patch:
                patch.setenv(TIER_VARIABLE, tier)
                assert host.material is not None
                host = JudgeHost(host.material)
            hosts.append(host)
        number, pipe = start_judge(
            host, tries_sandbox=tries_sandbox, allow_weak=allow_weak
        )
        weak.extend([] if tries_sandbox else [pipe])
        return number + 1000 * len(hosts), pipe

    original = unrolled.grade.scheduling.pool._JudgeProcess.assign_job

    def give(judge: Any, job: GradingJob) -> None:
        given.append(judge.pipe)
        original(judge, job)

    monkeypatch.setattr(JudgeHost, "start_judge", start)
    monkeypatch.setattr(
        unrolled.grade.scheduling.pool._JudgeProcess, "assign_job", give
    )
    with JudgePool(2) as pool:
        found = list(pool.run(jobs(30)))
        assert pool.jobs <= 2
    assert len(found) == 30 and not any(g.reason for g in found)
    assert weak and not any(pipe in given for pipe in weak)
    for host in hosts:
        host.end()


def test_a_pool_without_any_judge_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is there an end, also the second time, where judges do not come up?"""

    start_judge = JudgeHost.start_judge

    def start(host: JudgeHost, **options: Any) -> tuple[int, Connection]:
        started = start_judge(host, **options)
        host.process.kill()
        return started

    monkeypatch.setattr(JudgeHost, "start_judge", start)
    with JudgePool(2) as pool:
        for _ in range(2):
            with pytest.raises(UserError, match="no judge process could start"):
                list(pool.run(jobs(3)))

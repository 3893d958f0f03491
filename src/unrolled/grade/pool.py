"""Judge processes on this machine: many submissions at once, each job within its time.

Every judge is a process of its own with a warm worker of its own. One that dies
or hangs costs its job a second try, and nobody else anything.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from unrolled.errors import UserError
from unrolled.grade.job import Graded, Job, grade_job
from unrolled.grade.task import GradingError
from unrolled.grade.warm import ZygoteLostError
from unrolled.grade.workers import safe_worker, warm_worker
from unrolled.sandbox.scratch import sweep

TRIES = 2
SPARE_SECONDS = 60.0
END_SECONDS = 10.0
THREADS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR")


@dataclass
class _Judge:
    """A judge process, and what it works on."""

    process: Any
    pipe: Connection
    job: Job | None = None
    deadline: float = field(default=float("inf"))

    def give(self, job: Job) -> None:
        """Hand it a job."""
        self.job = job
        self.deadline = time.monotonic() + job.limits.submission_seconds + SPARE_SECONDS
        with contextlib.suppress(OSError):  # a dead judge is found by its sentinel
            self.pipe.send(job)

    def end(self, patience: float = 0.0) -> None:
        """Let it end by itself for some seconds, then stop it."""
        self.pipe.close()
        self.process.join(patience)
        self.process.kill()
        self.process.join()


class JudgePool:
    """`jobs` judges; results come as they are ready, in any order.

    Raises UserError where untrusted code cannot be graded safely.
    """

    def __init__(self, jobs: int, allow_weak: bool = False) -> None:
        self.jobs = max(1, jobs)
        self.allow_weak = allow_weak
        for name in THREADS:  # parallel libraries would hang after a fork
            os.environ[f"{name}_NUM_THREADS"] = "1"
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(["unrolled.grade.pool"])
        self._judges: list[_Judge] = []

    def __enter__(self) -> JudgePool:
        return self

    def __exit__(self, *_: object) -> None:
        for judge in self._judges:
            judge.pipe.close()
        for judge in self._judges:
            judge.end(0.0 if judge.job else END_SECONDS)
        self._judges = []
        sweep()

    def run(self, jobs: Iterable[Job]) -> Iterator[Graded]:
        """Grade all jobs; whatever happens, there is one result for each."""
        todo = deque(jobs)
        tries: dict[str, int] = {}
        while todo or any(j.job for j in self._judges):
            self._give(todo)
            for judge in self._ready():
                job = judge.job
                graded = self._result(judge)
                if graded is not None:
                    yield graded
                elif job is not None:
                    tries[job.student] = tries.get(job.student, 0) + 1
                    if tries[job.student] < TRIES:
                        todo.append(job)
                    else:
                        yield Graded(job.student, _LOST)

    def _give(self, todo: deque[Job]) -> None:
        wanted = min(
            self.jobs, len(todo) + sum(j.job is not None for j in self._judges)
        )
        while len(self._judges) < wanted:
            self._judges.append(self._start())
        for judge in self._judges:
            if judge.job is None and todo:
                judge.give(todo.popleft())

    def _start(self) -> _Judge:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_main, args=(theirs, self.allow_weak), daemon=False
        )
        process.start()
        theirs.close()
        return _Judge(process, ours)

    def _ready(self) -> list[_Judge]:
        """Judges that have answered, died or are over time; waits for one."""
        busy = [j for j in self._judges if j.job is not None]
        left = min((j.deadline for j in busy), default=0.0) - time.monotonic()
        there = wait([j.pipe for j in busy], max(0.0, left))
        now = time.monotonic()
        return [j for j in busy if j.pipe in there or j.deadline <= now]

    def _result(self, judge: _Judge) -> Graded | None:
        """What a judge found; None if it is lost, and then it is gone."""
        try:
            answer = judge.pipe.recv() if judge.pipe.poll() else None
        except (EOFError, OSError):
            answer = None
        if isinstance(answer, UserError):
            raise answer
        if answer is None:
            judge.end()
            self._judges.remove(judge)
        judge.job, judge.deadline = None, float("inf")
        return answer


_LOST = (
    "grading was lost twice: the judge's own process died or did not come back. "
    "Grade this submission again, alone; if it stays, report it with the file."
)


def _main(pipe: Connection, allow_weak: bool) -> None:
    """A judge: jobs in, results out, until the grader is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        worker = safe_worker(allow_weak)
        while True:
            job = pipe.recv()
            try:
                pipe.send(grade_job(job, worker))
            except ZygoteLostError:
                pipe.send(grade_job(job, worker))
            except GradingError as error:
                pipe.send(Graded(job.student, f"grading failed: {error}"))
    except UserError as error:
        pipe.send(error)
    except (EOFError, OSError):
        pass
    finally:
        warm = warm_worker()
        if warm is not None:
            warm.stop()

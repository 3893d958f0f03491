"""Judge processes on this machine: many submissions at once, each job within its time.

Every judge is a process of its own with a warm worker of its own. One that dies
or hangs costs its job a second try, and nobody else anything. The first to come up
tries whether the sandbox holds; before that, no student's code runs.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait

from unrolled.assignment import Material
from unrolled.errors import UserError
from unrolled.grade.doctor.select_worker import JudgeReady
from unrolled.grade.scheduling.job import GradingJob, JobResult
from unrolled.grade.scheduling.judge_process import SAME_MATERIAL, start_judge
from unrolled.sandbox.scratch import remove_stale_folders

TRIES = 2
START_TRIES = 3
START_SECONDS = 300.0
SPARE_SECONDS = 60.0
END_SECONDS = 10.0


@dataclass(kw_only=True)
class _JudgeProcess:
    """A judge process, and what it works on; None when it waits for work."""

    process: subprocess.Popen[bytes]
    pipe: Connection
    tries_sandbox: bool
    deadline: float
    tier: str | None = None  # once it is ready
    job: GradingJob | None = None
    material: Material | None = None

    def assign_job(self, job: GradingJob) -> None:
        """Hand it a job."""
        # A whole assignment is megabytes: it goes through the pipe once per judge.
        known = job.material is self.material
        self.job, self.material = job, job.material
        # The judge has limits of its own and may judge twice: this one ends a hang.
        seconds = 2 * job.limits.submission_seconds
        self.deadline = time.monotonic() + seconds + SPARE_SECONDS
        with contextlib.suppress(OSError):  # a dead judge is found at its pipe
            self.pipe.send(replace(job, material=SAME_MATERIAL) if known else job)

    def rest(self) -> None:
        """It waits, for as long as it takes."""
        self.job, self.deadline = None, float("inf")

    def end(self, patience: float = 0.0) -> None:
        """Let it end by itself for some seconds, then stop it."""
        self.pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        self.process.kill()
        self.process.wait()


class JudgePool:
    """`jobs` judges; results come as they are ready, in any order.

    Raises UserError where untrusted code cannot be graded safely.
    """

    def __init__(self, jobs: int, *, allow_weak: bool = False) -> None:
        self.jobs = max(1, jobs)
        self.allow_weak = allow_weak
        self._judges: list[_JudgeProcess] = []
        self._tier: str | None = None  # once it was tried
        self._failed_starts = 0

    def __enter__(self) -> JudgePool:
        return self

    def __exit__(self, *_: object) -> None:
        for judge in self._judges:  # all are asked first, so that they end side by side
            judge.pipe.close()
        for judge in self._judges:
            judge.end(0.0 if judge.job or not judge.tier else END_SECONDS)
        self._judges = []
        remove_stale_folders()

    def run(self, jobs: Iterable[GradingJob]) -> Iterator[JobResult]:
        """Grade all jobs; whatever happens, there is one result for each."""
        source = iter(jobs)
        todo: deque[GradingJob] = deque()
        tries: dict[str, int] = {}
        while self._take(source, todo) or any(j.job for j in self._judges):
            done = []
            for judge in self._wait_for_answers():
                job = judge.job
                graded = self._receive_result(judge)
                if graded is not None:
                    done.append(graded)
                elif job is not None:
                    tries[job.student] = tries.get(job.student, 0) + 1
                    if tries[job.student] < TRIES:
                        todo.append(job)
                    else:
                        done.append(
                            JobResult(student=job.student, reason=_LOST_MESSAGE)
                        )
            # Before the results are written: judges never wait.
            self._take(source, todo)
            yield from done

    def _take(self, source: Iterator[GradingJob], todo: deque[GradingJob]) -> bool:
        """Take some more jobs and give out what can be given; whether any are left.

        Only as many as are needed soon: the first judge starts with the first job,
        while the next ones are read, and a class of thousands is never held at once.
        """
        self._give(todo)
        while len(todo) < 2 * self.jobs:
            job = next(source, None)
            if job is None:
                break
            todo.append(job)
            self._give(todo)
        return bool(todo)

    def _give(self, todo: deque[GradingJob]) -> None:
        self._dismiss_weaker()
        busy = sum(j.job is not None for j in self._judges)
        while len(self._judges) < min(self.jobs, len(todo) + busy):
            self._judges.append(self._start(todo[0].material if todo else None))
        for judge in self._judges:
            if judge.tier and judge.tier == self._tier and not judge.job and todo:
                judge.assign_job(todo.popleft())

    def _dismiss_weaker(self) -> None:
        """End judges that came up in another tier than the one that was tried.

        One may start in a weaker tier when the machine is short of something just then.
        """
        for judge in list(self._judges):
            if self._tier and judge.tier and judge.tier != self._tier:
                judge.tier = None
                self._remove(judge)

    def _start(self, material: Material | None) -> _JudgeProcess:
        first = self._tier is None and not any(j.tries_sandbox for j in self._judges)
        process, pipe = start_judge(
            tries_sandbox=first, allow_weak=self.allow_weak, material=material
        )
        return _JudgeProcess(
            process=process,
            pipe=pipe,
            tries_sandbox=first,
            deadline=time.monotonic() + START_SECONDS,
            material=material,
        )

    def _wait_for_answers(self) -> list[_JudgeProcess]:
        """Judges that have answered, died or are over time; waits for one."""
        busy = [j for j in self._judges if j.job is not None or not j.tier]
        seconds = min((j.deadline for j in busy), default=0.0) - time.monotonic()
        ready = wait([j.pipe for j in busy], max(0.0, seconds))
        now = time.monotonic()
        return [j for j in busy if j.pipe in ready or j.deadline <= now]

    def _receive_result(self, judge: _JudgeProcess) -> JobResult | None:
        """What a judge found; None if there is no result: it came up, or it is lost."""
        try:
            answer = judge.pipe.recv() if judge.pipe.poll() else None
        except (EOFError, OSError):
            answer = None
        if isinstance(answer, UserError):
            raise answer
        if answer is None:
            self._remove(judge)
            return None
        judge.rest()
        if isinstance(answer, JudgeReady):
            judge.tier = answer.tier
            self._tier = answer.tier if judge.tries_sandbox else self._tier
            return None
        result: JobResult = answer
        return result

    def _remove(self, judge: _JudgeProcess) -> None:
        judge.end()
        self._judges.remove(judge)
        if judge.tier is not None:
            return
        self._failed_starts += 1
        if self._failed_starts < START_TRIES:
            return
        if self._tier is None or not self._judges:
            raise UserError(
                f"no judge process could start on this machine ({START_TRIES} ended "
                "while starting). Is memory short? `unrolled doctor` may tell more."
            )
        self.jobs = len(self._judges)  # fewer at once: those that did come up


_LOST_MESSAGE = (
    "grading was lost twice: the grader's own process died or hung. "
    "Grade this submission again, alone; if it happens again, report it with the file."
)

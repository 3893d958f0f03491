"""Judge processes on this machine: many submissions at once, each job within its time.

Every judge is a process of its own, forked from one that has imported what they need;
they share a warm process for students' code. A judge that dies or hangs costs its job
a second try, and nobody else anything; one that loses the warm process starts another.
The first to come up tries whether the sandbox holds; before that, no student's code
runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any

from unrolled.assignment import Material
from unrolled.errors import UserError
from unrolled.grade.doctor.select_worker import JudgeReady
from unrolled.grade.scheduling.job import GradingJob, JobResult
from unrolled.grade.scheduling.judge_process import SAME_MATERIAL
from unrolled.sandbox.scratch import remove_stale_folders

TRIES = 2
START_TRIES = 3
START_SECONDS = 300.0
SPARE_SECONDS = 60.0
_LIBRARIES = ("OMP", "MKL", "OPENBLAS", "NUMEXPR")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in _LIBRARIES}
MODULE = "unrolled.grade.scheduling.judge_process"
END_SECONDS = 20.0


class JudgeClient:
    """Asks a process that forks judges, over a socket."""

    material: Material | None = None  # what its judges know before the first job

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._numbers = count(1)

    def is_alive(self) -> bool:
        """Whether it can fork another judge."""
        try:
            ended, _, _ = select.select([self._control], [], [], 0)
            return not ended or bool(self._control.recv(1, socket.MSG_PEEK))
        except (OSError, ValueError):
            return False

    def start_judge(
        self, *, tries_sandbox: bool, allow_weak: bool
    ) -> tuple[int, Connection]:
        """Start a judge; its number, and a pipe whose first message is JudgeReady.

        Or a UserError; the pipe ends where no judge came up.
        """
        number = next(self._numbers)
        ours, theirs = Pipe()
        request = {"start": number, "tries": tries_sandbox, "weak": allow_weak}
        with theirs:
            self._send(request, [theirs.fileno()])
        return number, ours

    def kill(self, number: int) -> None:
        """End a judge, whatever it is doing."""
        self._send({"kill": number}, [])

    def end(self) -> None:
        """Let the judges end."""
        self._control.close()

    def _send(self, request: dict[str, Any], fds: list[int]) -> None:
        with contextlib.suppress(OSError):  # it is gone, and all judges with it
            socket.send_fds(self._control, [json.dumps(request).encode()], fds)


class JudgeHost(JudgeClient):
    """A process of our own that has imported what judges need, and forks them.

    It makes ready for `material`, with which the first job comes; others may follow.
    """

    def __init__(self, material: Material) -> None:
        self.material = material
        kind = socket.SOCK_SEQPACKET  # a request comes whole, with its file descriptor
        ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        super().__init__(ours)
        # A file and no message: a socket would hold us up until somebody reads.
        with theirs, tempfile.TemporaryFile() as file:
            pickle.dump(material, file)
            file.seek(0)
            fds = (theirs.fileno(), file.fileno())
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", MODULE, *map(str, (*fds, os.getpid()))],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **ONE_THREAD},
                pass_fds=fds,
                start_new_session=True,  # Ctrl-C is for the grader
            )

    def is_alive(self) -> bool:
        """Whether it can fork another judge."""
        return self.process.poll() is None

    def end(self) -> None:
        """Let the judges end, and the process with them."""
        super().end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_SECONDS)
        self.process.kill()
        self.process.wait()


@dataclass(kw_only=True)
class _JudgeProcess:
    """A judge process, and what it works on; None when it waits for work."""

    host: JudgeClient
    number: int
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

    def kill(self) -> None:
        """End it, whatever it is doing."""
        self.pipe.close()
        self.host.kill(self.number)


class JudgePool:
    """`jobs` judges; results come as they are ready, in any order.

    With `warm`, they are forked from a process that is there already, whose sandbox
    was tried in `tier`. Raises UserError where untrusted code cannot be graded safely.
    """

    def __init__(
        self,
        jobs: int,
        *,
        allow_weak: bool = False,
        warm: tuple[JudgeClient, str] | None = None,
    ) -> None:
        self.jobs = max(1, jobs)
        self.allow_weak = allow_weak
        self._judges: list[_JudgeProcess] = []
        self._host: JudgeClient | None
        self._tier: str | None  # once it was tried
        self._host, self._tier = warm or (None, None)
        self._failed_starts = 0

    def __enter__(self) -> JudgePool:
        return self

    def __exit__(self, *_: object) -> None:
        for judge in self._judges:
            if judge.job or not judge.tier:
                judge.kill()
            else:
                judge.pipe.close()  # it ends by itself
        if self._host is not None:
            self._host.end()
        self._host, self._judges = None, []
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
            self._judges.append(self._start(todo[0].material))
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

    def _start(self, material: Material) -> _JudgeProcess:
        if self._host is None or not self._host.is_alive():
            if self._host is not None:
                self._host.end()
            self._host = JudgeHost(material)
        first = self._tier is None and not any(j.tries_sandbox for j in self._judges)
        number, pipe = self._host.start_judge(
            tries_sandbox=first, allow_weak=self.allow_weak
        )
        return _JudgeProcess(
            host=self._host,
            number=number,
            pipe=pipe,
            tries_sandbox=first,
            deadline=time.monotonic() + START_SECONDS,
            material=self._host.material,
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
        judge.kill()
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

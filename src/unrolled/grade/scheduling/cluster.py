"""Judges on other machines: one Dask task for each submission.

A worker that dies, hangs, or runs another version costs its submission a second try
elsewhere, and nobody else anything. A lost scheduler ends the run; what was graded
by then is kept.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from unrolled.errors import UserError, shorten_error
from unrolled.grade.scheduling.cluster_worker import run_remote_job
from unrolled.grade.scheduling.engine_digest import compute_engine_digest
from unrolled.grade.scheduling.job import GradingJob, JobResult
from unrolled.grade.scheduling.wire import (
    WireError,
    decode_answer,
    encode_job,
    encode_material,
)

CONNECT_SECONDS = 15
START_SECONDS = 120.0
SPARE_SECONDS = 60.0
POLL_SECONDS = 0.5
WAIT_FOR_WORKERS = 60.0
TRIES = 3


@dataclass(eq=False)
class _Task:
    """A job on its way, and where it was sent."""

    job: GradingJob
    future: Any
    worker: str
    deadline: float


class ClusterPool:
    """Grades on the workers of a Dask scheduler; results come in any order.

    Raises UserError if the scheduler does not answer or is lost, or if no worker is
    fit to grade.
    """

    def __init__(self, address: str, *, allow_weak: bool = False) -> None:
        self.address = address
        self.allow_weak = allow_weak
        self.refused: dict[str, str] = {}
        self._done: queue.SimpleQueue[_Task] = queue.SimpleQueue()
        self._tasks: list[_Task] = []
        self._materials: dict[str, bytes] = {}

    def __enter__(self) -> ClusterPool:
        try:
            from distributed import Client
        except ImportError as error:
            raise UserError(
                "--scheduler needs Dask: pip install 'unrolled[cluster]', here and on "
                "the workers."
            ) from error
        try:
            self._client = Client(
                self.address, timeout=CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError, TimeoutError) as error:
            raise UserError(
                f"{self.address}: no Dask scheduler answers ({shorten_error(error)}). "
                "Start one with `dask scheduler`, and workers with `unrolled worker "
                f"{self.address}`."
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        for task in self._tasks:
            task.future.cancel()
        self._client.close(timeout=5)

    def run(self, jobs: Iterable[GradingJob]) -> Iterator[JobResult]:
        """Grade all jobs; whatever the workers do, there is one result for each."""
        todo = deque(jobs)
        tries: dict[str, list[str]] = {}
        while todo or self._tasks:
            self._give(todo)
            for task in self._collect_ended():
                self._tasks.remove(task)
                result = self._fetch_result(task)
                if isinstance(result, JobResult):
                    yield result
                    continue
                faults = tries.setdefault(task.job.student, [])
                if task.worker not in self.refused:  # else it was no fault of the job
                    faults.append(f"{task.worker}: {result}")
                if len(faults) < TRIES:
                    todo.append(task.job)
                else:
                    reason = f"grading was lost {TRIES} times: {'; '.join(faults)}"
                    yield JobResult(student=task.job.student, reason=reason)

    def _give(self, todo: deque[GradingJob]) -> None:
        """Send as many jobs as there are free threads on fit workers."""
        if not todo:
            return
        for worker, free in self._count_free_threads().items():
            for _ in range(min(free, len(todo))):
                self._send(todo.popleft(), worker)

    def _count_free_threads(self) -> dict[str, int]:
        """Free threads by worker; waits until there is a fit worker."""
        until = time.monotonic() + WAIT_FOR_WORKERS
        while True:
            threads = self._count_threads()
            fit = {w: n for w, n in threads.items() if w not in self.refused}
            if fit or self._tasks:
                break
            if time.monotonic() > until or (threads and not fit):
                raise UserError(self._explain_no_worker())
            time.sleep(POLL_SECONDS)
        for task in self._tasks:
            if task.worker in fit:
                fit[task.worker] -= 1
        return fit

    def _count_threads(self) -> dict[str, int]:
        if self._client.status not in ("running", "connecting"):
            raise UserError(self._explain_lost_scheduler())
        try:
            return dict(self._client.nthreads())
        except (OSError, TimeoutError) as error:
            raise UserError(self._explain_lost_scheduler()) from error

    def _send(self, job: GradingJob, worker: str) -> None:
        digest = job.material.digest
        if digest not in self._materials:
            self._materials[digest] = encode_material(job.material)
        future = self._client.submit(
            run_remote_job,
            self._materials[digest],
            encode_job(job),
            allow_weak=self.allow_weak,
            pure=False,  # the same job may have to run again
            workers=[worker],
            allow_other_workers=False,  # a worker that is refused gets nothing
            retries=0,  # this class counts the tries
        )
        seconds = 2 * job.limits.submission_seconds + START_SECONDS + SPARE_SECONDS
        task = _Task(job, future, worker, time.monotonic() + seconds)
        self._tasks.append(task)
        # Called in a thread of Dask's: the queue brings it to ours.
        future.add_done_callback(lambda _: self._done.put(task))

    def _collect_ended(self) -> list[_Task]:
        """Tasks that are done, over time, or whose worker is gone; waits a little."""
        ended = []
        with contextlib.suppress(queue.Empty):
            ended.append(self._done.get(timeout=POLL_SECONDS))
            while True:
                ended.append(self._done.get_nowait())
        ended = [t for t in ended if t in self._tasks]  # not those that were given up
        if not ended:
            alive, now = self._count_threads(), time.monotonic()
            ended = [
                t for t in self._tasks if t.worker not in alive or t.deadline < now
            ]
        return ended

    def _fetch_result(self, task: _Task) -> JobResult | str:
        """The result, or what went wrong with the worker."""
        if not task.future.done():
            task.future.cancel()
            if time.monotonic() < task.deadline:
                return "it went away"
            return self._refuse(task.worker, "it did not answer in time")
        try:
            data = task.future.result(timeout=CONNECT_SECONDS)
        except (ImportError, AttributeError) as error:
            return self._refuse(
                task.worker, f"unrolled[cluster] is not installed there: {error}"
            )
        except Exception as error:
            return f"{type(error).__name__}: {shorten_error(error)}"
        try:
            answer = decode_answer(data, task.job)
        except WireError as error:
            return self._refuse(task.worker, str(error))
        if answer.engine != compute_engine_digest():
            return self._refuse(task.worker, "it has another version of the grader")
        if answer.graded is None:
            return self._refuse(task.worker, answer.unfit)
        return answer.graded

    def _refuse(self, worker: str, why: str) -> str:
        """Send nothing more to a worker."""
        self.refused[worker] = why
        return why

    def _explain_no_worker(self) -> str:
        if not self.refused:
            return (
                f"{self.address}: the scheduler has no workers. Start some with "
                f"`unrolled worker {self.address}`."
            )
        reasons = "; ".join(f"{worker}: {why}" for worker, why in self.refused.items())
        return f"{self.address}: no worker can grade. {reasons}"

    def _explain_lost_scheduler(self) -> str:
        return (
            f"{self.address}: the Dask scheduler is gone. What was graded is stored: "
            "start it again and run the same command, or leave out --scheduler."
        )

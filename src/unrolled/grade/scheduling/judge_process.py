"""A judge: a process of its own that takes jobs and gives results.

Started as ``python -P -m unrolled.grade.scheduling.judge_process FD TRIES_SANDBOX
ALLOW_WEAK``. A process from scratch and no fork: the grader has threads (progress bar,
Dask), and a fork of a process with threads may hang.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from unrolled.assignment.material import Material
from unrolled.errors import UserError
from unrolled.grade.doctor.select_worker import (
    JudgeReady,
    get_tier,
    select_safe_worker,
    select_trusted_worker,
    select_warm_worker,
)
from unrolled.grade.worker.errors import GradingError
from unrolled.grade.worker.worker import Worker
from unrolled.sandbox.syscalls import end_with_parent

if TYPE_CHECKING:
    from unrolled.grade.scheduling.job import GradingJob, JobResult


THREADS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR")
# It stands for the material that was sent last.
SAME_MATERIAL = Material(assignment="", notebook="", source={}, release={})


def start_judge(
    *, tries_sandbox: bool, allow_weak: bool
) -> tuple[subprocess.Popen[bytes], Connection]:
    """Start a judge; its first message is JudgeReady, or a UserError."""
    ours, theirs = Pipe()
    module = "unrolled.grade.scheduling.judge_process"
    words = [str(theirs.fileno()), str(int(tries_sandbox)), str(int(allow_weak))]
    one_thread = {f"{name}_NUM_THREADS": "1" for name in THREADS}
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *words],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **one_thread},
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C is for the grader
        )
    return process, ours


def main(argv: list[str]) -> None:
    """Warm up, then jobs in and results out until the grader is gone."""
    pipe = Connection(int(argv[0]))
    tries_sandbox, allow_weak = (word == "1" for word in argv[1:3])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # and clean up
    end_with_parent(signal.SIGTERM)
    # No job comes before JudgeReady: what can be read is the end of the pipe, of a
    # grader that was gone before this process had asked to end with it.
    if pipe.poll():
        return
    libraries = threading.Thread(
        target=importlib.import_module, args=("unrolled.grade.scheduling.job",)
    )
    libraries.start()  # while the worker warms up
    try:
        if tries_sandbox:
            worker = select_safe_worker(allow_weak=allow_weak)
        else:
            worker = select_trusted_worker()
        libraries.join()
        pipe.send(JudgeReady(get_tier(worker)))
        _process_jobs(pipe, worker)
    except UserError as error:
        pipe.send(error)
    except GradingError as error:
        sys.exit(f"a judge process could not start: {error}")
    except (EOFError, OSError):  # the grader is gone
        pass
    finally:
        warm = select_warm_worker()
        if warm is not None:
            warm.stop()


def _process_jobs(pipe: Connection, worker: Worker) -> None:
    material = SAME_MATERIAL
    while True:
        job: GradingJob = pipe.recv()
        material = job.material if job.material != SAME_MATERIAL else material
        pipe.send(_grade_or_explain(replace(job, material=material), worker))


def _grade_or_explain(job: GradingJob, worker: Worker) -> JobResult:
    from unrolled.grade.scheduling.job import JobResult, grade_job

    try:
        return grade_job(job, worker)
    except GradingError as error:
        return JobResult(student=job.student, reason=f"grading failed: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])

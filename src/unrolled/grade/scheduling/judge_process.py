"""A judge: a process of its own that takes jobs and gives results.

Started as ``python -P -m unrolled.grade.scheduling.judge_process PIPE MATERIAL
TRIES_SANDBOX ALLOW_WEAK GRADER``: two file descriptors, two flags, who asks. A process
from scratch and no fork: the grader has threads (progress bar, Dask), and a fork of a
process with threads may hang.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from unrolled.assignment.material import Material
from unrolled.errors import UserError
from unrolled.grade.doctor.select_worker import (
    JudgeReady,
    get_tier,
    launch_warm_worker,
    select_safe_worker,
    select_trusted_worker,
    stop_warm_worker,
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
    *, tries_sandbox: bool, allow_weak: bool, material: Material | None = None
) -> tuple[subprocess.Popen[bytes], Connection]:
    """Start a judge; its first message is JudgeReady, or a UserError.

    While its sandbox comes up, it makes ready for a `material` that it is given.
    """
    ours, theirs = Pipe()
    module = "unrolled.grade.scheduling.judge_process"
    one_thread = {f"{name}_NUM_THREADS": "1" for name in THREADS}
    # A file and no message: a pipe would hold us up until the judge reads.
    with theirs, tempfile.TemporaryFile() as file:
        pickle.dump(material or SAME_MATERIAL, file)
        file.seek(0)
        fds = (theirs.fileno(), file.fileno())
        words = (*fds, int(tries_sandbox), int(allow_weak), os.getpid())
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *map(str, words)],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **one_thread},
            pass_fds=fds,
            start_new_session=True,  # Ctrl-C is for the grader
        )
    return process, ours


def main(argv: list[str]) -> None:
    """Warm up, then jobs in and results out until the grader is gone."""
    pipe = Connection(int(argv[0]))
    tries_sandbox, allow_weak = (word == "1" for word in argv[2:4])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # and clean up
    end_with_parent(signal.SIGTERM)
    if os.getppid() != int(argv[4]):  # gone before we had asked to end with it
        return
    try:
        with open(int(argv[1]), "rb") as file:  # noqa: PTH123
            material: Material = pickle.load(file)
        _prepare(material)
        if tries_sandbox:
            worker = select_safe_worker(allow_weak=allow_weak)
        else:
            worker = select_trusted_worker()
        pipe.send(JudgeReady(get_tier(worker)))
        _process_jobs(pipe, worker, material)
    except UserError as error:
        pipe.send(error)
    except GradingError as error:
        sys.exit(f"a judge process could not start: {error}")
    except (EOFError, OSError):  # the grader is gone
        pass
    finally:
        stop_warm_worker()


def _prepare(material: Material) -> None:
    """Load all that judging needs, while the warm process does the same beside us."""
    gc.disable()  # what an import makes stays: to look for garbage takes a tenth of it
    launch_warm_worker(material)
    from unrolled.assignment.load import load_reference
    from unrolled.grade.scheduling import job as job

    if material != SAME_MATERIAL:
        with contextlib.suppress(UserError):  # whoever asks for it is told again
            load_reference(material)
    gc.freeze()
    gc.enable()


def _process_jobs(pipe: Connection, worker: Worker, material: Material) -> None:
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

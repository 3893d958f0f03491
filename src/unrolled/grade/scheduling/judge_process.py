"""The process that judges are forked from, and the judges: jobs in, results out.

Started as ``python -P -m unrolled.grade.scheduling.judge_process CONTROL MATERIAL
GRADER``: two file descriptors, and who asks. A process from scratch: the grader has
threads (progress bar, Dask), and a fork of a process with threads may hang. This one
has a single thread. It imports what all judges need, once, launches the warm process
that they share, and forks a judge for each request; it sees no submission itself.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pickle
import re
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unrolled.assignment import Material
from unrolled.errors import UserError
from unrolled.grade.doctor import select_trusted_worker
from unrolled.grade.doctor.select_worker import (
    JudgeReady,
    connect_warm_worker,
    get_tier,
    launch_warm_worker,
    select_safe_worker,
    stop_warm_worker,
    use_warm_worker,
)
from unrolled.grade.student.preload import find_env_dependent, find_slow_imports
from unrolled.grade.worker import GradingError, Worker
from unrolled.sandbox.syscalls import end_with_parent

if TYPE_CHECKING:
    from unrolled.grade.scheduling.job import GradingJob, JobResult


# It stands for the material that was sent last.
SAME_MATERIAL = Material(assignment="", notebook="", source={}, release={})
MAX_REQUEST = 4096
END_SECONDS = 10.0
# What most references import, beside the libraries that the warm process knows.
_LIBRARIES = {
    "numpy": r"import numpy\b",
    "matplotlib.pyplot": r"(import|from) matplotlib\b",
    "unrolled.lab": r"from unrolled\.lab\b",
}


def main(argv: list[str]) -> None:
    """Make ready, then fork judges until the grader is gone."""
    control = socket.socket(fileno=int(argv[0]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # and clean up
    end_with_parent(signal.SIGTERM)
    if os.getppid() != int(argv[2]):  # gone before we had asked to end with it
        return
    try:
        with open(int(argv[1]), "rb") as file:  # noqa: PTH123
            material: Material = pickle.load(file)
        _prepare(material)
        _JudgeForker(control, material).run()
    finally:
        stop_warm_worker()


def _prepare(material: Material) -> None:
    """Load what all judges need, while the warm process does the same beside us."""
    slow = find_slow_imports(material.source) if material.source else ()
    names = list_libraries(material) if material.source else []
    warm_up(slow, ["unrolled.grade.scheduling.job", *names])


def warm_up(slow: Iterable[str], names: Iterable[str]) -> None:
    """Import modules, while the warm process imports the `slow` libraries."""
    gc.disable()  # what an import makes stays: to look for garbage takes a tenth of it
    launch_warm_worker(slow)
    for name in names:
        with contextlib.suppress(Exception):  # the reference says what fails
            importlib.import_module(name)
    gc.freeze()
    gc.enable()


def list_libraries(material: Material) -> list[str]:
    """What the reference imports, and takes long; nothing of it may start a thread."""
    cells = (cell for cell in material.source_cells if cell.cell_type == "code")
    text = "\n".join(cell.source for cell in cells)
    slow = find_slow_imports(material.source)
    return [
        *(name for name, words in _LIBRARIES.items() if re.search(words, text)),
        *(name for name in slow if name not in find_env_dependent(slow)),
    ]


class _JudgeForker:
    """Forks and ends judges as the grader asks."""

    def __init__(self, control: socket.socket, material: Material) -> None:
        self.control = control
        self.material = material
        self.judges: dict[int, int] = {}  # process id to the grader's number

    def run(self) -> None:
        """Answer requests until the grader is gone, then let the judges end."""
        wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        control = self.control.fileno()
        try:
            while True:
                ready, _, _ = select.select([control, wake], [], [])
                if wake in ready:
                    os.read(wake, 4096)
                    self._reap()
                if control in ready and not self._answer():
                    break
            end = time.monotonic() + END_SECONDS
            while self.judges and time.monotonic() < end:
                if select.select([wake], [], [], 0.1)[0]:
                    os.read(wake, 4096)
                self._reap()
        finally:
            for pid in self.judges:
                os.kill(pid, signal.SIGKILL)

    def _answer(self) -> bool:
        try:
            data, fds, _, _ = socket.recv_fds(self.control, MAX_REQUEST, 1)
        except OSError:
            return False
        if not data:
            return False
        request = json.loads(data)
        if "start" in request:
            self._fork(request, fds[0])
        else:
            for pid in [p for p, n in self.judges.items() if n == request["kill"]]:
                os.kill(pid, signal.SIGKILL)
        return True

    def _fork(self, request: dict[str, Any], fd: int) -> None:
        def work() -> None:
            self.control.close()
            tries, weak = request["tries"], request["weak"]
            pipe = Connection(fd)
            run_judge(pipe, self.material, tries_sandbox=tries, allow_weak=weak)

        self.judges[fork_judge(str(request["start"]), work)] = request["start"]
        os.close(fd)

    def _reap(self) -> None:
        while self.judges:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self.judges.pop(pid, None)


def fork_judge(name: str, work: Callable[[], None]) -> int:
    """The process of a fork that does `work`, as a client of the warm process.

    It is for a process whose signals end a select, and who reaps its children.
    """
    require_one_thread()
    worker = connect_warm_worker(name)
    host = os.getpid()
    pid = os.fork()
    if pid:
        if worker is not None:
            worker.forget()
        return pid
    try:
        signal.set_wakeup_fd(-1)  # the pipe is the parent's, and so are its judges
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        use_warm_worker(worker)
        end_with_parent(signal.SIGTERM)
        if os.getppid() == host:
            work()
    except SystemExit:
        pass
    except BaseException as error:
        print(f"a judge process ended: {error!r}", file=sys.stderr, flush=True)
    finally:
        os._exit(0)  # no clean-up of the parent's: this is a copy of it


def require_one_thread() -> None:
    """RuntimeError where a fork could hang: another thread may hold a lock."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise RuntimeError(f"{threads} threads before the fork: a judge would hang")


def run_judge(
    pipe: Connection, material: Material, *, tries_sandbox: bool, allow_weak: bool
) -> None:
    """A judge: it makes ready and says so, then jobs in and results out.

    Its first message is JudgeReady, or a UserError.
    """
    from unrolled.assignment import load_reference

    try:
        if material != SAME_MATERIAL:
            with contextlib.suppress(UserError):  # whoever asks for it is told again
                load_reference(material)
        if tries_sandbox:
            worker = select_safe_worker(allow_weak=allow_weak)
        else:
            worker = select_trusted_worker()
        pipe.send(JudgeReady(get_tier(worker)))
        _process_jobs(pipe, worker, material)
    except UserError as error:
        pipe.send(error)
    except GradingError as error:
        print(f"a judge process could not start: {error}", file=sys.stderr, flush=True)
    except (EOFError, OSError):  # the grader is gone
        pass
    finally:
        stop_warm_worker()


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

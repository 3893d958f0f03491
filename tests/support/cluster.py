"""A cluster of real processes on this machine, and a small class to grade on it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from support.forked import CLUSTER, Forked, origin
from support.shared import make_built_course

from unrolled.course.model import Course, load_course

NAME = "01_tiny"
RIGHT = "def double(x):\n    return 2 * x"
WRONG = "def double(x):\n    return x"
HARSH = "import os\nos._exit(3)"
PATIENCE = 90.0
WORKER = """
import asyncio, sys, distributed
import unrolled.grade.scheduling.cluster_worker as remote
{patch}
async def work():
    async with distributed.Worker(sys.argv[1], nthreads=1, host="127.0.0.1",
                                  dashboard=False) as worker:
        await worker.finished()
asyncio.run(work())
"""  # Dask's own worker in one process, with something wrong in it


def make_class(root: Path, students: int) -> Course:
    """A small course where everybody has handed in, right, wrong, broken or late."""
    course = make_built_course(root)
    release = nbformat.read(course.release / NAME / "tiny.ipynb", as_version=4)
    for number in range(students):
        folder = course.submitted / f"student{number:02d}" / NAME
        folder.mkdir(parents=True)
        for cell in release.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "double":
                cell.source = (RIGHT, WRONG, RIGHT, HARSH)[number % 4]
        nbformat.write(release, folder / "tiny.ipynb")
        stamp = f"2027-02-{5 + number % 3:02d} 10:00:00 UTC"
        (folder / "timestamp.txt").write_text(stamp)
    return course


def copy_class(course: Course, root: Path) -> Course:
    """A course folder of its own, with nothing graded yet."""
    shutil.copytree(course.root, root)
    return load_course(root)


def notebooks(course: Course) -> dict[str, bytes]:
    """All graded notebooks."""
    found = sorted(course.autograded.glob(f"*/{NAME}/*.ipynb"))
    return {path.parts[-3]: path.read_bytes() for path in found}


@dataclass
class Cluster:
    """A scheduler and workers, each a process in a session of its own."""

    folder: Path
    scheduler: Forked | None = None
    address: str = ""
    workers: list[subprocess.Popen[bytes] | Forked] = field(default_factory=list)

    def start_scheduler(self) -> None:
        """Start one, and wait for its address."""
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        words = ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
        words += ["--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
        self.scheduler = self._fork(words, {})
        wait_for(lambda: file.exists() and file.stat().st_size > 0)
        self.address = str(json.loads(file.read_text())["address"])

    def start_worker(self, program: str = "", **environment: str) -> None:
        """`unrolled worker` with one job at once, or a program of the test's own."""
        words = ["-m", "unrolled", "worker", self.address, "--jobs", "1"]
        words += ["--host", "127.0.0.1"]
        if program:
            words = ["-c", program, self.address]
            self.workers.append(self._fork(words, environment))
        else:
            self.workers.append(self._start(words, environment))

    def _fork(self, words: list[str], environment: dict[str, str]) -> Forked:
        env = {**os.environ, "TMPDIR": str(self.folder), **environment}
        log, here = self.folder / "log.txt", Path.cwd()
        return origin(CLUSTER).start(words, env, cwd=here, out=log)

    def _start(
        self, words: list[str], environment: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        with (self.folder / "log.txt").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *words],
                env={**os.environ, "TMPDIR": str(self.folder), **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """End everything, gently and then surely."""
        processes = [p for p in (*self.workers, self.scheduler) if p is not None]
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(60)
        self.workers = []

    def log(self) -> str:
        """What all of them have said."""
        return (self.folder / "log.txt").read_text(errors="replace")


@contextmanager
def cluster(workers: int) -> Iterator[Cluster]:
    """A scheduler with some honest workers."""
    with tempfile.TemporaryDirectory(prefix="cluster-") as folder:
        made = Cluster(Path(folder))
        try:
            made.start_scheduler()
            for _ in range(workers):
                made.start_worker()
            wait_for(lambda: made.log().count("working for") == workers)
            yield made
        finally:
            made.stop()


def wait_for(ready: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until something is so; a test that waits in vain fails."""
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise AssertionError(f"waited {seconds:.0f} s in vain")
        time.sleep(0.05)

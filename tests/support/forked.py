"""Programs that begin with their imports done: forks of a process that has made them.

Starting Dask's scheduler, a worker or nbgrader takes seconds of processor time for
imports alone, and the tests start a hundred and more. Each is a real process with a
number, a session, an environment and a log of its own, and can be killed; only `import`
is over when it begins. Where the start itself is tested, use subprocess.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from support.waits import read_line

# What a scheduler and a worker import, and what `nbgrader autograde` does.
CLUSTER = (
    "distributed.cli.utils",
    "distributed.nanny",
    "distributed.scheduler",
    "distributed.worker",
    "unrolled.grade.scheduling.cluster_worker",
)
SERVE = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from support.forked import serve
serve(sys.argv[1:])
"""
NBGRADER = (
    "nbgrader.apps.nbgraderapp",
    "unrolled.grade.doctor.select_worker",
    "unrolled.grade.preprocessors",
    "unrolled.pipeline",
)


@dataclass
class Forked:
    """A running program, to be asked and ended as one of subprocess."""

    pid: int
    origin: Origin
    returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        if self.returncode is None:
            self.returncode = self.origin.ask({"poll": self.pid})
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Its exit status, once it has ended; raises subprocess.TimeoutExpired."""
        until = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired([str(self.pid)], timeout)
            time.sleep(0.01)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


@dataclass
class Origin:
    """The process that has imported everything, and forks when it is asked."""

    process: subprocess.Popen[bytes]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, request: dict[str, Any]) -> Any:
        """Its answer to a request."""
        assert self.process.stdin is not None
        with self.lock:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            return json.loads(read_line(self.process))

    def start(
        self,
        words: Sequence[str],
        env: dict[str, str],
        *,
        cwd: Path,
        out: Path,
        err: Path | None = None,
    ) -> Forked:
        """What `python *words` starts; `words` begin with -c or -m.

        What it says is added to the file `out`, errors to `err` where that is given.
        """
        folder, files = str(cwd.absolute()), [str(out), str(err or out)]
        request = {"words": list(words), "env": env, "cwd": folder, "files": files}
        return Forked(self.ask(request), self)


@cache
def origin(modules: tuple[str, ...]) -> Origin:
    """The one that has imported these modules, of this process of the tests."""
    made = subprocess.Popen(
        [sys.executable, "-c", SERVE, *modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert made.stdin is not None
    atexit.register(made.wait, 60)
    atexit.register(made.stdin.close)
    return Origin(made)


def serve(modules: Sequence[str]) -> None:
    """Answer requests until nobody is there to ask; then nothing is left running."""
    for name in modules:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a fork would lose a thread"
    running: set[int] = set()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if "poll" in request:
            answer = _look(request["poll"], running)
        else:
            answer = _fork(request)
            running.add(answer)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()
    for pid in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _look(pid: int, running: set[int]) -> int | None:
    """The exit status of a child, as subprocess has it."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    if not ended:
        return None
    running.discard(pid)
    return os.waitstatus_to_exitcode(status)


def _fork(request: dict[str, Any]) -> int:
    """Fork a child that runs the program; its number, once it leads a session."""
    mine, theirs = os.pipe()
    child = os.fork()
    if child:
        os.close(theirs)
        select.select([mine], [], [], 60)
        os.read(mine, 1)
        os.close(mine)
        return child
    os.setsid()
    os.close(theirs)
    os.close(mine)
    _become(**request)
    raise AssertionError("not reached")


def _become(words: list[str], env: dict[str, str], cwd: str, files: list[str]) -> None:
    """Run the program in this process, and end it as the interpreter would."""
    add = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in enumerate(files, 1):
        os.dup2(os.open(name, add, 0o666), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    tempfile.tempdir = None
    sys.path[0] = ""
    status = 0
    try:
        _run(words)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _run(words: list[str]) -> None:
    kind, what, *more = words
    sys.argv = [kind if kind == "-c" else what, *more]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
        return
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    exec(compile(what, "<string>", "exec"), main.__dict__)

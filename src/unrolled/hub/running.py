"""A hub that runs: started, waited for, stopped, with nothing left behind."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from unrolled.errors import UserError
from unrolled.hub.config import write_config
from unrolled.hub.plan import HubPlan

READY_SECONDS = 120.0
STOP_SECONDS = 90.0
PID = "unrolled.pid"


def prepare_state(plan: HubPlan) -> None:
    """What only root may read: the plan, the configuration, a password."""
    plan.state.mkdir(parents=True, exist_ok=True)
    plan.state.chmod(0o700)
    plan.save()
    write_config(plan)
    for name in ("password", "check.token"):
        path = plan.state / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(12), encoding="ascii")


def require_free(plan: HubPlan) -> None:
    """Raise UserError if a hub runs here, or a port is taken."""
    if runner(plan) is not None:
        raise UserError(
            f"a hub of this course is running (its address: {plan.address}). "
            "`unrolled hub check` looks at it, `unrolled hub down` stops it."
        )
    for port in plan.ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise UserError(
                    f"port {port} is taken ({error.strerror}). The hub needs "
                    f"{plan.ports[0]} to {plan.ports[-1]}: stop what listens there, or "
                    "set another `port` below [hub] in course.toml."
                ) from error


class RunningHub:
    """The hub's process; use as a context manager: it is stopped at the end."""

    def __init__(self, plan: HubPlan) -> None:
        self.plan = plan
        self.log = plan.state / "hub.log"

    def __enter__(self) -> RunningHub:
        """Start the hub; UserError with its last words if it does not get ready."""
        python = self.plan.staff_env / "bin" / "python"
        path = f"{self.plan.staff_env / 'bin'}:{os.environ.get('PATH', os.defpath)}"
        command = [python, "-m", "jupyterhub", "-f", "jupyterhub_config.py"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.plan.state,
                env={**os.environ, "PATH": path},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        (self.plan.state / PID).write_text(f"{os.getpid()}\n", encoding="ascii")
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the hub, and whatever it has left."""
        stop_tree(self.process.pid, self.plan)
        self.process.wait()
        (self.plan.state / PID).unlink(missing_ok=True)

    def _wait(self) -> None:
        """Until the sign-in page and all services answer through the proxy."""
        pages = ["/hub/login", *service_pages(self.plan)]
        until = time.monotonic() + READY_SECONDS
        while pages:
            if self.process.poll() is not None or time.monotonic() > until:
                raise UserError(f"the hub did not start; {self.last_words()}")
            if answers(self.plan.address + pages[0]):
                pages.pop(0)
            else:
                time.sleep(0.2)

    def last_words(self) -> str:
        """The end of the hub's log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        wrong = [x for x in lines if x.startswith(("[E", "[C"))] or lines
        text = "\n  ".join(wrong[-5:])
        return f"the end of {self.log}:\n  {text}"

    def wait(self) -> None:
        """Until the hub ends by itself; UserError then, for it never should."""
        self.process.wait()
        raise UserError(f"the hub has ended by itself; {self.last_words()}")


def service_pages(plan: HubPlan) -> list[str]:
    """An address of each service that answers without signing in."""
    names = (plan.formgrader, plan.authoring)
    return [*(f"/services/{n}/api" for n in names), f"/services/{plan.grading}/"]


def answers(url: str) -> bool:
    """Whether a page is there: an answer of its own, not an error of a server's."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500 and error.code != 404
    except OSError:
        return False


def stop_tree(pid: int, plan: HubPlan) -> None:
    """End a hub: asked first, then everything of it that is still there is killed."""
    with contextlib.suppress(psutil.NoSuchProcess):
        hub = psutil.Process(pid)
        known = hub.children(recursive=True)
        hub.terminate()
        with contextlib.suppress(psutil.TimeoutExpired):
            hub.wait(STOP_SECONDS)
        _end([hub, *known])
    _end(strays(plan))


def strays(plan: HubPlan) -> list[psutil.Process]:
    """Processes that run from the hub's folder, other than this one's ancestors."""
    mine = {os.getpid(), *(p.pid for p in psutil.Process().parents())}
    return [p for p in _all() if p.pid not in mine and _is_of(p, plan.folder)]


def _all() -> Iterator[psutil.Process]:
    yield from psutil.process_iter()


def _is_of(process: psutil.Process, folder: Path) -> bool:
    try:
        words = process.cmdline()[:2]
    except psutil.Error:
        return False
    return any(word.startswith(f"{folder}/") for word in words)


def _end(processes: Sequence[psutil.Process]) -> None:
    for act in ("terminate", "kill"):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                getattr(process, act)()
        processes = _wait_for(processes, 5.0)


def _wait_for(
    processes: Sequence[psutil.Process], seconds: float
) -> list[psutil.Process]:
    """Wait until processes have ended; those that have not. A zombie has ended."""
    until = time.monotonic() + seconds
    left = [p for p in processes if _lives(p)]
    while left and time.monotonic() < until:
        time.sleep(0.1)
        left = [p for p in left if _lives(p)]
    return left


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def runner(plan: HubPlan) -> psutil.Process | None:
    """The `unrolled hub` that runs this hub, if one does."""
    try:
        pid = int((plan.state / PID).read_text(encoding="ascii"))
        process = psutil.Process(pid)
        words = " ".join(process.cmdline())
    except (OSError, ValueError, psutil.Error):
        return None
    return process if "hub" in words and _lives(process) else None


def down(plan: HubPlan) -> bool:
    """Stop a hub that runs, and what a killed one has left; False if none did."""
    found = runner(plan)
    left = strays(plan)
    if found is not None:
        found.send_signal(signal.SIGTERM)
        _wait_for([found], STOP_SECONDS + 15)
    _end(strays(plan))
    (plan.state / PID).unlink(missing_ok=True)
    return found is not None or bool(left)

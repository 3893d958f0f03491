"""Start a hub, wait until it answers, and stop it with nothing left behind."""

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
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from unrolled.errors import UserError
from unrolled.hub import servers
from unrolled.hub.notice import Notice, clear_notice, write_notice
from unrolled.hub.plan import HubPlan
from unrolled.hub.setup.hub_config import write_config
from unrolled.hub.setup.memory import remove_groups

READY_SECONDS = 120.0
STOP_SECONDS = 90.0
SERVER_SECONDS = 15.0
RESTART_SECONDS = 600.0
RESTART_NOTICE_SECONDS = 120.0
RESTART_NOTICE = (
    "The hub restarts in a moment. Pages do not answer for some seconds; notebooks and "
    "kernels run on, and JupyterLab reconnects by itself."
)
PID_FILE = "unrolled.pid"
READY_FILE = "ready"


def prepare_state(plan: HubPlan) -> None:
    """What only root may read: the plan, the configuration, a password."""
    plan.state.mkdir(parents=True, exist_ok=True)
    plan.state.chmod(0o700)
    plan.save()
    write_config(plan)
    for name in ("password", "check.token"):
        path = plan.state / name
        if not path.exists():
            path.touch(mode=0o600)  # closed before the secret is in it
            path.write_text(secrets.token_urlsafe(12), encoding="ascii")


def require_free(plan: HubPlan) -> None:
    """Raise UserError if a hub runs here, or a port is taken.

    What a killed hub has left is ended first, but for students' servers.
    """
    if find_runner(plan) is not None:
        raise UserError(
            f"a hub of this course is already running at {plan.address}. Check it with "
            "`unrolled hub check`, restart it with `unrolled hub restart`, or stop it "
            "with `unrolled hub down`."
        )
    servers.end_processes(servers.list_own_processes(plan))
    for port in plan.ports:
        with socket.socket() as probe:
            # Without it a port counts as taken for a minute after the last hub.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise UserError(
                    f"port {port} is taken ({error.strerror}). The hub needs the ports "
                    f"{plan.ports[0]} to {plan.ports[-1]}: stop what listens there, or "
                    "set another `port` below [hub] in course.toml."
                ) from error


class RunningHub:
    """The hub's process; use as a context manager: it is stopped at the end."""

    def __init__(
        self,
        plan: HubPlan,
        say: Callable[[str], None] = lambda what: None,
        hurried: Callable[[], bool] = lambda: False,
    ) -> None:
        self.plan, self.say, self.hurried = plan, say, hurried
        self.log = plan.state / "hub.log"
        self.keep_servers = False

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
                start_new_session=True,  # Ctrl-C is for us: people are warned first
            )
        (self.plan.state / PID_FILE).write_text(f"{os.getpid()}\n", encoding="ascii")
        try:
            self._wait_for_pages()
        except BaseException as error:
            self.__exit__(type(error))
            raise
        clear_notice(self._exchange)
        (self.plan.state / READY_FILE).write_text("", encoding="utf-8")
        return self

    def __exit__(self, kind: object = None, *_: object) -> None:
        """Stop the hub, and whatever it has left.

        Servers run on where it starts anew, or has ended by an error of its own.
        """
        # An error of ours is no reason to end what people are working on.
        keep = self.keep_servers or (kind is not None and kind is not KeyboardInterrupt)
        if kind is KeyboardInterrupt:
            self._warn_users()
        stop_tree(self.process.pid, self.plan, keep_servers=keep)
        self.process.wait()
        clear_notice(self._exchange)
        (self.plan.state / PID_FILE).unlink(missing_ok=True)

    def announce_restart(self) -> None:
        """Tell everybody, also in JupyterLab, before it happens; nobody has to act."""
        until = datetime.now(UTC) + timedelta(seconds=RESTART_NOTICE_SECONDS)
        write_notice(self._exchange, Notice(RESTART_NOTICE, until))

    def withdraw_notice(self) -> None:
        """Tell that it does not happen."""
        clear_notice(self._exchange)

    @property
    def _exchange(self) -> Path:
        return self.plan.exchange / self.plan.course

    def _warn_users(self) -> None:
        """Warn those who work, and wait until they have had time to save.

        What is open in JupyterLab saves itself meanwhile.
        """
        names = servers.list_owners(servers.list_student_servers(self.plan))
        seconds = self.plan.stop_seconds
        if not names or not seconds or self.hurried():
            return
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        text = f"The hub stops in less than {seconds} seconds. Save your work now."
        write_notice(self._exchange, Notice(text, until))
        self.say(
            f"{len(names)} at work: {', '.join(names)}. They are warned and have "
            f"{seconds} s to save. Press Ctrl-C again to stop at once. (`unrolled hub "
            "restart` would keep their servers running.)"
        )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.hurried():
            time.sleep(0.2)
            if not any(map(servers.is_alive, servers.list_student_servers(self.plan))):
                return

    def _wait_for_pages(self) -> None:
        """Until the sign-in page and all services answer through the proxy."""
        pages = ["/hub/login", *list_service_pages(self.plan)]
        until = time.monotonic() + READY_SECONDS
        while pages:
            if self.process.poll() is not None or time.monotonic() > until:
                raise UserError(f"the hub did not start; {self.read_log_end()}")
            if is_answering(self.plan.address + pages[0]):
                pages.pop(0)
            else:
                time.sleep(0.2)

    def read_log_end(self) -> str:
        """The end of the hub's log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [x for x in lines if x.startswith(("[E", "[C"))]  # error, critical
        text = "\n  ".join((errors or lines)[-5:])
        return f"the end of {self.log}:\n  {text}"

    def wait(self, asked: Callable[[], bool] = lambda: False) -> None:
        """Until something is asked for.

        Raises UserError if the hub ends by itself, for it never should.
        """
        while self.process.poll() is None:
            if asked():
                return
            time.sleep(0.2)
        raise UserError(f"the hub ended unexpectedly; {self.read_log_end()}")


def list_service_pages(plan: HubPlan) -> list[str]:
    """An address of each service that answers without signing in."""
    names = (plan.formgrader, plan.authoring)
    return [*(f"/services/{n}/api" for n in names), f"/services/{plan.grading}/"]


def is_answering(url: str) -> bool:
    """Whether a page is there. To be refused (403) is an answer, an error is none."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500 and error.code != 404
    except OSError:
        return False


def stop_tree(pid: int, plan: HubPlan, *, keep_servers: bool = False) -> None:
    """End a hub: asked first, then everything of it that is still there is killed.

    With `keep_servers` those of students run on; a hub that starts finds them again.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        hub = psutil.Process(pid)
        hub.terminate()
        with contextlib.suppress(psutil.TimeoutExpired):
            hub.wait(STOP_SECONDS)
        servers.end_processes([hub])
    if not keep_servers:
        # Servers first, and patiently: each ends its own kernels.
        servers.end_processes(servers.list_student_servers(plan), SERVER_SECONDS)
        servers.end_processes(servers.list_hub_processes(plan))
    servers.end_processes(servers.list_own_processes(plan))
    remove_groups(plan)  # those of servers that run on are not empty, and stay


def find_runner(plan: HubPlan) -> psutil.Process | None:
    """The `unrolled hub` that runs this hub, if one does."""
    try:
        pid = int((plan.state / PID_FILE).read_text(encoding="ascii"))
        process = psutil.Process(pid)
        words = " ".join(process.cmdline())
    except (OSError, ValueError, psutil.Error):
        return None
    # After a crash another program may have that number by now.
    return process if "hub" in words and servers.is_alive(process) else None


def stop_hub(plan: HubPlan, *, now: bool = False) -> bool:
    """Stop a hub that runs, and what a killed one has left; False if none did.

    Those who work are warned and have `stop_seconds` to save, unless it must be `now`.
    """
    runner = find_runner(plan)
    left = servers.list_hub_processes(plan)
    if runner is not None:
        runner.send_signal(signal.SIGTERM)
        if now:
            time.sleep(0.5)  # two signals at once would arrive as one
            runner.send_signal(signal.SIGTERM)
        servers.wait_for_exit(
            [runner], plan.stop_seconds + STOP_SECONDS + SERVER_SECONDS + 15
        )
    servers.end_processes(servers.list_hub_processes(plan))
    remove_groups(plan)
    (plan.state / PID_FILE).unlink(missing_ok=True)
    return runner is not None or bool(left)


def restart_hub(plan: HubPlan) -> list[str]:
    """Let a hub that runs read course.toml and start anew; whose servers ran on.

    Raises UserError if none runs, or if it did not come back.
    """
    runner = find_runner(plan)
    if runner is None:
        raise UserError("no hub of this course is running; `unrolled hub` starts it.")
    ready = plan.state / READY_FILE
    before = ready.stat().st_mtime_ns if ready.exists() else 0
    runner.send_signal(signal.SIGUSR1)
    until = time.monotonic() + RESTART_SECONDS
    while servers.is_alive(runner) and time.monotonic() < until:
        if ready.exists() and ready.stat().st_mtime_ns > before:
            # Empty, or why there was no restart: a course.toml that is wrong, say.
            reason = ready.read_text(encoding="utf-8").strip()
            if reason:
                raise UserError(reason)
            return servers.list_owners(servers.list_student_servers(plan))
        time.sleep(0.2)
    raise UserError(f"the hub did not come back; see {plan.state / 'hub.log'}")

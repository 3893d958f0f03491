"""Have those who work time to save, and do their servers outlive a restart?

The processes are real; they only sleep, where a hub's would lie.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.cli import make_class

pytest.importorskip("psutil", reason="pip install psutil")

from unrolled.course.model import load_course
from unrolled.errors import UserError
from unrolled.hub import servers
from unrolled.hub.notice import read_notice
from unrolled.hub.plan import HubPlan, make_plan
from unrolled.hub.setup import process
from unrolled.hub.setup.process import RunningHub, stop_hub

PATIENCE = 3600  # seconds to save: more than any test waits
ENOUGH = 100  # times that a test lets the hub ask whether somebody is in a hurry


@pytest.fixture
def plan(tmp_path: Path) -> HubPlan:
    """A hub whose people have an hour to save."""
    root = make_class(tmp_path / "course").root
    toml = root / "course.toml"
    lines = f'[hub]\nfolder = "{tmp_path / "hub"}"\nstop_seconds = {PATIENCE}\n'
    toml.write_text(f"{toml.read_text()}\n{lines}")
    plan = make_plan(load_course(root))
    (plan.exchange / plan.course).mkdir(parents=True)
    plan.state.mkdir(parents=True)
    return plan


@contextmanager
def sleeper(program: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs a program of the hub's, and sleeps."""
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("import time\ntime.sleep(600)\n")
    started = subprocess.Popen([sys.executable, str(program)])
    try:
        yield started
    finally:
        started.kill()
        started.wait(60)


@pytest.fixture
def server(plan: HubPlan) -> Iterator[subprocess.Popen[bytes]]:
    """A student's server."""
    with sleeper(plan.students_env / "bin" / servers.SINGLE_USER) as started:
        yield started


@pytest.fixture
def proxy(plan: HubPlan) -> Iterator[subprocess.Popen[bytes]]:
    """A program of the hub's own."""
    with sleeper(plan.staff_env / "bin" / "proxy") as started:
        yield started


def stop(
    plan: HubPlan,
    kind: type[BaseException] | None,
    *,
    keep: bool = False,
    hurried: Callable[[], bool] = lambda: True,
) -> list[str]:
    """End a hub that runs, as `kind` asks for it; what was said."""
    said: list[str] = []
    running = RunningHub(plan, said.append, hurried)
    running.keep_servers = keep
    with sleeper(plan.staff_env / "bin" / "jupyterhub") as hub:
        running.process = hub
        running.__exit__(kind)
        assert hub.returncode is not None
    return said


@pytest.mark.parametrize(
    ("kind", "keep", "stays"),
    [
        (None, True, True),  # a restart
        (UserError, False, True),  # an error of the hub's
        (KeyboardInterrupt, False, False),  # Ctrl-C, `unrolled hub down`
    ],
)
def test_whose_servers_run_on(
    plan: HubPlan,
    server: subprocess.Popen[bytes],
    proxy: subprocess.Popen[bytes],
    kind: type[BaseException] | None,
    *,
    keep: bool,
    stays: bool,
) -> None:
    """Does a server end only where somebody stops the hub, and the proxy always?"""
    assert [p.pid for p in servers.list_student_servers(plan)] == [server.pid]
    stop(plan, kind, keep=keep)
    assert (server.poll() is None) is stays
    assert proxy.wait(60) != 0


def test_those_who_work_are_warned_and_waited_for(
    plan: HubPlan, server: subprocess.Popen[bytes]
) -> None:
    """Is the notice there while their servers still run, until somebody hurries?"""
    seen: list[tuple[str, bool]] = []

    def look() -> bool:
        notice = read_notice(plan.exchange / plan.course)
        seen.append((notice, server.poll() is None))
        return len(seen) > 3

    (line,) = stop(plan, KeyboardInterrupt, hurried=look)
    assert line.startswith("1 at work") and f"{PATIENCE} s to save" in line
    told = f"The hub stops in less than {PATIENCE} seconds. Save your work now."
    assert seen[1:] == [(told, True)] * 3
    assert server.wait(60) != 0
    assert read_notice(plan.exchange / plan.course) == ""


def test_nobody_is_waited_for_who_has_left(
    plan: HubPlan, server: subprocess.Popen[bytes]
) -> None:
    """Does the hub stop when the last server has ended?"""
    asked: list[None] = []

    def leave() -> bool:
        asked.append(None)
        if len(asked) > 1:
            server.kill()
            server.wait(60)
        return len(asked) > ENOUGH

    stop(plan, KeyboardInterrupt, hurried=leave)
    assert len(asked) < ENOUGH


def test_a_hub_of_nobody_stops_without_a_word(plan: HubPlan) -> None:
    """Is there no wait where nobody works?"""
    assert stop(plan, KeyboardInterrupt, hurried=lambda: False) == []


@pytest.mark.parametrize(("now", "signals"), [(False, 1), (True, 2)])
def test_down_asks_once_and_waits(
    plan: HubPlan, monkeypatch: pytest.MonkeyPatch, *, now: bool, signals: int
) -> None:
    """Does `down` wait as long as people have, and `--now` ask for a hurry?"""
    sent: list[int] = []
    runner = SimpleNamespace(send_signal=sent.append)
    waits: list[float] = []

    def wait(processes: list[Any], seconds: float) -> list[Any]:
        waits.append(seconds)
        return []

    monkeypatch.setattr(process, "find_runner", lambda _: runner)
    monkeypatch.setattr(servers, "wait_for_exit", wait)
    assert stop_hub(plan, now=now)
    assert sent == [signal.SIGTERM] * signals
    assert waits[0] > PATIENCE

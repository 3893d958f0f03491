"""The processes of a hub: which still run, and whose they are."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from unrolled.hub.plan import HubPlan

KILL_SECONDS = 5.0
SINGLE_USER = "jupyterhub-singleuser"


def list_hub_processes(plan: HubPlan) -> list[psutil.Process]:
    """Processes that run from the hub's folder, other than this one's ancestors."""
    # An ancestor may run from there, too: the `unrolled hub` that calls this.
    mine = {os.getpid(), *(p.pid for p in psutil.Process().parents())}
    return [
        p
        for p in psutil.process_iter()
        if p.pid not in mine and _is_run_from(p, plan.folder)
    ]


def list_own_processes(plan: HubPlan) -> list[psutil.Process]:
    """Hub, proxy and services: all but students' servers and what those run."""
    return [
        p for p in list_hub_processes(plan) if not _is_run_from(p, plan.students_env)
    ]


def list_student_servers(plan: HubPlan) -> list[psutil.Process]:
    """Students' servers, without their kernels."""
    program = str(plan.students_env / "bin" / SINGLE_USER)
    return [p for p in list_hub_processes(plan) if program in _read_command(p)]


def list_owners(servers: Sequence[psutil.Process]) -> list[str]:
    """Whose servers these are."""
    names = []
    for server in servers:
        with contextlib.suppress(psutil.Error, KeyError):
            names.append(str(server.username()))
    return sorted(set(names))


def _read_command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline()[:2])  # the interpreter and its script
    except psutil.Error:
        return []


def _is_run_from(process: psutil.Process, folder: Path) -> bool:
    return any(word.startswith(f"{folder}/") for word in _read_command(process))


def end_processes(
    processes: Sequence[psutil.Process], seconds: float = KILL_SECONDS
) -> None:
    """Ask processes to end, and kill those that have not after `seconds`."""
    for act in ("terminate", "kill"):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                getattr(process, act)()
        processes = wait_for_exit(processes, seconds)


def wait_for_exit(
    processes: Sequence[psutil.Process], seconds: float
) -> list[psutil.Process]:
    """Wait until processes have ended; those that have not. A zombie has ended."""
    until = time.monotonic() + seconds
    left = [p for p in processes if is_alive(p)]
    while left and time.monotonic() < until:
        time.sleep(0.1)
        left = [p for p in left if is_alive(p)]
    return left


def is_alive(process: psutil.Process) -> bool:
    """Whether a process goes on."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False

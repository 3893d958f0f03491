"""Processes that share work: who prepares them, and who ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from unrolled.processes import process_pool

PATIENCE = 60
PROGRAM = """
import os, pathlib, sys, time
sys.path.insert(0, {tests!r})
from test_processes import tell
from unrolled.processes import process_pool

if __name__ == "__main__":
    with process_pool(2) as pool:
        for _ in range(2):
            pool.submit(tell, {folder!r})
        time.sleep(600)
"""


def tell(folder: str) -> None:
    """Leave a file named as this process; then work on and on."""
    Path(folder, str(os.getpid())).touch()
    time.sleep(600)


def prepare() -> None:
    """Something that a process needs before it works."""
    os.environ["PREPARED"] = "yes"


def wait_for(ready: Callable[[], object]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def test_each_is_prepared() -> None:
    """Does every process do first what it was told to?"""
    with process_pool(2, prepare) as pool:
        assert list(pool.map(os.getenv, ["PREPARED"] * 4)) == ["yes"] * 4


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_none_is_left_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Do they end when the process that started them is killed?"""
    told = tmp_path / "told"
    told.mkdir()
    program = tmp_path / "program.py"
    values = {"tests": str(Path(__file__).parent), "folder": str(told)}
    program.write_text(PROGRAM.format(**values))
    run = subprocess.Popen([sys.executable, str(program)])
    wait_for(lambda: len(list(told.iterdir())) == 2)
    run.send_signal(number)
    run.wait()
    for path in told.iterdir():
        wait_for(partial(gone, path.name))


def gone(pid: str) -> bool:
    """Whether a process has ended."""
    try:
        return " Z " in Path("/proc", pid, "stat").read_text()
    except OSError:
        return True

"""Processes that share work: who prepares them, and who ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.cluster import wait_for
from support.hostile_class import adopt_orphans, still_alive

from unrolled.processes import make_process_pool

PROGRAM = """
import os, pathlib, time
from unrolled.processes import make_process_pool

def tell(folder):
    pathlib.Path(folder, str(os.getpid())).touch()
    time.sleep(600)

if __name__ == "__main__":
    with make_process_pool(2) as pool:
        for _ in range(2):
            pool.submit(tell, {folder!r})
        time.sleep(600)
"""


def prepare() -> None:
    """Something that a process needs before it works."""
    os.environ["PREPARED"] = "yes"


def test_each_is_prepared() -> None:
    """Does every process do first what it was told to?"""
    with make_process_pool(2, prepare) as pool:
        assert list(pool.map(os.getenv, ["PREPARED"] * 4)) == ["yes"] * 4


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_none_is_left_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Do they end when the process that started them is killed?"""
    told = tmp_path / "told"
    told.mkdir()
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(folder=str(told)))
    adopt_orphans()
    run = subprocess.Popen([sys.executable, str(program)])
    wait_for(lambda: len(list(told.iterdir())) == 2)
    run.send_signal(number)
    run.wait(60)
    assert still_alive({int(path.name) for path in told.iterdir()}, 60) == set()

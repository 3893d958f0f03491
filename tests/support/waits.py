"""Waits with an end, for what takes no bound of its own (tests/test_waits.py)."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import threading
import time
from collections.abc import Coroutine
from typing import Any, AnyStr, TypeVar

Result = TypeVar("Result")


def read_line(process: subprocess.Popen[AnyStr], seconds: float = 120) -> AnyStr:
    """The next line that a process prints; one that says nothing is killed."""
    assert process.stdout is not None
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        return process.stdout.readline()
    finally:
        timer.cancel()


def read_terminal(ours: int, seconds: float = 600) -> bytes:
    """All that is written to the other end of a terminal, until that is closed."""
    parts: list[bytes] = []
    until = time.monotonic() + seconds
    while select.select([ours], [], [], max(0, until - time.monotonic()))[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)
    raise AssertionError(f"it still went on after {seconds:.0f} s")


def run_async(work: Coroutine[Any, Any, Result], seconds: float = 120) -> Result:
    """asyncio.run, for so long at the most."""
    return asyncio.run(asyncio.wait_for(work, seconds))

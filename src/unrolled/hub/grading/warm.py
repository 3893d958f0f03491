"""Keeps a process with warm judges while people look at the grading page.

It ends by itself when nobody grades for long, or when memory is short; the next look
at the page brings it back.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path

from unrolled.grade.scheduling.pool import ONE_THREAD
from unrolled.processes import command_tied_to_parent

HOST = "unrolled.grade.warm.host"
STOP_SECONDS = 8.0
PAUSE_SECONDS = 60.0  # between two starts, where it ends at once


class WarmJudges:
    """The process, while there is one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._process: asyncio.subprocess.Process | None = None
        self._started = float("-inf")

    async def ensure(self) -> None:
        """Start it if there is none; it makes ready while people look for a button."""
        if self._process is not None and self._process.returncode is None:
            return
        if time.monotonic() - self._started < PAUSE_SECONDS:
            return
        self._started = time.monotonic()
        # It has judges of its own: it needs no token for the hub.
        clean = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTERHUB_")}
        with contextlib.suppress(OSError):  # grading works without, and is slower
            self._process = await asyncio.create_subprocess_exec(
                *command_tied_to_parent(HOST, str(self.root)),
                cwd=self.root,
                env={**clean, **ONE_THREAD},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )

    async def close(self) -> None:
        """End it."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()

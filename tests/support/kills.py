"""kill -9 in tests, and a count of the kills that hit something at work.

A kill that comes after the end proves nothing, and a test full of them is green. So
each kill says whether it hit, and a test asks for a number of hits.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class Process(Protocol):
    """A process of ours that leads a group, as of subprocess."""

    @property
    def pid(self) -> int:
        """Its number."""

    def wait(self, timeout: float) -> int:
        """Its exit status, once it has ended."""


@dataclass
class KillCount:
    """How many kills have hit, and what became of the others."""

    needed: int
    hits: int = 0
    missed: Counter[str] = field(default_factory=Counter)

    @property
    def is_enough(self) -> bool:
        """Whether there were as many hits as are needed."""
        return self.hits >= self.needed

    def note(self, missed: str = "") -> None:
        """Count a kill: a hit, or what it missed."""
        if missed:
            self.missed[missed] += 1
        else:
            self.hits += 1

    def check(self) -> None:
        """Fail if too few kills have hit."""
        tried = self.hits + self.missed.total()
        others = ", ".join(f"{n} {why}" for why, n in self.missed.items()) or "no other"
        assert self.is_enough, (
            f"only {self.hits} of {tried} kills hit something at work, and "
            f"{self.needed} are needed ({others}): kill sooner, or give it more to do"
        )


def kill_group(process: Process) -> bool:
    """kill -9 of a process of ours with its group; whether that was its end."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait(60) == -signal.SIGKILL


def kill_process(pid: int) -> bool:
    """kill -9 of somebody else's process; whether it was still running (Linux)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        os.kill(pid, signal.SIGKILL)
    except (OSError, IndexError):  # it went away while we looked
        return False
    return state not in "ZX"


def list_below(pid: int) -> list[int]:
    """All processes below a process (Linux)."""
    assert sys.platform == "linux"
    found = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *list_below(child)]
    return found

"""What a command takes: seconds on the clock, and of CPU, its descendants' included."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, order=True)
class Spent:
    """Seconds that a command took; compared by those of CPU, which are less noisy."""

    cpu: float
    wall: float
    output: str = field(default="", compare=False)

    def __truediv__(self, count: float) -> Spent:
        """A part of it: for one of so many submissions."""
        return Spent(self.cpu / count, self.wall / count)

    def over(self, other: Spent) -> dict[str, float]:
        """As a multiple of what another command took."""
        cpu, wall = self.cpu / other.cpu, self.wall / other.wall
        return {"cpu": round(cpu, 2), "wall": round(wall, 2)}


def run_timed(command: list[str], cwd: Path | None = None) -> Spent:
    """Run a command to its end; RuntimeError if it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=err)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            err.seek(0)
            said = err.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{command} failed: {said}")
        out.seek(0)
        return Spent(used.ru_utime + used.ru_stime, wall, out.read().decode())

"""Where student code runs. A worker opens a channel to a fresh process.

`SubprocessWorker` starts a plain interpreter per submission: a process of its own,
with an empty environment, a scratch folder and resource limits, but the rights
of the account it runs under. It is for machines without a sandbox.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from unrolled.course import Limits
from unrolled.files import put_files


class Channel(Protocol):
    """A connected socket to a student's process, and how to end that process."""

    sock: socket.socket
    usage: dict[str, Any]  # once it is closed: how the process ended, where known

    def diagnosis(self) -> str:
        """What the process itself said, for the person who runs the grader."""

    def close(self) -> None:
        """End the process with all it started."""


class Worker(Protocol):
    """Opens channels to fresh student processes."""

    def open(
        self, data: dict[str, bytes], limits: Limits, libraries: Sequence[str] = ()
    ) -> Channel:
        """A new process, with the files `data` in its working folder.

        `libraries` are those of `slow_imports`: what it may have imported already.
        """


@dataclass
class SpawnedChannel:
    """A process that was started for one submission."""

    sock: socket.socket
    process: subprocess.Popen[bytes]
    folder: Path
    usage: dict[str, Any] = field(default_factory=dict)

    def diagnosis(self) -> str:
        """The end of what the interpreter wrote."""
        log = self.folder.parent / "stderr.txt"
        return log.read_text(errors="replace")[-2000:] if log.exists() else ""

    def close(self) -> None:
        """Kill the process group, and remove its folder."""
        self.sock.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder.parent, ignore_errors=True)


@dataclass(frozen=True)
class SubprocessWorker:
    """One new interpreter per student process."""

    python: str = sys.executable
    environment: dict[str, str] = field(default_factory=dict)

    def open(
        self, data: dict[str, bytes], limits: Limits, libraries: Sequence[str] = ()
    ) -> Channel:
        """Start the interpreter; raises OSError if that is not possible."""
        del libraries  # it is cold
        scratch = Path(tempfile.mkdtemp(prefix="unrolled-"))
        folder = scratch / "work"
        put_files(folder, {".keep": b"", **data})
        bounds = (limits.memory_bytes, limits.cpu_seconds, limits.file_bytes)
        ours, theirs = socket.socketpair()
        with theirs, (scratch / "stderr.txt").open("wb") as log:
            process = subprocess.Popen(
                [*self._build_command(), str(theirs.fileno()), *map(str, bounds)],
                cwd=folder,
                env={**make_environment(scratch), **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        return SpawnedChannel(ours, process, folder)

    def _build_command(self) -> list[str]:
        return [self.python, "-I", "-X", "utf8", "-m", "unrolled.grade.student.child"]


def make_environment(scratch: Path) -> dict[str, str]:
    """The least that Python and its libraries need; one thread each."""
    threads = ("OMP", "MKL", "OPENBLAS", "NUMEXPR")
    return {
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "IPYTHONDIR": str(scratch / "ipython"),
        "MPLCONFIGDIR": str(scratch / "matplotlib"),
        "MPLBACKEND": "Agg",
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "KERAS_TORCH_DEVICE": "cpu",
        **{f"{name}_NUM_THREADS": "1" for name in threads},
    }

"""Whether the code in a process is still the code on the disk."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from unrolled.grade.doctor.select_worker import TIER_VARIABLE
from unrolled.grade.scheduling import compute_engine_digest
from unrolled.grade.scheduling.engine_digest import ROOT

# What of the environment can change which code runs, or in which sandbox.
VARIABLES = (TIER_VARIABLE, "KERAS_BACKEND", "PYTHONPATH")
Stamps = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class LoadedCode:
    """All of this package as it was, and what is installed beside it.

    Read it before the package is imported: code that changes meanwhile is then taken
    for another, and never for the same.
    """

    digest: str
    stamps: Stamps

    @staticmethod
    def read() -> LoadedCode:
        """What is on the disk now."""
        stamps = _read_stamps()
        return LoadedCode(compute_engine_digest(), stamps)

    def is_current(self) -> bool:
        """Whether no file has changed, and nothing was installed."""
        return _read_stamps() == self.stamps


def describe_process() -> dict[str, str]:
    """What two processes must share, beside the code, to judge in the same way."""
    variables = {name: os.environ.get(name, "") for name in VARIABLES}
    return {"python": sys.prefix, "package": str(ROOT), **variables}


def _read_stamps() -> Stamps:
    """Time and size of every file of ours, and of the folders of installed packages."""
    paths = [Path(p) for p in sys.path if p.endswith("-packages")]
    for folder, inner, files in os.walk(ROOT):
        inner[:] = [name for name in inner if name != "__pycache__"]
        paths += [Path(folder, name) for name in files]
    return {str(path): _read_stamp(path) for path in paths}


def _read_stamp(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except OSError:
        return (0, 0)
    return about.st_mtime_ns, about.st_size

"""A working folder with an assignment's data files, for code that opens them."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from unrolled.files import put_files


@contextlib.contextmanager
def open_workdir(data: Mapping[str, bytes]) -> Iterator[Path]:
    """Work in a folder of its own that holds `data`, as a student's notebook does.

    The folder goes away at the end, and the process is where it was before.
    """
    with tempfile.TemporaryDirectory(prefix="unrolled-") as name:
        folder = Path(name)
        put_files(folder, data)
        with contextlib.chdir(folder):
            yield folder

"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unrolled.errors import UserError


@contextmanager
def make_scratch_folder(place: Path) -> Iterator[Path]:
    """An empty folder (0755) beside `place`, gone at the end unless it was moved."""
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        scratch.chmod(0o755)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def replace_folder(new: Path, place: Path) -> None:
    """Give the folder `new` the name of `place`; what had it goes only after that."""
    old = place.with_name(f".{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if os.path.lexists(place):
        place.rename(old)
    try:
        new.rename(place)
    except OSError:
        if os.path.lexists(old):
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def explain_os_error(error: OSError) -> str:
    """Why a copy failed, in the operating system's words."""
    first = error.args[0] if error.args else ""
    if isinstance(first, list) and first:  # shutil.Error: (source, target, why)
        return str(first[0][-1]).split("] ")[-1]
    return error.strerror or str(error)


def write_atomically(out: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file beside its place, then move it there; UserError says why not.

    `mode` is what the file may be at most; the process's umask takes from it.
    """
    beside = out.with_name(f".{out.name}.new")
    try:
        beside.unlink(missing_ok=True)
        beside.touch(mode=mode)
        beside.write_bytes(data)
        beside.replace(out)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise UserError(f"{out}: cannot be written: {error.strerror}.") from error

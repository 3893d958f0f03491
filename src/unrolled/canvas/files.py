"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
from pathlib import Path

from unrolled.errors import UserError


def write_whole(out: Path, data: bytes, mode: int = 0o666) -> None:
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

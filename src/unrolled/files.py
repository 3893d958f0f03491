"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from unrolled.errors import UserError

# What a writer that was killed has left beside its file: `.NAME.0a1b2c3d.new`. nbgrader
# would hand on what lies in source/, so it is told to ignore such names.
LEFTOVER_PATTERN = ".*.new"
_LEFTOVER = re.compile(r"[0-9a-f]{8}\.new")
LEFTOVER_SECONDS = 60.0  # a writer that still lives needs less than that


def write_file(
    path: Path,
    content: str | bytes,
    *,
    mode: int = 0o666,
    exact: bool = False,
    sync: bool = False,
    replace: bool = True,
) -> None:
    """Write a file beside its place, under a name of its own, then move it there.

    `mode` is what the file may be at most, for the process's umask takes from it
    unless it is `exact`: other accounts must read some files whatever the umask is.
    With `sync` the content is on the disk first, so that a power cut leaves the old
    file or the new one. Raises OSError, and FileExistsError without `replace` if there
    is a file already: of two writers the first wins.
    """
    data = content.encode() if isinstance(content, str) else content
    _remove_leftovers(path)
    beside = _make_name_beside(path, "new")
    # The folder may be another account's: nothing that lies there is written through.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(beside, flags, mode), "wb") as file:
            file.write(data)
            if exact:
                os.fchmod(file.fileno(), mode)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        if replace:
            beside.replace(path)
        else:
            path.hardlink_to(beside)
    except OSError as error:
        error.filename, error.filename2 = str(path), None  # the name a reader knows
        raise
    finally:
        beside.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """Remove what writers of this file have left that were killed."""
    before = time.time() - LEFTOVER_SECONDS
    with suppress(OSError), os.scandir(path.parent) as entries:
        start = f".{path.name}."
        for entry in entries:
            if entry.name.startswith(start) and _LEFTOVER.fullmatch(
                entry.name.removeprefix(start)
            ):
                with suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime < before:
                        Path(entry.path).unlink()


def put_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, by their path in it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_output(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """As `write_file`, for what a user has asked for: UserError says why not."""
    try:
        write_file(path, data, mode=mode)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}.") from error


@contextmanager
def make_scratch_folder(place: Path, *, mode: int = 0o755) -> Iterator[Path]:
    """An empty folder beside `place`, gone at the end unless it was moved.

    It lies on the disk of what it becomes, so that a move is one step.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        scratch.chmod(mode)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def swap_folder(new: Path, place: Path, aside: Path) -> Callable[[], None]:
    """Move `new` to `place` and what was there `aside`; undone by what is returned.

    If `new` cannot be moved, OSError: what was there is there again.
    """
    had = os.path.lexists(place)
    if had:
        place.rename(aside)

    def restore() -> None:
        if had:
            aside.rename(place)

    def undo() -> None:
        place.rename(new)
        restore()

    try:
        new.rename(place)
    except OSError:
        restore()
        raise
    return undo


def replace_folder(new: Path, place: Path) -> None:
    """Give the folder `new` the name of `place`; what had it goes only after that."""
    aside = _make_name_beside(place, "old")
    swap_folder(new, place, aside)
    shutil.rmtree(aside, ignore_errors=True)


def _make_name_beside(path: Path, ending: str) -> Path:
    """A hidden name on the same disk that no other writer has."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{ending}")


def make_stamp() -> str:
    """The time in UTC, to the microsecond, for the name of a copy that is kept."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")


def explain_os_error(error: OSError) -> str:
    """Why a copy failed, in the operating system's words."""
    first = error.args[0] if error.args else ""
    if isinstance(first, list) and first:  # shutil.Error: (source, target, why)
        return str(first[0][-1]).split("] ")[-1]
    return error.strerror or str(error)

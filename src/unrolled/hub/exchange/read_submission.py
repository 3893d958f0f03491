"""Read what students handed in without trusting any of it.

A folder in the exchange belongs to a student, who may change it while it is read:
links, pipes and files of others are refused on the *opened* file, never by name,
and its time is the file system's, which an owner can only move forward.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from fnmatch import fnmatch
from pathlib import Path

from unrolled.timestamps import parse_timestamp

_NAME = re.compile(
    r"(?P<student>[^+/\s.][^+/\s]*)\+(?P<assignment>[^+/]+)"
    r"\+(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?( [A-Za-z0-9:-]{1,20})?)"
    r"(\+[A-Za-z0-9_=-]{1,64})?"
)
_CHUNK = 1 << 20


class SubmissionRefusedError(Exception):
    """A submission that must not be collected; the text says why."""


@dataclass(frozen=True, kw_only=True)
class SubmissionRules:
    """What a submission may hold: patterns of nbgrader's, sizes in bytes."""

    ignore: tuple[str, ...]
    include: tuple[str, ...]
    file_bytes: int
    folder_bytes: int
    files: int = 1000
    depth: int = 12


@dataclass(frozen=True)
class Entry:
    """The name of a folder in inbound; `claimed` is a naive time in UTC."""

    name: str
    student: str
    assignment: str
    claimed: datetime


@dataclass(frozen=True)
class EntryInfo:
    """What a walk through an entry found: its owner, the time of its last change."""

    uid: int
    changed: datetime


def parse_entry(name: str, zone: tzinfo) -> Entry:
    """The parts of an entry's name; SubmissionRefusedError if it is not nbgrader's.

    `zone` is the course's: nbgrader may be set to write its abbreviation.
    """
    match = _NAME.fullmatch(name) if name.isprintable() else None
    if match is None:
        raise SubmissionRefusedError(
            "the folder name does not look like one that nbgrader makes: "
            "STUDENT+ASSIGNMENT+TIME"
        )
    try:
        claimed = parse_timestamp(match["time"], zone)
    except ValueError as error:
        raise SubmissionRefusedError(
            f"the time in the folder name cannot be read: {error}"
        ) from error
    return Entry(name, match["student"], match["assignment"], claimed)


def choose_time(claimed: datetime, changed: datetime, tolerance: timedelta) -> datetime:
    """The time that counts: what is claimed, unless the file system contradicts."""
    return claimed if abs(changed - claimed) <= tolerance else changed


def read_entry(
    inbound: int, name: str, rules: SubmissionRules, target: Path | None = None
) -> EntryInfo:
    """Walk through the entry `name` of the opened folder; copy it into `target`.

    Without `target` it is only looked at. Raises SubmissionRefusedError for what must
    not be collected; OSError only if the copy cannot be written.
    """
    with _open_member(inbound, name, os.O_DIRECTORY, "the submission") as folder:
        walk = _Walk(rules=rules, uid=os.fstat(folder).st_uid)
        walk.walk_folder(folder, "", target, 0)
    changed = datetime.fromtimestamp(walk.changed, UTC)
    return EntryInfo(walk.uid, changed.replace(tzinfo=None))


@contextmanager
def _open_member(folder: int, name: str, flags: int, label: str) -> Iterator[int]:
    """An opened member of an opened folder, never through a link, never waiting."""
    # Without O_NONBLOCK a pipe would stop the collection until somebody writes to it.
    safe = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name, safe | flags, dir_fd=folder)
    except OSError as error:
        raise _make_refusal(label, error) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _make_refusal(label: str, error: OSError) -> SubmissionRefusedError:
    return SubmissionRefusedError(f"{label} {_WHY.get(error.errno, 'cannot be read')}")


_WHY: dict[int | None, str] = {
    errno.ELOOP: "is a link",
    errno.ENOTDIR: "is a link, or not a folder",
    errno.ENOENT: "disappeared while it was being read",
    errno.EACCES: "cannot be read: its permissions forbid it",
}
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(kw_only=True)
class _Walk:
    """One walk through a submission; all of it must belong to `uid`."""

    rules: SubmissionRules
    uid: int
    changed: float = 0.0
    files: int = 0
    bytes: int = 0

    def walk_folder(
        self, folder: int, prefix: str, target: Path | None, depth: int
    ) -> None:
        """Walk through an opened folder; `prefix` is its path in the submission."""
        if depth > self.rules.depth:
            raise SubmissionRefusedError(
                f"its folders are nested more than {self.rules.depth} deep"
            )
        self._check(folder, prefix or "the submission")
        if target is not None:
            target.mkdir(exist_ok=True)
        with os.scandir(folder) as members:
            for member in members:
                self.files += 1
                if self.files > self.rules.files:
                    raise SubmissionRefusedError(
                        f"it holds more than {self.rules.files} files"
                    )
                if _matches(member.name, self.rules.ignore):
                    continue
                copy = target / member.name if target is not None else None
                self._walk_member(folder, prefix + member.name, copy, depth)

    def _walk_member(
        self, folder: int, path: str, copy: Path | None, depth: int
    ) -> None:
        label, name = ascii(path), path.rpartition("/")[2]
        try:
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        except OSError as error:
            raise _make_refusal(label, error) from error
        # By name this is only a guess, to give a good reason; what counts is opened.
        if stat.S_ISDIR(mode):
            with _open_member(folder, name, os.O_DIRECTORY, label) as below:
                self.walk_folder(below, f"{path}/", copy, depth + 1)
        elif not stat.S_ISREG(mode):
            kind = _KINDS.get(stat.S_IFMT(mode), "not a regular file")
            raise SubmissionRefusedError(f"{label} is {kind}")
        elif _matches(name, self.rules.include):
            with _open_member(folder, name, 0, label) as opened:
                self._read_file(opened, label, copy)

    def _read_file(self, opened: int, label: str, copy: Path | None) -> None:
        info = self._check(opened, label)
        # Asked again: by now the name may stand for something else.
        if not stat.S_ISREG(info.st_mode):
            raise SubmissionRefusedError(f"{label} is not a regular file")
        if info.st_nlink != 1:
            raise SubmissionRefusedError(
                f"{label} is a hard link: it has {info.st_nlink} names"
            )
        size = info.st_size if copy is None else self._copy(opened, label, copy)
        self._check_size(size, size, label)
        self._check(opened, label)  # its owner may have changed it meanwhile

    def _copy(self, opened: int, label: str, copy: Path) -> int:
        """Copy the opened file; its size in bytes. It may grow while it is read."""
        size = 0
        with copy.open("xb") as out:
            while chunk := os.read(opened, _CHUNK):
                size += len(chunk)
                self._check_size(0, size, label)
                out.write(chunk)
        return size

    def _check_size(self, more: int, size: int, label: str) -> None:
        self.bytes += more
        if size > self.rules.file_bytes:
            raise SubmissionRefusedError(
                f"{label} is larger than {_format_size(self.rules.file_bytes)}"
            )
        if self.bytes + (0 if more else size) > self.rules.folder_bytes:
            raise SubmissionRefusedError(
                f"it is larger than {_format_size(self.rules.folder_bytes)}"
            )

    def _check(self, opened: int, label: str) -> os.stat_result:
        """Check the owner; note the time of the last change.

        That is st_ctime: an owner can set st_mtime to any time.
        """
        info = os.fstat(opened)
        if info.st_uid != self.uid:
            raise SubmissionRefusedError(f"{label} belongs to another account")
        self.changed = max(self.changed, info.st_ctime)
        return info


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _format_size(size: int) -> str:
    return f"{size / 1e6:.3g} MB"

"""The course's own list of extensions: `extensions.csv`, a line for each change.

nbgrader keeps an extension with a submission, so it has no place for one before
anything is handed in, and none for who gave it and why. Lines are only added: the last
one of a student and an assignment is the one that stands, and the file is the history.
"""

from __future__ import annotations

import csv
import fcntl
import io
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from unrolled.course import Course
from unrolled.deadlines.until import parse_local_time
from unrolled.errors import UserError
from unrolled.files import explain_os_error, write_file

COLUMNS = ("student", "assignment", "until", "why", "by", "at")
LOCK_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Extension:
    """One line: `until` when (None: taken back), `by` which account, `at` what time.

    Times carry a zone.
    """

    student: str
    assignment: str
    until: datetime | None
    why: str = ""
    by: str = ""
    at: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Whose deadline, and of what."""
        return self.student, self.assignment


def read_extensions(course: Course) -> list[Extension]:
    """All lines, the oldest first; UserError names the line that cannot be read."""
    path = course.extensions
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}.") from error
    reader = csv.DictReader(io.StringIO(text))
    missing = {"student", "assignment", "until"} - set(reader.fieldnames or ())
    if missing:
        raise UserError(f"{path}: its first line has no {', '.join(sorted(missing))}.")
    return [_parse_line(course, reader.line_num, row) for row in reader]


def _parse_line(course: Course, line: int, row: Mapping[str, str | None]) -> Extension:
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    text = values.pop("until")
    try:
        until = parse_local_time(text, course.timezone) if text else None
    except ValueError as error:
        raise UserError(f"{course.extensions}: line {line}: {error}") from error
    return Extension(until=until, **values)


def list_standing(entries: Iterable[Extension]) -> dict[tuple[str, str], Extension]:
    """The extension that stands for each student and assignment, if one does."""
    last = {entry.key: entry for entry in entries}
    return {key: entry for key, entry in last.items() if entry.until is not None}


@contextmanager
def change_extensions(course: Course) -> Iterator[list[Extension]]:
    """All lines; what is added to the list is written at the end, whole or not at all.

    Nobody else changes the file meanwhile.
    """
    with _lock(course.build / "extensions.lock"):
        entries = read_extensions(course)
        before = len(entries)
        yield entries
        if len(entries) > before:
            _write(course.extensions, entries)


def _write(path: Path, entries: Iterable[Extension]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        until = entry.until.isoformat(sep=" ") if entry.until else ""
        writer.writerow((*entry.key, until, entry.why, entry.by, entry.at))
    try:
        write_file(path, text.getvalue(), mode=0o600, sync=True)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written: {explain_os_error(error)}."
        ) from error


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    end = time.monotonic() + LOCK_SECONDS
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise UserError(
                        "somebody else is changing extensions; try again."
                    ) from None
                time.sleep(0.05)
        yield

"""What was sent to Canvas, written down before and after, so that nothing goes twice.

Lines of JSON, only ever appended, each on the disk before the next step. A line cut
short by a crash is passed over: what it would have said is looked up in Canvas.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, Literal

from unrolled.canvas.records import make_records_folder
from unrolled.course import Course
from unrolled.errors import UserError

State = Literal["uploaded", "intended", "sent"]


@dataclass(frozen=True)
class CommentKey:
    """One comment: for whom, on what, and a digest of all it says."""

    assignment: str
    student: str
    digest: str


class Journal:
    """The comments of one Canvas course; see `open_journal`."""

    def __init__(self, file: IO[str], course: str) -> None:
        self._file = file
        self._course = course
        self._sent: set[CommentKey] = set()
        self._files: dict[CommentKey, int] = {}
        file.seek(0)
        text = file.read()
        if text and not text.endswith("\n"):  # cut short by a crash
            file.write("\n")
        for line in text.splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                self._apply_entry(json.loads(line))

    def _apply_entry(self, entry: dict[str, Any]) -> None:
        if entry["place"] != self._course:
            return
        key = CommentKey(entry["assignment"], entry["student"], entry["digest"])
        if entry["state"] == "sent":
            self._sent.add(key)
        if entry.get("file"):
            self._files[key] = int(entry["file"])

    def is_sent(self, key: CommentKey) -> bool:
        """Whether a comment is known to have arrived."""
        return key in self._sent

    def find_file(self, key: CommentKey) -> int | None:
        """The Canvas id of a comment's file, if it was uploaded already."""
        return self._files.get(key)

    def write(self, key: CommentKey, state: State, file: int | None = None) -> None:
        """Write a step down; it is on the disk when this returns."""
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "place": self._course,
            "assignment": key.assignment,
            "student": key.student,
            "digest": key.digest,
            "state": state,
        } | ({"file": file} if file else {})
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._apply_entry(entry)


@contextlib.contextmanager
def open_journal(course: Course, canvas_course: str) -> Iterator[Journal]:
    """The journal of a course in Canvas, for one process at a time.

    Raises UserError if another push holds it, or if it cannot be opened.
    """
    path = make_records_folder(course) / "sent.jsonl"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        file = os.fdopen(descriptor, "r+", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be opened: {error.strerror}.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(
                f"{path}: another push is running; wait until it has ended."
            ) from None
        yield Journal(file, canvas_course)

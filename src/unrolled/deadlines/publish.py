"""Tells each student the own deadlines, and no other student.

In the exchange lies a file for each student who has an extension, which only that
account and the grader may read: an access list on the file says so, which its owner may
set without being root. Where there is none (a disk that keeps none, or a student
without an account yet) nothing is written: better a page with the class's date than an
extension that everybody can read.
"""

from __future__ import annotations

import json
import os
import pwd
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from unrolled.course import Course, CourseDates
from unrolled.deadlines.own import read_own_deadlines
from unrolled.errors import UserError
from unrolled.files import explain_os_error, write_file

FOLDER = "own-dates"
_ACL = "system.posix_acl_access"
# Linux's own form of an access list: version 2, then (tag, rights, number) in order.
_NOBODY = 0xFFFFFFFF
_OWNER, _USER, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20


def publish_own_dates(course: Course, folder: Path) -> list[str]:
    """Write what has changed; the students whom it cannot reach.

    `folder` is the course's in the exchange; nothing is done where that is not there.
    Raises UserError if this account may not write in it.
    """
    own = folder / FOLDER
    dates: dict[str, dict[str, str]] = {}
    for (student, name), entry in read_own_deadlines(course).standing.items():
        if entry.until is not None:
            dates.setdefault(student, {})[name] = entry.until.isoformat()
    if not folder.is_dir() or not (dates or own.is_dir()):
        return []
    try:
        own.mkdir(exist_ok=True)
        own.chmod(0o711)  # nobody lists who has an extension
        for path in own.glob("*.json"):
            if path.stem not in dates:
                path.unlink(missing_ok=True)
        return [s for s, mine in dates.items() if not _write(own, s, mine)]
    except OSError as error:
        raise UserError(
            f"{own}: {explain_os_error(error)}; students still see the deadlines of "
            "before. Run this as the account that releases assignments."
        ) from error


def _write(own: Path, student: str, dates: Mapping[str, str]) -> bool:
    """Write a student's file, if that is new; whether the student can read it."""
    path = own / f"{student}.json"
    try:
        number = pwd.getpwnam(student).pw_uid
    except KeyError:
        return False
    text = json.dumps(dates, indent=1) + "\n"
    access = _make_access_list(number)
    with suppress(OSError):
        if path.read_text(encoding="utf-8") == text and (
            os.getxattr(path, _ACL) == access
        ):
            return True
    write_file(path, text, mode=0o600, exact=True)
    try:
        os.setxattr(path, _ACL, access)
    except OSError:
        path.unlink()
        return False
    return True


def _make_access_list(number: int) -> bytes:
    """The owner reads and writes, one user reads, nobody else does anything."""
    entries = (
        (_OWNER, 6, _NOBODY),
        (_USER, 4, number),
        (_GROUP, 0, _NOBODY),
        (_MASK, 4, _NOBODY),
        (_OTHERS, 0, _NOBODY),
    )
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


def apply_own_dates(dates: CourseDates, folder: Path, student: str) -> CourseDates:
    """What the class is told, with the deadlines that are this student's own.

    The class's date counts where it is later, as everywhere.
    """
    try:
        text = (folder / FOLDER / f"{student}.json").read_text(encoding="utf-8")
        own = {n: datetime.fromisoformat(v) for n, v in json.loads(text).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return dates
    assignments = dict(dates.assignments)
    for name, until in own.items():
        there = assignments.get(name)
        if there and there.due and until > there.due:
            assignments[name] = replace(there, due=until, extended=True)
    return replace(dates, assignments=assignments)

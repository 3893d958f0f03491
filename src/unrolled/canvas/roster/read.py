"""Who is in the course: read from a gradebook export or a list of people.

A gradebook export begins with Student, ID or LastName, FirstName, ID, and has Section.
Any other CSV is a list of people: its columns are found by their names, in any order,
with commas, semicolons or tabs.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from unrolled.canvas.grades_csv.exported_csv import (
    is_export,
    read_exported_csv,
    read_text,
)
from unrolled.canvas.records import Identity
from unrolled.errors import UserError

_COLUMNS = {
    "canvas_id": ("id", "canvas id", "canvas user id"),
    "sis_id": ("sis id", "sis user id", "user id"),
    "login": ("login", "login id", "sis login id", "username"),
    "email": ("email", "e-mail", "email address"),
    "sortable": ("sortable name", "student"),
    "name": ("name", "full name", "student name", "display name"),
    "first_name": ("first name", "given name", "firstname"),
    "last_name": ("last name", "surname", "family name", "lastname"),
    "role": ("role", "base role type", "enrollment role"),
    "status": ("status", "enrollment state"),
}
_TEST_LOGIN = re.compile(r"[0-9a-f]{40}\Z")


@dataclass(frozen=True, kw_only=True)
class ListedIdentity(Identity):
    """A student as a line of a file from Canvas names one."""

    line: int

    @property
    def name(self) -> str:
        """The name as a class list has it."""
        return ", ".join(n for n in (self.last_name, self.first_name) if n)


@dataclass(frozen=True)
class RosterFile:
    """The students of a file, and rows that are none, with the reason."""

    people: tuple[ListedIdentity, ...]
    left_out: tuple[str, ...]


def read_roster(path: Path) -> RosterFile:
    """Read either kind of file; UserError names the file and what it lacks."""
    header = next(iter(_read_lines(path)), [])
    bare = [h.strip() for h in header]
    gradebook = bare[:2] == ["Student", "ID"] or (is_export(bare) and "Section" in bare)
    rows = _read_gradebook_export(path) if gradebook else _read_list(path)
    people, left_out = [], []
    for person, why in rows:
        if why:
            left_out.append(f"row {person.line} ({person.name}): {why}")
        else:
            people.append(person)
    return RosterFile(tuple(people), tuple(left_out))


def _read_gradebook_export(path: Path) -> Iterator[tuple[ListedIdentity, str]]:
    for row in read_exported_csv(path).rows:
        # An export has no e-mail addresses, but many schools sign in with them.
        email = row.login if re.fullmatch(r"[^@\s]+@[^@\s]+", row.login) else ""
        said = {key: getattr(row, key) for key in ("canvas_id", "sis_id", "login")}
        said |= {"sortable": row.name, "email": email}
        person = _make_identity(row.line, said)
        yield person, _explain_non_student(person)


def _explain_non_student(person: ListedIdentity) -> str:
    if _TEST_LOGIN.match(person.login) and not person.sis_id:
        return "Canvas's test student"
    if "Points Possible" in person.name:
        return "Canvas's row of points possible"
    return ""


def _read_lines(path: Path) -> list[list[str]]:
    advice = "Save the file as CSV UTF-8."
    text = read_text(path, advice)
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


def _read_list(path: Path) -> Iterator[tuple[ListedIdentity, str]]:
    table = _read_lines(path)
    columns = _find_columns(table[0] if table else [])
    if not columns.keys() & {"login", "sis_id", "canvas_id", "email"}:
        raise UserError(
            f"{path}: row 1: this is neither a gradebook exported from Canvas nor a "
            "list of people. A list needs a header with a name and at least one of ID, "
            "SIS ID, Login ID, Email."
        )
    for line, cells in enumerate(table[1:], 2):
        if any(c.strip() for c in cells):
            row = {k: cells[i].strip() for k, i in columns.items() if i < len(cells)}
            person = _make_identity(line, row)
            yield person, _explain_role(row) or _explain_non_student(person)


def _find_columns(header: list[str]) -> dict[str, int]:
    """The column of each thing that we know."""
    names = [re.sub(r"[\s_]+", " ", h).strip().lower() for h in header]
    columns: dict[str, int] = {}
    for key, known in _COLUMNS.items():
        for index, name in enumerate(names):
            if name in known:
                columns.setdefault(key, index)
    return columns


def _make_identity(line: int, row: Mapping[str, str]) -> ListedIdentity:
    last, first = row.get("last_name", ""), row.get("first_name", "")
    if not (last or first):
        last, first = split_name(row.get("sortable") or row.get("name", ""))
    digits = re.match(r"0*([0-9]+)\Z", row.get("canvas_id", ""))
    return ListedIdentity(
        line=line,
        first_name=first,
        last_name=last,
        email=row.get("email", ""),
        canvas_id=digits[1] if digits else "",
        sis_id=row.get("sis_id", ""),
        login=row.get("login", ""),
    )


def _explain_role(row: Mapping[str, str]) -> str:
    role = row.get("role", "").lower()
    if "studentview" in role:
        return "Canvas's test student"
    if role and "student" not in role:
        return f"not a student ({row['role']})"
    status = row.get("status", "").lower()
    if status and status not in ("active", "invited", "pending"):
        return f"not active ({row['status']})"
    return ""


def split_name(name: str) -> tuple[str, str]:
    """Family name and given name of "Lovelace, Ada" or "Ada Lovelace"."""
    guarded = re.fullmatch(r'="(.*)"', name, re.DOTALL)
    name = (guarded[1] if guarded else name).strip()
    if "," in name:
        last, first = name.split(",", 1)
        return last.strip(), first.strip()
    first, _, last = name.rpartition(" ")
    return last, first.strip()

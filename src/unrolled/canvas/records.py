"""Students and grades for Canvas, and what is kept of Canvas beside the gradebook.

Who is who and what was sent lies in `canvas-records/`, which only its owner may read
and git ignores.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import write_output
from unrolled.gradebook import StudentRow

FOLDER = "canvas-records"
Identities = Mapping[str, Mapping[str, str]]


def make_records_folder(course: Course) -> Path:
    """The folder, made at first need."""
    folder = course.root / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made: {error.strerror}.") from error
    return folder


def locate_identities(course: Course) -> Path:
    """Where the SIS ids and logins of students are kept; nbgrader has no place."""
    return course.root / FOLDER / "students.json"


def read_identities(course: Course) -> Identities:
    """SIS id and login by nbgrader's student; empty before the first roster."""
    path = locate_identities(course)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {s: {k: str(v) for k, v in kept.items()} for s, kept in document.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(
            f"{path}: not what the roster wrote ({error}). Delete it and run "
            "`unrolled canvas roster` again."
        ) from error


def make_students(course: Course, rows: Iterable[StudentRow]) -> list[Student]:
    """Students of the gradebook, with what the roster has recorded beside it."""
    known = read_identities(course)
    return [
        Student(
            name=row.id,
            canvas_id=row.lms_user_id,
            last_name=row.last_name,
            first_name=row.first_name,
            email=row.email,
            sis_id=known.get(row.id, {}).get("sis_id", ""),
            login=known.get(row.id, {}).get("login", ""),
        )
        for row in rows
    ]


def write_identities(course: Course, identities: Identities) -> None:
    """Keep SIS ids and logins."""
    make_records_folder(course)
    text = json.dumps(identities, ensure_ascii=False, indent=1, sort_keys=True)
    write_output(locate_identities(course), f"{text}\n".encode(), mode=0o600)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What is known of a person by Canvas, or from it; "" is what it does not say."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    canvas_id: str = ""
    sis_id: str = ""
    login: str = ""


@dataclass(frozen=True, kw_only=True)
class Student(Identity):
    """A student of the gradebook and the roster.

    `name` is the user name, `canvas_id` nbgrader's lms_user_id.
    """

    name: str


@dataclass(frozen=True)
class ExportedAssignment:
    """An assignment to export: its name here, its title and points in Canvas.

    `factor` takes our points to Canvas's, where those differ and --scale was said.
    """

    name: str
    title: str
    points: float
    factor: float = 1.0


@dataclass(frozen=True)
class Grade:
    """A result in points of Canvas, after the late penalty; None if not handed in."""

    points: float | None
    waits: bool = False

"""What is kept of Canvas beside the gradebook: who is who, and what was sent.

It lies in `canvas-records/`, which only its owner may read and git ignores.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import write_output

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
        return {str(k): _stringify_values(v) for k, v in document.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(
            f"{path}: not what the roster wrote ({error}). Delete it and run "
            "`unrolled canvas roster` again."
        ) from error


def _stringify_values(values: Mapping[str, Any]) -> dict[str, str]:
    return {k: str(v) for k, v in values.items()}


def write_identities(course: Course, identities: Identities) -> None:
    """Keep SIS ids and logins."""
    make_records_folder(course)
    text = json.dumps(identities, ensure_ascii=False, indent=1, sort_keys=True)
    write_output(locate_identities(course), f"{text}\n".encode(), mode=0o600)

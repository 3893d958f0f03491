"""Whose account a person is who comes from Canvas.

    python -m unrolled.hub.lti.identity COURSE_FOLDER

prints the course's students as JSON. It is run as the grader, to whom the records
belong: root reads only what this prints, whatever lies in the course folder.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unrolled.canvas.records import read_identities
from unrolled.course.model import load_course
from unrolled.gradebook.read import read_student_rows

CUSTOM_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/custom"
LIS_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/lis"
DEPLOYMENT_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/deployment_id"
KEYS = ("canvas_id", "sis_id", "login", "email")  # from the surest to the least sure


@dataclass(frozen=True)
class Student:
    """A student as the course's records have one; "" is what they do not tell."""

    account: str
    canvas_id: str = ""
    sis_id: str = ""
    login: str = ""
    email: str = ""


@dataclass(frozen=True)
class Identity:
    """A person as Canvas's signed message tells; "" is what it does not tell."""

    sub: str
    name: str = ""
    canvas_id: str = ""
    sis_id: str = ""
    login: str = ""
    email: str = ""
    deployment: str = ""


class SignInRefusedError(Exception):
    """Nobody is signed in; says why, in words for the person in front of the page."""


def parse_identity(token: Mapping[str, Any]) -> Identity:
    """Who the message is about. Canvas sends `$...` for what it does not know."""
    custom, lis = (
        _ensure_mapping(token.get(CUSTOM_CLAIM)),
        _ensure_mapping(token.get(LIS_CLAIM)),
    )
    return Identity(
        _clean_text(token.get("sub")),
        _clean_text(token.get("name")),
        _clean_text(custom.get("canvas_id")),
        _clean_text(lis.get("person_sourcedid")) or _clean_text(custom.get("sis_id")),
        _clean_text(custom.get("login")),
        _clean_text(token.get("email")),
        _clean_text(token.get(DEPLOYMENT_CLAIM)),
    )


def _ensure_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _clean_text(value: Any) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    text = str(value).strip() if whole or isinstance(value, str) else ""
    return "" if text.startswith("$") else text


def find_student(
    person: Identity, pupils: Sequence[Student], match_email: bool = False
) -> Student:
    """The one student that a person is; the surest key that finds any decides.

    A student whose surer key is another than the person's is not this person, even
    if a login was given to somebody else since. Raises Refused.
    """
    keys = KEYS if match_email else KEYS[:-1]
    if not any(getattr(person, key) for key in keys):
        raise SignInRefusedError(
            "Canvas did not say who you are (no id, no login). The app's privacy "
            "level in Canvas must be public."
        )
    for place, key in enumerate(keys):
        found = {p for p in pupils if _is_match(person, p, key, keys[:place])}
        if len(found) > 1:
            raise SignInRefusedError(
                f"{len(found)} students here have your {_KEY_NAMES[key]}."
            )
        if found:
            return found.pop()
    raise SignInRefusedError("You are not on this course's list of students yet.")


_KEY_NAMES = {
    "canvas_id": "Canvas id",
    "sis_id": "SIS id",
    "login": "login",
    "email": "e-mail address",
}


def _is_match(person: Identity, pupil: Student, key: str, surer: Iterable[str]) -> bool:
    def values(of: str) -> tuple[str, str]:
        return _normalize(of, getattr(person, of)), _normalize(of, getattr(pupil, of))

    theirs, ours = values(key)
    differ = any(all(pair) and pair[0] != pair[1] for pair in map(values, surer))
    return theirs != "" and theirs == ours and not differ


def _normalize(key: str, value: str) -> str:
    """Logins and addresses are the same in small letters and capitals."""
    return value.casefold() if key in ("login", "email") else value


def describe_identity(person: Identity) -> str:
    """What an instructor needs to know of a person, in a few words."""
    told = [f"{_KEY_NAMES[k]} {getattr(person, k)}" for k in KEYS if getattr(person, k)]
    return ", ".join([person.name or "no name", *told])


def read_students(course: Path) -> list[Student]:
    """All students of the gradebook, with what the roster kept beside it."""
    opened = load_course(course)
    kept = read_identities(opened)
    return [
        Student(
            row.id,
            row.lms_user_id,
            kept.get(row.id, {}).get("sis_id", ""),
            kept.get(row.id, {}).get("login", ""),
            row.email,
        )
        for row in read_student_rows(opened)
    ]


def parse_students(text: str) -> list[Student]:
    """What `main` printed; ValueError if it is anything but plain texts."""
    rows = json.loads(text)
    if not all(isinstance(v, str) for row in rows for v in row.values()):
        raise ValueError("something other than a text")
    return [Student(**row) for row in rows]


def main() -> None:
    """Print the students of a course folder."""
    print(json.dumps([asdict(p) for p in read_students(Path(sys.argv[1]))]))


if __name__ == "__main__":
    main()

"""Find the student of the course that a person from Canvas is.

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

from unrolled.canvas.records import Identity, Student, make_students
from unrolled.course import load_course
from unrolled.gradebook.read import read_student_rows

CUSTOM_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/custom"
LIS_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/lis"
DEPLOYMENT_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/deployment_id"
# From the surest to the least sure.
KEYS = {
    "canvas_id": "Canvas id",
    "sis_id": "SIS id",
    "login": "login",
    "email": "e-mail address",
}


@dataclass(frozen=True, kw_only=True)
class SignedIdentity(Identity):
    """A person in Canvas's signed message, which says no parts of the name."""

    sub: str
    name: str = ""
    deployment: str = ""


class SignInRefusedError(Exception):
    """Nobody is signed in; the message tells the person in front of the page why."""


def parse_identity(token: Mapping[str, Any]) -> SignedIdentity:
    """Who the message is about. Canvas sends `$...` for what it does not know."""
    custom = _ensure_mapping(token.get(CUSTOM_CLAIM))
    lis = _ensure_mapping(token.get(LIS_CLAIM))
    sourcedid = _clean_text(lis.get("person_sourcedid"))
    return SignedIdentity(
        sub=_clean_text(token.get("sub")),
        name=_clean_text(token.get("name")),
        canvas_id=_clean_text(custom.get("canvas_id")),
        sis_id=sourcedid or _clean_text(custom.get("sis_id")),
        login=_clean_text(custom.get("login")),
        email=_clean_text(token.get("email")),
        deployment=_clean_text(token.get(DEPLOYMENT_CLAIM)),
    )


def _ensure_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _clean_text(value: Any) -> str:
    # A number is an id that somebody wrote without quotes; True is an int in Python.
    whole = isinstance(value, int) and not isinstance(value, bool)
    text = str(value).strip() if whole or isinstance(value, str) else ""
    return "" if text.startswith("$") else text


def find_student(
    identity: SignedIdentity, students: Sequence[Student], *, match_email: bool = False
) -> Student:
    """The one student that a person is; the surest key that finds any decides.

    A student whose surer key is another than the person's is not this person, even
    if a login was given to somebody else since. Raises SignInRefusedError.
    """
    keys = [key for key in KEYS if match_email or key != "email"]
    if not any(getattr(identity, key) for key in keys):
        raise SignInRefusedError(
            "Canvas did not say who you are (no id, no login). The privacy level of "
            "the app in Canvas must be public."
        )
    for number, key in enumerate(keys):
        matches = {s for s in students if _is_match(identity, s, key, keys[:number])}
        if len(matches) > 1:
            raise SignInRefusedError(
                f"{len(matches)} students here have your {KEYS[key]}."
            )
        if matches:
            return matches.pop()
    raise SignInRefusedError("You are not on this course's list of students yet.")


def _is_match(
    identity: SignedIdentity, student: Student, key: str, surer: Iterable[str]
) -> bool:
    def values(key: str) -> tuple[str, str]:
        pair = getattr(identity, key), getattr(student, key)
        return _normalize(key, pair[0]), _normalize(key, pair[1])

    theirs, ours = values(key)
    differ = any(all(pair) and pair[0] != pair[1] for pair in map(values, surer))
    return theirs != "" and theirs == ours and not differ


def _normalize(key: str, value: str) -> str:
    """Logins and addresses are the same in small letters and capitals."""
    return value.casefold() if key in ("login", "email") else value


def describe_identity(identity: SignedIdentity) -> str:
    """What an instructor needs to know of a person, in a few words."""
    values = ((name, getattr(identity, key)) for key, name in KEYS.items())
    known = [f"{name} {value}" for name, value in values if value]
    return ", ".join([identity.name or "no name", *known])


def read_students(course: Path) -> list[Student]:
    """All students of the gradebook, with what the roster has recorded beside it."""
    opened = load_course(course)
    return make_students(opened, read_student_rows(opened))


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

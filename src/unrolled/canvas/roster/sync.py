"""Students from Canvas into nbgrader's gradebook: planned, shown, then written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from unrolled.canvas.grades import open_existing_gradebook, read_roster_students
from unrolled.canvas.records import Student, read_identities, write_identities
from unrolled.canvas.roster.read import ListedIdentity, read_roster
from unrolled.course import Course
from unrolled.gradebook import StudentRow, backup_gradebook, queries
from unrolled.gradebook.queries import Gradebook


def list_submitters(course: Course, gradebook: Gradebook) -> set[str]:
    """Students with a submission in the gradebook, or with files in a folder."""
    students = queries.list_submitters(gradebook)
    for folder in (course.submitted, course.autograded, course.feedback):
        if folder.is_dir():
            students |= {p.name for p in folder.iterdir() if p.is_dir()}
    return students


UserName = Literal["login", "local", "sis", "email"]
FIELDS = {
    "first_name": "first name",
    "last_name": "last name",
    "email": "e-mail",
    "canvas_id": "Canvas id",
    "sis_id": "SIS id",
    "login": "login",
}
_SAFE = re.compile(r"(?![.\s])[^/\\+*?\[\]\0-\x1f]{1,128}(?<![.\s])\Z")


@dataclass(frozen=True)
class RosterChange:
    """One value of a student that the file has otherwise."""

    student: str
    what: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class RosterPlan:
    """What a roster adds, changes and drops; who stays because of their work."""

    added: tuple[Student, ...] = ()
    changes: tuple[RosterChange, ...] = ()
    changed: tuple[Student, ...] = ()
    dropped: tuple[str, ...] = ()
    stay: tuple[str, ...] = ()
    same: int = 0
    left_out: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.added or self.changed or self.dropped)

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        document = asdict(self)
        del document["changed"]
        rows = [(asdict(_make_row(s)), _make_identities(s)) for s in self.added]
        added = [{"student": r.pop("id"), "values": r, "kept": i} for r, i in rows]
        return document | {"added": added}


def plan_roster(
    course: Course,
    file: Path,
    user_name: UserName = "login",
    *,
    keep: bool = False,
    refuse: Callable[[str], str] = lambda name: "",
) -> RosterPlan:
    """What the file would add, change and drop; nobody is dropped with `keep`.

    `refuse` says why a new student cannot have a user name, or nothing: whoever could
    not sign in is left out, not half added.
    Raises UserError if the file or the gradebook cannot be read.
    """
    roster = read_roster(file)
    with open_existing_gradebook(course) as gradebook:
        enrolled = {s.name: s for s in read_roster_students(course, gradebook)}
        working = list_submitters(course, gradebook)
    named, doubts = _assign_names(roster.people, enrolled, user_name, refuse)
    doubtful = _find_doubtful(roster.people, enrolled, named)
    absent = sorted(enrolled.keys() - named.keys() - doubtful)
    added, changed, changes = _compare(named, enrolled)
    return RosterPlan(
        added=tuple(added),
        changes=tuple(changes),
        changed=tuple(changed),
        dropped=tuple(s for s in absent if s not in working and not keep),
        stay=tuple(s for s in absent if s in working or keep),
        same=len(named) - len(added) - len(changed),
        left_out=(*roster.left_out, *doubts),
    )


def _assign_names(
    people: Sequence[ListedIdentity],
    enrolled: Mapping[str, Student],
    user_name: UserName,
    refuse: Callable[[str], str],
) -> tuple[dict[str, ListedIdentity], list[str]]:
    """People by the student they are or become; and rows left out, with the reason."""
    by_id = {s.canvas_id: name for name, s in enrolled.items()}
    by_id.pop("", None)
    # One of each: a student of two sections may stand in a list twice.
    seen = {(p.first_name, p.last_name, *_list_keys(p)): p for p in reversed(people)}
    people = sorted(seen.values(), key=lambda p: p.line)
    names = [by_id.get(p.canvas_id) or _choose_user_name(p, user_name) for p in people]
    counts = Counter(names)
    named, left_out = {}, []
    for person, name in zip(people, names, strict=True):
        why = ""
        if not name:
            why = f"no {user_name} to use as the user name"
        elif counts[name] > 1:
            why = f"{counts[name]} rows have the user name {name}"
        elif name not in enrolled:
            safe = _SAFE.match(name)
            why = refuse(name) if safe else f"{name!r} cannot be the name of a folder"
        if why:
            left_out.append(f"row {person.line} ({person.name}): {why}")
        else:
            named[name] = person
    return named, left_out


def _list_keys(person: ListedIdentity) -> tuple[str, ...]:
    return (person.email, person.canvas_id, person.sis_id, person.login)


def _choose_user_name(person: ListedIdentity, kind: UserName) -> str:
    """The name that nbgrader and the hub know a student by."""
    match kind:
        case "login":
            return person.login
        case "local":
            return (person.login or person.email).split("@")[0]
        case "sis":
            return person.sis_id
        case "email":
            return person.email


def _find_doubtful(
    people: Sequence[ListedIdentity],
    enrolled: Mapping[str, Student],
    named: Mapping[str, ListedIdentity],
) -> set[str]:
    """Students whom a row that was left out may mean: they are not dropped."""
    sure = set(named.values())
    keys = {k for p in people if p not in sure for k in _list_keys(p) if k}
    return {n for n, s in enrolled.items() if keys & {*vars(s).values()} - {""}}


def _compare(
    named: Mapping[str, ListedIdentity], enrolled: Mapping[str, Student]
) -> tuple[list[Student], list[Student], list[RosterChange]]:
    """Who is new, who changes and how; what the file does not say stays as it is."""
    added, changed, changes = [], [], []
    for name, person in named.items():
        old = enrolled.get(name, Student(name=name))
        values = {key: getattr(person, key) or getattr(old, key) for key in FIELDS}
        new = replace(old, **values)
        if name not in enrolled:
            added.append(new)
        elif new != old:
            changed.append(new)
            changes += [
                RosterChange(name, what, getattr(old, key), values[key])
                for key, what in FIELDS.items()
                if getattr(old, key) != values[key]
            ]
    return added, changed, changes


def _make_row(student: Student) -> StudentRow:
    """What the gradebook holds of a student."""
    return StudentRow(
        id=student.name,
        first_name=student.first_name,
        last_name=student.last_name,
        email=student.email,
        lms_user_id=student.canvas_id,
    )


def _make_identities(student: Student) -> dict[str, str]:
    """What is kept beside the gradebook."""
    return {"sis_id": student.sis_id, "login": student.login}


def apply_roster(
    course: Course,
    plan: RosterPlan,
    step: Callable[[int, int, str], None] = lambda done, total, talk: None,
) -> None:
    """Add, change and drop as planned; after a backup of the gradebook.

    Whoever has handed something in since the plan was made is not dropped.
    """
    wanted = [*plan.added, *plan.changed]
    backup_gradebook(course)
    with open_existing_gradebook(course) as gradebook:
        working = list_submitters(course, gradebook)
        dropped = [s for s in plan.dropped if s not in working]
        queries.write_students(gradebook, [*map(_make_row, wanted)], dropped, step)
    known = {k: v for k, v in read_identities(course).items() if k not in dropped}
    write_identities(course, known | {s.name: _make_identities(s) for s in wanted})

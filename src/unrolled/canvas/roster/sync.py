"""Students from Canvas into nbgrader's gradebook: planned, shown, then written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from unrolled.canvas.grades import open_existing_gradebook
from unrolled.canvas.records import read_identities, write_identities
from unrolled.canvas.roster.read import Identity, read_roster
from unrolled.course import Course
from unrolled.gradebook import queries
from unrolled.gradebook.open import backup_gradebook
from unrolled.gradebook.queries import Gradebook
from unrolled.gradebook.read import StudentRow


@dataclass(frozen=True)
class RosterEntry:
    """A student of the gradebook, as it is or as it shall be."""

    student: str
    values: Mapping[str, str]
    kept: Mapping[str, str] = field(default_factory=dict)


def list_submitters(course: Course, gradebook: Gradebook) -> set[str]:
    """Students with a submission in the gradebook, or with files in a folder."""
    students = queries.list_submitters(gradebook)
    for folder in (course.submitted, course.autograded, course.feedback):
        if folder.is_dir():
            students |= {p.name for p in folder.iterdir() if p.is_dir()}
    return students


UserName = Literal["login", "local", "sis", "email"]
_KEPT = {"sis_id": "SIS id", "login": "login"}
_FIELDS = {
    "first_name": "first name",
    "last_name": "last name",
    "email": "e-mail",
    "lms_user_id": "Canvas id",
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

    added: tuple[RosterEntry, ...] = ()
    changes: tuple[RosterChange, ...] = ()
    changed: tuple[RosterEntry, ...] = ()
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
        return document


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
        enrolled = _read_enrolled(course, gradebook)
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


def _read_enrolled(course: Course, gradebook: Gradebook) -> dict[str, RosterEntry]:
    known = read_identities(course)
    return {
        s.id: RosterEntry(
            s.id,
            {key: getattr(s, key) for key in _FIELDS},
            {key: known.get(s.id, {}).get(key, "") for key in _KEPT},
        )
        for s in queries.read_students(gradebook)
    }


def _assign_names(
    people: Sequence[Identity],
    enrolled: Mapping[str, RosterEntry],
    user_name: UserName,
    refuse: Callable[[str], str],
) -> tuple[dict[str, Identity], list[str]]:
    """People by the student they are or become; and rows left out, with the reason."""
    by_id = {e.values["lms_user_id"]: s for s, e in enrolled.items()}
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


def _list_keys(person: Identity) -> tuple[str, ...]:
    return (person.email, person.canvas_id, person.sis_id, person.login)


def _choose_user_name(person: Identity, kind: UserName) -> str:
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
    people: Sequence[Identity],
    enrolled: Mapping[str, RosterEntry],
    named: Mapping[str, Identity],
) -> set[str]:
    """Students whom a row that was left out may mean: they are not dropped."""
    sure = set(named.values())
    keys = {k for p in people if p not in sure for k in _list_keys(p) if k}
    return {
        s
        for s, e in enrolled.items()
        if keys & {s, *e.values.values(), *e.kept.values()} - {""}
    }


def _compare(
    named: Mapping[str, Identity], enrolled: Mapping[str, RosterEntry]
) -> tuple[list[RosterEntry], list[RosterEntry], list[RosterChange]]:
    added, changed, changes = [], [], []
    for student, person in named.items():
        old = enrolled.get(student)
        new = _make_entry(student, person, old)
        if old is None:
            added.append(new)
            continue
        differences = _list_changes(old, new)
        changes += differences
        if differences:
            changed.append(new)
    return added, changed, changes


def _make_entry(student: str, person: Identity, old: RosterEntry | None) -> RosterEntry:
    """What the file says; what it does not say stays as it is."""
    values = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "lms_user_id": person.canvas_id,
    }
    kept = {"sis_id": person.sis_id, "login": person.login}
    if old is not None:
        values = {k: v or old.values[k] for k, v in values.items()}
        kept = {k: v or old.kept[k] for k, v in kept.items()}
    return RosterEntry(student, values, kept)


def _list_changes(old: RosterEntry, new: RosterEntry) -> list[RosterChange]:
    pairs = [(_FIELDS[k], old.values[k], v) for k, v in new.values.items()]
    pairs += [(_KEPT[k], old.kept[k], v) for k, v in new.kept.items()]
    return [RosterChange(new.student, what, a, b) for what, a, b in pairs if a != b]


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
        rows = [StudentRow(id=e.student, **e.values) for e in wanted]
        queries.write_students(gradebook, rows, dropped, step)
    known = {k: v for k, v in read_identities(course).items() if k not in dropped}
    write_identities(course, known | {e.student: dict(e.kept) for e in wanted})

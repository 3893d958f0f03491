"""Titles and due dates of what is released, in a file that students may read.

course.toml lies in the grader's home; `assignments.json` in the exchange says of
each released assignment what a student needs to know, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from unrolled.course.model import LatePolicy
from unrolled.files import write_file

if TYPE_CHECKING:
    from unrolled.course.model import Assignment, Course


DATES_FILE = "assignments.json"


@dataclass(frozen=True, kw_only=True)
class ReleasedAssignment:
    """What a student is told of an assignment; `due` carries a time zone.

    `late` says in words what `policy` has in numbers. `extended`: `due` is this
    student's own.
    """

    title: str
    due: datetime | None = None
    points: float | None = None
    late: str = ""
    policy: LatePolicy = field(default_factory=LatePolicy)
    extended: bool = False


@dataclass(frozen=True)
class CourseDates:
    """The course as its students see it; `late_days` are free ones for the term."""

    title: str = ""
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    assignments: Mapping[str, ReleasedAssignment] = field(default_factory=dict)
    late_days: int = 0


def format_dates(course: Course, released: Iterable[str]) -> str:
    """What students are told of the assignments in `released`, as JSON."""
    there = set(released)
    assignments = {
        name: {
            "title": assignment.title,
            "due": assignment.due.isoformat() if assignment.due else None,
            "points": assignment.points,
            "late": describe_late_policy(assignment),
            "policy": asdict(assignment.late),
        }
        for name, assignment in course.assignments.items()
        if name in there
    }
    document = {
        "course": course.id,
        "title": course.title,
        "timezone": course.timezone.key,
        "late_days": course.late_days,
        "assignments": assignments,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def write_dates(course: Course, folder: Path, released: Iterable[str]) -> Path:
    """Write the file into `folder`, the course's in the exchange; its path.

    It is there whole or not at all, readable by everybody (0644).
    """
    path = folder / DATES_FILE
    text = format_dates(course, released)
    write_file(path, text, mode=0o644, exact=True, sync=True)
    return path


def describe_late_policy(assignment: Assignment) -> str:
    """What lateness costs, in a sentence; empty if it costs nothing."""
    late = assignment.late
    if not late.per_day or not late.max:
        return ""
    grace = (
        f" after {late.grace_minutes} minutes of grace" if late.grace_minutes else ""
    )
    most = f", at most {late.max:g} %" if late.max < 100 else ""
    return f"{late.per_day:g} % off for each started day{grace}{most}"


def read_dates(folder: Path) -> CourseDates:
    """What the file says; nothing if it is not there or not what we write."""
    try:
        document = json.loads((folder / DATES_FILE).read_text(encoding="utf-8"))
        assignments = {
            n: _parse_released(v) for n, v in document["assignments"].items()
        }
        zone = ZoneInfo(document["timezone"])
        late_days = int(document.get("late_days", 0))
        return CourseDates(str(document["title"]), zone, assignments, late_days)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return CourseDates()


def _parse_released(values: Mapping[str, Any]) -> ReleasedAssignment:
    due = datetime.fromisoformat(values["due"]) if values["due"] else None
    return ReleasedAssignment(
        title=str(values["title"]),
        due=due,
        points=float(values["points"]),
        late=str(values["late"]),
        policy=LatePolicy(**values.get("policy", {})),  # an older file has none
    )

"""What a regrade changes: for each student, each check, and the class."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from unrolled.assignment.decisions import KeptPoints
from unrolled.gradebook.tables import GradeRow


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a regrade may change: `only` these checks, no score down, or `give` checks
    to everybody, and then nothing is judged again."""

    only: tuple[str, ...] = ()
    never_lower: bool = False
    give: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CheckChange:
    """One check of one student, in points; None is a check that had no score yet."""

    grade_id: str
    old: float | None
    new: float | None

    @property
    def points(self) -> float:
        """How many points more, or fewer."""
        return (self.new or 0.0) - (self.old or 0.0)


@dataclass(frozen=True, kw_only=True)
class StudentChange:
    """One student: points before the late penalty, now and then.

    `kept` are points that the rules let the student keep, by check.
    """

    student: str
    old: float
    new: float
    checks: tuple[CheckChange, ...] = ()
    kept: Mapping[str, KeptPoints] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CheckSummary:
    """One check over the class: how many go up and down, and points in all."""

    grade_id: str
    up: int
    down: int
    points: float


@dataclass(frozen=True, kw_only=True)
class RegradePlan:
    """What a regrade would change; `left_out` are the students it leaves, and why."""

    assignment: str
    max_score: float
    rules: Rules
    students: tuple[StudentChange, ...]
    left_out: Mapping[str, str]

    @property
    def up(self) -> tuple[StudentChange, ...]:
        """Who gets more points."""
        return tuple(s for s in self.students if s.new > s.old)

    @property
    def down(self) -> tuple[StudentChange, ...]:
        """Who gets fewer."""
        return tuple(s for s in self.students if s.new < s.old)

    @property
    def changed(self) -> tuple[StudentChange, ...]:
        """Whose points change, also where the total stays."""
        return tuple(s for s in self.students if s.checks)

    @property
    def means(self) -> tuple[float, float] | None:
        """The mean of the class now and then, None of nobody."""
        many = len(self.students)
        if not many:
            return None
        old, new = (s.old for s in self.students), (s.new for s in self.students)
        return sum(old) / many, sum(new) / many

    def summarize_checks(self) -> tuple[CheckSummary, ...]:
        """The checks that change for somebody, those with the most points first."""
        found: dict[str, list[float]] = defaultdict(list)
        for student in self.students:
            for check in student.checks:
                found[check.grade_id].append(check.points)
        checks = (
            CheckSummary(
                grade_id=name,
                up=sum(p > 0 for p in points),
                down=sum(p < 0 for p in points),
                points=sum(points),
            )
            for name, points in found.items()
        )
        return tuple(sorted(checks, key=lambda c: (-abs(c.points), c.grade_id)))

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        old, new = self.means or (None, None)
        more = {
            "up": len(self.up),
            "down": len(self.down),
            "mean_old": old,
            "mean_new": new,
            "checks": [asdict(c) for c in self.summarize_checks()],
        }
        return asdict(self) | more | {"fingerprint": self.fingerprint}

    @property
    def fingerprint(self) -> str:
        """Tells two plans apart that would change anything differently."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def list_check_changes(
    old: Mapping[str, GradeRow], new: Mapping[str, GradeRow]
) -> Iterator[CheckChange]:
    """The checks whose points are others."""
    for name, grade in new.items():
        before = _get_points(old[name])
        if before != _get_points(grade):
            yield CheckChange(grade_id=name, old=before, new=_get_points(grade))


def compute_total(grades: Iterable[GradeRow]) -> float:
    """Points before the late penalty."""
    return sum(grade.score for grade in grades)


def _get_points(grade: GradeRow) -> float | None:
    unknown = grade.auto is None and grade.manual is None
    return None if unknown else grade.score

"""What was decided about grades that stand: checks given to all, points that are kept.

`unrolled regrade` decides and writes it down; each grading that follows keeps to it, so
that neither a late submission nor a second run goes back on what students were told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import write_file


@dataclass(frozen=True, kw_only=True)
class KeptPoints:
    """Points that a student keeps for a check, by which regrade.

    With `at_least` a later result that is as good takes their place.
    """

    points: float
    regrade: int
    at_least: bool


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """Those of one assignment: `given` checks by regrade, `kept` points by student."""

    given: Mapping[str, int] = field(default_factory=dict)
    kept: Mapping[str, Mapping[str, KeptPoints]] = field(default_factory=dict)

    def without(self, regrade: int) -> Decisions:
        """What is left when a regrade is undone."""
        kept = {
            student: {n: k for n, k in mine.items() if k.regrade != regrade}
            for student, mine in self.kept.items()
        }
        given = {n: number for n, number in self.given.items() if number != regrade}
        return Decisions(
            given=given, kept={s: mine for s, mine in kept.items() if mine}
        )

    def with_kept(self, student: str, points: Mapping[str, KeptPoints]) -> Decisions:
        """With points that a student keeps from now on."""
        mine = {**self.kept.get(student, {}), **points}
        return Decisions(given=self.given, kept={**self.kept, student: mine})

    def with_given(self, checks: Mapping[str, int]) -> Decisions:
        """With checks that count for everybody from now on."""
        return Decisions(given={**self.given, **checks}, kept=self.kept)


def get_regrades_folder(course: Course, assignment: str) -> Path:
    """Where the regrades of an assignment are kept."""
    return course.build / "regrades" / assignment


def read_decisions(course: Course, assignment: str) -> Decisions:
    """What was decided so far; UserError if the file is not as we write it."""
    path = get_regrades_folder(course, assignment) / "decisions.json"
    if not path.exists():
        return Decisions()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        kept = {
            str(student): {str(n): KeptPoints(**k) for n, k in mine.items()}
            for student, mine in document["kept"].items()
        }
        given = {str(n): int(number) for n, number in document["given"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: cannot be read ({error}). It says which points students keep: "
            "mend it, or take it from a backup, before you grade."
        ) from error
    return Decisions(given=given, kept=kept)


def write_decisions(course: Course, assignment: str, decisions: Decisions) -> None:
    """Write them down, on the disk before the grades that follow them."""
    path = get_regrades_folder(course, assignment) / "decisions.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, json.dumps(asdict(decisions), indent=1), sync=True)

"""What `unrolled verify` reports."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

# What a notebook says to a misconception, before anything is graded.
SHOWN = "shows its hint"
SILENT = "fails without a hint"
UNSEEN = "fails hidden checks only"


@dataclass(frozen=True)
class VerifyReport:
    """All cases of a run."""

    seeds: int
    seconds: float
    cases: tuple[Case, ...]

    @property
    def passed(self) -> bool:
        """Whether every case holds."""
        return all(c.passed for c in self.cases)

    @property
    def misses(self) -> tuple[Case, ...]:
        """The cases that do not hold."""
        return tuple(c for c in self.cases if not c.passed)

    def summary(self) -> list[tuple[str, str, int, int]]:
        """(assignment, kind, cases, passed) in the order of the cases."""
        cases = Counter((c.assignment, c.kind) for c in self.cases)
        good = Counter((c.assignment, c.kind) for c in self.cases if c.passed)
        return [(a, k, n, good[a, k]) for (a, k), n in cases.items()]

    def counts(self) -> str:
        """What was tried, in words: misconceptions, styles, cross-checked tests."""
        tried = Counter(c.kind for c in self.cases)
        words = {
            "misconception": ("misconception", "misconceptions"),
            "style": ("style", "styles"),
            "cross-check": ("hidden test cross-checked", "hidden tests cross-checked"),
        }
        parts = [
            f"{tried[kind]} {one if tried[kind] == 1 else many}"
            for kind, (one, many) in words.items()
            if tried[kind]
        ]
        if tried["hint"]:
            shown = f"{len(self.list_hints(SHOWN))} of {tried['hint']}"
            parts.append(f"{shown} show their hint in the notebook")
        return ", ".join(parts)

    @property
    def unseen(self) -> list[str]:
        """The misconceptions that no visible check fails."""
        return self.list_hints(UNSEEN)

    def list_hints(self, outcome: str) -> list[str]:
        """The misconceptions to which the notebook does this, by assignment."""
        return [
            f"{c.assignment} {c.name}"
            for c in self.cases
            if isinstance(c, HintCase) and c.outcome == outcome
        ]

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        cases = [{**asdict(c), "passed": c.passed} for c in self.cases]
        return {"passed": self.passed, **asdict(self), "cases": cases}


@dataclass(frozen=True)
class Case:
    """One thing that must hold; `problems` are empty if it does."""

    assignment: str
    kind: str
    name: str
    problems: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it holds."""
        return not self.problems

    def __str__(self) -> str:
        """The case and what is wrong with it, for a person."""
        return f"{self.assignment} {self.kind} {self.name}: {'; '.join(self.problems)}"


@dataclass(frozen=True)
class HintCase(Case):
    """What a notebook says to a misconception: SHOWN, SILENT or UNSEEN."""

    outcome: str = ""

"""What the checks of an exercise saw of it: what a hint must agree with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unrolled.grade.blame import Outcome
from unrolled.grade.calls import Call
from unrolled.grade.diagnose import is_right
from unrolled.grade.reference import Check, Reference


@dataclass(frozen=True)
class Evidence:
    """The calls of all checks, in the first run and in the one that counts."""

    reference: Reference
    checks: tuple[Check, ...]
    first: Mapping[str, Outcome]
    last: Mapping[str, Outcome]
    known: dict[str, bool] = field(default_factory=dict)

    def of(self, check: Check, suspects: bool) -> list[Call]:
        """All calls that the checks of its exercise made, and that came back.

        Where an earlier exercise is wrong (`suspects`), only those made with the
        reference in its place, or that were right all the same. That a check passed
        does not say so: one that asks for a shape passes on wrong numbers.
        """
        siblings = [c.grade_id for c in self.checks if c.exercise == check.exercise]
        return [
            call
            for name in siblings
            if not suspects or self._is_clean(name, check.exercise)
            for call in _finished(self.last[name])
        ]

    def _is_clean(self, name: str, exercise: str) -> bool:
        """Whether the wrong earlier exercise has no part in what a check saw."""
        outcome = self.last[name]
        if outcome is not self.first[name]:
            return True
        if name not in self.known:
            calls = _finished(outcome)
            right = outcome.passed and is_right(calls, exercise, self.reference)
            self.known[name] = right
        return self.known[name]


def _finished(outcome: Outcome) -> list[Call]:
    return [call for call in outcome.calls if call.finished]

"""How each check ended, which earlier exercise is to blame, what a hint must fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unrolled.assignment import Check, Misconception, Reference
from unrolled.grade.judge.diagnose import is_compatible, is_right
from unrolled.grade.session import Call


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one run of a check ended; `calls` is the evidence.

    `used` are the names bound to the reference that the student's code has called;
    `lost` says that the process did not survive it.
    """

    passed: bool
    message: str = ""
    calls: tuple[Call, ...] = ()
    used: frozenset[str] = frozenset()
    lost: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """How all checks ended: in the first run, and in the one that counts (`last`)."""

    reference: Reference
    checks: tuple[Check, ...]
    first: Mapping[str, Outcome]
    last: dict[str, Outcome] = field(default_factory=dict)
    _blamed: dict[str, list[str]] = field(default_factory=dict, init=False)
    _clean: dict[str, bool] = field(default_factory=dict, init=False)
    _possible: dict[tuple[str, str], bool] = field(default_factory=dict, init=False)

    def find_suspects(self, check: Check) -> list[str]:
        """The earlier exercises that are wrong."""
        earlier = self.reference.list_earlier(check.exercise)
        return [e for e in earlier if self._has_failed(e, self.first)]

    def find_blamed(self, check: Check) -> list[str]:
        """Which suspects made a check fail that passes with the reference.

        Those that its function has really called, in their order. One that is wrong
        only because of an earlier one stands for that one.
        """
        if check.grade_id not in self._blamed:
            wrong, used = self.find_suspects(check), self.last[check.grade_id].used
            called = [e for e in wrong if used & set(self.reference.defines[e])]
            found = {b for e in called for b in self._find_causes(e)}
            # Data is bound by value: nobody calls it, so that it may be what was meant.
            defines, names = self.reference.defines, self.reference.names
            data = {e for e in wrong if not all(callable(names[n]) for n in defines[e])}
            found = found or data or set(wrong)
            earlier = self.reference.list_earlier(check.exercise)
            self._blamed[check.grade_id] = [e for e in earlier if e in found]
        return self._blamed[check.grade_id]

    def _find_causes(self, exercise: str) -> list[str]:
        if self._has_failed(exercise, self.last):
            return [exercise]
        own = [c for c in self.checks if c.exercise == exercise]
        failed = (c for c in own if not self.first[c.grade_id].passed)
        return [b for c in failed for b in self.find_blamed(c)]

    def _has_failed(self, exercise: str, outcomes: Mapping[str, Outcome]) -> bool:
        own = [c for c in self.checks if c.exercise == exercise]
        return any(not outcomes[c.grade_id].passed for c in own)

    def is_possible(self, m: Misconception, check: Check) -> bool:
        """Whether `m` agrees with all calls of the exercise of a check.

        They are the same for each of its checks, and are played on `m` once.
        """
        key = (m.exercise, m.name)
        if key not in self._possible:
            calls = self.collect_calls(check)
            self._possible[key] = is_compatible(m, calls, self.reference)
        return self._possible[key]

    def collect_calls(self, check: Check) -> list[Call]:
        """All calls that the checks of its exercise made, and that came back.

        Where an earlier exercise is wrong, only those made with the reference in its
        place, or that were right all the same. That a check passed does not say so:
        one that asks for a shape passes on wrong numbers.
        """
        suspects = self.find_suspects(check)
        return [
            call
            for other in self.checks
            if other.exercise == check.exercise
            and (not suspects or self._is_clean(other))
            for call in _select_finished(self.last[other.grade_id])
        ]

    def _is_clean(self, check: Check) -> bool:
        """Whether the wrong earlier exercise has no part in what a check saw."""
        name, outcome = check.grade_id, self.last[check.grade_id]
        if outcome is not self.first[name]:
            return True
        if name not in self._clean:
            calls = _select_finished(outcome)
            right = outcome.passed and is_right(calls, check.exercise, self.reference)
            self._clean[name] = right
        return self._clean[name]


def _select_finished(outcome: Outcome) -> list[Call]:
    return [call for call in outcome.calls if call.finished]

"""Which exercises' own checks have failed since the kernel was started.

A verdict counts as long as the functions are those that it was made of: who mends an
exercise, or anything that it calls, is told nothing of it any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from unrolled.lab.checks.call import read_message
from unrolled.lab.checks.describe import get_type_name
from unrolled.lab.checks.errors import clip
from unrolled.lab.follow_through.calls import (
    State,
    describe_state,
    list_code,
    list_names,
    list_reached,
)
from unrolled.lab.follow_through.outline import KnownCell, Outline, digest_cell

Standing = Literal["passed", "failed", "unknown"]
UNWRITTEN = "is not written yet"  # what a stub raises
ERROR_LIMIT = 160


@dataclass(frozen=True)
class Verdict:
    """How a check ended, and of which state of its exercise."""

    passed: bool
    state: State


@dataclass
class Session:
    """What the checks of one notebook have said, for the names of its kernel."""

    outline: Outline
    names: dict[str, Any]
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def note_verdict(self, source: str, *, passed: bool) -> None:
        """Keep how the check with this text ended."""
        cell = self.outline.find_cell(source)
        if cell is not None and cell.checks:
            state = self._describe(cell.checks)
            self.verdicts[digest_cell(source)] = Verdict(passed, state)

    def find_standing(self, exercise: str) -> Standing:
        """What its own checks say of an exercise as it is now."""
        checks = self.outline.list_checks(exercise)
        state = self._describe(exercise)
        verdicts = [self.verdicts.get(check) for check in checks]
        current = [v.passed for v in verdicts if v is not None and v.state == state]
        if not all(current):
            return "failed"
        return "passed" if len(current) == len(checks) else "unknown"

    def explain_check(self, source: str) -> str:
        """Which earlier exercise is to be mended first, "" if none is to blame.

        Raises SyntaxError if the text is no Python.
        """
        cell = self.outline.find_cell(source)
        if cell is None or not cell.checks:
            return ""
        asked = list_names(compile(source, "<check>", "exec"))
        reached = list_reached(asked, self.names)
        earlier = [
            exercise
            for exercise in self.outline.list_earlier(cell.checks)
            if reached.intersection(self.outline.exercises[exercise])
        ]
        exercise, standing = self._choose(earlier)
        if standing == "passed":
            return ""
        subject = self._describe_link(cell.checks, exercise)
        if standing == "failed":
            return f"{subject}, whose own check fails: fix that first."
        return f"{subject}, which has not passed its checks yet: run them first."

    def explain_demo(self, cell: KnownCell, error: Exception) -> str:
        """What a demonstration says in the place of a traceback.

        "" if all exercises that it needs have passed their checks.
        """
        reason = self._find_gap(cell.needs, error) or self._find_failure(
            cell.needs, error
        )
        return f"Nothing to show yet: {reason}" if reason else ""

    def _find_gap(self, exercises: Iterable[str], error: Exception) -> str:
        """What is said of the first exercise that isn't there at all."""
        text = read_message(error)
        if type(error) is NotImplementedError and text.endswith(UNWRITTEN):
            return f"{clip(text, ERROR_LIMIT)}. Write it, then go on from there."
        for exercise in exercises:
            if any(n not in self.names for n in self.outline.exercises[exercise]):
                return f"the cell of {exercise} has not been run. Go on from there."
        return ""

    def _find_failure(self, exercises: Iterable[str], error: Exception) -> str:
        """What is said of the first that has not passed its checks."""
        exercise, standing = self._choose(exercises)
        seen = f"({get_type_name(error)}: {clip(read_message(error), ERROR_LIMIT)})"
        if standing == "failed":
            return f"a check of {exercise} fails. Fix {exercise} first. {seen}"
        if standing == "unknown":
            return f"run the checks of {exercise} first. {seen}"
        return ""

    def _choose(self, exercises: Iterable[str]) -> tuple[str, Standing]:
        """The first that failed, or else the first of which nothing is known."""
        found = [(exercise, self.find_standing(exercise)) for exercise in exercises]
        for wanted in ("failed", "unknown"):
            for exercise, standing in found:
                if standing == wanted:
                    return exercise, standing
        return "", "passed"

    def _describe(self, exercise: str) -> State:
        return describe_state(self.outline.exercises[exercise], self.names)

    def _describe_link(self, later: str, earlier: str) -> str:
        """How the one comes to the other: "rnn_forward calls rnn_step"."""
        own, wanted = self.outline.exercises[later], self.outline.exercises[earlier]
        codes = [c for n in own for c in list_code(self.names.get(n), self.names)]
        if any(list_names(code).intersection(wanted) for code in codes):
            return f"{later} calls {earlier}"
        if list_reached(own, self.names).intersection(wanted):
            return f"{later} builds on {earlier}"
        return f"This check builds on {earlier}"

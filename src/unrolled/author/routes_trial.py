"""Measure one hidden test: how far two routes differ, and what rounding does."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unrolled.author.routes_measure import INF, STEP, Gap, gap, perturbed
from unrolled.author.routes_record import Ask, Run, run_hidden
from unrolled.author.routes_witness import Witness, draws_inputs
from unrolled.grade.reference import Check, Reference
from unrolled.lab.values import Tolerance

DRAWS = 3
ROUTES_SHARE = 0.1  # of the tolerance: the most that the routes may differ by
ROUNDING_SHARE = 0.01  # of the tolerance: the most that rounding may take
EPS = sys.float_info.epsilon
DEFAULT = Tolerance(1e-7, 1e-9)


class Trial:
    """The measurements of one check, the worst over all seeds and draws."""

    def __init__(self, reference: Reference, witness: Witness, check: Check) -> None:
        self.reference, self.witness, self.check = reference, witness, check
        self.differ, self.moved = Gap(), Gap()
        self.tolerances: dict[Tolerance | None, None] = {}
        self.errors: dict[str, None] = {}

    def seed(self, seed: int) -> None:
        """Measure under one seed."""
        first = self._run("the oracle", seed, self._oracle, checking=True)
        second = self._run("the witness", seed, self._witness)
        self._guard(first)
        judged = _judged(first)
        self.differ = self.differ.worst(self._gap(first, second, judged))
        for draw in range(DRAWS):
            rng = np.random.default_rng([seed, draw])
            third = self._run("arguments changed by 1e-8", seed, self._shaken(rng))
            found = self._gap(first, third, judged)
            scale = EPS / STEP
            found = Gap(found.relative * scale, found.share * scale)
            self.moved = self.moved.worst(found)

    def _run(self, what: str, seed: int, ask: Ask, *, checking: bool = False) -> Run:
        check, reference = self.check, self.reference
        run = run_hidden(check, reference, seed, ask, checking=checking)
        if run.error:
            self.errors[f"with {what} the test fails: {run.error}"] = None
        return run

    def _oracle(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return getattr(self.reference.oracle, name)(*args, **kwargs)

    def _witness(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        function = getattr(self.reference.oracle, name)
        if not draws_inputs(function):
            function = getattr(self.witness.module, name)
        return function(*args, **kwargs)

    def _shaken(self, rng: np.random.Generator) -> Ask:
        def ask(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            function = getattr(self.reference.oracle, name)
            if not draws_inputs(function):
                args, kwargs = perturbed(args, rng), perturbed(kwargs, rng)
            return function(*args, **kwargs)

        return ask

    def _guard(self, run: Run) -> None:
        """What is said to be an input may not be what a test compares with."""
        for call in run.calls:
            function = getattr(self.reference.oracle, call.name)
            if draws_inputs(function) and _is_compared(call.outcome.parts, run):
                error = f"oracle.{call.name} draws more than inputs: it is compared"
                self.errors[error] = None

    def _gap(self, first: Run, other: Run, judged: Sequence[_Judged]) -> Gap:
        worst = Gap()
        wants, others = _items(first), _items(other)
        if first.error or other.error:
            return worst
        if len(wants) != len(others):
            self.errors["the test takes another way where its numbers differ"] = None
            return worst
        for item in judged:
            found = gap(wants[item.place], others[item.place], item.tolerance)
            worst = worst.worst(found)
            if item.compared and (item.made or found.relative > 0):
                self.tolerances[item.tolerance] = None
        return worst

    def problems(self) -> Iterator[str]:
        """What is wrong with the check."""
        yield from self.errors
        if self.differ.share > ROUTES_SHARE:
            yield (
                f"the two routes differ by {_times(self.differ.share)} the tolerance "
                f"(relative {self.differ.relative:.1g}); at most {ROUTES_SHARE:g} "
                "times is allowed"
            )
        if self.moved.share > ROUNDING_SHARE:
            yield (
                f"the tolerance is too tight: rounding the arguments moves the result "
                f"by {_times(self.moved.share)} the tolerance (conditioning "
                f"{self.moved.relative / EPS:.1g}); at most {ROUNDING_SHARE:g} times "
                "is allowed"
            )


def _times(share: float) -> str:
    return "infinitely many times" if share == INF else f"{share:.1g} times"


@dataclass(frozen=True)
class _Judged:
    """A place among a run's comparisons and outcomes, with what holds there.

    `made`: the oracle's own outcome, or a part of it, is what is compared with.
    """

    place: int
    tolerance: Tolerance | None
    compared: bool
    made: bool


def _items(run: Run) -> list[Any]:
    """All that a run compared with, then all outcomes of the oracle."""
    wants = [c.want.value for c in run.comparisons]
    return wants + [c.outcome.value for c in run.calls]


def _is_compared(parts: frozenset[int], run: Run) -> bool:
    return any(parts & c.want.parts for c in run.comparisons)


def _judged(run: Run) -> list[_Judged]:
    """What is judged: comparisons, and outcomes that are not compared themselves."""
    outcomes = frozenset[int]().union(*(c.outcome.parts for c in run.calls))
    judged = [
        _Judged(place, c.tolerance, True, bool(outcomes & c.want.parts))
        for place, c in enumerate(run.comparisons)
    ]
    known = [c.tolerance for c in run.comparisons if c.tolerance is not None]
    loosest = max(known, key=lambda t: (t.rtol, t.atol), default=DEFAULT)
    start = len(run.comparisons)
    for place, call in enumerate(run.calls, start):
        if not _is_compared(call.outcome.parts, run):
            judged.append(_Judged(place, loosest, False, False))
    return judged

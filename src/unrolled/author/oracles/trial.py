"""Measure one hidden test: how far oracle and witness differ, what rounding does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from unrolled.assignment import Check, Reference
from unrolled.author.oracles.conditioning import (
    INF,
    Gap,
    Limit,
    Perturbation,
    measure_gap,
)
from unrolled.author.oracles.record import Ask, RecordedRun, run_hidden_part
from unrolled.author.oracles.witness import Witness, is_input_generator
from unrolled.lab.checks.values import Tolerance

DRAWS = 2
MAX_DIFFERENCE = 0.1  # of the tolerance, between oracle and witness
DEFAULT = Limit(Tolerance(1e-7, 1e-9))


class Trial:
    """The measurements of one check, the worst over all seeds and draws.

    `moved.relative` is the conditioning, `moved.share` what a rounding error in the
    arguments takes of the tolerance; `moved` is None where no argument can change.
    """

    def __init__(self, reference: Reference, witness: Witness, check: Check) -> None:
        self.reference, self.witness, self.check = reference, witness, check
        self.differ = Gap()
        self.moved: Gap | None = None
        self.too_tight: Gap | None = None
        self.limits: dict[Limit, None] = {}
        self.errors: dict[str, None] = {}

    def seed(self, seed: int) -> None:
        """Measure under one seed."""
        first = self._run("the oracle", seed, self._ask, checking=True)
        witness = partial(self._ask, module=self.witness.module)
        second = self._run("the witness", seed, witness)
        self._check_inputs(first)
        judged = _list_judged(first, self._only_draws)
        for _, gap in self._measure_gaps(first, second, judged):
            self.differ = self.differ.take_worst(gap)
        for draw in range(DRAWS):
            shake = Perturbation(np.random.default_rng([seed, draw]))
            shaken = partial(self._ask, shake=shake)
            third = self._run("arguments hardly changed", seed, shaken)
            gaps = list(self._measure_gaps(first, third, judged))
            for item, gap in gaps if shake.step else ():
                self._note_movement(item.limit, gap, shake.step)

    def _note_movement(self, limit: Limit, gap: Gap, step: float) -> None:
        """Note how far a result moved when the arguments did by a relative step."""
        moved = Gap(gap.relative / step, gap.share / step * limit.eps)
        self.moved = moved.take_worst(self.moved or Gap())
        if moved.share > limit.rounding_share:
            self.too_tight = moved.take_worst(self.too_tight or Gap())

    def _run(
        self, what: str, seed: int, ask: Ask, *, checking: bool = False
    ) -> RecordedRun:
        check, reference = self.check, self.reference
        run = run_hidden_part(check, reference, seed, ask, checking=checking)
        if run.error:
            self.errors[f"with {what} the test fails: {run.error}"] = None
        return run

    def _ask(
        self,
        name: str,
        args: Any,
        kwargs: Any,
        *,
        module: Any = None,
        shake: Any = None,
    ) -> Any:
        """Ask the oracle; what derives numbers: of `module`, or with what is shaken."""
        draws, module = self._only_draws(name), module or self.reference.oracle
        if shake and not draws:
            args, kwargs = shake(args), shake(kwargs)
        return getattr(self.reference.oracle if draws else module, name)(
            *args, **kwargs
        )

    def _only_draws(self, name: str) -> bool:
        return is_input_generator(getattr(self.reference.oracle, name))

    def _check_inputs(self, run: RecordedRun) -> None:
        """What is said to be an input may not be what a test compares with."""
        for call in run.calls:
            compared = _is_compared(call.outcome.arrays, run)
            if compared and self._only_draws(call.name):
                error = (
                    f"oracle.{call.name} draws more than inputs: the test compares "
                    "with it; derive that in a function of its own"
                )
                self.errors[error] = None

    def _measure_gaps(
        self, first: RecordedRun, other: RecordedRun, judged: Sequence[_JudgedValue]
    ) -> Iterator[tuple[_JudgedValue, Gap]]:
        wants, others = _list_values(first), _list_values(other)
        if first.error or other.error:
            return
        if len(wants) != len(others):
            self.errors["the test compares other things where numbers differ"] = None
            return
        for item in judged:
            gap = measure_gap(wants[item.index], others[item.index], item.limit)
            if item.compared and (item.derived or gap.relative > 0):
                self.limits[item.limit] = None
            yield item, gap

    def problems(self) -> Iterator[str]:
        """What is wrong with the check."""
        yield from self.errors
        if self.differ.share > MAX_DIFFERENCE:
            yield (
                f"oracle and witness differ by {_format_times(self.differ.share)} the "
                f"tolerance (relative {self.differ.relative:.1g}); at most "
                f"{MAX_DIFFERENCE:g} times is allowed"
            )
        if self.too_tight:
            yield (
                "the tolerance is too tight: rounding the arguments moves the result "
                f"by {_format_times(self.too_tight.share)} the tolerance (conditioning "
                f"{self.too_tight.relative:.1g}); at most 0.01 times is allowed, 0.1 "
                "times in single precision"
            )


def _format_times(share: float) -> str:
    return "infinitely many times" if share == INF else f"{share:.1g} times"


@dataclass(frozen=True, kw_only=True)
class _JudgedValue:
    """One of the values that `_list_values` gives, by its index, and what holds for it.

    `compared`: the test compares with it. `derived`: it is an outcome of the oracle,
    or has a part of one in it.
    """

    index: int
    limit: Limit
    compared: bool = False
    derived: bool = False


def _list_values(run: RecordedRun) -> list[Any]:
    """All that a run compared with, then all outcomes of the oracle."""
    wants = [c.want.value for c in run.comparisons]
    return wants + [c.outcome.value for c in run.calls]


def _is_compared(parts: frozenset[int], run: RecordedRun) -> bool:
    return any(parts & c.want.parts for c in run.comparisons)


def _list_judged(run: RecordedRun, draws: Callable[[str], bool]) -> list[_JudgedValue]:
    """What is judged: comparisons, and outcomes that are not compared themselves.

    Outcomes of a function that only `draws` inputs are not: they may hold functions.
    An outcome that the test only computes with has no tolerance of its own; it is held
    to the loosest one of the test.
    """
    outcomes = frozenset[int]().union(*(c.outcome.parts for c in run.calls))
    judged = []
    for index, c in enumerate(run.comparisons):
        derived = bool(outcomes & c.want.parts)
        one = _JudgedValue(index=index, limit=c.limit, compared=True, derived=derived)
        judged.append(one)
    limits = [c.limit for c in run.comparisons if c.limit.tolerance is not None]
    loosest = max(limits, key=_measure_looseness, default=DEFAULT)
    for index, call in enumerate(run.calls, len(run.comparisons)):
        if not (draws(call.name) or _is_compared(call.outcome.parts, run)):
            judged.append(_JudgedValue(index=index, limit=loosest))
    return judged


def _measure_looseness(limit: Limit) -> tuple[bool, float, float]:
    close = limit.tolerance or Tolerance(0.0, 0.0)
    return limit.single, close.rtol, close.atol

"""Prove what the hidden tests expect by two implementations, oracle and witness.

The hidden part of each check is run with the reference's functions, first with the
lesson's oracle, then with its witness in the oracle's place, then with the oracle
again, whose arguments are changed by a rounding error made large. What the test
compares with may hardly differ between the first two, and the tolerance must be
wide enough for the third.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from unrolled.assignment import Check, Material, Reference, load_reference, read_sources
from unrolled.assignment.cells import split_check
from unrolled.author.oracles.conditioning import INF, Gap, Limit
from unrolled.author.oracles.trial import Trial
from unrolled.author.oracles.witness import (
    Witness,
    find_witness_problems,
    is_input_generator,
    list_oracle_functions,
    load_witness,
    read_route,
)
from unrolled.author.report import Case

SEEDS = range(4)
UNMEASURED = Gap(INF, INF)


@dataclass(frozen=True, kw_only=True)
class CrossCheck:
    """A hidden test whose numbers come from the oracle, and what was measured.

    `functions` are the oracle's; `first` says how the oracle computes each of them,
    `second` how the witness does. `limits` hold for what is compared; none, if the
    test compares with no number: then it is held to the default of check.close.
    `differ` is between oracle and witness; `moved.relative`
    is the conditioning, `moved.share` what rounding takes of the tolerance, and
    `moved` is None if the oracle is given nothing that could be rounded.
    """

    assignment: str
    check: str
    functions: tuple[str, ...]
    first: tuple[str, ...] = ()
    second: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    differ: Gap = UNMEASURED
    moved: Gap | None = UNMEASURED
    problems: tuple[str, ...] = ()

    @property
    def case(self) -> Case:
        """The row as a case of `unrolled verify`."""
        return Case(self.assignment, "cross-check", self.check, self.problems)


def read_hidden_parts(material: Material) -> dict[str, str]:
    """The hidden part of each check that has one."""
    checks = read_sources(material.source_cells, "check")
    texts = {name: split_check(text)[1] for name, text in checks.items()}
    return {name: text for name, text in texts.items() if text.strip()}


def find_derived_checks(
    material: Material, reference: Reference
) -> dict[str, tuple[str, ...]]:
    """The checks whose hidden part asks the oracle for numbers, and its functions."""
    functions = {
        name: list_oracle_functions(text, reference)
        for name, text in read_hidden_parts(material).items()
    }
    return {
        n: asked for n, asked in functions.items() if _select_deriving(reference, asked)
    }


def plan_cross_checks(
    material: Material, text: str | None
) -> list[Callable[[], list[CrossCheck]]]:
    """The pieces of work that give the rows of an assignment.

    `text` is that of the lesson's witness; if it cannot be run, one row says so for
    all.
    """
    reference = load_reference(material)
    asked = find_derived_checks(material, reference)
    functions = _select_deriving(
        reference, dict.fromkeys(f for fs in asked.values() for f in fs)
    )
    error = load_witness(material.assignment, text).error
    if asked and error:
        needed = f"the hidden tests need {', '.join(functions)} in it"
        problems = (f"{error}; {needed} (see docs/authors.md)",)
        row = CrossCheck(
            assignment=material.assignment,
            check="witness.py",
            functions=functions,
            problems=problems,
        )
        return [partial(list, [row])]
    exercises = {c.exercise: None for c in reference.checks if c.grade_id in asked}
    return [partial(cross_check_exercise, material, text, e) for e in exercises]


def cross_check_exercise(
    material: Material, text: str | None, exercise: str
) -> list[CrossCheck]:
    """The rows of an exercise."""
    reference = load_reference(material)
    witness = load_witness(material.assignment, text)
    asked = find_derived_checks(material, reference)
    rows = []
    for check in reference.checks:
        functions = asked.get(check.grade_id, ())
        if check.exercise != exercise or not functions:
            continue
        row = CrossCheck(
            assignment=material.assignment,
            check=check.grade_id,
            functions=_select_deriving(reference, functions),
            problems=tuple(
                problem
                for name in functions
                for problem in find_witness_problems(name, material, reference, witness)
            ),
        )
        rows.append(row if row.problems else _measure(row, check, reference, witness))
    return rows


def _measure(
    row: CrossCheck, check: Check, reference: Reference, witness: Witness
) -> CrossCheck:
    """The row with how the functions compute, and what a trial has found."""
    trial = Trial(reference, witness, check)
    for seed in SEEDS:
        trial.seed(seed)
    first = [getattr(reference.oracle, f) for f in row.functions]
    second = [getattr(witness.module, f) for f in row.functions]
    return replace(
        row,
        first=tuple(str(read_route(function)) for function in first),
        second=tuple(str(read_route(function)) for function in second),
        limits=tuple(trial.limits),
        differ=trial.differ,
        moved=trial.moved,
        problems=tuple(trial.problems()),
    )


def _select_deriving(reference: Reference, functions: Iterable[str]) -> tuple[str, ...]:
    """Those of the oracle's functions that derive numbers."""
    oracle = reference.oracle
    return tuple(f for f in functions if not is_input_generator(getattr(oracle, f)))

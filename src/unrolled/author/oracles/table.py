"""The table of oracles in the docs: every hidden test, and what it stands on."""

from __future__ import annotations

import ast
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from unrolled.assignment import Material, load_material, load_reference
from unrolled.author.oracles.conditioning import Limit
from unrolled.author.oracles.cross_check import (
    SEEDS,
    CrossCheck,
    find_derived_checks,
    plan_cross_checks,
    read_hidden_parts,
)
from unrolled.author.oracles.trial import DRAWS, MAX_DIFFERENCE
from unrolled.author.oracles.witness import read_witness
from unrolled.author.report import VerifyReport
from unrolled.author.work import Step, WorkItem, run_all
from unrolled.course import Course
from unrolled.errors import UserError


def load_cross_checks(
    course: Course, material: Material
) -> list[Callable[[], list[CrossCheck]]]:
    """The pieces of work that cross-check an assignment, with the lesson's witness."""
    return plan_cross_checks(material, read_witness(course, material.assignment))


COMMAND = "unrolled verify --oracles docs/oracles.md"
MEASURED = ("difference", "conditioning", "room: difference", "room: rounding")
COLUMNS = ("test", "functions", "oracle", "witness", "tolerance", *MEASURED)
MADE = f"<!-- Made by `{COMMAND}`; don't edit. -->"
INTRODUCTION = f"""\
# Where the expected numbers come from

{MADE}

A hidden test compares a student's numbers with right ones. Who says that those are
right? Not the reference solution: it could be wrong in the same way as the test.
Each number comes from the lesson's `oracle.py`, and once more from its `witness.py`,
an independent implementation that shares nothing with the first. `unrolled verify`
runs every hidden test with both. It fails where they differ, and where a tolerance is
too tight for what it is applied to. This page comes from the same measurements;
`{COMMAND}` makes it again.

- **functions**: those of `oracle.py` that the hidden part of the test asks.
- **oracle**, **witness**: how each of them computes; the last lines of the docstrings
  in `oracle.py` and `witness.py`.
- **tolerance**: the relative and the absolute one of `check.close`; "equal" for
  `check.equal`; "a condition" where the test asks whether something holds, for
  example whether a loss is small. "(single)": the result is in single precision, for
  which `check.close` is looser, and the absolute tolerance is of the largest number.
- **difference**: the largest difference between oracle and witness in an array over
  the largest number in it, the worst of {len(SEEDS)} seeds, rounded up to a power of
  ten.
- **conditioning**: how many times further the right numbers move than the arguments
  from which they are made. Every number given to the oracle goes up or down, by chance,
  by a relative 1e-8 (1e-5 in single precision), {DRAWS} times under each seed; the
  worst counts. A conditioning of 1000 costs three of the sixteen digits that a
  computer has. "-": the oracle is given nothing that could be rounded.
- **room: difference**: how many times the tolerance is larger than the difference
  between oracle and witness, for the worst single number, rounded down to a power of
  ten. At least {1 / MAX_DIFFERENCE:g} is asked for.
- **room: rounding**: the same for what a rounding error (2.2e-16, in single precision
  1.2e-7) in every argument does to the right number. At least 100 is asked for (10 in
  single precision), so that no right solution fails because it adds up in another
  order or on another machine.
"""
_LEAST, _MOST = 1e-15, 1e9
_WORDS = {"array": "shape and kind of numbers", "unchanged": "arguments unchanged"}


def write_oracle_table(
    course: Course, assignments: Sequence[str], path: Path, jobs: int, step: Step
) -> VerifyReport:
    """Cross-check all hidden tests, and write the table if all of them hold.

    Raises UserError if the file cannot be written, or is one that was not made so, if
    an assignment is not built or its reference does not run.
    """
    _refuse_other(path)
    began = time.monotonic()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    materials = [load_material(course, name) for name in assignments]
    work = [WorkItem(w) for m in materials for w in load_cross_checks(course, m)]
    rows = run_all(work, jobs, step, lambda row: row.check)
    cases = tuple(row.case for row in rows)
    report = VerifyReport(len(SEEDS), time.monotonic() - began, cases)
    if report.passed:
        text = format_markdown(course, assignments, rows)
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}.") from error
    return report


def _refuse_other(path: Path) -> None:
    """Only a table that this made is written over; asked before minutes are spent."""
    try:
        if path.exists() and MADE not in path.read_text(encoding="utf-8"):
            raise UserError(
                f"{path} exists already and is not a table of oracles. Name another "
                "file, or move this one away."
            )
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be replaced: {error}.") from error


def format_markdown(
    course: Course, assignments: Sequence[str], rows: Iterable[CrossCheck]
) -> str:
    """The document: what the columns mean, then two tables for each assignment."""
    rows = list(rows)
    parts = [INTRODUCTION]
    for name in assignments:
        mine = [_format_row(row) for row in rows if row.assignment == name]
        parts.append(f"## {name}\n")
        if mine:
            parts.append(_format_table(COLUMNS, mine))
        if others := list(_list_other_tests(course, name)):
            parts.append("These hidden tests ask the oracle for no number:\n")
            parts.append(_format_table(("test", "what it expects"), others))
    return "\n".join(parts)


def _format_row(row: CrossCheck) -> tuple[str, ...]:
    exact = all(limit.tolerance is None for limit in row.limits) and row.limits
    moved = None if exact else row.moved
    return (
        f"`{row.check}`",
        ", ".join(f"`{name}`" for name in row.functions),
        _format_methods(row.functions, row.first),
        _format_methods(row.functions, row.second),
        "; ".join(map(_format_limit, row.limits)) or "a condition",
        "-" if exact else _format_difference(row.differ.relative),
        "-" if moved is None else _format_number(float(f"{moved.relative:.1g}")),
        "-" if exact else _format_margin(row.differ.share),
        "-" if moved is None else _format_margin(moved.share),
    )


def _format_methods(functions: Sequence[str], methods: Sequence[str]) -> str:
    if len(set(methods)) == 1:
        return methods[0]
    pairs = zip(functions, methods, strict=True)
    return "; ".join(f"`{name}`: {method}" for name, method in pairs)


def _format_limit(limit: Limit) -> str:
    if limit.tolerance is None:
        return "equal"
    if not limit.single:
        known = limit.tolerance
        return f"{_format_number(known.rtol)}, {_format_number(known.atol)}"
    one = np.ones(1, np.float32)
    rtol, atol = limit.tolerance.bounds(one, one)
    return f"{_format_number(rtol)}, {_format_number(atol)} (single)"


def _format_number(number: float) -> str:
    """A number as people write it: 0.6, 30, 2e5, 1e-7."""
    mantissa, _, exponent = f"{number:.5g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def _format_difference(relative: float) -> str:
    if relative <= _LEAST:
        return f"< {_format_number(_LEAST)}"
    return f"1e{math.ceil(math.log10(relative))}"


def _format_margin(share: float) -> str:
    if share * _MOST <= 1:
        return f"> {_format_number(_MOST)}"
    return f"1e{math.floor(-math.log10(share))}"


def _format_table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n"
        for line in lines
    )


def _list_other_tests(course: Course, assignment: str) -> Iterator[tuple[str, str]]:
    """The hidden tests that ask the oracle for no number, and what they expect."""
    material = load_material(course, assignment)
    asked = find_derived_checks(material, load_reference(material))
    for name, text in read_hidden_parts(material).items():
        if name not in asked:
            stands = dict.fromkeys(_describe_conditions(ast.parse(text)))
            yield f"`{name}`", "; ".join(stands) or "that it runs without an error"


def _describe_conditions(tree: ast.AST) -> Iterator[str]:
    """What a hidden part without an oracle compares with, in the order of its text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            yield f"a condition, `{ast.unparse(node.test)}`"
        if not isinstance(node, ast.Call):
            continue
        module, _, name = ast.unparse(node.func).rpartition(".")
        if module != "check":
            continue
        if name in _WORDS:
            yield _WORDS[name]
        elif name == "that" and node.args:
            yield f"a condition, `{ast.unparse(node.args[0])}`"
        elif name in ("close", "equal"):
            named = [k.value for k in node.keywords if k.arg == "expected"]
            yield f"made in the test, `{ast.unparse([*node.args[2:3], *named][0])}`"

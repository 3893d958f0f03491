"""Is the table of hints made so that nobody is told what is not so?"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from unrolled.author.hints.make import (
    Wrong,
    choose_grid,
    group_by_question,
    make_table,
    sort_hints,
)
from unrolled.author.hints.weigh import LEAST, count_bits, is_telling
from unrolled.lab.checks.errors import Seen
from unrolled.lab.hints.encode import encode_value
from unrolled.lab.hints.table import find_hint, parse_table

WANT = np.array([0.3171, -0.8422, 0.1255])


def wrong(name: str, got: object, *, coincides: tuple[str, ...] = ()) -> Wrong:
    """A misconception of this name, and what a check of h saw."""
    entry: Any = SimpleNamespace(name=name, hint=f"It is {name}.", coincides=coincides)
    return Wrong(entry, Seen("close", "h", got, WANT))


def told(*wrongs: Wrong) -> dict[str, str | None]:
    """The hint that the table holds for each, by name."""
    table = parse_table(make_table(wrongs, "a lesson"))
    return {w.misconception.name: find_hint(table, w.seen) for w in wrongs}


def test_each_result_gets_its_hint() -> None:
    """Is a mistake told by its own result?"""
    found = told(wrong("doubled", 2 * WANT), wrong("negated", -WANT))
    assert found == {"doubled": "It is doubled.", "negated": "It is negated."}


def test_contradictory_mistakes_are_told_by_no_hint() -> None:
    """Is nothing said where two mistakes have the same result, up to rounding?"""
    found = told(wrong("doubled", 2 * WANT), wrong("added", WANT + WANT + 1e-12))
    assert found == {"doubled": "", "added": ""}


def test_what_nobody_can_tell_apart_is_told_together() -> None:
    """Are both hints said where the catalogue says that two entries coincide?"""
    found = told(
        wrong("doubled", 2 * WANT, coincides=("added",)), wrong("added", WANT + WANT)
    )
    assert set(found.values()) == {"It is doubled. Or: It is added."}


def test_a_result_that_is_nearly_right_is_told_on_a_finer_grid() -> None:
    """Is a small error told, which the coarse grid takes for the right result?"""
    assert told(wrong("near", WANT * (1 + 3e-6))) == {"near": "It is near."}


def test_the_right_result_is_never_in_the_table() -> None:
    """Does the table hold nothing under the key that the right result makes?"""
    made = parse_table(
        make_table([wrong("same", WANT.copy()), wrong("doubled", 2 * WANT)], "x")
    )
    assert find_hint(made, Seen("close", "h", WANT, WANT)) is None


@pytest.mark.parametrize(
    "result", [np.zeros(3), np.ones(3), np.array([0.0, 0.0, 1.0]), 0.5, True, None, "e"]
)
def test_a_result_that_anybody_may_have_gets_no_hint(result: object) -> None:
    """Is nothing said, and nothing guessed, of zeros, ones, booleans, a letter?"""
    assert told(wrong("never filled in", result)) == {"never filled in": ""}


def test_what_is_not_finite_is_left_to_the_check() -> None:
    """Does the check say itself what makes nan, where nan is all there is?"""
    assert told(wrong("overflow", np.full(3, np.nan))) == {"overflow": None}


NOISE: list[Callable[[Any], Any]] = [
    lambda v: v * (1 + 1e-12),
    lambda v: v * (1 - 1e-12),
    lambda v: v + 1e-13,
    lambda v: v - 1e-13,
]


@pytest.mark.parametrize("noise", NOISE)
def test_rounding_of_another_machine_changes_no_digest(
    noise: Callable[[Any], Any],
) -> None:
    """Are 100 results of 24 numbers found again after errors in their last digits?

    Round numbers are among them, which lie on the edges of a plain grid.
    """
    rng = np.random.default_rng(5)
    results = [rng.normal(size=24) * 10.0 ** rng.integers(-2, 3) for _ in range(50)]
    results += [np.round(r, 4) for r in results]
    alike = [wrong(str(n), r) for n, r in enumerate(results)]
    grid = choose_grid(alike)
    for result in results:
        assert encode_value(noise(result), grid) == encode_value(result, grid)


def test_a_float32_result_keeps_its_hint() -> None:
    """Is a mistake known in single precision, too?"""
    table = parse_table(make_table([wrong("doubled", 2 * WANT)], "x"))
    single = (2 * WANT).astype(np.float32)
    assert find_hint(table, Seen("close", "h", single, WANT)) == "It is doubled."


def test_other_questions_are_other_tables() -> None:
    """Is the same result of another question no evidence?"""
    both = [wrong("doubled", 2 * WANT), wrong("again", WANT * 2)]
    both[1] = Wrong(both[1].misconception, Seen("close", "c", 2 * WANT, WANT))
    assert len(group_by_question(both)) == 2
    assert told(*both) == {"doubled": "It is doubled.", "again": "It is again."}


def test_the_table_is_the_same_each_time() -> None:
    """Is the build byte-stable, whatever the order?"""
    entries = [wrong("doubled", 2 * WANT), wrong("negated", -WANT)]
    assert make_table(entries, "x") == make_table(entries[::-1], "x")


@pytest.mark.parametrize(
    ("value", "telling"),
    [
        (0.0, False),
        (2.0, False),
        (0.25, False),
        (131.0, True),
        (52.5, True),
        (0.4871, True),
        (np.zeros((4, 5)), False),
        (np.eye(5), True),
        (np.eye(2), False),
        ([3.0, 6.0, 12.0], True),
        ("b", False),
        ("a whole sentence", True),
        ({"rnn": 21}, False),
        (np.array([0.0, 0.0, 0.731]), True),
    ],
)
def test_how_much_a_result_says(value: object, telling: bool) -> None:
    """Do few-valued results say too little, and irregular ones enough?"""
    assert (count_bits(value) >= LEAST) is telling


@pytest.mark.parametrize(
    ("message", "telling"),
    [
        ("operands could not be broadcast together with shapes (2,3) (2,)", True),
        ("not enough values to unpack (expected 3, got 2)", True),
        ("array split does not result in an equal division", True),
        ("'int' object is not iterable", False),
        ("", False),
    ],
)
def test_an_exception_says_something_by_its_message(
    message: str, telling: bool
) -> None:
    """Is an exception that anything may raise no evidence?"""
    seen = Seen("call", "f", ("ValueError", message), ((), {}))
    assert is_telling(seen) is telling


def test_hints_are_sorted_by_result() -> None:
    """Do two mistakes with one result share an entry?"""
    alike = [wrong("doubled", 2 * WANT), wrong("added", WANT + WANT)]
    assert list(sort_hints(alike, choose_grid(alike)).values()) == [""]

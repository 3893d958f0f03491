"""Are questions and results named alike on every machine, and kept apart?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unrolled.lab.checks.errors import Seen
from unrolled.lab.hints.encode import (
    SHIFTS,
    Grid,
    encode_value,
    identify_question,
    list_numbers,
)

GRID = Grid(scale=0, step=-4, shift=3)
VALUES: list[Any] = [
    None,
    "e",
    "None",
    b"e",
    True,
    1,
    1.0,
    2,
    [1, 2],
    (1, 2),
    [[1], 2],
    {"a": 1},
    {"a": 1.0},
    np.zeros((2, 3)),
    np.zeros((3, 2)),
    np.zeros((2, 3), int),
    np.array([np.nan, 1.0]),
    np.array([np.inf, 1.0]),
    np.array([-np.inf, 1.0]),
    np.array([0.5, 1.0]),
    np.array([0.5005, 1.0]),
    np.array([-0.5, 1.0]),
    np.array([0.5 + 1j]),
    np.array([0.5 - 1j]),
    np.array([1e300, 1.0]),
    np.array([1e301, 1.0]),
    object(),
    print,
]


def test_values_of_all_kinds_stay_apart() -> None:
    """Do type, shape, kind of number and size all count?"""
    assert len({encode_value(v, GRID) for v in VALUES}) == len(VALUES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1.5, np.float64(1.5)),
        (1.5, np.array(1.5)),
        (np.float32(0.1), 0.1),
        (np.array([0.1, 700.3]), np.array([0.1, 700.3], np.float32)),
        (7, np.int32(7)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (np.array([0.3, -0.2]), np.array([0.3 + 1e-12, -0.2 - 1e-12])),
        (np.array([0.0, 1.0]), np.array([-0.0, 1.0 - 1e-15])),
    ],
)
def test_what_is_the_same_to_a_student_is_the_same(one: object, other: object) -> None:
    """Does another form, another precision or a rounding error change nothing?"""
    assert encode_value(one, GRID) == encode_value(other, GRID)


def test_a_tensor_is_its_numbers() -> None:
    """Is a result of torch's the same as NumPy's?"""
    torch = pytest.importorskip("torch")
    array = np.array([[0.25, -3.0]])
    assert encode_value(torch.tensor(array), GRID) == encode_value(array, GRID)


@pytest.mark.parametrize("shift", range(0, SHIFTS, 5))
def test_round_numbers_lie_on_no_edge(shift: int) -> None:
    """Are 0 and what people write by hand safe from rounding under every shift?"""
    round_ones = np.array([0.0, 1e-17, -1e-17, 0.5, 0.5 - 1e-16, 0.25 + 1e-16])
    cells = Grid(0, -4, shift).quantise(round_ones)
    assert cells[0] == cells[1] == cells[2]
    assert cells[3] == cells[4]


def test_numbers_are_placed_by_their_size() -> None:
    """Is a cell a ten-thousandth of its number, and even near 0?"""
    cells = Grid(0, -4).quantise(np.array([1e6, 1.0004e6, 1e-6, 3e-6]))
    assert 3 <= cells[1] - cells[0] <= 5
    assert cells[2] == cells[3]


def test_a_question_is_its_verb_name_and_data() -> None:
    """Do other numbers make another question, and rounding the same?"""
    asked = Seen("close", "h", None, [[0.5, 0.25]])
    same = Seen("close", "h", 1.0, [[0.5 + 1e-15, 0.25]])
    others = [
        Seen("close", "c", None, [[0.5, 0.25]]),
        Seen("equal", "h", None, [[0.5, 0.25]]),
        Seen("close", "h", None, [[0.5, 0.26]]),
    ]
    assert identify_question(asked) == identify_question(same)
    assert identify_question(asked) not in map(identify_question, others)


def test_a_call_is_asked_by_forms() -> None:
    """Do the digits of arguments not matter where an exception is looked up?"""
    one = Seen("call", "f", ("ValueError", "x"), ((np.ones((2, 3)), {"a": 1}), {}))
    two = Seen("call", "f", ("ValueError", "x"), ((np.zeros((2, 3)), {"a": 2}), {}))
    other = Seen("call", "f", ("ValueError", "x"), ((np.ones((3, 2)), {"a": 1}), {}))
    assert identify_question(one) == identify_question(two)
    assert identify_question(one) != identify_question(other)


def test_all_numbers_are_found() -> None:
    """Are the floats of containers found, and no whole numbers?"""
    value = [np.array([1.0, 2.0]), {"a": 3.0, "b": 4}, ("x", 5.5 + 1j)]
    assert sorted(list_numbers(value)) == [1.0, 1.0, 2.0, 3.0, 5.5]

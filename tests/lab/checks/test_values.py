"""The last rung: values, how far they are wrong, and why."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from unrolled.lab import check

X = np.random.default_rng(0).normal(size=(2, 4, 3))
Y = np.random.default_rng(1).normal(size=(2, 4, 3))
SQUARE = X[0, :3]


def message(got: Any, expected: Any = X, axes: Any = "N T H", **options: Any) -> Any:
    with pytest.raises(check.CheckFailed) as caught:
        check.close("h", got, expected, axes, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    "got",
    [X, X + 1e-12, X.astype(np.float32), torch.tensor(X), torch.tensor(X).float()],
)
def test_right_values_pass_in_double_and_single_precision(got: Any) -> None:
    """Do exact, rounded-off and single precision results pass?"""
    check.close("h", got, X, "N T H")


def test_small_differences_of_large_numbers_pass_in_single_precision() -> None:
    """Is a float32 result judged by the scale of the array, not entry by entry?"""
    a, b = np.float32(1000.1) + np.zeros(3, np.float32), np.float32(1000.0)
    got = np.append(a - b, np.float32(1000))
    check.close("difference", got, np.array([0.1, 0.1, 0.1, 1000.0]))


@pytest.mark.parametrize("off", [1e-3, 1e-5, 3e-7])
def test_double_precision_is_compared_sharply(off: Any) -> None:
    """Does an error above the tolerance fail in float64?"""
    assert "got" in message(X * (1 + off))


def test_single_precision_is_held_to_four_digits() -> None:
    """Does a float32 result pass that is wrong in the fifth digit, as is promised?"""
    check.close("it", np.array([1.00005, 2.0], np.float32), np.array([1.0, 2.0]))
    with pytest.raises(check.CheckFailed):
        check.close("it", np.array([1.0003, 2.0], np.float32), np.array([1.0, 2.0]))


def test_single_precision_is_not_a_free_pass() -> None:
    """Does a float32 result fail that is wrong in the third digit?"""
    assert "got" in message((X * 1.001).astype(np.float32))


def test_message_says_got_expected_and_where() -> None:
    """Is the whole message short and exact?"""
    got = X.copy()
    got[1, 2, 1] = 4
    assert message(got, cause="is b_h added?") == (
        "h: got 4, expected 1.04251, at [1, 2, 1] (N=1, T=2, H=1)\n"
        "1 of 24 values differ; wrong at step 2 only\n"
        "Likely cause: is b_h added?"
    )


def test_numbers_get_as_many_digits_as_tell_them_apart() -> None:
    """Are two numbers never written alike when they differ?"""
    assert "got 1.0000005, expected 1" in message(1.0000005, 1.0, None)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (np.s_[:, 2:], "right at steps 0 to 1, wrong from step 2"),
        (np.s_[:, 1:], "right at step 0, wrong from step 1"),
        (np.s_[:, :3], "wrong at steps 0 to 2, right from step 3"),
        (np.s_[:, 1], "wrong at step 1 only"),
        (np.s_[:, [0, 1, 3]], "right at step 2 only"),
        (np.s_[1:], "right at N = 0, wrong from N = 1"),
        (np.s_[:, :, 1], "wrong at H = 1 only"),
    ],
)
def test_steps_and_rows_that_are_right_are_told(wrong: Any, words: Any) -> None:
    """Is the place named where right values end and wrong ones begin?"""
    got = X.copy()
    got[wrong] = Y[wrong]
    assert words in message(got)


def test_without_axes_their_numbers_are_told() -> None:
    """Is an axis without a name called by its number?"""
    got = X.copy()
    got[1] = Y[1]
    assert "right at axis 0 = 0, wrong from axis 0 = 1" in message(got, axes=None)


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (-X, "the sign is flipped"),
        (3 * X, "every value is 3 times what it should be"),
        (4 * X, "every value is 4 times what it should be: mean or sum?"),
        (X / 8, "every value is 1/8 of what it should be: mean or sum?"),
        (X * 1.3, "every value is 1.3 times what it should be"),
        (-2.5 * X, "every value is -2.5 times what it should be"),
        (X / math.log(2), "log2 where the natural logarithm is meant?"),
        (X / math.log(10), "log10 where the natural logarithm is meant?"),
        (X + 0.5, "every value differs by the same 0.5"),
        (X[:, ::-1], "the order along T is reversed"),
        (np.roll(X, 1, 1), "the values along T stand one place too late"),
        (np.roll(X, -1, 1), "the values along T stand one place too early"),
        (np.round(X, 2), "rounded to 2 decimals?"),
        (X.astype(np.float16), "float16 keeps three digits only"),
        (X + 1e-5 * Y, "nearly right: a less exact formula"),
    ],
)
def test_usual_slips_are_recognised(got: Any, words: Any) -> None:
    """Does each usual slip get its likely cause?"""
    assert f"Likely cause: {words}" in message(got)


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (0 * X, "24 of 24 values differ; every value is 0"),
        (
            np.repeat(X[:, 3:], 4, 1),
            "18 of 24 values differ; the values are the same all along T",
        ),
    ],
)
def test_what_is_plain_to_see_is_told_without_a_guess(got: Any, words: str) -> None:
    """Is a constant named as what it is, and not as what may have made it?"""
    assert message(got).split("\n")[1:] == [words]


FEW = np.array([0.0900305732, 0.2447284711, 0.6652409558])
ROUND = np.array([[2.0, -4.0, 0.5], [1.5, 3.0, -0.25]])


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (ROUND * 2, ROUND),
        (-ROUND, ROUND),
        (ROUND + 1, ROUND),
        (ROUND[:, ::-1], ROUND),
        (ROUND[:2, :2].T, ROUND[:2, :2]),
        (np.trunc(ROUND), ROUND),
        (np.roll(ROUND, 1, 1), ROUND),
        (FEW / 2, FEW),
        (FEW[::-1], FEW),
        (np.zeros(3), FEW),
        (np.full((2, 6), 0.3333), np.full((2, 6), 0.6667)),
        (np.trunc(X / 10), X / 10),
        (np.eye(4), np.eye(4)[::-1]),
        (np.arange(4), np.arange(1, 5)),
    ],
)
def test_too_little_supports_no_cause(got: Any, expected: Any) -> None:
    """Is nothing said of few, round or equal values, which agree by chance?"""
    assert "Likely cause" not in message(got, expected, None)


def test_cut_decimals_are_recognised_where_several_show_it() -> None:
    """Is a table of whole parts recognised, if they are several?"""
    table = 10 * X
    assert "the decimals are cut off" in message(np.trunc(table), table)


def test_transposed_values_are_recognised() -> None:
    """Is a square matrix recognised as its transpose?"""
    words = message(SQUARE.T, SQUARE, "D H")
    assert "Likely cause: the values are transposed" in words


def test_exchanged_axes_of_equal_length_are_recognised() -> None:
    """Are batch and steps told apart where both have the same length?"""
    cube = np.random.default_rng(2).normal(size=(3, 3, 4))
    words = message(cube.transpose(1, 0, 2), cube)
    assert "the axes are in the order (T, N, H)" in words


def test_a_found_cause_comes_before_the_authors() -> None:
    """Is what the data prove told rather than the author's guess?"""
    words = message(-X, cause="is b_h added?")
    assert "sign" in words
    assert "b_h" not in words


def test_no_cause_is_made_up() -> None:
    """Is nothing said where nothing fits?"""
    assert "Likely cause" not in message(Y)


@pytest.mark.parametrize("got", [6.0, -2.0, 0.5, 2.0000001])
def test_a_single_number_gets_no_cause(got: float) -> None:
    """Is one number too little to tell twice from a square, or a mean from a sum?"""
    assert "Likely cause" not in message(got, 2.0, None, rtol=1e-9)


def test_only_bits_are_recognised_in_a_single_number() -> None:
    """Is log2 told, whose factor nobody hits by chance?"""
    words = message(0.563262 / math.log(2), 0.563262, None)
    assert "log2 where the natural logarithm is meant?" in words


def test_a_single_number_says_no_place() -> None:
    """Is a single number told without an index and a count?"""
    assert message(3.7, 2.0, None) == "h: got 3.7, expected 2"


def test_whole_numbers_are_compared_exactly() -> None:
    """Is an integer result wrong by one wrong, however large it is?"""
    assert "got 10000000001, expected 10000000000" in message(
        np.array([10**10 + 1]), np.array([10**10]), "N"
    )


def test_infinity_may_be_expected() -> None:
    """Do infinity and nan pass where they are expected, and only there?"""
    check.close("months", np.inf, np.inf)
    check.close("x", np.array([1.0, np.nan]), np.array([1.0, np.nan]))
    assert "expected inf" in message(5.0, np.inf, None)
    assert "not a finite number" in message(np.inf, 5.0, None)


def test_the_ladder_stands_before_the_values() -> None:
    """Does close climb from the shape and dtype of what is expected?"""
    assert "transposed?" in message(SQUARE[:2].T, SQUARE[:2], "N H")
    assert "an integer array" in message(np.ones(3, int), np.ones(3), "H")
    assert "whole numbers" in message(np.ones(3), np.ones(3, int), "H")
    assert "return statement" in message(None)


def test_what_nobody_can_expect_is_the_authors_slip() -> None:
    """Is an impossible expectation a TypeError, not a failure?"""
    for expected in (object(), "text", np.array(["a"]), None):
        with pytest.raises(TypeError, match="cannot expect"):
            check.close("h", X, expected)

"""Several results at once: tuples, lists and dicts of arrays."""

from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import torch

from unrolled.lab import check

A, B = np.arange(6.0).reshape(2, 3), np.array([0.5, 1.5])


def message(got: Any, expected: Any, **options: Any) -> Any:
    with pytest.raises(check.CheckFailed) as caught:
        check.close("out", got, expected, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ((A, B), (A, B)),
        ([A, B], (A, B)),
        ((A, 2.0), [A, 2.0]),
        ({"A": A, "B": torch.tensor(B)}, {"B": B, "A": A}),
        (OrderedDict(A=A), {"A": A}),
        ({1: A}, {1: A}),
        ([{"W": A}, {"W": B}], [{"W": A}, {"W": B}]),
        (np.array([1.0, 2.0]), [1.0, 2.0]),
        ([1.0, 2.0], [1.0, 2.0]),
        (np.array([[1.0], [2.0]]), [[1.0], [2.0]]),
        ([], []),
    ],
)
def test_containers_of_right_values_pass(got: Any, expected: Any) -> None:
    """Do tuples, lists, dicts and lists of numbers pass, item by item?"""
    check.close("out", got, expected)


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        ((A, -B), (A, B), "out[1]: got -0.5, expected 0.5"),
        ({"A": A, "B": -B}, {"A": A, "B": B}, "out['B']: got -0.5, expected 0.5"),
        ((A,), (A, B), "out: expected a tuple of 2, got a tuple of 1"),
        (A, (A, B), "out: expected a tuple of 2, got an array of shape (2, 3)"),
        (None, (A, B), "got None; is the return statement missing?"),
        (None, {"A": A}, "expected a dict, got None; is the return"),
        ({"A": A}, {"A": A, "B": B}, "out: the key 'B' is missing"),
        ({"A": A, "b": B}, {"A": A}, "out: the key 'b' is not expected"),
        ({"A": A, 3: B}, {"A": A}, "out: the key 3 is not expected"),
        ({True: A}, {1: A}, "out: the key 1 is missing"),
        (np.array([1.0, 3.0]), [1.0, 2.0], "out: got 3, expected 2, at [1]"),
        ([1.0, 3.0], [1.0, 2.0], "out[1]: got 3, expected 2"),
        (np.stack([A, A]), [A, A], "expected a list of 2, got an array"),
        ((i for i in (A, B)), (A, B), "got a generator"),
    ],
)
def test_the_wrong_item_is_named(got: Any, expected: Any, words: Any) -> None:
    """Is the item named that is missing, too many or wrong?"""
    assert words in message(got, expected)


@pytest.mark.parametrize(
    ("axes", "expected_name"),
    [("N H", "(N, H)"), (("N H", "H"), "(N, H)"), (["N H", None], "(N, H)")],
)
def test_axes_are_given_for_all_or_for_each(axes: Any, expected_name: Any) -> None:
    """May one string serve the items it fits, or each item have its own?"""
    assert expected_name in message((A.T, B), (A, B), axes=axes)
    assert "out[1]" in message((A, -B), (A, B), axes=axes)


def test_axes_of_a_dict_go_by_key() -> None:
    """May a dict of axes leave some keys out?"""
    words = message({"A": A, "B": B[:1]}, {"A": A, "B": B}, axes={"B": "H"})
    assert "expected (H,) = (2,)" in words

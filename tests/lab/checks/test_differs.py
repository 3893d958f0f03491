"""Checks that ask whether anything happened, and with how many digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from unrolled.lab import check


@pytest.mark.parametrize(
    ("got", "other"),
    [
        (np.array([1.0, 2.0]), np.array([1.0, 2.5])),
        (torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0])),
        (3, 0),
        (np.float64(0.5), 0.0),
    ],
)
def test_other_numbers_pass(got: Any, other: Any) -> None:
    """Do arrays, tensors and numbers that differ pass?"""
    check.differs("it", got, other)


@pytest.mark.parametrize(
    ("got", "other", "words"),
    [
        (np.zeros(2), np.zeros(2), "it: the same numbers twice, but they must differ"),
        (np.full(2, np.nan), np.full(2, np.nan), "the same numbers twice"),
        (torch.ones(2), np.ones(2), "the same numbers twice"),
        (0, 0.0, "the same numbers twice"),
        (None, 0.0, "it: expected numbers, got None"),
        (1.0, [1.0], "it: expected numbers, got a list of 1"),
        (np.zeros(3), np.ones(2), r"it: shape \(3,\), expected \(2,\)"),
    ],
)
def test_the_same_numbers_are_refused(got: Any, other: Any, words: str) -> None:
    """Is it said what is wrong, also where there are no numbers?"""
    with pytest.raises(check.CheckFailed, match=words):
        check.differs("it", got, other)


@pytest.mark.parametrize("got", [np.ones(2), torch.ones(2).double(), np.arange(3)])
def test_double_precision_passes(got: Any) -> None:
    """Do float64 and whole numbers pass?"""
    check.double("h", got)


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (np.ones(2, np.float32), "h: dtype float32, expected float64"),
        (np.ones(2, np.float16), "h: dtype float16, expected float64"),
        (torch.ones(2), "h: dtype float32, expected float64"),
        (None, "h: expected an array, got None; is the return statement missing?"),
    ],
)
def test_lost_digits_are_refused(got: Any, words: str) -> None:
    """Is single precision named, in arrays and in tensors?"""
    with pytest.raises(check.CheckFailed, match=words):
        check.double("h", got)

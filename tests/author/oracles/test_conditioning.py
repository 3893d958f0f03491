"""How far two results differ, and what a rounding error is: is it measured right?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from unrolled.author.oracles.conditioning import (
    INF,
    STEP,
    STEP_SINGLE,
    Limit,
    Perturbation,
    measure_gap,
)
from unrolled.lab.checks.values import Tolerance

CLOSE = Limit(Tolerance(1e-7, 1e-9))


def test_arguments_move_by_a_rounding_error_made_large() -> None:
    """Do floats move, wherever they stand, and nothing else?"""
    shake = Perturbation(np.random.default_rng(0))
    kept = (3, "a", None, True, np.arange(3), torch.arange(3), len, shake.rng)
    assert all(a is b for a, b in zip(shake(kept), kept, strict=True))
    assert shake.step == 0.0
    value: dict[str, Any] = {
        "a": np.array([0.0, 1.0]),
        "b": [2.0, torch.ones(2).double()],
    }
    moved = shake(value)
    assert moved["a"][0] == 0.0 and value["a"][1] == 1.0 and shake.step == STEP
    apart = [moved["a"][1] - 1.0, moved["b"][0] / 2 - 1.0]
    for change in (*apart, *(moved["b"][1] - 1.0).tolist()):
        assert abs(change) == pytest.approx(STEP)


def test_single_precision_moves_further() -> None:
    """Does a float32 argument stay one, and move by more than its rounding?"""
    for one in (np.ones(2, np.float32), torch.ones(2)):
        shake = Perturbation(np.random.default_rng(0))
        moved = shake(one)
        assert moved.dtype == one.dtype and shake.step == STEP_SINGLE
        assert np.abs(np.asarray(moved) - 1) == pytest.approx(STEP_SINGLE, rel=0.02)


@pytest.mark.parametrize(
    ("want", "other", "relative", "share"),
    [
        (np.array([1.0, 4.0]), np.array([1.0, 5.0]), 0.25, 1 / (4e-7 + 1e-9)),
        ([1.0, 2.0], np.array([1.0, 2.0]), 0.0, 0.0),
        ({"a": 1.0, "b": "x"}, {"b": "x", "a": 1.0}, 0.0, 0.0),
        ({"a": 1.0}, {"b": 1.0}, INF, INF),
        (np.array([np.nan, np.inf]), np.array([np.nan, np.inf]), 0.0, 0.0),
        (np.array([1.0, 2.0]), np.array([1.0, np.nan]), INF, INF),
        (np.zeros(2), np.array([0.0, 1e-9]), INF, 1.0),
        (3, 4, 1 / 3, INF),
        (np.ones(2), np.ones((1, 2)), INF, INF),
        (("a", 1.0), ("a", torch.tensor(1.0).double()), 0.0, 0.0),
        ("a", None, INF, INF),
        (object(), object(), INF, INF),
    ],
)
def test_a_gap_is_told_in_sizes_and_in_tolerances(
    want: object, other: object, relative: float, share: float
) -> None:
    """Is the difference measured by the array's size, and by what is allowed?"""
    found = measure_gap(want, other, CLOSE)
    assert found.relative == pytest.approx(relative)
    assert found.share == pytest.approx(share)


def test_a_tolerance_of_single_precision_is_as_loose_as_in_a_check() -> None:
    """Is a float32 result measured by the tolerance that check.close applies?"""
    want, other = np.array([1.0, 10.0]), np.array([1.0, 10.001])
    single = Limit(Tolerance(1e-7, 1e-9), single=True)
    assert measure_gap(want, other, single).share == pytest.approx(1e-3 / (1e-3 + 1e-4))
    assert measure_gap(want, other, CLOSE).share > 900
    assert measure_gap(want, want + 1e-9, Limit(None)).share == INF

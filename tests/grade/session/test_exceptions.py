"""What a student's process says of an exception is a claim: little of it is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from unrolled.grade.session.exceptions import ReportedError, SourceLine, describe_error

PLACE = SourceLine(
    "your cell of f", "    return x @ W", "def f(x, bar):\n    return x @ W_hx"
)
ARRAY, OTHER = np.ones((2, 4)), np.ones((5, 3))


def unpacks() -> None:
    """Two names for three values."""
    three = list(range(3))
    _, _ = three


RAISED: dict[str, Callable[[], object]] = {
    "the shapes (2, 4) and (5, 3) do not fit together": lambda: ARRAY + OTHER,
    "the shapes (3,) and (4,) do not fit together": lambda: ARRAY.__setitem__(
        0, OTHER[0]
    ),
    "the shapes do not fit in @: 4 against 5": lambda: ARRAY @ OTHER,
    "8 numbers do not make the shape (3, 3)": lambda: ARRAY.reshape(3, 3),
    "along axis 1 the sizes 4 and 3 do not fit": lambda: np.concatenate([ARRAY, OTHER]),
    "index 7 is out of bounds for axis 0": lambda: ARRAY[7],
    "too many indices: the array has 2 axes": lambda: ARRAY[0, 0, 0],
    "there is no axis 2 in an array of 2 axes": lambda: ARRAY.sum(axis=2),
    "The truth value of an array": lambda: bool(ARRAY == ARRAY),
    "the shapes (2, 4) and (5, 3) do not fit in @": lambda: (
        torch.ones(2, 4) @ torch.ones(5, 3)
    ),
    "sizes 4 and 3 do not fit together in axis 1": lambda: (
        torch.ones(2, 4) + torch.ones(2, 3)
    ),
    "the shapes (2, 4) and (5, 3) do not fit together (": lambda: np.einsum(
        "nt,tk->nk", ARRAY, OTHER
    ),
    "an array of 2 axes and one of 1 cannot be joined": lambda: np.concatenate(
        [ARRAY, OTHER[0]]
    ),
    "8 numbers do not make such a shape": lambda: ARRAY.reshape(3, -1),
    "6 numbers do not make such a shape": lambda: torch.ones(2, 3).view(4, 2),
    "sizes 3 and 4 do not fit, where tensors are joined along axis 0": lambda: (
        torch.cat([torch.ones(2, 3), torch.ones(2, 4)], 0)
    ),
    "sizes 4 and 3 do not fit together in einsum": lambda: torch.einsum(
        "ij,jk->ik", torch.ones(2, 3), torch.ones(4, 5)
    ),
    "the shapes (2, 3) and (4,) do not fit in @": lambda: (
        torch.ones(2, 3) @ torch.ones(4)
    ),
    "the last axis of the input has size 6, and the layer takes 3": lambda: (
        torch.nn.LSTM(3, 4)(torch.ones(2, 5, 6))
    ),
    "there are 2 rows, but 4 targets": lambda: torch.nn.functional.cross_entropy(
        torch.ones(2, 3), torch.ones(4, dtype=torch.int64)
    ),
    "int has no length": lambda: len(3),  # type: ignore[arg-type]
    "list indices must be whole numbers, not str": lambda: [1].__getitem__("a"),  # type: ignore[call-overload]
    "only 0-dimensional arrays": lambda: float(ARRAY),
    "a list, or a text, times float": lambda: [1] * 2.0,  # type: ignore[operator]
    "no tensor here requires a gradient": lambda: torch.autograd.backward(
        torch.ones(1)
    ),
    "more than 2 values to unpack": unpacks,
    "numpy.ndarray has no attribute bar": lambda: getattr(ARRAY, "bar"),  # noqa: B009
}


@pytest.mark.parametrize("said", RAISED)
def test_what_libraries_say_is_known(said: str) -> None:
    """Do the installed libraries still say what is looked for?"""
    with pytest.raises(Exception) as caught:
        RAISED[said]()
    text = describe_error(ReportedError(str(caught.value), (), 3, 2), PLACE)
    assert text.startswith(said)
    assert text.endswith("(line 2 of your cell of f: return x @ W)")


@pytest.mark.parametrize(
    "error",
    [
        None,
        [],
        {"message": 5, "lines": 7},
        {"message": "hidden 1.25", "lines": [[0, 10**40]]},
        {"message": "hidden", "lines": [[0]], "shapes": [[1.5], ["hidden"]]},
        {"message": "hidden", "lines": [[True, 1]], "shapes": {"hidden": 1}},
        {"message": "name 'hidden' is not defined", "lines": [[0, -3]]},
        {"message": "shapes (123456789012,) and (2,) not aligned"},
        {"message": "matmul: (size 99999999 is different from 99999999)"},
        {"message": "'hidden' object has no attribute 'hidden'"},
        {"message": "f() missing 1 required positional argument: 'hidden'"},
        {"message": "unsupported operand type(s) for +: 'hidden' and 'hidden'"},
        {"message": "\x1b[31mname 'bar' is not defined"},
        {
            "message": "operands could not be broadcast together with remapped shapes "
            "[original->remapped]: (99999999,)->(hidden) (2,)->(1.5)"
        },
        {"message": "'hidden' is an invalid keyword argument for hidden()"},
        {"message": "object of type 'hidden' has no len()"},
        {"message": "list indices must be integers or slices, not hidden"},
    ],
)
def test_a_forged_claim_carries_nothing(error: Any) -> None:
    """Is what has not the right form, or is not in the source, left out?"""
    text = describe_error(ReportedError.read(error), PLACE)
    assert not re.search(r"hidden|\d{7}|\x1b|1\.", text)


@pytest.mark.parametrize(
    "shapes",
    [[[1] * 7], [[10_000]], [[-1]], [[True]], [[1.0]], [[1]] * 5, "12", [(1, 2)]],
)
def test_only_small_shapes_are_believed(shapes: Any) -> None:
    """Is anything but a few short lists of small whole numbers refused?"""
    assert ReportedError.read({"shapes": shapes}).shapes == ()


def test_both_shapes_of_a_product_are_told() -> None:
    """Do the shapes of the variables stand beside the sizes that NumPy names?"""
    with pytest.raises(ValueError, match="matmul") as caught:
        ARRAY @ OTHER
    claim = ReportedError.read(
        {"message": str(caught.value), "shapes": [[2, 4], [5, 3]]}
    )
    assert describe_error(claim, None) == "the shapes (2, 4) and (5, 3) do not fit in @"

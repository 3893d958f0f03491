"""The rungs of the ladder before the values: array, axes, shape, dtype, finite."""

from typing import Any

import numpy as np
import pytest
import torch

from unrolled.lab import check

SHAPE = (2, 4)


def message(
    got: Any, shape: Any = SHAPE, axes: Any = "N H", kind: Any = "float"
) -> Any:
    with pytest.raises(check.CheckFailed) as caught:
        check.array("h_t", got, shape, axes, kind)
    return str(caught.value)


@pytest.mark.parametrize(
    "got",
    [
        np.zeros(SHAPE),
        np.zeros(SHAPE, np.float32),
        np.zeros((4, 2)).T,
        torch.zeros(SHAPE),
        torch.nn.Parameter(torch.zeros(SHAPE, dtype=torch.float64)),
    ],
)
def test_arrays_and_tensors_of_the_right_shape_pass(got: Any) -> None:
    """Does every plain array or tensor of the right shape and dtype pass?"""
    check.array("h_t", got, SHAPE, "N H")


@pytest.mark.parametrize(
    "got", [1.5, np.float64(1.5), np.array(1.5), torch.tensor(2.0)]
)
def test_numbers_have_the_empty_shape(got: Any) -> None:
    """Do a plain number, a NumPy number and a 0-d tensor count as one number?"""
    check.array("loss", got, ())


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (None, "expected a NumPy array, got None; is the return statement missing?"),
        (..., "got Ellipsis; is it written yet?"),
        (NotImplemented, "got NotImplemented; is it written yet?"),
        ([np.zeros(4)] * 2, "got a list of 2; np.stack or np.array makes one array"),
        ((np.zeros(SHAPE), 1), "got a tuple of 2; return one value only?"),
        ("abc", "got the text 'abc'"),
        ({"h": 1}, "got a dict of 1"),
        (np.zeros, "got a function"),
        (int, "got a class"),
        (np.ma.zeros(SHAPE), "got a MaskedArray, a special kind of array"),
    ],
)
def test_what_is_no_array_is_named(got: Any, words: Any) -> None:
    """Does the first rung say what came instead, and the likely slip?"""
    assert words in message(got)


def test_a_number_is_asked_for_by_name() -> None:
    """Is "a number" expected where the shape is ()?"""
    assert message(None, (), None).startswith("h_t: expected a number, got None")


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((4, 2), "h_t: shape (4, 2), expected (N, H) = (2, 4); transposed?"),
        ((2,), "1 axis, shape (2,), expected 2 axes, (N, H) = (2, 4); H is missing"),
        ((4,), "N is missing: summed, averaged or indexed away?"),
        ((2, 1, 4), "an extra axis of length 1 at position 1"),
        ((3, 2, 4), "an extra axis of length 3 at position 0"),
        ((2, 1, 1, 4), "there are 2 extra axes of length 1"),
        ((8,), "the number of values is right: is a reshape missing?"),
        ((), "one number, expected (N, H) = (2, 4)"),
        ((5, 7), "h_t: shape (5, 7), expected (N, H) = (2, 4)"),
    ],
)
def test_a_wrong_shape_gets_its_likely_cause(shape: Any, words: Any) -> None:
    """Does the shape rung recognise the usual slips?"""
    assert words in message(np.zeros(shape))


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((3, 2, 4), "are the axes in the order (T, N, H)?"),
        ((4, 2, 3), "are the axes in the order (H, N, T)?"),
        ((2, 4, 4), "one step too many: does the initial state stand among"),
        ((2, 2, 4), "one step is missing"),
    ],
)
def test_steps_and_axes_are_called_by_name(shape: Any, words: Any) -> None:
    """Does the shape rung use the names of the axes?"""
    assert words in message(np.zeros(shape), (2, 3, 4), "N T H")


def test_a_square_is_not_explained_away() -> None:
    """Is (N, N) instead of (N,) told as it is? It may be no sum, or broadcasting."""
    words = message(np.zeros((5, 5)), (5,), "N")
    assert words == (
        "h_t: 2 axes, shape (5, 5), expected 1 axis, (N,) = (5,); "
        "there is an extra axis of length 5"
    )


def test_axes_of_one_length_are_no_sign() -> None:
    """Is no order of the axes guessed where two of them are equally long?"""
    words = message(np.zeros((3, 1, 1)), (1, 3, 1), "N T H")
    assert words == "h_t: shape (3, 1, 1), expected (N, T, H) = (1, 3, 1)"


@pytest.mark.parametrize(
    ("got", "kind", "words"),
    [
        (np.zeros(SHAPE, int), "float", "dtype int64, expected floats; an integer"),
        (np.zeros(SHAPE, bool), "float", "True and False come from a comparison"),
        (np.zeros(SHAPE, complex), "float", "complex numbers come from eigenvalues"),
        (np.zeros(SHAPE, object), "float", "rows of different lengths"),
        (np.zeros(SHAPE), "int", "dtype float64, expected whole numbers"),
        (np.full(SHAPE, "a"), "number", "these are no numbers"),
        (np.zeros(SHAPE, int), "bool", "expected True and False"),
    ],
)
def test_a_wrong_dtype_gets_its_likely_cause(got: Any, kind: Any, words: Any) -> None:
    """Does the dtype rung say what is wrong and where it may come from?"""
    assert words in message(got, kind=kind)


@pytest.mark.parametrize(
    ("got", "kind"),
    [
        (np.zeros(SHAPE, np.int32), "int"),
        (np.zeros(SHAPE, np.uint8), "int"),
        (np.zeros(SHAPE, bool), "int"),
        (np.zeros(SHAPE, bool), "bool"),
        (np.zeros(SHAPE, int), "number"),
        (np.zeros(SHAPE), "number"),
        (np.zeros(SHAPE), "complex"),
    ],
)
def test_each_kind_takes_its_dtypes(got: Any, kind: Any) -> None:
    """Which dtypes does each kind accept?"""
    check.array("ids", got, SHAPE, kind=kind)


def test_a_whole_number_passes_as_one_float() -> None:
    """Does a lone whole number count where one float is asked for, but no bool?"""
    check.array("price", 3, ())
    assert "dtype bool" in message(True, (), None)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (np.nan, "h_t: nan, not a finite number, at [1, 2] (N=1, H=2); 1 of 8 values"),
        (np.inf, "h_t: inf, not a finite number"),
        (np.inf, "an overflow (exp of a large number?)"),
        (-np.inf, "the logarithm of 0?"),
    ],
)
def test_values_that_are_not_finite_stop_the_climb(bad: Any, words: Any) -> None:
    """Does the finite rung name the entry and the likely cause?"""
    got = np.zeros(SHAPE)
    got[1, 2] = bad
    assert words in message(got)


def test_the_first_miss_stops_the_climb() -> None:
    """Is only the lowest of several misses told?"""
    words = message(np.full((4, 2), np.nan, np.float32))
    assert "transposed" in words
    assert "nan" not in words


@pytest.mark.parametrize("axes", ["N", "N T H"])
def test_an_author_learns_of_axes_that_do_not_fit(axes: Any) -> None:
    """Is a slip of the author no failure of the student?"""
    with pytest.raises(ValueError, match="do not fit"):
        check.array("h_t", np.zeros(SHAPE), SHAPE, axes)


def test_an_author_learns_of_an_unknown_kind() -> None:
    """Is an unknown kind refused?"""
    with pytest.raises(ValueError, match="use one of float"):
        check.array("h_t", np.zeros(SHAPE), SHAPE, kind="floats")

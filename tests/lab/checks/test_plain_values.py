"""Plain values, conditions, and arguments that must stay as they are."""

import copy
from typing import Any

import numpy as np
import pytest
import torch

from unrolled.lab import check


def message(got: Any, expected: Any, cause: Any = None) -> Any:
    with pytest.raises(check.CheckFailed) as caught:
        check.equal("answer", got, expected, cause)
    return str(caught.value)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ("hello", "hello"),
        (np.str_("a"), "a"),
        (5, 5),
        (np.int64(5), 5),
        (np.bool_(True), True),
        (None, None),
        (2.5, 2.5),
        (float("nan"), float("nan")),
        ([1, ("a", None)], [1, ("a", None)]),
        ({"a": 1, 64: ("gru", 2)}, {64: ("gru", 2), "a": 1}),
    ],
)
def test_equal_values_of_the_same_type_pass(got: Any, expected: Any) -> None:
    """Do equal values pass, NumPy's numbers and text among them?"""
    check.equal("answer", got, expected)


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        ("abc", "abd", "answer: got 'abc', expected 'abd'"),
        (4, 5, "answer: got 4, expected 5"),
        (3.0, 3, "expected an int (3), got a float (3.0)"),
        (3.0, 3, "/ makes a float; // divides whole numbers"),
        (True, 1, "expected an int (1), got a bool (True)"),
        (1, True, "expected a bool (True), got an int (1)"),
        (None, 5, "got None; is the return statement missing?"),
        ([1], (1,), "expected a tuple of 1, got a list of 1"),
        ([1, 2], [1], "expected a list of 1, got a list of 2"),
        ([1, 3], [1, 2], "answer[1]: got 3, expected 2"),
        ({"a": 2}, {"a": 1}, "answer['a']: got 2, expected 1"),
        ({}, {"a": 1}, "the key 'a' is missing"),
        (np.array([1]), "a", "the text 'a', got an array of shape (1,)"),
        ("x" * 60, "x" * 50, "60 characters, expected 50"),
    ],
)
def test_other_values_and_other_types_fail(got: Any, expected: Any, words: Any) -> None:
    """Is the difference told in a line?"""
    assert words in message(got, expected)


def test_long_texts_show_the_place_where_they_part() -> None:
    """Is a wrong sample shown around its first wrong character?"""
    want = "".join(chr(97 + i % 26) for i in range(100))
    words = message(want[:70] + "!" + want[71:], want)
    assert "from character 70 on: got 'ghijklmnopqr!tuvwxyzabcd'" in words


def test_the_authors_cause_is_told() -> None:
    """Is the author's cause told for a wrong plain value?"""
    assert message(1, 2, "off by one?").endswith("\nLikely cause: off by one?")


@pytest.mark.parametrize("condition", [True, np.True_])
def test_a_true_condition_is_silent(condition: Any) -> None:
    """Does a real bool pass?"""
    check.that(condition, "no")


@pytest.mark.parametrize("condition", [False, np.False_])
def test_a_false_condition_tells_its_message(condition: Any) -> None:
    """Is the author's message told?"""
    with pytest.raises(check.CheckFailed, match=r"^probabilities do not add up$"):
        check.that(condition, "probabilities do not add up")


@pytest.mark.parametrize("condition", [1, "yes", np.ones(1, bool), None])
def test_a_condition_that_is_no_bool_never_passes(condition: Any) -> None:
    """Is what is merely truthy refused?"""
    with pytest.raises(TypeError, match="needs True or False"):
        check.that(condition, "no")


VALUES = [
    np.ones((2, 3)),
    torch.ones(2),
    {"W": np.ones(2), "b": 1.0},
    [np.ones(2), {"c": np.zeros(1)}],
    (1, "a", None, 2.0),
]


@pytest.mark.parametrize("value", VALUES)
def test_unchanged_values_pass(value: Any) -> None:
    """Do copies of all that is an argument pass?"""
    check.unchanged("x", copy.deepcopy(value), value)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (np.ones(2), np.array([1.0, 2.0]), "W_hh was changed in place"),
        (np.zeros(1), -np.zeros(1), "W_hh was changed in place"),
        (np.ones(2), np.ones(2, np.float32), "W_hh was changed in place"),
        (np.ones(2), np.ones((2, 1)), "W_hh was changed in place"),
        ({"b": np.ones(2)}, {"b": np.zeros(2)}, "W_hh['b'] was changed in place"),
        ({"b": 1, "c": 2}, {"b": 1}, "W_hh was changed in place"),
        ([1, 2], [1, 3], "W_hh was changed in place"),
        (torch.ones(1), torch.zeros(1), "W_hh was changed in place"),
        ([], (), "W_hh was changed in place"),
    ],
)
def test_changed_arguments_fail(before: Any, after: Any, words: Any) -> None:
    """Is a change found down to the last bit, and named?"""
    with pytest.raises(check.CheckFailed) as caught:
        check.unchanged("W_hh", before, after)
    assert str(caught.value) == words


def test_what_cannot_be_compared_is_the_authors_slip() -> None:
    """Is an unknown object a TypeError, not a pass?"""
    thing = object()
    with pytest.raises(TypeError, match="cannot tell"):
        check.unchanged("x", thing, thing)
    with pytest.raises(TypeError, match=r"check\.close"):
        check.equal("x", 1, np.ones(2))


@pytest.mark.parametrize("got", [(1.0, None), [1.0, None]])
def test_values_returned_together_come_back(got: Any) -> None:
    """Are as many values as names handed on, as a tuple or as a list?"""
    assert check.results(got, "loss", "dlogits") is got


@pytest.mark.parametrize(
    ("got", "told"),
    [
        (1.5, "not a float (1.5)"),
        (None, "is the return statement missing?"),
        ((1.0, 2.0, 3.0), "not a tuple of 3"),
        ({"loss": 1.0, "dlogits": 2.0}, "not a dict of 2"),
        (np.zeros((2, 3)), "not an array"),
    ],
)
def test_other_than_the_values_asked_for_is_told(got: Any, told: Any) -> None:
    """Does a wrong number of values say what to return, and what came?"""
    with pytest.raises(check.CheckFailed) as failure:
        check.results(got, "loss", "dlogits")
    assert "return loss, dlogits: 2 values" in str(failure.value)
    assert told in str(failure.value)

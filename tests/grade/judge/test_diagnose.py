"""A failure is explained by what was observed, and by nothing less."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.small_assignment import material

from unrolled.assignment.reference import build_reference
from unrolled.grade.judge.diagnose import BrokenCatalogueError, explain
from unrolled.grade.judge.replay import matches_recording, same
from unrolled.grade.session.recorded_calls import Call


def call(x: Any, result: Any, error: str | None = None, after: Any = None) -> Call:
    """An observed call of `double`."""
    args = (np.asarray(x),)
    left = args if after is None else (np.asarray(after),)
    return Call(
        name="double", before=(args, {}), after=left, result=result, error=error
    )


def names(*calls: Call) -> list[str]:
    """The misconceptions of `double` that explain these calls."""
    return [m.name for m in explain(calls, "double", build_reference(material()))]


def test_all_calls_must_agree() -> None:
    """Is a misconception dropped as soon as one call speaks against it?"""
    assert names(call([3.0], np.array([9.0]))) == ["squares"]
    assert names(call([3.0], np.array([9.0])), call([4.0], np.array([1.0]))) == []


def test_a_call_that_the_reference_explains_is_no_evidence() -> None:
    """2 * 2 is 2 ** 2: is nobody blamed for a right result?"""
    assert names(call([2.0], np.array([4.0]))) == []


def test_in_place_changes_count_as_observed() -> None:
    """Is the right output on a spoilt argument not taken for the misconception?"""
    assert names(call([3.0], np.array([9.0]), after=[0.0])) == []


def test_without_arguments_nothing_is_explained() -> None:
    """Does a call whose arguments could not be copied explain nothing?"""
    assert names(Call(name="double", before=None, result=np.array([9.0]))) == []


def explain_with(matches: str, *, strict: bool) -> list[str]:
    """What explains half of 3, where the entry before `halves` has this `matches`."""
    made = material()
    hint = 'hint="Two times, not the square."'
    text = made.misconceptions.replace(hint, f"{hint}, matches=lambda calls: {matches}")
    reference = build_reference(replace(made, misconceptions=text))
    seen = call([3.0], np.array([1.5]))
    return [m.name for m in explain([seen], "double", reference, strict=strict)]


@pytest.mark.parametrize("strict", [False, True])
def test_a_matcher_that_stumbles_is_no_match(strict: bool) -> None:
    """Do answers that a `matches` did not foresee end in no hint, not in a crash?"""
    assert explain_with("1 / 0", strict=strict) == ["halves"]


@pytest.mark.parametrize("broken", ["no_helper(calls)", "__import__('no_module')"])
def test_a_matcher_that_misses_a_name_is_told_to_authors_only(broken: str) -> None:
    """Is a broken catalogue named in verify, and no student's mishap in grading?"""
    assert explain_with(broken, strict=False) == ["halves"]
    with pytest.raises(BrokenCatalogueError, match=r"`matches` of squares .* 'no_"):
        explain_with(broken, strict=True)


def test_exceptions_agree_by_type() -> None:
    """Is raising the same built-in type the same behaviour?"""

    def wrong(x: Any) -> Any:
        raise KeyError("x")

    def agrees(error: str, exception: type[Exception] | None = None) -> bool:
        seen = [call([1.0], None, error)]
        return matches_recording("double", seen, {"double": wrong}, exception=exception)

    assert agrees("KeyError")
    assert not agrees("ValueError")
    assert agrees("TypeError", exception=TypeError)


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (1, 1.0, True),
        (np.float32(1), 1.00001, True),
        (np.zeros((1, 2)), np.zeros(2), False),
        ({"a": np.ones(2)}, {"a": np.ones(2) + 1e-12}, True),
        ({"a": 1}, {"b": 1}, False),
        ([1, 2], (1, 2), False),
        ("h", "h", True),
        (None, None, True),
        (np.array([np.nan]), np.array([np.nan]), True),
        (np.array(["a"]), np.array(["a"]), True),
        (object(), object(), False),
    ],
)
def test_same_means_the_same_up_to_rounding(a: Any, b: Any, equal: bool) -> None:
    """Are containers, arrays and plain values compared as a person would?"""
    assert same(a, b) is equal

"""What checks say, taken apart: each kind of message that the lab's checks write."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled.feedback.page.findings import parse_message
from unrolled.feedback.page.model import Finding
from unrolled.lab import check
from unrolled.lab.checks.errors import CheckFailed


def say(*args: object, verb: str = "close", **more: object) -> Finding:
    """What the lab's own check says, parsed."""
    with pytest.raises(CheckFailed) as caught:
        getattr(check, verb)(*args, **more)
    return parse_message(str(caught.value))


def test_values_their_place_and_how_many() -> None:
    """Are got, expected, the first wrong place and the extent told apart?"""
    want = np.zeros((2, 3))
    got = want.copy()
    got[1, 2] = 0.5
    found = say("h_t", got, want, axes="N H")
    assert (found.name, found.got, found.expected) == ("h_t", "0.5", "0")
    assert (found.index, found.axes) == ((1, 2), ("N", "H"))
    assert (found.wrong, found.size) == (1, 6)
    assert found.remark.startswith("right at N = 0")


def test_a_place_without_names_of_axes_and_one_number() -> None:
    """Is an index read without axes, and nothing where there is none?"""
    found = say("weights['b_h']", np.ones(2), np.zeros(2))
    assert (found.name, found.index, found.axes) == ("weights['b_h']", (0,), ())
    found = say("loss", 1.5, 2.0)
    assert (found.got, found.expected, found.index) == ("1.5", "2", ())


def test_shapes_kinds_and_numbers_that_are_none() -> None:
    """Are the lower rungs of a check read as well?"""
    found = say("h", np.zeros((4, 2)), (2, 4), verb="array", axes="N H")
    assert (found.got, found.expected) == ("shape (4, 2)", "(N, H) = (2, 4)")
    assert "transposed" in found.remark
    found = say("h", None, np.zeros((2, 4)))
    assert (found.got, found.expected) == ("None", "a NumPy array")
    found = say("p", np.array([0.0, np.nan]), np.zeros(2), axes="V")
    assert (found.got, found.expected) == ("nan", "a finite number")
    assert (found.index, found.wrong, found.size) == ((1,), 1, 2)
    assert found.guess.startswith("an overflow")
    found = say("character", "n", "w", verb="equal")
    assert (found.got, found.expected) == ("'n'", "'w'")


def test_what_stopped_names_its_line() -> None:
    """Is the line of the student's cell known, and all else left whole?"""
    text = (
        "f raised ValueError: the shapes do not fit in @: 4 against 2 "
        "(line 3 of your cell of deep: h = f(x))"
    )
    found = parse_message(text)
    assert (found.line, found.cell, found.text, found.name) == (3, "deep", text, "")


@pytest.mark.parametrize("text", ["", "\n", "f is not written yet", "a: b", "["])
def test_other_messages_are_left_whole(text: str) -> None:
    """Is whatever cannot be taken apart shown as it is?"""
    found = parse_message(text)
    assert (found.name, found.got, found.text) == ("", "", text.strip("\n"))

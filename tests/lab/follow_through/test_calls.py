"""Is read from the code of functions what they call, without running them?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unrolled.lab.follow_through.calls import describe_state, list_reached

STEP = "def step(x):\n    return helper(x)"
NOTEBOOK = f"""
import functools

{STEP}

def helper(x):
    return x + 1

def forward(xs):
    h = 0
    return [(lambda x: step(x) + h)(x) for x in xs]

def stranger(x):
    return x.step

class Model:
    def __call__(self, x):
        return step(x)

    @staticmethod
    def twice(x):
        return forward(x)

    @property
    def size(self):
        return len(answers)

answers = {{"a": 1}}
"""


@pytest.fixture
def names() -> dict[str, Any]:
    """The names of a small notebook."""
    found: dict[str, Any] = {"__name__": "__main__"}
    exec(NOTEBOOK, found)
    return found


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("step", {"step", "helper"}),
        ("forward", {"forward", "step", "helper"}),
        ("stranger", {"stranger"}),  # an attribute of this name is no call
        ("Model", {"Model", "step", "helper", "forward", "answers"}),
        ("functools", {"functools"}),
        ("missing", set()),
    ],
)
def test_functions_are_followed(
    names: dict[str, Any], start: str, expected: set[str]
) -> None:
    """Are inner functions and methods followed, and attributes and modules not?"""
    assert list_reached([start], names) == expected


def test_a_circle_ends() -> None:
    """Is each of two functions that call each other looked at once?"""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("def a():\n    b()\ndef b():\n    a()", names)
    assert list_reached(["a"], names) == {"a", "b"}


def test_a_state_is_the_same_until_code_is_changed(names: dict[str, Any]) -> None:
    """Does running a cell again change nothing, and another text change it?"""
    before = describe_state(["forward"], names)
    exec(f"\n\n\n{STEP}", names)  # where it stands in its cell is a part of the code
    moved = describe_state(["forward"], names)
    exec(f"\n\n\n{STEP}", names)
    assert describe_state(["forward"], names) == moved
    exec(f"\n\n\n{STEP} + 1", names)
    assert describe_state(["forward"], names) not in (before, moved)


@pytest.mark.parametrize("other", [{"a": 2}, None, [1]])
def test_the_state_of_data_is_its_content(names: dict[str, Any], other: object) -> None:
    """Are equal data the same state, and others another one?"""
    names["answers"] = {"a": np.array([1.5, 2])}
    before = describe_state(["answers"], names)
    names["answers"] = {"a": np.array([1.5, 2])}
    assert describe_state(["answers"], names) == before
    names["answers"] = other
    assert describe_state(["answers"], names) != before

"""What a failed check says: a hint that nothing refutes, the place, whose fault."""

from __future__ import annotations

from typing import Any

import pytest
from support.small_assignment import (
    MISCONCEPTIONS,
    by_id,
    grade,
    submission,
)
from support.wide_assignment import graded


@pytest.mark.parametrize(
    "body",
    [
        "return x * x if len(x) > 1 else x / 2",  # each check matches another one
        "return x * x if len(x) > 1 else 2 * x",  # the other check is right
        "return 3 * x if len(x) > 1 else x - 1",
        "return x / 2 if len(x) > 1 else {}[0]",
    ],
)
def test_a_match_that_a_sibling_refutes_is_no_hint(body: str) -> None:
    """Is a chance match with one check kept back, whether there is one or more?"""
    found = graded(double=body)
    assert not found["double_values"].passed
    assert not found["double_values"].hint and not found["double_one"].hint


def test_a_match_with_all_checks_is_the_hint_of_each() -> None:
    """Does a cause that agrees with everything stand at every failed check?"""
    found = graded(double="return 3 * x")
    assert found["double_values"].misconception == ("thrice",)
    assert found["double_one"].misconception == ("thrice",)


def test_a_cause_whose_own_check_passes_is_none() -> None:
    """Is what `matches` sees no hint where the check that it must fail has passed?"""
    matching = MISCONCEPTIONS.replace(
        'hint="A third, by far."', 'hint="Any.", matches=lambda calls: True'
    )
    body = "return 2 * x if len(x) > 1 else x - 1"
    assert not graded(matching, double=body)["double_one"].hint
    assert graded(matching, double="return x - 1")["double_one"].hint == "Any."


def test_a_sibling_that_never_came_back_refutes_nothing() -> None:
    """Is a call that was cut off no evidence against a cause?"""
    loop = "while len(x) == 1: pass\n    return x * x"
    found = graded(double=loop)
    assert found["double_values"].misconception == ("squares",)
    assert "did not come back" in found["double_one"].message


def test_blame_names_what_was_called() -> None:
    """Is a wrong earlier function that plays no part left out?"""
    found = graded(double="return x * x", quadruple="return 5 * x")
    said = found["octuple_values"].message
    assert "double" in said and "quadruple" in said
    found = graded(
        double="return x * x", quadruple="return 5 * x", octuple="return 2*quadruple(x)"
    )
    assert found["octuple_values"].follow_through
    said = found["octuple_values"].message
    assert "reference quadruple in" in said


def test_blame_goes_to_the_root() -> None:
    """Is a function that fails only for an earlier one not blamed itself?"""
    found = graded(double="return x * x", octuple="return 2 * quadruple(x)")
    assert found["quadruple_values"].follow_through
    assert "reference double in place" in found["octuple_values"].message


def message(body: str, first: str = "") -> str:
    """What the check of a wrong double says."""
    cells: dict[str, Any] = {"first": first} if first else {}
    wrong = submission(double=body, quadruple="return 4 * x", **cells)
    return by_id(grade(wrong))["double_values"].message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "W = np.ones((5, 3))\n    return np.tanh(x @ W)",
            "ValueError: the shapes (2,) and (5, 3) do not fit in @ (line 3 of your "
            "cell of double: return np.tanh(x @ W))",
        ),
        (
            "w = {'W': np.ones((5, 3))}\n    return x @ w['W'].T[0]",
            "ValueError: the shapes (2,) and (5,) do not fit in @",
        ),
        (
            "return x + np.ones(5)",
            "ValueError: the shapes (2,) and (5,) do not fit together (line 2 of your",
        ),
        ("return xx", "NameError: name 'xx' is not defined (line 2 of your cell of"),
        ("return np.dubble(x)", "AttributeError: numpy has no attribute dubble"),
        ("return {}['W_xh']", "KeyError: there is no key 'W_xh' (line 2 of your"),
        ("return None + x[0]", "TypeError: + between NoneType and "),
        ("return x[7]", "IndexError: index 7 is out of bounds for axis 0 with size 2"),
        ("import nowhere", "ModuleNotFoundError: there is no module nowhere (line 2"),
    ],
)
def test_an_exception_keeps_what_is_safe_to_tell(body: str, said: str) -> None:
    """Are shapes, missing names and the student's own line there?"""
    assert message(body).startswith(said)


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError('secret 1.5')",
        "raise NameError(f\"name 'x{x[0]}' is not defined\")",
        "raise KeyError(repr(x))",
        "{}['sec' + 'ret']",
        "raise AttributeError(\"'float' object has no attribute 'sec\" 'ret\\'')",
        "raise ValueError('shapes (1.5,) and secret not aligned')",
        "raise ValueError('operands could not be broadcast together with shapes '"
        " '(99999999,) (2,)')",
    ],
)
def test_an_exception_tells_nothing_else(body: str) -> None:
    """Is text that running code has made kept back?"""
    place = f"(line 2 of your cell of double: {body})"
    said = message(body)
    shown = said.split("line 2 of your cell of double")[0]
    assert place[1:20] in said
    assert not any(word in shown for word in ("secret", "1.", "array", "9999"))


def test_the_place_says_whose_cell_it_is() -> None:
    """Is line 2 of an own cell told from line 2 of the exercise, or of a given cell?"""
    helper = "def helper(x):\n    return x[9]"
    assert "(line 2 of a cell you added: return x[9])" in message(
        "return helper(x)", helper
    )
    assert "of a given cell: " in message("return assert_close(x, 3)")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "def double(x:\n    return 2 * x",
            "SyntaxError: '(' was never closed (line 1",
        ),
        ("def double(x):\nreturn 2 * x", "IndentationError: expected an indented"),
        (
            "import nowhere\ndef double(x):\n    return 2 * x",
            "ModuleNotFoundError: there is no module nowhere (line 1 of your cell of",
        ),
        (
            "print(nothing)\ndef double(x):\n    return 2 * x",
            "NameError: name 'nothing' is not defined (line 1 of your cell of double",
        ),
    ],
)
def test_a_cell_that_stops_is_the_reason_of_its_checks(text: str, said: str) -> None:
    """Does each check say why its cell stopped, not that a name must be spelt so?"""
    found = by_id(grade(submission(double_cell=text, quadruple="return 4 * x")))
    assert said in found["double_values"].message
    assert "exactly this name" not in found["double_values"].message
    assert found["quadruple_values"].passed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("while True: pass", "double is not defined, because its cell did not end in"),
        ("import os\nos._exit(1)", "double is not defined, because its cell ended the"),
    ],
)
def test_a_cell_that_is_left_out_is_the_reason_of_its_checks(
    text: str, said: str
) -> None:
    """Does a check say that its cell hung, or ended the process?"""
    whole = f"{text}\ndef double(x):\n    return 2 * x"
    found = by_id(grade(submission(double_cell=whole, quadruple="return 4 * x")))
    assert found["double_values"].message.startswith(said)
    assert found["quadruple_values"].passed


def test_a_cell_that_stops_is_the_reason_of_what_it_leaves_out() -> None:
    """Is the missing module told where a function misses what its cell imports?"""
    first = "import nowhere\nfrom math import pi as two"
    said = message("return two * x", first)
    assert said.startswith("NameError: name 'two' is not defined (line 2 of your cell")
    assert "The cell that defines two stopped: ModuleNotFoundError: there is no" in said

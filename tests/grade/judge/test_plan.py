"""A check sees the names as they stand at its own place, as in Jupyter."""

from __future__ import annotations

import json

import pytest
from support.small_assignment import (
    QUICK,
    RIGHT,
    by_id,
    cell,
    grade,
    material,
    submission,
)

from unrolled.assignment.reference import build_reference
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.judge.verdict import CellVerdict
from unrolled.grade.scheduling.job import GradingJob, grade_job

HELPED = "return helper(x)"
HELPER = "def helper(x):\n    return factor['two'] * x"


def with_cells(last: str, first: str = "", **cells: str) -> dict[str, CellVerdict]:
    """The verdicts on a right submission that ends with an own cell."""
    notebook = submission(**{**RIGHT, **cells})
    if first:
        notebook["cells"].insert(2, cell("code", first))
    notebook["cells"].append(cell("code", last))
    return by_id(grade(notebook))


@pytest.mark.parametrize(
    "last",
    [
        "double = double(np.array([1.0, 2.0]))",
        "def double(x):\n    return x",
        "del double, quadruple",
        "%reset -f",
        "from math import floor as double, ceil as quadruple",
        "for double in range(3): pass",
        "globals().clear()",
        "np = None",
        "get_ipython().user_ns['double'] = None",
    ],
)
def test_a_name_that_is_bound_anew_below_costs_nothing(last: str) -> None:
    """Do both functions count as they were where their checks stand?"""
    found = with_cells(last)
    assert [v.score for v in found.values()] == [10, 20]
    assert not any(v.follow_through or v.message for v in found.values())


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (f"factor = {{'two': 2}}\n{HELPER}", "factor = {'two': 3}"),
        (f"factor = {{'two': 2}}\n{HELPER}", "def helper(x):\n    return 0"),
        (f"factor = {{'two': 2}}\n{HELPER}", "factor['two'] = 3"),
        (f"factor = {{'two': 2}}\n{HELPER}", "factor.clear()"),
        (f"factor = {{'two': 2}}\n{HELPER}", "helper.__code__ = double.__code__"),
        (f"factor = {{'two': 2}}\n{HELPER}", "del helper, factor"),
        (
            "two = np.array(2.0)\ndef helper(x):\n    return two * x",
            "two += 1",
        ),
        (
            "class Two:\n    value = 2\ndef helper(x):\n    return Two.value * x",
            "Two.value = 3",
        ),
        (
            "def helper(x):\n    return np.multiply(2, x)",
            "np.multiply = np.add",
        ),
        (
            "def helper(x, two=[2]):\n    return two[-1] * x",
            "helper.__defaults__[0].append(4)",
        ),
        (
            "def helper(x):\n    return sum([x, x])",
            "import builtins\nbuiltins.sum = max",
        ),
        (
            "calls = []\ndef helper(x):\n    calls.append(1)\n"
            "    assert len(calls) < 9\n    return x + x",
            "for _ in range(20):\n    calls.append(1)",
        ),
    ],
)
def test_what_a_function_stands_on_is_as_it_was(first: str, last: str) -> None:
    """Does a later cell that writes into what a function uses change no score?"""
    found = with_cells(last, first, double=HELPED)
    assert [v.score for v in found.values()] == [10, 20]


def test_a_call_that_spoils_a_constant_costs_nothing_before_it() -> None:
    """Is a helper array that a trial cell changes in place whole for its check?"""
    found = with_cells(
        "quadruple(two)",
        "two = np.array([2.0])",
        double="return two * x",
        quadruple="x *= 4\n    return x.copy()",
    )
    assert found["double_values"].score == 10


def test_a_mistake_that_is_mended_below_stays_one() -> None:
    """Does a check fail that fails in Jupyter, where the function is still wrong?"""
    found = with_cells("def double(x):\n    return 2 * x", double="return x * x")
    assert found["double_values"].misconception == ("squares",)
    assert found["quadruple_values"].follow_through


def test_follow_through_holds_at_its_place() -> None:
    """Is an early mistake still counted once, whatever a later cell rebinds?"""
    found = with_cells("double = quadruple = None", double="return x * x")
    assert [v.score for v in found.values()] == [0, 20]
    assert found["quadruple_values"].follow_through
    found = with_cells(
        "box.clear()",
        "box = {}",
        double="return x * x",
        quadruple="return double(double(x)) if box == {} else 0",
    )
    assert found["quadruple_values"].score == 20


def test_a_cell_that_stops_over_an_early_mistake_costs_it_once() -> None:
    """Does a solution cell that tries an earlier, wrong function keep its points?"""
    tried = "assert double(3) == 6\ndef quadruple(x):\n    return 4 * x"
    found = by_id(grade(submission(double="return x * x", quadruple_cell=tried)))
    assert [v.score for v in found.values()] == [0, 20]
    assert found["quadruple_values"].follow_through


@pytest.mark.parametrize(
    "cell_text",
    [
        "twice = double\ndef quadruple(x):\n    return twice(twice(x))",
        "def quadruple(x, twice=double):\n    return twice(twice(x))",
        "def squared(f):\n    return lambda x: f(f(x))\nquadruple = squared(double)",
        "class Twice:\n    by = staticmethod(double)\n"
        "def quadruple(x):\n    return Twice.by(Twice.by(x))",
    ],
)
def test_a_function_that_was_taken_along_is_followed_through(cell_text: str) -> None:
    """Does an early mistake cost its points once, also under a second name?"""
    wrong = submission(double="return x * x", quadruple_cell=cell_text)
    found = by_id(grade(wrong))
    assert [v.score for v in found.values()] == [0, 20]
    assert "reference double in place" in found["quadruple_values"].message


def test_a_name_that_is_defined_only_below_says_so() -> None:
    """Does a helper that stands too low fail as in Jupyter, with its reason?"""
    found = with_cells("def helper(x):\n    return x + x", double=HELPED)
    assert found["double_values"].score == 0
    assert "name 'helper' is not defined" in found["double_values"].message


def test_work_that_was_moved_into_another_cell_stands_there() -> None:
    """Is a function found that the student's file defines in a later cell?"""
    both = "def quadruple(x):\n    return 4 * x\n\ndef double(x):\n    return x + x"
    notebook = submission(quadruple_cell=both)
    del notebook["cells"][2]  # double: it was merged into the other
    assert [v.score for v in by_id(grade(notebook)).values()] == [10, 20]


def test_hidden_arguments_stay_away_from_later_cells() -> None:
    """Can a cell behind the checks show what their hidden calls were given?"""
    spy = "seen.append(x)\n    return 2 * x"
    notebook = submission(double=spy, quadruple="return 0", first="seen = []")
    notebook["cells"].append(cell("code", "print('saw', len(seen))"))
    verdict = grade(notebook)
    shown = [o["text"] for o in verdict.outputs[max(verdict.outputs)]]
    assert shown == ["saw 0\n"]


def test_it_holds_in_the_graded_notebook() -> None:
    """Does the file that goes into the gradebook say full points?"""
    notebook = submission(**RIGHT)
    notebook["cells"].append(cell("code", "double = double(np.ones(2))"))
    notebook |= {"nbformat": 4, "nbformat_minor": 5}
    for number, made in enumerate(notebook["cells"]):
        made.setdefault("id", f"own-{number}")
    trusted = material()
    build_reference(trusted)
    text = json.dumps(notebook).encode()
    job = GradingJob(
        student="ann",
        name="small.ipynb",
        submission=text,
        material=trusted,
        seed=1,
        limits=QUICK,
    )
    graded = grade_job(job, select_trusted_worker())
    assert not graded.reason
    assert graded.scores["double_values"] == 10
    assert graded.scores["quadruple_values"] == 20

"""Do the lessons' visible checks tell their misconceptions, and none falsely?"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from unrolled.assignment import HINTS_FILE, load_material
from unrolled.author.report import SHOWN, UNSEEN, HintCase
from unrolled.author.verify.hints import check_hints
from unrolled.course import load_course

COURSE = load_course(Path(__file__).parents[2])
LEAST, LEAST_OF_ALL = 0.7, 0.8  # of a lesson's misconceptions, and of all together
MORE = {"06_char_rnn": 0.85, "07_hardware": 0.8}
ONCE_UNSEEN = {"step_two_tanh", "predict_globals"}


@lru_cache
def outcomes(assignment: str) -> dict[str, HintCase]:
    """What the notebook says to each misconception of an assignment."""
    table = COURSE.release / assignment / HINTS_FILE
    cases = check_hints(load_material(COURSE, assignment), table)
    assert [str(c) for c in cases if not c.passed] == []
    return {c.name: c for c in cases if isinstance(c, HintCase)}


def share(cases: list[HintCase]) -> float:
    """Which part of them shows its hint."""
    return sum(c.outcome == SHOWN for c in cases) / len(cases)


@pytest.mark.parametrize("assignment", list(COURSE.assignments))
def test_hints_are_true_and_many(assignment: str) -> None:
    """Does each check that fails show its hint or none, and most of them one?"""
    cases = list(outcomes(assignment).values())
    assert share(cases) >= MORE.get(assignment, LEAST)


def test_most_misconceptions_are_told_while_working() -> None:
    """Is it at least 80 % over all lessons, and does a visible check fail for each?

    But for the table that students sort: its text says that only grading looks at it.
    """
    cases = [c for name in COURSE.assignments for c in outcomes(name).values()]
    assert share(cases) >= LEAST_OF_ALL
    unseen = [c.name for c in cases if c.outcome == UNSEEN]
    assert [name for name in unseen if not name.startswith("shapes_")] == []


def test_mistakes_that_passed_all_visible_checks_are_told() -> None:
    """Do two tanh, and the notebook's own weights, get their hints?"""
    found = outcomes("02_forward_pass")
    assert {n for n in ONCE_UNSEEN if found[n].outcome == SHOWN} == ONCE_UNSEEN

"""Does a session know which earlier exercise is to blame, and forget it in time?"""

from __future__ import annotations

from typing import Any

import pytest

from unrolled.lab.follow_through.outline import (
    KnownCell,
    Outline,
    digest_cell,
    parse_outline,
)
from unrolled.lab.follow_through.session import Session

STEP = "def step(x):\n    return x + 1"
FORWARD = "def forward(xs):\n    return [step(x) for x in xs]"
DEEP = "def deep(xs):\n    return forward(forward(xs))"
OTHER = "def other(x):\n    return x"
CHECKS = {
    "step": ["assert step(1) == 2", "assert step(2) == 3"],
    "forward": ["assert forward([1]) == [2]"],
    "deep": ["assert deep([1]) == [3]"],
    "other": ["assert other(1) == 1", "assert other(step(1)) == 2"],
}
FAILS = "whose own check fails: fix that first."
OPEN = "which has not passed its checks yet: run them first."


@pytest.fixture
def session() -> Session:
    """A notebook of four exercises, all cells of which have run, and no check."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for source in (STEP, FORWARD, DEEP, OTHER):
        exec(source, names)
    cells = {
        digest_cell(check): KnownCell(checks=exercise)
        for exercise, checks in CHECKS.items()
        for check in checks
    }
    return Session(Outline(cells, {name: (name,) for name in CHECKS}), names)


def run(session: Session, *exercises: str, fails: str = "") -> None:
    """Run the checks of these exercises; those of `fails` do not pass."""
    for exercise in exercises:
        for check in CHECKS[exercise]:
            session.note_verdict(check, passed=exercise != fails)


def explain(session: Session, exercise: str, number: int = 0) -> str:
    """What is said when a check of this exercise fails."""
    return session.explain_check(CHECKS[exercise][number])


def test_a_failing_exercise_is_named(session: Session) -> None:
    """Is the earlier exercise named, by how the later one comes to it?"""
    run(session, "step", fails="step")
    assert explain(session, "forward") == f"forward calls step, {FAILS}"
    assert explain(session, "deep") == f"deep builds on step, {FAILS}"
    assert explain(session, "other", 1) == f"This check builds on step, {FAILS}"


def test_nothing_is_said_of_what_is_not_called(session: Session) -> None:
    """Is an exercise that has nothing to do with it left out, and the own one?"""
    run(session, "step", fails="step")
    assert explain(session, "other") == ""
    assert explain(session, "step") == ""


def test_nothing_is_said_where_all_pass(session: Session) -> None:
    """Does a later exercise that is wrong by itself get no excuse?"""
    run(session, "step", "forward")
    assert explain(session, "forward") == explain(session, "deep") == ""


def test_the_first_of_several_is_named(session: Session) -> None:
    """Is the root named, where what lies between fails because of it?"""
    run(session, "step", fails="step")
    run(session, "forward", fails="forward")
    assert explain(session, "deep") == f"deep builds on step, {FAILS}"


def test_the_note_goes_when_the_function_is_mended(session: Session) -> None:
    """Is a verdict of the former function forgotten, in all that builds on it?"""
    run(session, "step", fails="step")
    run(session, "forward", fails="forward")
    exec("def step(x):\n    return 1 + x", session.names)
    assert explain(session, "deep") == f"deep builds on step, {OPEN}"
    run(session, "step")
    assert explain(session, "forward") == ""
    assert explain(session, "deep") == f"deep calls forward, {OPEN}"
    run(session, "forward")
    assert explain(session, "deep") == ""


def test_running_the_same_cell_again_mends_nothing(session: Session) -> None:
    """Does a function of the same text keep its verdict?"""
    run(session, "step", fails="step")
    exec(STEP, session.names)
    assert explain(session, "forward") == f"forward calls step, {FAILS}"


def test_one_failing_check_is_enough(session: Session) -> None:
    """Is an exercise failing while one of its checks is, and open while one is due?"""
    first, second = CHECKS["step"]
    session.note_verdict(first, passed=True)
    assert session.find_standing("step") == "unknown"
    session.note_verdict(second, passed=False)
    assert session.find_standing("step") == "failed"
    session.note_verdict(second, passed=True)
    assert session.find_standing("step") == "passed"


def test_edited_cells_are_the_students_own(session: Session) -> None:
    """Is a check that was edited none, but for blanks at its line ends?"""
    session.note_verdict("assert step(1) == 3", passed=False)
    assert session.find_standing("step") == "unknown"
    for check in CHECKS["step"]:
        session.note_verdict(f"\n{check}   \n", passed=True)
    assert session.find_standing("step") == "passed"


UNWRITTEN = NotImplementedError("step is not written yet")


@pytest.mark.parametrize(
    ("error", "failing", "said"),
    [
        (
            UNWRITTEN,
            "step",
            "step is not written yet. Write it, then go on from there.",
        ),
        (
            KeyError("h"),
            "step",
            "a check of step fails. Fix step first. (KeyError: 'h')",
        ),
        (KeyError("h"), "", "run the checks of forward first. (KeyError: 'h')"),
    ],
)
def test_a_demonstration_says_what_it_needs(
    session: Session, error: Exception, failing: str, said: str
) -> None:
    """Is it one line that names the exercise, whatever was raised?"""
    run(session, "step", fails=failing)
    cell = KnownCell(needs=("step", "forward"))
    assert session.explain_demo(cell, error) == f"Nothing to show yet: {said}"


def test_a_demonstration_asks_for_a_cell_that_has_not_run(session: Session) -> None:
    """Is a name that isn't there at all told before what its checks say?"""
    del session.names["forward"]
    said = session.explain_demo(KnownCell(needs=("step", "forward")), NameError("x"))
    assert "the cell of forward has not been run" in said


def test_a_demonstration_with_all_it_needs_shows_its_error(session: Session) -> None:
    """Is nothing hidden that no exercise can be blamed for?"""
    run(session, "step", "forward")
    assert session.explain_demo(KnownCell(needs=("step",)), KeyError("h")) == ""


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"outline": {}},
        {"outline": {"cells": {"a": {"checks": "gone"}}, "exercises": []}},
    ],
)
def test_a_broken_outline_is_refused(document: dict[str, Any]) -> None:
    """Is a table without an outline, as those of last term, told from one with it?"""
    with pytest.raises((LookupError, TypeError)):
        parse_outline(document)

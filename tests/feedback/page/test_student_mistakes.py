"""One student's mistakes: what is put together, in which order, with which code."""

from __future__ import annotations

from dataclasses import replace

from unrolled.assignment.cells import Cell
from unrolled.feedback.page.mistakes import (
    LONGEST,
    Exercises,
    cut_code,
    find_headings,
    find_mistakes,
)
from unrolled.feedback.page.model import Mistake
from unrolled.grade import CellResult

STUB = "def f(x):\n    raise NotImplementedError('f')"
EXERCISES = Exercises(
    code={"f": "def f(x):\n    return x", "g": "def g(x):\n    return f(x)"},
    headings={"f": "Exercise: `f`"},
    stubs={"f": STUB, "g": "def g(x): ..."},
    homes={"f": "f", "helper": "f", "g": "g"},
    labels={name: name for name in ("f_1", "f_2", "f_3", "g_1", "g_2", "g_3")},
    comments={"f": "Nearly."},
)


def fail(grade_id: str, message: str = "wrong", *names: str) -> tuple[str, CellResult]:
    """A failed check worth 2 points, with its exercise."""
    result = CellResult(
        grade_id=grade_id,
        score=0.0,
        max_score=2.0,
        passed=False,
        message=message,
        hint=f"Think of {names[0]}." if names else "",
        misconception=names,
    )
    return grade_id[0], result


def spare(grade_id: str, names: str, points: float = 9.0) -> tuple[str, CellResult]:
    """A check that passed with the reference of others."""
    message = (
        f"Passed with the reference {names} in place of yours: an earlier mistake "
        "costs its own points once."
    )
    result = CellResult(
        grade_id=grade_id,
        score=points,
        max_score=points,
        passed=True,
        follow_through=True,
        message=message,
    )
    return grade_id[0], result


def find(*results: tuple[str, CellResult]) -> tuple[Mistake, ...]:
    """The mistakes of the made exercises."""
    return find_mistakes(results, EXERCISES)


def test_a_mistake_is_told_once() -> None:
    """Are checks that fail by one misconception one mistake, with all their points?"""
    (mistake,) = find(fail("f_1", "a", "forgets"), fail("f_2", "b", "forgets"))
    assert (mistake.names, mistake.hint) == (("forgets",), "Think of forgets.")
    assert (mistake.kind, mistake.lost) == ("known", 4.0)
    assert [check.grade_id for check in mistake.checks] == ["f_1", "f_2"]
    assert mistake.heading == "Exercise: `f`" and mistake.comment == "Nearly."


def test_two_mistakes_of_one_exercise_are_two() -> None:
    """Are another misconception and what none explains told apart from it?"""
    found = find(fail("f_1", "a", "forgets"), fail("f_2"), fail("f_3", "c", "turns"))
    assert [m.names for m in found] == [("forgets",), (), ("turns",)]
    assert [m.kind for m in found] == ["known", "unknown", "known"]
    assert [m.comment for m in found] == ["Nearly.", "", ""]


def test_checks_that_say_the_same_say_it_once() -> None:
    """Is a message of several checks one finding?"""
    (mistake,) = find(fail("f_1", "same"), fail("f_2", "same"), fail("f_3", "other"))
    assert [len(one.checks) for one in mistake.evidence] == [2, 1]


def test_what_most_hangs_on_comes_first() -> None:
    """Does a mistake that others were spared go before one that costs more?"""
    others = (fail("g_1"), fail("g_2"))
    found = find(fail("f_1"), *others)
    assert [m.exercise for m in found] == ["g", "f"]
    found = find(fail("f_1"), *others, spare("g_3", "helper"))
    assert [m.exercise for m in found] == ["f", "g"]
    assert found[0].follower_exercises == ("g",)
    assert [check.grade_id for check in found[0].followers] == ["g_3"]
    assert found[0].lost == 2.0


def test_what_is_as_it_was_released_is_no_mistake() -> None:
    """Is an untouched exercise not begun, whatever its checks say?"""
    untouched = replace(EXERCISES, code={"f": f"{STUB}\n", "g": "def g(x): return 1"})
    found = find_mistakes([fail("f_1"), fail("g_1")], untouched)
    assert [(m.exercise, m.kind) for m in found] == [
        ("f", "not begun"),
        ("g", "unknown"),
    ]
    assert found[0].code == ()


def test_the_code_is_that_of_the_function() -> None:
    """Is the function cut out of its cell, with its lines' own numbers?"""
    cell = "import numpy\n\n@wrap\ndef f(x):\n    return x\n\nprint(f(1))\n"
    lines = cut_code(cell, "f", {5})
    assert [(line.number, line.marked) for line in lines] == [
        (3, False),
        (4, False),
        (5, True),
    ]
    assert lines[-1].text == "    return x"


def test_the_whole_cell_is_shown_where_the_function_is_not_all() -> None:
    """Is it whole if the name is missing, if it is no Python, or if it stopped else?"""
    cell = "def F(x):\n    return x\r\nF(1)"
    assert [line.number for line in cut_code(cell, "f", set())] == [1, 2, 3]
    assert len(cut_code("def f(x)\n    return", "f", {1})) == 2
    assert [n.number for n in cut_code(cell, "F", {3})] == [1, 2, 3]
    assert len(cut_code("x = 1\n" * 500, "f", set())) == LONGEST


def test_a_heading_is_the_nearest_that_was_given() -> None:
    """Does no heading of the student's own stand for an exercise?"""
    cells = [
        make_cell("prose", "# A\n\n### Exercise: `f`\n\ntext"),
        make_cell("own", "# Mine"),
        make_cell("exercise", "def f(x): ...", "f"),
    ]
    assert find_headings(cells) == {"f": "Exercise: `f`"}
    assert find_headings(cells[1:]) == {"f": ""}


def make_cell(role: str, source: str, grade_id: str = "") -> Cell:
    """A cell of a notebook."""
    return Cell(
        index=0,
        id="",
        cell_type="code" if role == "exercise" else "markdown",
        role=role,  # type: ignore[arg-type]
        source=source,
        grade_id=grade_id,
        graded=False,
        points=0.0,
        exercise="",
        attachments={},
    )

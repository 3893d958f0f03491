"""A cell of the student's may use what a given demonstration above it has made."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from support.small_assignment import (
    QUICK,
    RIGHT,
    by_id,
    cell,
    grade,
    material,
    release_notebook,
    source_notebook,
    submission,
)

from unrolled.assignment.material import Material
from unrolled.assignment.reference import build_reference
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.judge.judge import judge_submission
from unrolled.grade.judge.plan import make_plan
from unrolled.grade.judge.verdict import CellVerdict, JudgeInput
from unrolled.grade.submission.rebuild import rebuild_submission

SHOWN = (
    "first_part = double(start)",
    "import math\nwhole = [first_part, math.pi]\ndef scale(x):\n    return factor * x",
    "factor = len(whole)",
    "1 / 0",
)


def shown_material() -> Material:
    """The small assignment with demonstrations between its exercises."""
    trusted = material()
    both = source_notebook(), release_notebook()
    for notebook in both:
        demonstrations = [cell("code", s, unrolled={"show": True}) for s in SHOWN]
        for number, made in enumerate(demonstrations):
            made["id"] = f"shown-{number}"
        notebook["cells"][4:4] = demonstrations
    return replace(trusted, source=both[0], release=both[1])


def task_of(quadruple: str, **cells: str) -> JudgeInput:
    """A task whose cell of `quadruple` has a given text."""
    trusted = shown_material()
    notebook = copy.deepcopy(trusted.release)
    texts = {"quadruple": quadruple, "double": f"def double(x):\n    {RIGHT['double']}"}
    for made in notebook["cells"]:
        name = made["metadata"].get("nbgrader", {}).get("grade_id", "")
        made["source"] = {**texts, **cells}.get(name, made["source"])
    rebuilt = rebuild_submission(trusted, notebook).notebook
    return JudgeInput(trusted, rebuilt, 1, QUICK)


def verdicts(quadruple: str, **cells: str) -> dict[str, CellVerdict]:
    """The verdicts on such a submission."""
    task = task_of(quadruple, **cells)
    return by_id(
        judge_submission(task, build_reference(task.material), select_trusted_worker())
    )


def asked_for(quadruple: str, **cells: str) -> list[str]:
    """The demonstrations and checks that are run for it."""
    task = task_of(quadruple, **cells)
    return [c.source for c in make_plan(task).cells if not c.runs]


DEF = "def quadruple(x):\n    return 4 * x\n"


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        (DEF, []),
        (f"print(first_part.shape)\n{DEF}", [0]),
        (f"print(len(whole))\n{DEF}", [0, 1, 2]),
        (f"print(whole[0].sum())\n{DEF}", [0, 1, 2]),
        (f"{DEF}print(scale(3))", [0, 1, 2]),
        (f"%time first_part.sum()\n{DEF}", [0]),
        (f"globals()['first_part'].shape\n{DEF}", [0]),
        ("def quadruple(x):\n    return scale(2 * x)", [0, 1, 2]),
        ("def quadruple(first_part):\n    return 4 * first_part", []),
        ("first_part = 4\ndef quadruple(x):\n    return first_part * x", []),
        ("quadruple = lambda x: x * sum(1 for _ in range(factor + 2))", [0, 1, 2]),
        (
            "class Four:\n    def by(self, x):\n        return (factor + 2) * x\n"
            "def quadruple(x):\n    return Four().by(x)",
            [0, 1, 2],
        ),
    ],
)
def test_what_a_cell_needs_is_run_and_nothing_else(
    text: str, needed: list[int]
) -> None:
    """Are exactly the demonstrations run that it needs, and does it get its points?"""
    assert asked_for(text) == [SHOWN[n] for n in needed]
    assert verdicts(text)["quadruple_values"].score == 20


def test_what_a_check_above_has_made_is_there() -> None:
    """Is a name of a visible check there, without a word of its hidden part?"""
    trusted = shown_material()
    for notebook in (trusted.source, trusted.release):
        for made in notebook["cells"]:
            if made["metadata"].get("nbgrader", {}).get("grade_id") == "double_values":
                made["source"] = "shown_x = 2\n" + made["source"]
    notebook = copy.deepcopy(trusted.release)
    for made in notebook["cells"]:
        name = made["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name == "quadruple":
            made["source"] = f"print(shown_x + 1)\n{DEF}"
        elif name == "double":
            made["source"] = f"def double(x):\n    {RIGHT['double']}"
    rebuilt = rebuild_submission(trusted, notebook).notebook
    for made, source in zip(
        rebuilt["cells"], trusted.source["cells"], strict=True
    ):  # as before autograding
        if made["metadata"].get("nbgrader", {}).get("grade") and "values" in str(made):
            made["source"] = source["source"]
    task = JudgeInput(trusted, rebuilt, 1, QUICK)
    plan = make_plan(task)
    assert [c.source.split("\n")[0] for c in plan.cells if not c.runs] == [
        "shown_x = 2"
    ]
    assert not any("rng" in c.source for c in plan.cells)
    verdict = judge_submission(task, build_reference(trusted), select_trusted_worker())
    assert by_id(verdict)["quadruple_values"].score == 20
    assert not verdict.outputs.keys() & plan.checks


def test_a_demonstration_that_stops_is_no_reason_to_stop() -> None:
    """Does what it made before it stopped count, as in Jupyter?"""
    text = f"print(first_part)\n{DEF}"
    assert verdicts(text, double="def double(x):\n    return x * x")[
        "quadruple_values"
    ].score


def test_a_demonstration_that_needs_a_wrong_function_costs_it_once() -> None:
    """Does a cell stop over an earlier mistake, and keep its points all the same?"""
    found = verdicts(f"print(first_part.shape)\n{DEF}", double="def double(x): 1 / 0")
    assert [v.score for v in found.values()] == [0, 20]
    assert found["quadruple_values"].follow_through


def nested(levels: int) -> str:
    """Text whose byte code doubles with each level."""
    rows = []
    for depth in range(levels):
        indent = " " * depth
        rows += [f"{indent}try:", f"{indent} pass", f"{indent}finally:"]
    return "\n".join([*rows, " " * levels + "print(first_part)"])


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        (nested(20), 1),
        ("(" * 5000, 0),
        ("x = first_part\n" * 20_000, 0),  # more than is read
        ("a.b." * 20_000 + "c", 0),
        ("print(first_part)\0", 1),
    ],
)
def test_text_that_is_hard_to_read_does_no_harm(text: str, needed: int) -> None:
    """Is any text read in a moment, by the judge itself, without being compiled?"""
    assert len(asked_for(text)) == needed


@pytest.mark.parametrize(
    ("given", "double"),
    [
        ("import math\n{}", "return math.prod([2]) * x"),
        ("{}\ndef helper(x):\n    return x + x", "return helper(x)"),
        ("two = 2\nthree = two + 1", "return (three - 1) * x"),
        ("start = None\nassert_close = print\n{}\ntwo = 2", "return two * x"),
    ],
)
def test_what_was_written_into_a_given_cell_is_there(given: str, double: str) -> None:
    """Does an import beside the given ones count, as in Jupyter, and nothing else?"""
    notebook = submission(double=double, quadruple="return 4 * x")
    notebook["cells"][1]["source"] = given.format(notebook["cells"][1]["source"])
    assert [v.score for v in by_id(grade(notebook)).values()] == [10, 20]


def test_what_was_written_into_a_demonstration_is_there() -> None:
    """Is a helper found that stands in a demonstration, and is it not run in vain?"""
    trusted = shown_material()
    notebook = copy.deepcopy(trusted.release)
    for made in notebook["cells"]:
        name = made["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name == "quadruple":
            made["source"] = "def quadruple(x):\n    return four(x)"
        elif name == "double":
            made["source"] = f"def double(x):\n    {RIGHT['double']}"
        elif made["source"] in SHOWN:
            made["source"] += "\n# I have been here"
    helper = "def four(x):\n    return 4 * x\n"
    shown = [c for c in notebook["cells"] if c["source"].startswith(SHOWN[0])]
    shown[0]["source"] = helper + shown[0]["source"]
    rebuilt = rebuild_submission(trusted, notebook).notebook
    added = [c["source"] for c in rebuilt["cells"] if c["id"].startswith("own-")]
    assert len(added) == 1 and added[0].startswith(helper)
    task = JudgeInput(trusted, rebuilt, 1, QUICK)
    verdict = judge_submission(task, build_reference(trusted), select_trusted_worker())
    assert by_id(verdict)["quadruple_values"].score == 20


def test_a_given_cell_that_was_broken_still_costs_nothing() -> None:
    """Is the released one used where the student has spoilt or emptied it?"""
    for spoilt in ("import nump as np", "start = 5", "", "1 / 0", "def f(:"):
        notebook = submission(**RIGHT)
        notebook["cells"][1]["source"] = spoilt
        assert [v.score for v in by_id(grade(notebook)).values()] == [10, 20]

"""A small assignment of its own for the tests of the grader."""

from __future__ import annotations

import copy
import textwrap
from typing import Any

from unrolled.assignment.material import Material
from unrolled.assignment.reference import build_reference
from unrolled.course.limits import Limits
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.judge.judge import judge_submission
from unrolled.grade.judge.verdict import CellVerdict, JudgeInput, Verdict
from unrolled.grade.submission.rebuild import rebuild_submission

Notebook = dict[str, Any]

QUICK = Limits(call_seconds=2, cell_seconds=3, submission_seconds=60)

ORACLE = """
def double(x):
    return x + x

def quadruple(x):
    return x + x + x + x
"""

MISCONCEPTIONS = '''
from unrolled.assignment.catalogue import misconception, style

@misconception("double", fails="double_values", hint="Two times, not the square.")
def squares(x):
    """Squares."""
    return x * x

@misconception("double", fails="double_values", hint="A third, by far.")
def halves(x):
    return x / 2

@misconception("quadruple", fails="quadruple_values", hint="Twice is not enough.")
def only_once(x):
    return double(x)
'''

STUB = '# YOUR CODE HERE\n    raise NotImplementedError("{0} is not written yet")'


def cell(kind: str, source: str, **metadata: Any) -> Notebook:
    """A notebook cell."""
    made: Notebook = {"cell_type": kind, "metadata": metadata, "source": source}
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    return made


def graded(name: str, grade: bool, solution: bool, points: float = 0) -> Notebook:
    """nbgrader metadata."""
    made: Notebook = {
        "schema_version": 3,
        "grade_id": name,
        "grade": grade,
        "solution": solution,
        "locked": grade and not solution,
        "task": False,
    }
    return made | ({"points": points} if grade else {})


def exercise(name: str, body: str) -> Notebook:
    """A solution cell that defines `name(x)`."""
    source = f"def {name}(x):\n    {body}"
    return cell("code", source, nbgrader=graded(name, False, True))


def check(name: str, of: str, visible: str, hidden: str, points: float) -> Notebook:
    """An automatic grade cell with a visible and a hidden part."""
    source = textwrap.dedent(visible).strip()
    if hidden:
        inner = textwrap.dedent(hidden).strip()
        source += f"\n### BEGIN HIDDEN TESTS\n{inner}\n### END HIDDEN TESTS"
    meta = graded(name, True, False, points)
    return cell("code", source, nbgrader=meta, unrolled={"exercise": of})


GIVEN = """
import numpy as np
start = np.array([1.0, 2.0])

def assert_close(got, want):
    assert type(got) is np.ndarray, f"expected an array, got {type(got).__name__}"
    np.testing.assert_allclose(got, want)
"""


def source_notebook() -> Notebook:
    """The instructor's notebook: two exercises, three checks, one written answer."""
    cells = [
        cell("markdown", "# A lesson"),
        cell("code", GIVEN.strip()),
        exercise("double", "return 2 * x"),
        check(
            "double_values",
            "double",
            "assert_close(double(start), [2.0, 4.0])",
            "x = rng.normal(size=3)\nassert_close(double(x), oracle.double(x))",
            10,
        ),
        exercise("quadruple", "return double(double(x))"),
        check(
            "quadruple_values",
            "quadruple",
            "assert_close(quadruple(start), [4.0, 8.0])",
            "x = rng.normal(size=3)\nassert_close(quadruple(x), oracle.quadruple(x))",
            20,
        ),
        cell("code", "raise RuntimeError('a demonstration')", unrolled={"show": True}),
        cell("markdown", "Model answer.", nbgrader=graded("why", True, True, 5)),
    ]
    for number, made in enumerate(cells):
        made["id"] = f"cell-{number}"
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def release_notebook() -> Notebook:
    """What students get."""
    notebook = source_notebook()
    for made in notebook["cells"]:
        name = made["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name in ("double", "quadruple"):
            made["source"] = f"def {name}(x):\n    " + STUB.format(name)
        elif name == "why":
            made["source"] = "*Write your answer here.*"
        made["source"] = made["source"].split("\n### BEGIN HIDDEN")[0]
    return notebook


def material() -> Material:
    """The trusted side of the small assignment."""
    return Material(
        assignment="small",
        notebook="small",
        source=source_notebook(),
        release=release_notebook(),
        oracle=ORACLE,
        misconceptions=MISCONCEPTIONS,
    )


def submission(**cells: str) -> Notebook:
    """The release with solution cells replaced: `double="return 2 * x"`, whole cells
    as `double_cell="..."`, and own cells in front as `first="..."`."""
    notebook = copy.deepcopy(release_notebook())
    for made in notebook["cells"]:
        name = made["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name in cells:
            made["source"] = f"def {name}(x):\n    {cells[name]}"
        elif f"{name}_cell" in cells:
            made["source"] = cells[f"{name}_cell"]
    if "first" in cells:
        notebook["cells"].insert(0, cell("code", cells["first"]))
    return notebook


RIGHT = {"double": "return 2 * x", "quadruple": "return double(double(x))"}


def grade(submitted: Any, limits: Limits = QUICK, seed: int = 1) -> Verdict:
    """Rebuild and judge a submission of the small assignment."""
    trusted = material()
    rebuilt = rebuild_submission(trusted, submitted).notebook
    submission = JudgeInput(trusted, rebuilt, seed, limits)
    return judge_submission(
        submission, build_reference(trusted), select_trusted_worker()
    )


def by_id(verdict: Verdict) -> dict[str, CellVerdict]:
    """The verdicts by grade id."""
    return {c.grade_id: c for c in verdict.cells}

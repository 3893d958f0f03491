"""Validate and grading say the same of every visible check."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from unrolled.assignment.cells import read_cells
from unrolled.assignment.load import load_material, load_reference
from unrolled.assignment.material import Material, Notebook
from unrolled.assignment.reference import Reference
from unrolled.course.limits import Limits
from unrolled.course.model import load_course
from unrolled.errors import UserError
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.judge.judge import judge_submission
from unrolled.grade.judge.verdict import CellVerdict, JudgeInput
from unrolled.grade.session.session import Budget, Session, StudentProcessLost
from unrolled.grade.submission.notebook import parse_submission
from unrolled.grade.submission.rebuild import rebuild_submission
from unrolled.samples.build_submission import build_notebook
from unrolled.samples.recipe import Recipe, load_students

ROOT = Path(__file__).parents[2]
COURSE = load_course(ROOT)
LIMITS = Limits(call_seconds=2, cell_seconds=6, submission_seconds=100)
HOSTILE = ("cells_merged", "cells_reversed", "cells_split", "cells_retyped")
STUDENTS = {
    **{s.name: s for s in load_students(ROOT / "tests" / "submissions")},
    **{
        s.name: s
        for s in load_students(ROOT / "tests" / "submissions" / "hostile")
        if s.name in HOSTILE
    },
}
CHEATS = ("patched_tests",)  # it fools the checks of its own notebook: not the judge
NO_PICTURES = """
import base64, matplotlib.figure
matplotlib.figure.Figure.savefig = lambda self, file, png=base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJ"
    "RU5ErkJggg=="
), **k: file.write(png)
del base64, matplotlib
"""
EVERYWHERE = ("uses_demonstrations", "names_used_again")
CASES = [
    (name, assignment)
    for name, student in STUDENTS.items()
    for assignment in student.recipes
    if assignment == "02_forward_pass" or name in EVERYWHERE
    if name not in CHEATS
]


@lru_cache(maxsize=4)
def sides(assignment: str) -> tuple[Material, Reference]:
    """The material, and its reference with the visible part of the checks only."""
    material = load_material(COURSE, assignment)
    reference = load_reference(material)
    visible = tuple(replace(c, hidden=None) for c in reference.checks)
    return material, replace(reference, checks=visible)


def rebuilt(recipe: Recipe) -> Notebook:
    """The notebook of a made student, with the checks that students see."""
    material, reference = sides(recipe.assignment)
    submitted = parse_submission(
        build_notebook(recipe, material, reference), Path("x.ipynb")
    )
    return rebuild_submission(material, submitted).notebook


def validated(notebook: Notebook, material: Material) -> dict[str, bool]:
    """Which checks run to their end as the cells come, those before a cell that kills.

    The shell is the one whose outputs are compared with Jupyter's elsewhere.
    """
    passed: dict[str, bool] = {}
    channel = select_trusted_worker().open(material.data, LIMITS)
    session = Session(channel, Budget(limits=LIMITS, end=time.monotonic() + 100))
    try:
        session.start()
        session.run_cell(-1, NO_PICTURES)  # drawing them takes most of the time
        for cell in read_cells(notebook):
            if cell.cell_type == "code":
                stop, _ = session.run_cell(cell.index, cell.source)
                if cell.role == "check":
                    passed[cell.grade_id] = not stop
    except StudentProcessLost:
        pass
    finally:
        session.close()
    return passed


def graded(notebook: Notebook, assignment: str) -> dict[str, CellVerdict]:
    """What the judge says of the visible part of each check."""
    material, reference = sides(assignment)
    verdict = judge_submission(
        JudgeInput(material, notebook, 1, LIMITS),
        reference,
        select_trusted_worker(),
    )
    return {c.grade_id: c for c in verdict.cells}


@pytest.mark.parametrize(("name", "assignment"), CASES)
def test_validate_and_grading_agree(name: str, assignment: str) -> None:
    """Does every check that passes in Jupyter pass in grading, and no other?

    Others pass where grading is meant to be kinder: with the reference in the place
    of an earlier mistake, and where a solution was moved below its checks.
    """
    recipe = STUDENTS[name].recipes[assignment]
    try:
        notebook = rebuilt(recipe)
    except UserError as error:
        assert recipe.expected is None, error
        return
    there = validated(notebook, sides(assignment)[0])
    here = graded(notebook, assignment)
    assert there
    kinder = {g for g, v in here.items() if v.follow_through}
    differ = {g for g in there if there[g] != here[g].passed} - kinder
    if name == "cells_merged":
        differ = {g for g in differ if there[g]}
    assert not differ, [(g, there[g], here[g].message) for g in sorted(differ)]

"""What recipes expect besides the score: every made submission keeps to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from support.author_course import ROOT

from unrolled.assignment.load import load_material, load_reference
from unrolled.course.limits import Limits
from unrolled.course.model import Course, load_course
from unrolled.errors import UserError
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.results import CellResult, SubmissionResult
from unrolled.grade.scheduling.job import grade_job
from unrolled.grade.scheduling.prepare import JobPreparer
from unrolled.samples.build_submission import write_submission
from unrolled.samples.expectations import (
    GradedSubmission,
    extract_page_text,
    find_misses,
    has_words,
)
from unrolled.samples.recipe import Recipe, SampleStudent, load_students

LIMITS = Limits(call_seconds=2, cell_seconds=6, submission_seconds=100)
STUDENTS = load_students(ROOT / "tests" / "submissions")
NOTEBOOK = json.dumps(
    {
        "cells": [
            {
                "cell_type": "code",
                "source": ["def f():\n", "    return 'secret'"],
                "outputs": [{"output_type": "stream", "text": ["printed\n", "more"]}],
                "metadata": {"nbgrader": {"grade_id": "f"}},
            },
            {
                "cell_type": "markdown",
                "source": "An <i>answer</i>",
                "metadata": {"nbgrader": {"grade_id": "why"}},
            },
        ],
        "metadata": {"unrolled": {"notes": ["a note"]}},
    }
)
CELLS = (
    CellResult(
        grade_id="f_values",
        score=0.0,
        max_score=4.0,
        passed=False,
        message="f: got 3",
        hint="Too few.",
        misconception=("few",),
    ),
    CellResult(grade_id="f_shape", score=2.0, max_score=2.0, passed=True),
)
GRADED = GradedSubmission(
    SubmissionResult(
        student="ann", status="graded", repairs=("Cell f was mended.",), cells=CELLS
    ),
    NOTEBOOK,
    "<style>no</style><h1>Too  few.</h1><p>f &lt; 3 <b>in</b> all</p>",
)
UNGRADED = GradedSubmission(
    SubmissionResult(student="bob", status="ungraded", reason="x.ipynb: no notebook"),
    "",
    "",
)
MET = Recipe(
    assignment="small",
    expected=2.0,
    repairs=("f was *",),
    hints={"f_values": ("few", "got *", "Too few")},
    counts={"f": "return 'secret'"},
    shows=("Too few.", "f < 3 in all"),
    hides=("<script", "secret", "no one"),
)


def test_what_came_back_as_expected_has_no_miss() -> None:
    """Are all keys met at once, with stars, several words and a page?"""
    assert find_misses(MET, GRADED) == ()
    assert (
        find_misses(
            Recipe(assignment="small", expected=None, reason="*: no notebook"), UNGRADED
        )
        == ()
    )
    assert find_misses(Recipe(assignment="small", expected=2.0), GRADED) == ()


@pytest.mark.parametrize(
    ("told", "misses"),
    [
        ({"repairs": ()}, {"repairs": ("no other repair", "Cell f was mended.")}),
        ({"repairs": ("f", "g was")}, {"repairs": ("g was", "Cell f was mended.")}),
        ({"hints": {}}, {"hints.f_values": ("no mistake", "few: Too few.: f: got 3")}),
        (
            {"hints": {"f_shape": "few", "f_values": "few"}},
            {"hints.f_shape": ("few", "nothing")},
        ),
        (
            {"hints": {"f_values": ("few", "Too many")}},
            {"hints.f_values": ("few, Too many", "few: Too few.: f: got 3")},
        ),
        (
            {"hints": {"f_values": "many"}},
            {"hints.f_values": ("many", "few: Too few.: f: got 3")},
        ),
        (
            {"hints": {"f_values": "few", "f_shapes": "few"}},
            {"hints.f_shapes": ("few", "no such cell; did you mean f_shape?")},
        ),
        ({"reason": "no notebook"}, {"reason": ("no notebook", "it was graded")}),
        (
            {"counts": {"f": "return 3"}},
            {"counts.f": ("return 3", "def f(): return 'secret'")},
        ),
        ({"counts": {"g": "return 3"}}, {"counts.g": ("return 3", "no such cell")}),
        ({"shows": ("no",)}, {"shows": ("no", "a page without it")}),
        ({"hides": ("<b>",)}, {"hides": ("<b> nowhere", "it in the feedback page")}),
        (
            {"hides": ("f < 3",)},  # as text it may stand there
            {},
        ),
        (
            {"hides": ("in all",)},
            {"hides": ("in all nowhere", "it in the feedback page")},
        ),
        (
            {"hides": ("printed more",)},
            {"hides": ("printed more nowhere", "it in the graded notebook")},
        ),
        ({"hides": ("<i>answer",)}, {}),  # the student's own words are kept
        (
            {"hides": ("a note",)},
            {"hides": ("a note nowhere", "it in the graded notebook")},
        ),
    ],
)
def test_each_key_is_missed_when_it_is_wrong(
    told: dict[str, Any], misses: dict[str, tuple[str, str]]
) -> None:
    """Is a wrong expectation told, by key, and no other?"""
    found = find_misses(replace(MET, **told), GRADED)
    assert {m.key: (m.expected, m.got) for m in found} == misses


def test_what_cannot_be_graded_misses_all_but_its_reason() -> None:
    """Is a page or a hint that never was a miss, and another reason one?"""
    wrong = Recipe(assignment="small", expected=None, reason="too large")
    (miss,) = find_misses(wrong, UNGRADED)
    assert (miss.key, miss.got) == ("reason", "x.ipynb: no notebook")
    keys = {m.key for m in find_misses(MET, UNGRADED)}
    assert keys == {"repairs", "hints.f_values", "counts.f", "shows"}


def test_words_are_words_and_only_the_star_is_not() -> None:
    """Do line breaks not matter, and brackets and dots stand for themselves?"""
    assert has_words("f (there 2\n times)", "(there * times)")
    assert (
        not has_words("abc", "a.c")
        and not has_words("abc", "a * d")
        and has_words("abc", "")
    )
    assert extract_page_text("") == ""
    page = "<dl><dt>Late <b>pe</b>nalty</dt><dd>2 points</dd></dl>"
    assert has_words(extract_page_text(page), "Late penalty 2 points")


def test_our_own_recipes_say_why_a_file_cannot_be_graded() -> None:
    """Has every recipe that expects no score a reason, the hostile ones too?"""
    hostile = load_students(ROOT / "tests" / "submissions" / "hostile")
    silent = [
        (student.name, recipe.assignment)
        for student in (*STUDENTS, *hostile)
        for recipe in student.recipes.values()
        if (recipe.expected is None) is not bool(recipe.reason)
    ]
    assert silent == []


def test_our_own_recipes_say_what_a_page_shows_and_hides() -> None:
    """Has each that can be graded both? A score may be right for the wrong reason."""
    silent = [
        (student.name, recipe.assignment)
        for student in STUDENTS
        for recipe in student.recipes.values()
        if not recipe.reason and not (recipe.shows and recipe.hides)
    ]
    assert silent == []


@pytest.fixture(scope="module")
def sample_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The course itself, with a folder of submissions and a secret of its own."""
    root = tmp_path_factory.mktemp("sample") / "course"
    root.mkdir()
    shared = ("lessons", "source", "release", "course.toml", "nbgrader_config.py")
    for name in shared:
        (root / name).symlink_to(ROOT / name)
    secret = root / "course.secret"
    secret.touch(mode=0o600)
    secret.write_text("0" * 64)
    return replace(load_course(root), limits=LIMITS)


ASSIGNMENTS = sorted({a for s in STUDENTS for a in s.recipes})


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_made_submission_is_answered_as_its_recipe_expects(
    sample_course: Course, assignment: str
) -> None:
    """Are repairs, hints, reasons and what counts those of the recipe, and no other?

    Here the judge works in this process; `unrolled demo` asks the same of a whole
    class, and of its pages.
    """
    misses = {
        (student.name, miss)
        for student, returned in _answers(sample_course, assignment)
        for miss in find_misses(student.recipes[assignment], returned)
    }
    assert misses == set()


def _answers(
    course: Course, assignment: str
) -> Iterator[tuple[SampleStudent, GradedSubmission]]:
    """What comes back of each made submission of an assignment; no pages."""
    material = load_material(course, assignment)
    reference = load_reference(material)
    preparer = JobPreparer(course, assignment, material)
    for student in (s for s in STUDENTS if assignment in s.recipes):
        recipe = student.recipes[assignment]
        other = load_material(course, recipe.of) if recipe.of else None
        folder = course.submitted / student.name / assignment
        write_submission(recipe, folder, material, reference, other=other)
        yield student, _answer(preparer, student.name)


def _answer(preparer: JobPreparer, student: str) -> GradedSubmission:
    try:
        prepared = preparer.prepare(student)
    except UserError as error:
        return _refuse(student, str(error))
    graded = grade_job(prepared.job, select_trusted_worker())
    if graded.reason:
        return _refuse(student, graded.reason)
    notes = graded.details()
    verdict = notes["verdict"]
    repairs = (*prepared.repairs, *notes["repairs"], *verdict["notes"])
    cells = tuple(
        CellResult(
            grade_id=c["grade_id"],
            score=None,
            max_score=c["max_score"],
            passed=c["passed"],
            follow_through=c["follow_through"],
            message=c["message"],
            hint=c["hint"],
            misconception=tuple(c["misconception"]),
        )
        for c in verdict["cells"]
    )
    result = SubmissionResult(
        student=student, status="graded", repairs=repairs, cells=cells
    )
    return GradedSubmission(result, graded.notebook)


def _refuse(student: str, reason: str) -> GradedSubmission:
    result = SubmissionResult(student=student, status="ungraded", reason=reason)
    return GradedSubmission(result)

"""Small things that a grade or its reason hangs on, through rebuild and judge."""

from __future__ import annotations

import base64
import copy
import io
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image
from support.small_assignment import (
    MISCONCEPTIONS,
    QUICK,
    RIGHT,
    by_id,
    cell,
    grade,
    graded,
    material,
    release_notebook,
    source_notebook,
    submission,
)
from support.wide_assignment import graded as graded_wide

from unrolled.assignment.reference import build_reference
from unrolled.course.limits import Limits
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.judge.judge import judge_submission
from unrolled.grade.judge.verdict import JudgeInput
from unrolled.grade.submission.outputs import MAX_OUTPUTS, MAX_TEXT, sanitize_outputs
from unrolled.grade.submission.rebuild import RebuiltNotebook, rebuild_submission

Notebook = dict[str, Any]


def named(notebook: Notebook, name: str) -> Notebook:
    """The cell with a grade id."""
    return next(
        c
        for c in notebook["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id") == name
    )


def rebuilt(notebook: Notebook) -> Notebook:
    """The rebuilt notebook of the small assignment."""
    return rebuild_submission(material(), notebook).notebook


def test_the_visible_part_counts() -> None:
    """Does work lose its points that is right for all but the visible numbers?"""
    body = "return x + x if len(x) == 3 else x"
    found = by_id(grade(submission(double=body, quadruple="return 4 * x")))
    assert not found["double_values"].passed and found["double_values"].message


def test_an_early_mistake_refutes_no_hint_of_a_later_one() -> None:
    """Is the later one named, though its first calls went through the early one?"""
    found = graded_wide(double="return x + 7", quadruple="return double(x)")
    assert found["quadruple_values"].misconception == ("only_once",)


def test_each_check_has_its_round_trips_to_itself() -> None:
    """Does a check that asks often leave enough for the next one?"""
    few = replace(QUICK, round_trips=16)
    found = by_id(grade(submission(**RIGHT), limits=few))
    assert [c.passed for c in found.values()] == [True, True]


@pytest.mark.parametrize(("first", "passes"), [("x * x", True), ("2 * x", False)])
def test_of_two_written_copies_the_last_one_counts(first: str, passes: bool) -> None:
    """Is it the one that would have the last word in Jupyter?"""
    bodies = (first, "2 * x") if passes else (first, "x * x")
    notebook = submission(double=f"return {bodies[0]}", quadruple="return 4 * x")
    other = copy.deepcopy(named(notebook, "double"))
    other["source"] = f"def double(x):\n    return {bodies[1]}"
    notebook["cells"].insert(
        notebook["cells"].index(named(notebook, "double")) + 1, other
    )
    assert f"return {bodies[1]}" in named(rebuilt(notebook), "double")["source"]
    assert by_id(grade(notebook))["double_values"].passed is passes


def test_a_cell_with_the_name_of_another_assignment_s_is_found() -> None:
    """Does work count that was pasted from a notebook with other grade ids?"""
    notebook = submission(**RIGHT)
    named(notebook, "double")["metadata"] = {
        "nbgrader": graded("rnn_step", False, True)
    }
    notebook["cells"][2]["id"] = "pasted"
    made = rebuilt(notebook)
    assert "return 2 * x" in named(made, "double")["source"]
    assert sum("def double" in c["source"] for c in made["cells"]) == 1


def test_of_two_demonstrations_the_last_one_before_counts() -> None:
    """Is a name that two cells made what it was in Jupyter, where it is used?"""
    source, release = source_notebook(), release_notebook()
    for notebook in (source, release):
        for number, value in ((1, 5), (2, 2)):
            shown = cell("code", f"factor = {value}", unrolled={"show": True})
            notebook["cells"].insert(number, {**shown, "id": f"shown-{number}"})
    trusted = replace(material(), source=source, release=release)
    work = copy.deepcopy(release)
    named(work, "double")["source"] = "def double(x):\n    return factor * x"
    named(work, "quadruple")["source"] = "def quadruple(x):\n    return 4 * x"
    task = JudgeInput(trusted, rebuild_submission(trusted, work).notebook, 1, QUICK)
    verdict = judge_submission(task, build_reference(trusted), select_trusted_worker())
    assert by_id(verdict)["double_values"].passed


def picture(width: int = 4, kind: str = "PNG") -> str:
    """A picture of one colour, base64."""
    buffer = io.BytesIO()
    Image.new("1", (width, width)).save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def kept(attachments: Any) -> set[str]:
    """The names of the pictures that stay with a written answer."""
    notebook = submission(why_cell="See the picture.")
    named(notebook, "why")["attachments"] = attachments
    return set(named(rebuilt(notebook), "why").get("attachments", {}))


def test_pictures_are_bounded_in_number_size_and_pixels() -> None:
    """Are ten small pictures kept, and none that a marker's browser would choke on?"""
    many = {f"{n}.png": {"image/png": picture()} for n in range(12)}
    assert kept(many) == {f"{n}.png" for n in range(10)}
    assert kept({"wide.png": {"image/png": picture(6400)}}) == set()
    padded = base64.b64decode(picture()) + bytes(5 * 2**20)
    fat = base64.b64encode(padded).decode()
    assert kept({"fat.png": {"image/png": fat}}) == set()
    assert kept({"lies.png": {"image/png": picture(kind="GIF")}}) == set()


def test_outputs_are_bounded_in_number_and_length() -> None:
    """Is a notebook with endless outputs or errors still one that a page can show?"""
    shown = {"output_type": "display_data", "data": {"text/plain": "1"}}
    assert len(sanitize_outputs([shown] * 1000)) == MAX_OUTPUTS
    piece = {"output_type": "stream", "name": "stdout", "text": "x" * 50_000}
    assert len(sanitize_outputs([piece] * 9)[0]["text"]) == MAX_TEXT
    error = {"output_type": "error", "traceback": ["y" * 9000] * 9000}
    (found,) = sanitize_outputs([error])
    assert len(found["traceback"]) == 40 and len(found["traceback"][0]) == 2000


SLOW = "import time\n    time.sleep(1.2)\n    return 2 * x"


@pytest.mark.parametrize(
    ("limit", "work", "passes"),
    [
        ("call_seconds", {"double": SLOW}, False),
        ("cell_seconds", {"first": "import time\ntime.sleep(1.5)\nlate = 1"}, True),
        ("check_seconds", {"double": SLOW}, False),
    ],
)
def test_each_limit_holds_at_its_place(
    limit: str, work: dict[str, str], passes: bool
) -> None:
    """Is a slow call or check over time, and a slow cell left out, with a word?"""
    seconds = {"call_seconds": 20.0, "cell_seconds": 20.0, "check_seconds": 20.0}
    seconds[limit] = 2.0 if limit == "check_seconds" else 0.6
    limits = Limits(**seconds, submission_seconds=60)  # type: ignore[arg-type]
    verdict = grade(submission(**{**RIGHT, **work}), limits)
    assert by_id(verdict)["double_values"].passed is passes
    told = by_id(verdict)["double_values"].message + " ".join(verdict.notes)
    assert "in time" in told


def test_each_check_is_explained_by_its_own_calls() -> None:
    """Does a `matches` see what this check asked, and nothing of the one before?"""
    alone = MISCONCEPTIONS.replace(
        'hint="A third, by far."', 'hint="Pairs.", matches=lambda c: len(c) == 2'
    ).replace('fails="double_values"', 'fails="double_one"')
    found = graded_wide(alone, double="return x + 7")
    assert found["double_values"].misconception == ("halves",)
    assert found["double_one"].misconception == ("halves",)


def test_only_whom_a_function_calls_is_blamed() -> None:
    """Is an early mistake left out that this function has nothing to do with?"""
    found = graded_wide(
        double="return x + 7",
        quadruple="return double(x)",
        octuple="return 2 * quadruple(x)",
    )
    assert not found["quadruple_values"].passed
    assert found["octuple_values"].follow_through
    assert "reference quadruple in place" in found["octuple_values"].message


def with_end(text: str, *own: Notebook) -> RebuiltNotebook:
    """A right submission without an answer, of a release with one more cell."""
    source, release, work = source_notebook(), release_notebook(), submission(**RIGHT)
    for notebook in (source, release, work):
        notebook["cells"].append({**cell("markdown", text), "id": "end"})
    work["cells"] += own
    return rebuild_submission(replace(material(), source=source, release=release), work)


def test_text_behind_the_last_cell_is_shown_with_an_answer_that_is_missing() -> None:
    """Does the marker see it, and wait for it, instead of a silent 0?"""
    made = with_end("# The end", cell("markdown", "It is the sum of two."))
    assert "It is the sum of two." in named(made.notebook, "why")["source"]
    assert "text from elsewhere" in " ".join(made.repairs)


def test_code_below_a_question_is_no_answer_to_it() -> None:
    """Is a trial that stands further down left where it is?"""
    made = with_end("Go on.", cell("code", "print(double(3))"))
    assert "double(3)" not in named(made.notebook, "why")["source"]
    assert made.repairs == ()


def test_memory_is_bounded() -> None:
    """Does a notebook that asks for more than its share get an error, and go on?"""
    first = "big = bytearray(3 * 2**30)"
    body = "return x if 'big' in globals() else 2 * x"
    work = submission(first=first, double=body, quadruple="return 4 * x")
    assert by_id(grade(work))["double_values"].passed

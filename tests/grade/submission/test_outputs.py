"""Verdicts read well in the notebook, and nbgrader reads them as points."""

from __future__ import annotations

from typing import Any

import nbformat
from nbgrader.utils import determine_grade
from support.small_assignment import check

from unrolled.grade.judge.verdict import CellVerdict
from unrolled.grade.submission.outputs import (
    format_explanation,
    make_check_outputs,
    sanitize_outputs,
)


def points(verdict: CellVerdict) -> float:
    """What nbgrader makes of the outputs of a 3-point cell."""
    cell = nbformat.from_dict(check("shape", "f", "pass", "", 3))
    cell.outputs = [nbformat.from_dict(o) for o in make_check_outputs(verdict)]
    return float(determine_grade(cell)[0])


def made(**parts: Any) -> CellVerdict:
    """The verdict on a check of 3 points."""
    return CellVerdict(grade_id="shape", exercise="f", max_score=3, **parts)


def test_nbgrader_reads_the_points_off_the_outputs() -> None:
    """Is passing full credit, failing none, follow-through full?"""
    assert points(made(passed=True)) == 3
    assert points(made(passed=False, message="wrong")) == 0
    assert points(made(passed=True, message="Passed with", follow_through=True)) == 3


def test_a_failure_names_the_check_the_message_and_the_hint() -> None:
    """Does a student read which check failed, why, and what to think of?"""
    verdict = made(passed=False, message="got 2\nexpected 3", hint="Look at N.")
    text = "\n".join(make_check_outputs(verdict)[0]["traceback"])
    assert text.startswith("shape: not passed (0 of 3 points)")
    assert "got 2\nexpected 3" in text and "Hint: Look at N." in text


def test_no_guess_stands_beside_a_known_hint() -> None:
    """Is the ladder's guess left out when the mistake is recognised, else kept?"""
    message = "h: got 0\nLikely cause: every value is 0"
    known = made(passed=False, message=message, hint="Look at N.")
    assert "Likely cause" not in format_explanation(known)
    unknown = made(passed=False, message=message)
    assert "Likely cause" in format_explanation(unknown)


def test_claimed_outputs_are_cut_down_to_harmless_ones() -> None:
    """Do HTML, scripts, false types and giant texts from a student stay out?"""
    claimed = [
        {"output_type": "display_data", "data": {"text/html": "<script>"}},
        {"output_type": "display_data", "data": {"image/png": "no picture"}},
        {"output_type": "stream", "name": "x", "text": "a" * 10**6},
        {"output_type": "stream", "text": ["list"]},
        {"output_type": "error", "traceback": [1, 2], "ename": None},
        {"output_type": "error", "traceback": 5},
        {"output_type": "update_display_data"},
        "text",
    ]
    kept = sanitize_outputs(claimed)
    assert "script" not in str(kept) and "no picture" not in str(kept)
    assert max(len(str(o)) for o in kept) < 70_000
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(outputs=[nbformat.from_dict(o) for o in kept])]
    )
    nbformat.validate(notebook)
    assert sanitize_outputs("nonsense") == []


def test_the_pieces_that_print_writes_become_one_output() -> None:
    """Does `print(a, b)` read as one line, apart from stderr and pictures?"""
    pieces = [("stdout", "a"), ("stdout", " b\n"), ("stderr", "c"), ("stdout", "d")]
    claimed = [{"output_type": "stream", "name": n, "text": t} for n, t in pieces]
    kept = sanitize_outputs(claimed)
    assert [(o["name"], o["text"]) for o in kept] == [
        ("stdout", "a b\n"),
        ("stderr", "c"),
        ("stdout", "d"),
    ]

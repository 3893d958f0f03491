"""What people see of results: every count and reason, whatever is in the texts."""

from __future__ import annotations

import io
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from rich.console import Console, RenderableType

from unrolled.assignment import list_labels, read_cells
from unrolled.author.report import Case, VerifyReport
from unrolled.grade.results import CellResult, GradeReport, SubmissionResult
from unrolled.report.progress import show_grading, show_progress
from unrolled.report.tables import format_points, render_grades, render_verification

HOSTILE = ["[red]", "[/red]", "[bold]a[/]", "[link=x]y[/link]", "[[x]]", r"\[red]"]
PASSED = CellResult(grade_id="a_values", score=60.0, max_score=60.0, passed=True)
FAILED = CellResult(grade_id="b_values", score=0.0, max_score=40.0, passed=False)
WAITS = CellResult(grade_id="why", score=None, max_score=20.0, passed=None)


def screen(watched: bool = True) -> Console:
    """A wide console that keeps what it shows."""
    return Console(
        file=io.StringIO(),
        force_terminal=watched,
        width=200,
        color_system=None,
        soft_wrap=True,  # as the commands have it
    )


def shown(console: Console) -> str:
    """All that a console has shown."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def printed(table: RenderableType) -> list[str]:
    """The lines of a table as a terminal without colours shows them."""
    console = screen()
    console.print(table)
    return shown(console).splitlines()


def graded(student: str = "ada", **told: Any) -> SubmissionResult:
    """A graded submission."""
    given: dict[str, Any] = {"score": 60.0, "max_score": 100.0, "cells": (PASSED,)}
    return SubmissionResult(student=student, status="graded", **(given | told))


def ungraded(student: str, reason: str) -> SubmissionResult:
    """A submission that could not be graded."""
    return SubmissionResult(student=student, status="ungraded", reason=reason)


def row(*submissions: SubmissionResult) -> list[str]:
    """The cells of the first row of a grade table."""
    lines = printed(render_grades(GradeReport("01_tiny", 1.25, submissions)))
    first = next(line for line in lines if line.startswith("│"))
    return [cell.strip() for cell in first.strip("│").split("│")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (60.0, "60"),
        (12.5, "12.5"),
        (1 / 3, "0.33"),
        (0.0, "0"),
        (100, "100"),
    ],
)
def test_points_have_two_decimals_at_most(value: float | None, text: str) -> None:
    """Are points short, and round numbers whole?"""
    assert format_points(value) == text


def test_the_grade_table_counts_everybody() -> None:
    """Does it say how many were handed in, graded, not graded, and how long?"""
    bad = ungraded("eve", "no notebook")
    report = GradeReport("01_tiny", 1.25, (graded(), graded("bob"), bad))
    lines = printed(render_grades(report))
    assert lines[0].strip() == "01_tiny: 3 submissions"
    assert lines[-1] == "2 graded, 1 ungraded, 1.2 s"
    students = [line.split()[1] for line in lines if line.startswith("│")]
    assert students == ["ada", "bob", "eve"]


def test_a_row_says_score_and_state() -> None:
    """Has each kind of result its own words, and none is passed over?"""
    assert row(graded()) == ["ada", "60", "100", "", "all checks passed"]
    cells = (PASSED, FAILED, FAILED, WAITS)
    told = row(graded(cells=cells, needs_manual=True, repairs=("Cell a is missing.",)))
    assert told[-1] == "2 checks failed; waits for marks; Cell a is missing."
    assert row(graded(late_penalty=6.5))[3] == "-6.5"
    assert row(graded(score=0.0))[1] == "0"


def test_an_ungraded_row_gives_the_reason_and_no_score() -> None:
    """Is an ungraded submission never shown as one with no points?"""
    bad = ungraded("eve", "tiny.ipynb: not handed in")
    assert row(bad) == ["eve", "-", "-", "", "UNGRADED: tiny.ipynb: not handed in"]


def test_a_long_reason_is_folded_not_cut() -> None:
    """Can a reason of any length be read to its end?"""
    reason = f"{'word ' * 80}{'x' * 300} the end"
    bad = ungraded("eve", reason)
    lines = printed(render_grades(GradeReport("01_tiny", 1.0, (bad,))))
    text = "".join(line.strip("│ ").split("│")[-1] for line in lines)
    assert text.count("x") == 300 and "…" not in text
    assert any("the end" in line for line in lines)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_grade_table_shows_markup_as_it_stands(text: str) -> None:
    """Are brackets of students, reasons and repairs shown, not obeyed?"""
    bad = ungraded(text, f"reason {text}.")
    assert row(bad) == [text, "-", "-", "", f"UNGRADED: reason {text}."]
    told = row(graded(f"a {text} b", repairs=(f"Cell {text} is missing.",)))
    assert (told[0], told[-1]) == (f"a {text} b", f"Cell {text} is missing.")


def verified(*cases: Case) -> list[str]:
    """The lines of a verify table."""
    return printed(render_verification(VerifyReport(20, 3.4, cases)))


def test_the_verify_table_counts_kinds_of_cases() -> None:
    """Is there a row for each kind with its numbers, and the verdict?"""
    lines = verified(
        Case("01_tiny", "solution", "all points"),
        Case("01_tiny", "style", "loops"),
        Case("01_tiny", "style", "torch"),
    )
    assert lines[0].strip() == "verify under 20 seeds"
    rows = [line.strip("│").split("│") for line in lines if line.startswith("│")]
    assert [[c.strip() for c in r] for r in rows] == [
        ["01_tiny", "solution", "1", "1"],
        ["01_tiny", "style", "2", "2"],
    ]
    assert lines[-1] == "everything holds: 2 styles; 3 s"


def test_the_verify_table_tells_every_miss() -> None:
    """Is each miss counted, named, and told with all its problems?"""
    lines = verified(
        Case("01_tiny", "style", "loops", ("a fails", "b fails")),
        Case("01_tiny", "style", "torch"),
        Case("01_tiny", "release", "no points", ("c passes",)),
    )
    assert "MISS 01_tiny style loops: a fails; b fails" in lines
    assert "MISS 01_tiny release no points: c passes" in lines
    assert lines[-1] == "2 misses (tried: 2 styles); 3 s"
    (styles,) = [line for line in lines if "│ style" in line]
    assert [c.strip() for c in styles.strip("│").split("│")][2:] == ["2", "1"]


def test_the_last_line_counts_what_proves_the_tests() -> None:
    """Are misconceptions, styles and cross-checked tests counted, each by its name?"""
    lines = verified(
        Case("01_tiny", "solution", "all points"),
        Case("01_tiny", "misconception", "squares"),
        Case("01_tiny", "misconception", "once"),
        Case("01_tiny", "style", "loops"),
        Case("01_tiny", "cross-check", "double_values"),
    )
    counts = "2 misconceptions, 1 style, 1 hidden test cross-checked"
    assert lines[-1] == f"everything holds: {counts}; 3 s"
    assert verified(Case("01_tiny", "release", ""))[-1] == "everything holds; 3 s"
    lost = verified(Case("01_tiny", "release", "", ("a passes",)))
    assert lost[-1] == "1 miss; 3 s"


@pytest.mark.parametrize("text", HOSTILE)
def test_the_verify_table_shows_markup_as_it_stands(text: str) -> None:
    """Are brackets of a problem shown, not obeyed?"""
    lines = verified(Case("01_tiny", "style", "loops", (f"got {text}.",)))
    assert f"MISS 01_tiny style loops: got {text}." in lines


def test_the_grading_bar_counts_as_it_goes() -> None:
    """Does the bar say how many are graded, have failed checks, are ungraded?"""
    console = screen()
    with show_grading(console, "01_tiny", 3) as step:
        step(graded())
        step(graded("bob", cells=(FAILED, FAILED)))
        step(ungraded("[/eve]", "[/red]"))
    last = shown(console)
    assert "2 graded, 1 with failed checks, 1 ungraded" in last
    assert "grade 01_tiny" in last and "3/3" in last


def test_the_counting_bar_says_what_it_is_told() -> None:
    """Does the bar show how far the work is, and what was done last?"""
    console = screen()
    with show_progress(console, "verify") as step:
        step(2, 7, "loops")
    assert "verify" in shown(console) and "2/7 loops" in shown(console)


def test_bars_are_silent_where_nobody_watches() -> None:
    """Does a log get no bar, and no control characters?"""
    console = screen(watched=False)
    with show_grading(console, "01_tiny", 1) as step:
        step(graded())
    with show_progress(console, "verify") as tell:
        tell(1, 2, "loops")
    assert shown(console).strip() == ""


def cell(kind: str, source: str, exercise: str = "", **nbgrader: Any) -> NotebookNode:
    """A cell with nbgrader's metadata and ours."""
    made = (new_code_cell if kind == "code" else new_markdown_cell)(source)
    made.metadata = {"nbgrader": {"grade": True, "solution": False, **nbgrader}}
    made.metadata |= {"unrolled": {"exercise": exercise}} if exercise else {}
    return nbformat.from_dict(made)


def test_names_of_a_feedback_pages_entries() -> None:
    """Is it what students read above the check, as text, and nothing hidden?"""
    begin, end = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
    visible = "# Two `rows` & a <b>,\n# of them.\nassert f(2)\n# No more."
    nothing = f"{begin}\n# Secret.\nassert f(3)\n{end}"
    cells = [
        cell("code", visible, "f", grade_id="a"),
        cell("code", nothing, "f", grade_id="b"),
        new_markdown_cell("## 3. Why\n### Question 1 (5 points)\nWhy `f`?"),
        cell("markdown", "# Because", grade_id="why", solution=True),
        new_markdown_cell("# Question `g` (1 point)"),
        cell("code", "def g(): ...", grade_id="g", solution=True),
    ]
    assert list(list_labels(read_cells(new_notebook(cells=cells)))) == [
        ("a", "<code>f</code>: Two <code>rows</code> &amp; a &lt;b&gt;, of them."),
        ("b", "<code>b</code>"),
        ("why", "Question 1"),
        ("g", "Question <code>g</code>"),
    ]

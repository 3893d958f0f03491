"""Marks by hand stay final in a regrade, as long as the work is the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from support.gradebook_dump import dump
from support.judges import grade_here
from support.shared import make_built_course
from support.stock_autograde import NAME, RIGHT, WRONG, hand_in, stock

from unrolled.canvas.grades import read_grades
from unrolled.canvas.records import ExportedAssignment
from unrolled.course.model import Course, load_course

Change = Callable[[dict[str, dict[str, Any]], list[dict[str, Any]]], None]
STUDENTS = ("ada", "bob")


def regrade_ours(course: Course) -> None:
    """`unrolled grade --force`."""
    assert grade_here(course, NAME, force=True).ungraded == ()


def regrade_stock(course: Course) -> None:
    """`nbgrader autograde --force`."""
    done = stock(course, "autograde", NAME, "--force")
    assert done.returncode == 0, done.stderr


WAYS = (regrade_ours, regrade_stock)


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Two students graded and marked: both answers, and bob's check over the judge."""
    course = make_built_course(tmp_path_factory.mktemp("marks") / "course")
    hand_in(course, "ada", RIGHT, "2027-02-05 10:00:00 UTC")
    hand_in(course, "bob", WRONG, "2027-02-08 10:00:00 UTC")
    grade_here(course, NAME)
    with Gradebook(course.db_url, course.id) as gradebook:
        for student in STUDENTS:
            part = gradebook.find_submission_notebook("tiny", NAME, student)
            for found in part.grades:
                if found.name == "why" or student == "bob":
                    found.manual_score, found.needs_manual_grade = 7.0, False
            for comment in part.comments:
                comment.manual_comment = f"well put, {student}"
        gradebook.db.commit()
    grade_here(course, NAME)  # works late penalties out on the marks
    return course


@pytest.fixture
def course(marked: Course, tmp_path: Path) -> Course:
    """A copy of the marked class."""
    return load_course(shutil.copytree(marked.root, tmp_path / "course"))


def waits(course: Course) -> set[str]:
    """What waits for a mark, as student/cell, of the rows that hold a mark or none."""
    rows = dump(course)["grade"]
    return {
        f"{str(row[1]).split('/')[1]}/{str(row[2]).split('/')[-1]}"
        for row in rows
        if row[-1]
    }


def marks(course: Course) -> list[Any]:
    """All marks by hand, and comments."""
    tables = dump(course)
    return [(r[1], r[2], r[4]) for r in tables["grade"]] + tables["comment"]


@pytest.mark.parametrize("regrade", WAYS)
def test_a_regrade_of_the_same_work_changes_no_row(
    course: Course, regrade: Callable[[Course], None]
) -> None:
    """Do marks, comments, penalties and what is final stay, again and again?"""
    before = dump(course)
    assert waits(course) == set()
    regrade(course)
    assert dump(course) == before
    regrade(course)
    assert dump(course) == before


@pytest.mark.parametrize("regrade", WAYS)
def test_the_export_to_canvas_keeps_its_grades(
    course: Course, regrade: Callable[[Course], None]
) -> None:
    """Are there two grades for Canvas before the regrade, and after it?"""

    def ready() -> list[Any]:
        with Gradebook(course.db_url, course.id) as gradebook:
            found = read_grades(gradebook, [ExportedAssignment(NAME, "Tiny", 100.0)])
        return sorted(g.points for g in found.values() if not g.waits)

    before = ready()
    assert len(before) == len(STUDENTS)
    regrade(course)
    assert ready() == before


def edit(course: Course, student: str, change: Change) -> None:
    """Change what a student has handed in."""
    path = course.submitted / student / NAME / "tiny.ipynb"
    notebook = json.loads(path.read_text())
    cells = notebook["cells"]
    named = {c["metadata"].get("nbgrader", {}).get("grade_id"): c for c in cells}
    change(named, cells)
    path.write_text(json.dumps(notebook))


def other_answer(named: dict[str, Any], cells: list[Any]) -> None:
    named["why"]["source"] = "Because I have thought about it."


def more_below(named: dict[str, Any], cells: list[Any]) -> None:
    more = {"cell_type": "markdown", "id": "more", "metadata": {}, "source": "And so."}
    cells.insert(cells.index(named["why"]) + 1, more)


def other_code(named: dict[str, Any], cells: list[Any]) -> None:
    named["double"]["source"] = "def double(x):\n    return x + 1"


def other_blanks(named: dict[str, Any], cells: list[Any]) -> None:
    named["why"]["source"] = "Because I say so.  \r\n"


def other_outputs(named: dict[str, Any], cells: list[Any]) -> None:
    named["double"]["execution_count"] = 99


@pytest.mark.parametrize("regrade", WAYS)
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (other_answer, {"bob/why"}),
        (more_below, {"bob/why"}),
        (other_code, {"bob/double_values"}),
        (other_blanks, set()),
        (other_outputs, set()),
    ],
)
def test_only_a_mark_of_other_work_is_asked_for_again(
    course: Course,
    regrade: Callable[[Course], None],
    change: Change,
    expected: set[str],
) -> None:
    """Does just that mark wait, kept as it is, until somebody has looked at it?"""
    before = marks(course)
    edit(course, "bob", change)
    regrade(course)
    assert waits(course) == expected
    assert marks(course) == before
    regrade(course)
    assert waits(course) == expected


def test_a_lost_autograded_folder_makes_marks_wait(course: Course) -> None:
    """Where nobody can tell what a mark was given for: is it looked at again?"""
    shutil.rmtree(course.autograded / "ada")
    regrade_ours(course)
    assert waits(course) == {"ada/why"}


def test_work_that_is_handed_in_again_unchanged_keeps_its_mark(course: Course) -> None:
    """Is a later time alone no reason to mark again, also without --force?"""
    path = course.submitted / "ada" / NAME / "timestamp.txt"
    path.write_text("2027-02-05 11:00:00 UTC")
    grade_here(course, NAME)
    assert waits(course) == set()

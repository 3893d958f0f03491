"""Every row of every table: ours, a cluster's and stock nbgrader's gradebook."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from support.gradebook_dump import dump
from support.judges import grade_here
from support.shared import make_built_course
from support.stock_autograde import NAME, RIGHT, WRONG, hand_in, stock

from unrolled.course.model import Course, load_course

SECRET = "0" * 64
IN_TIME, LATE, VERY_LATE = ("2027-02-05", "2027-02-08", "2027-04-01")


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class with everything that a gradebook has rows for."""
    course = make_built_course(tmp_path_factory.mktemp("rows") / "course")
    course.secret_file.touch(mode=0o600)
    course.secret_file.write_text(SECRET)
    for student, code, day in (
        ("ada", RIGHT, IN_TIME),
        ("bob", WRONG, LATE),
        ("cyd", RIGHT, LATE),
        ("dee", "this is no Python", IN_TIME),
        ("eve", "import os; os._exit(0)", VERY_LATE),
        ("extended", RIGHT, LATE),
        ("undated", RIGHT, ""),
    ):
        hand_in(course, student, code, f"{day} 10:00:00 UTC" if day else "")
    release = course.release / NAME / "tiny.ipynb"
    shutil.copyfile(release, hand_in(course, "blank", RIGHT))
    lacks_cells(hand_in(course, "torn", RIGHT))
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.add_student("extended", first_name="Ex", last_name="Tended")
        gradebook.add_student("idle")
        gradebook.add_submission(NAME, "extended")
        gradebook.grant_extension(NAME, "extended", days=2)
    return course


def lacks_cells(path: Path) -> None:
    """Take the written answer and a check out of a submission."""
    notebook = json.loads(path.read_text())
    notebook["cells"] = [
        c
        for c in notebook["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id")
        not in ("why", "double_values")
    ]
    path.write_text(json.dumps(notebook))


def copies(course: Course, folder: Path) -> tuple[Course, Course]:
    """Two course folders of the same state."""
    found = [shutil.copytree(course.root, folder / name) for name in ("ours", "stock")]
    return load_course(found[0]), load_course(found[1])


def both(ours: Course, theirs: Course) -> None:
    """Grade, each in its own way."""
    assert grade_here(ours, NAME, force=True).ungraded == ()
    done = stock(theirs, "autograde", NAME, "--force")
    assert done.returncode == 0, done.stderr


def test_every_row_is_as_stock_nbgrader_leaves_it(
    school: Course, tmp_path: Path
) -> None:
    """Are all tables equal: late, extended, undated, blank, torn and crashed work?"""
    ours, theirs = copies(school, tmp_path)
    both(ours, theirs)
    found = dump(ours)
    assert found == dump(theirs)
    assert len(found["submitted_assignment"]) == 9
    comments = [row for row in found["comment"] if "No response." in row]
    assert {row[-1] or row[3] for row in comments} and len(comments) >= 2
    penalties = {row[-1] for row in found["submitted_notebook"]}
    assert len(penalties) >= 3  # none, three days, one day, the most


def test_a_second_run_after_a_mark_leaves_the_same_rows(
    school: Course, tmp_path: Path
) -> None:
    """Is a mark kept, final, and counted in the penalty, both ways?"""
    ours, theirs = copies(school, tmp_path)
    both(ours, theirs)
    for course in (ours, theirs):
        with Gradebook(course.db_url, course.id) as gradebook:
            for student in ("cyd", "ada"):
                part = gradebook.find_submission_notebook("tiny", NAME, student)
                for found in part.grades:
                    if found.auto_score is None:
                        found.manual_score, found.needs_manual_grade = 7.0, False
                for comment in part.comments:
                    comment.manual_comment = "well put"
            gradebook.db.commit()
    hand_in(ours, "ada", WRONG)
    hand_in(theirs, "ada", WRONG)
    both(ours, theirs)
    assert dump(ours) == dump(theirs)
    assert any(7.0 in row for row in dump(ours)["grade"])


def test_an_extension_counts_from_the_new_date(school: Course, tmp_path: Path) -> None:
    """Does somebody with two days more lose less than somebody without?"""
    ours, _ = copies(school, tmp_path)
    found = {s.student: s.late_penalty for s in grade_here(ours, NAME).submissions}
    assert 0 < found["extended"] < found["cyd"]
    with Gradebook(ours.db_url, ours.id) as gradebook:
        gradebook.find_submission(NAME, "extended").extension = timedelta(days=30)
        gradebook.db.commit()
    again = {s.student: s.late_penalty for s in grade_here(ours, NAME).submissions}
    assert again["extended"] == 0 and again["cyd"] == found["cyd"]

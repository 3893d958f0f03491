"""From a submitted file to the gradebook: ours and stock nbgrader's way."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from support.judges import grade_here
from support.shared import make_built_course
from support.stock_autograde import NAME, RIGHT, WRONG, hand_in, stock

from unrolled.course.model import Course, load_course
from unrolled.errors import UserError
from unrolled.feedback.generate import generate_feedback
from unrolled.grade.results import GradeReport
from unrolled.grade.run import grade


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built small course, to be copied."""
    return make_built_course(tmp_path_factory.mktemp("built")).root


@pytest.fixture
def course(built: Path, tmp_path: Path) -> Course:
    """A small course of its own, built and registered."""
    root = tmp_path / "course"
    shutil.copytree(built, root)
    return load_course(root)


def scores(report: GradeReport) -> dict[str, float | None]:
    """Scores by student."""
    return {s.student: s.score for s in report.submissions}


GRADES = """
    select student.id, base_cell.name, grade.auto_score, grade.manual_score,
           grade.needs_manual_grade, notebook.late_submission_penalty,
           assignment.timestamp
    from grade
    join submitted_notebook as notebook on grade.notebook_id = notebook.id
    join submitted_assignment as assignment on notebook.assignment_id = assignment.id
    join student on assignment.student_id = student.id
    join base_cell on grade.cell_id = base_cell.id
    order by 1, 2
"""
COMMENTS = """
    select student.id, base_cell.name, comment.auto_comment, comment.manual_comment
    from comment
    join submitted_notebook as notebook on comment.notebook_id = notebook.id
    join submitted_assignment as assignment on notebook.assignment_id = assignment.id
    join student on assignment.student_id = student.id
    join base_cell on comment.cell_id = base_cell.id
    order by 1, 2
"""


def dump(course: Course) -> list[Any]:
    """All grades and comments of the gradebook."""
    with sqlite3.connect(course.gradebook) as db:
        return [*db.execute(GRADES), *db.execute(COMMENTS)]


def test_stock_autograde_writes_the_same_gradebook(
    course: Course, built: Path, tmp_path: Path
) -> None:
    """Do `nbgrader autograde` and `unrolled grade` leave the same grades?"""
    other = load_course(shutil.copytree(course.root, tmp_path / "stock"))
    for target in (course, other):
        hand_in(target, "ada", RIGHT, "2027-02-05 10:00:00 UTC")
        hand_in(target, "bob", WRONG, "2027-02-08 10:00:00 UTC")
        hand_in(target, "cyd", RIGHT, "2027-02-08 10:00:00 UTC")
        hand_in(target, "dee", "this is no Python")
        hand_in(target, "eve", "import os; os._exit(0)")
        shutil.copyfile(
            target.release / NAME / "tiny.ipynb", hand_in(target, "fay", RIGHT)
        )
    (other.root / "course.secret").write_text("0" * 64)
    (other.root / "course.secret").chmod(0o600)
    shutil.copy(other.root / "course.secret", course.root / "course.secret")
    grade(course, NAME)
    done = stock(other, "autograde", NAME)
    assert done.returncode == 0, done.stderr
    assert dump(course) == dump(other)
    by_cell = {(row[0], row[1]): row[2] for row in dump(course) if len(row) == 7}
    assert by_cell["ada", "double_values"] == 60 and by_cell["fay", "why"] == 0
    assert by_cell["bob", "double_values"] == 0 and by_cell["eve", "why"] is None
    late = {row[0]: row[5] for row in dump(course) if len(row) == 7}
    assert late["ada"] is None and late["cyd"] == 60 * 0.30


BAD_FILES = {
    "empty": b"",
    "cut": b'{"cells": [{"cell_type": "co',
    "latin": '{"cells": [], "x": "é"}'.encode("latin-1"),
    "list": b"[1, 2]",
    "deep": b"[" * 100_000,
    "html": b"<html>not a notebook</html>",
    "no_cells": b'{"nbformat": 4}',
}


def test_one_bad_file_never_stops_the_others(course: Course) -> None:
    """Is each broken file listed with its reason, and everybody else graded?"""
    for name, content in BAD_FILES.items():
        hand_in(course, name, content)
    hand_in(course, "ada", RIGHT)
    (hand_in(course, "renamed", RIGHT)).rename(
        course.submitted / "renamed" / NAME / "my_tiny.ipynb"
    )
    secret = course.root / "elsewhere.txt"
    secret.write_text("{}")
    link = hand_in(course, "link", RIGHT)
    link.unlink()
    link.symlink_to(secret)
    report = grade(course, NAME)
    found = {s.student: s for s in report.submissions}
    assert found["ada"].score == 60
    for name in (*BAD_FILES, "renamed", "link"):
        assert found[name].status == "ungraded", name
        assert f"submitted/{name}/{NAME}" in found[name].reason
    assert "my_tiny.ipynb" in found["renamed"].reason
    assert "regular file" in found["link"].reason


def test_a_bad_timestamp_counts_as_in_time_and_is_reported(course: Course) -> None:
    """Does nonsense in timestamp.txt neither stop nor punish a student?"""
    hand_in(course, "ada", RIGHT, "the day before yesterday")
    (result,) = grade_here(course, NAME).submissions
    assert result.status == "graded" and result.late_penalty == 0
    assert "timestamp.txt" in " ".join(result.repairs)


def test_foreign_schemas_and_tags_are_no_obstacle(course: Course) -> None:
    """Is a file graded that stock nbgrader cannot even read?"""
    path = hand_in(course, "ada", RIGHT)
    document = json.loads(path.read_text())
    for cell in document["cells"]:
        cell["metadata"].setdefault("nbgrader", {})["schema_version"] = 99
        cell["metadata"]["tags"] = ["skip-execution"]
    path.write_text(json.dumps(document))
    assert scores(grade_here(course, NAME)) == {"ada": 60}


def test_unchanged_work_is_not_graded_again_unless_forced(course: Course) -> None:
    """Is a graded submission left alone until it changes or --force is said?"""
    hand_in(course, "ada", RIGHT)
    first = grade_here(course, NAME)
    page = course.autograded / "ada" / NAME / "tiny.ipynb"
    before = page.stat().st_mtime_ns
    assert grade_here(course, NAME).submissions == first.submissions
    assert page.stat().st_mtime_ns == before
    kept = course.build / "results" / NAME / "ada.json"
    last = kept.stat().st_mtime_ns
    grade_here(course, NAME)
    assert kept.stat().st_mtime_ns == last
    grade_here(course, NAME, force=True)
    assert kept.stat().st_mtime_ns != last


def test_another_grader_uses_no_kept_result(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is work judged again after an update of the code that judges?"""
    hand_in(course, "ada", RIGHT)
    grade_here(course, NAME)
    kept = course.build / "results" / NAME / "ada.json"
    last = kept.stat().st_mtime_ns
    monkeypatch.setattr(
        "unrolled.grade.scheduling.prepare.compute_engine_digest", lambda: "newer"
    )
    grade_here(course, NAME)
    assert kept.stat().st_mtime_ns != last
    hand_in(course, "ada", WRONG)
    assert scores(grade_here(course, NAME)) == {"ada": 0}


def test_the_last_result_stays_until_the_new_one_is_complete(course: Course) -> None:
    """Does a file that broke since leave the last graded notebook and score?"""
    path = hand_in(course, "ada", RIGHT)
    grade_here(course, NAME)
    before = (dump(course), (course.autograded / "ada" / NAME).stat().st_ino)
    path.write_bytes(b"{")
    (result,) = grade_here(course, NAME, force=True).submissions
    assert result.status == "ungraded"
    assert (dump(course), (course.autograded / "ada" / NAME).stat().st_ino) == before


def test_without_a_gradebook_it_says_what_to_do(course: Course) -> None:
    """Is a new clone told to build, instead of 'No assignment with ID'?"""
    hand_in(course, "ada", RIGHT)
    course.gradebook.unlink()
    with pytest.raises(UserError, match="unrolled build"):
        grade(course, NAME)


def test_stale_tests_give_no_points_but_a_reason(course: Course) -> None:
    """Is nobody graded by tests that the gradebook does not hold?"""
    hand_in(course, "ada", RIGHT)
    path = course.source / NAME / "tiny.ipynb"
    path.write_text(path.read_text().replace("integers(100)", "integers(300)"))
    with pytest.raises(UserError, match="run `unrolled build`"):
        grade_here(course, NAME)


def test_a_manual_mark_survives_a_regrade(course: Course) -> None:
    """Is a marker's score kept, and asked to be looked at again?"""
    hand_in(course, "ada", RIGHT)
    (before,) = grade_here(course, NAME).submissions
    assert before.needs_manual and before.cells[-1].score is None
    with sqlite3.connect(course.gradebook) as db:
        db.execute("update grade set manual_score = 35 where auto_score is null")
    (after,) = grade_here(course, NAME, force=True).submissions
    assert after.score == 95


def test_feedback_shows_reasons_and_no_hidden_test(course: Course) -> None:
    """Does the page have check, message and notes, and nothing that is hidden?"""
    hand_in(course, "ada", WRONG)
    grade_here(course, NAME)
    (page,) = generate_feedback(course, NAME)
    text = page.read_text()
    assert "double_values: not passed" in text
    for secret in ("HIDDEN TESTS", "oracle", "Marking scheme", "integers(100)"):
        assert secret not in text
    graded = (course.autograded / "ada" / NAME / "tiny.ipynb").read_text()
    assert "integers(100)" in graded and "Marking scheme" in graded


def test_the_gradebook_is_backed_up_and_ten_copies_kept(course: Course) -> None:
    """Is there always a way back, without filling the disk?"""
    hand_in(course, "ada", RIGHT)
    for _ in range(12):
        grade_here(course, NAME)
    assert len(list((course.build / "backups").glob("gradebook-*.db"))) == 10


def test_stock_feedback_and_export_read_what_we_wrote(course: Course) -> None:
    """Do nbgrader's own commands go on from our results?"""
    hand_in(course, "ada", RIGHT)
    grade_here(course, NAME)
    assert stock(course, "generate_feedback", NAME).returncode == 0
    assert (course.feedback / "ada" / NAME / "tiny.html").exists()
    assert stock(course, "export", "--to", "grades.csv").returncode == 0
    assert "ada" in (course.root / "grades.csv").read_text()

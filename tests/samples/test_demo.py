"""The demo class from end to end: scores, Canvas file, feedback pages."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from rich.console import Console
from support.small_class import STUDENTS, SmallClass

from unrolled.author.build import build_assignments
from unrolled.canvas.grades_csv.import_model import (
    CanvasAssignment,
    CanvasState,
    CanvasStudent,
    simulate_import,
)
from unrolled.course.model import Course, load_course
from unrolled.errors import UserError
from unrolled.samples.demo import run_demo
from unrolled.samples.demo_report import DemoReport, DemoScore
from unrolled.samples.recipe import load_students

ROOT = Path(__file__).parents[2]


def test_every_score_is_the_expected_one(small_class: SmallClass) -> None:
    """Does the whole way, from text to gradebook, give each student the right score?"""
    document = json.loads((small_class.course.root / "scores.json").read_text())
    assert {d["student"] for d in document} == set(STUDENTS)
    recipes = {s.name: s.recipes for s in load_students(ROOT / "tests" / "submissions")}
    assert len(document) == sum(len(recipes[name]) for name in STUDENTS)
    differ = [d for d in document if d["score"] != d["expected"]]
    assert differ == [] and small_class.report.passed


def test_a_wrong_step_costs_only_what_the_step_is_worth(
    small_class: SmallClass,
) -> None:
    """Do the functions that build on a wrong rnn_step keep their points?"""
    found = {
        s.assignment: s.score
        for s in small_class.report.scores
        if s.student == "wrong_step_right_rest"
    }
    assert found == {"02_forward_pass": 100 - 3 - 3, "03_bptt": 100 - 4}


def test_a_broken_submission_is_listed_with_its_reason(
    small_class: SmallClass,
) -> None:
    """Is the text file ungraded, named, and nobody else's work lost?"""
    lost = [s for s in small_class.report.scores if s.score is None]
    assert {s.student for s in lost} == {"not_a_notebook"} and len(lost) == 2
    assert all(".ipynb" in s.reason and "notebook" in s.reason for s in lost)


def test_canvas_takes_every_ready_score_and_nothing_else(
    small_class: SmallClass,
) -> None:
    """Does an importer built on Canvas's own rules end with just our scores?"""
    root = small_class.course.root
    before = _rows(root / "canvas_gradebook.csv")
    after = (root / "canvas.csv").read_bytes()
    effects = simulate_import(after, _state(before, small_class.course)).effects
    scored = {
        (e.student, e.assignment): e.score for e in effects if e.effect == "scored"
    }
    ids = {row[3]: row[1] for row in before[2:]}
    wanted = {
        (ids[s.student], _canvas_id(small_class.course, s.assignment)): s.score
        for s in small_class.report.scores
        if s.score is not None and not s.waits
    }
    assert scored == wanted
    assert {e.effect for e in effects} <= {"scored", "nothing"}


def test_identity_columns_come_back_as_canvas_gave_them(
    small_class: SmallClass,
) -> None:
    """Are names, ids and the header those of the instructor's own export?"""
    before = _rows(small_class.course.root / "canvas_gradebook.csv")
    after = _rows(small_class.course.root / "canvas.csv")
    assert [r[:5] for r in after] == [r[:5] for r in before]
    assert after[0] == before[0]


def _canvas_id(course: Course, assignment: str) -> str:
    """The made-up Canvas id of an assignment of the demo course."""
    return str(900 + list(course.assignments).index(assignment))


def _state(rows: list[list[str]], course: Course) -> CanvasState:
    """Canvas with the class enrolled and no grade yet."""
    students = [
        CanvasStudent(
            id=row[1], name=row[0], sortable_name=row[0], sis_id=row[2], login=row[3]
        )
        for row in rows[2:]
    ]
    assignments = [
        CanvasAssignment(_canvas_id(course, name), a.title, a.points)
        for name, a in course.assignments.items()
    ]
    return CanvasState(students=students, assignments=assignments, scores={})


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


AUTO_SCORES = """
    select student.id, base_cell.name, grade.auto_score, assignment.timestamp
    from grade
    join submitted_notebook as notebook on grade.notebook_id = notebook.id
    join submitted_assignment as assignment on notebook.assignment_id = assignment.id
    join assignment as whole on assignment.assignment_id = whole.id
    join student on assignment.student_id = student.id
    join base_cell on grade.cell_id = base_cell.id
    where whole.name = ? order by 1, 2
"""


def test_stock_autograde_gives_the_class_the_same_scores(
    small_class: SmallClass, tmp_path: Path
) -> None:
    """Do `nbgrader autograde` and `unrolled grade` agree on every submission?"""
    root = tmp_path / "stock"
    fresh = shutil.ignore_patterns("gradebook.db*", "autograded", "feedback", "build")
    shutil.copytree(small_class.course.root, root, ignore=fresh)
    name = "02_forward_pass"
    build_assignments(load_course(root), list(small_class.course.assignments))
    command = [str(Path(sys.executable).parent / "nbgrader"), "autograde", name]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=600
    )
    assert "not_a_notebook" in done.stderr
    ours, stock = (_auto_scores(r, name) for r in (small_class.course.root, root))
    assert [row for row in stock if row[0] != "not_a_notebook"] == ours
    assert {row[0] for row in ours} == set(STUDENTS) - {"not_a_notebook"}


def _auto_scores(root: Path, name: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(root / "gradebook.db") as db:
        return db.execute(AUTO_SCORES, [name]).fetchall()


def test_a_feedback_page_says_what_each_check_asks(small_class: SmallClass) -> None:
    """Is everything that is right named by what students read above the check?"""
    for folder in sorted((small_class.course.feedback / "perfect").iterdir()):
        (path,) = folder.glob("*.html")
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        asked = [
            name.decode_contents() for name in page.select(".right li > :first-child")
        ]
        assert len(set(asked)) > 22  # a few checks begin with the same words
        assert all(name.startswith("<code>") and ": " in name for name in asked), asked
        assert "Question 1" in [h3.get_text() for h3 in page.select(".answer h3")]
        assert not page.select(".mistake")


def test_a_feedback_page_names_check_message_and_hint(small_class: SmallClass) -> None:
    """Can a student see which check failed, by how much, and what to think of?"""
    page = small_class.course.feedback / "several_misconceptions" / "03_bptt"
    text = (page / "bptt.html").read_text(encoding="utf-8")
    mistakes = BeautifulSoup(text, "html.parser").select(".mistake")
    (mistake,) = (m for m in mistakes if m.select("h3 code:-soup-contains(read_out)"))
    said = " ".join(mistake.get_text().split())
    assert "adds up. −4" in said and "got" in said and "expected" in said
    assert "A gradient has the shape of its parameter" in said
    assert "HIDDEN TESTS" not in text and "oracle" not in text


def test_a_folder_that_the_demo_did_not_make_is_left_alone(tmp_path: Path) -> None:
    """Is somebody's own build/demo/ refused instead of deleted?"""
    own = tmp_path / "build" / "demo"
    own.mkdir(parents=True)
    (own / "thesis.txt").write_text("mine")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/submissions").symlink_to(ROOT / "tests/submissions")
    course = _course_at(tmp_path)
    with pytest.raises(UserError, match="the demo did not make this folder"):
        run_demo(course, Console(file=io.StringIO()))
    assert (own / "thesis.txt").read_text() == "mine"


def _course_at(root: Path) -> Course:
    return replace(load_course(ROOT), root=root)


def test_a_wrong_score_is_shown_and_fails() -> None:
    """Does a difference from the expected score fail the demo?"""
    assert not DemoScore(
        student="ann", about="", assignment="02", expected=90.0, score=89.0
    ).as_expected
    assert not DemoScore(
        student="ann", about="", assignment="02", expected=None, score=0.0
    ).as_expected
    assert not DemoScore(
        student="ann", about="", assignment="02", expected=0.0, score=None
    ).as_expected
    assert DemoScore(
        student="ann", about="", assignment="02", expected=None, score=None
    ).as_expected


def test_the_demo_class_is_complete() -> None:
    """Are there at least sixteen students, and some of them for each assignment?"""
    students = load_students(ROOT / "tests" / "submissions")
    both = [s for s in students if {"02_forward_pass", "03_bptt"} <= set(s.recipes)]
    assert len(both) >= 16
    assert all(s.about and "02_forward_pass" in s.recipes for s in students)
    folders = {
        p.name for p in (ROOT / "lessons").iterdir() if re.match(r"\d\d_", p.name)
    }
    for folder in folders:
        present = {s.name for s in students if folder in s.recipes}
        assert {"perfect", "half_done", "several_misconceptions"} <= present, folder


def test_a_student_who_handed_nothing_in_has_no_score() -> None:
    """Does the table leave open what was not handed in?"""
    scores = (
        DemoScore(
            student="ann", about="early", assignment="02", expected=90.0, score=90.0
        ),
        DemoScore(
            student="ann", about="early", assignment="03", expected=80.0, score=80.0
        ),
        DemoScore(
            student="bob", about="late", assignment="03", expected=70.0, score=70.0
        ),
    )
    console = Console(width=80, record=True, file=io.StringIO(), force_terminal=True)
    console.print(DemoReport(scores, ()).table())
    row = next(x for x in console.export_text().split("\n") if "bob" in x)
    assert row.split() == ["bob", "-", "70"]

"""A check that is added, renamed or dropped after grading costs nobody a mark."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from support.author_course import LESSON, make_course
from support.judges import grade_here
from typer.testing import CliRunner

from unrolled.author.build import build_assignments
from unrolled.cli.app import app
from unrolled.course.model import Course, load_course
from unrolled.errors import UserError
from unrolled.feedback.generate import generate_feedback

NAME = "01_tiny"
STUDENTS = ("ada", "bob")
CHECK = """\
# %% check="double_{}" points={}
assert double({}) == {}

"""
TWO = LESSON.replace(
    "# %% show=true", CHECK.format("zero", 10, 0, 0) + "# %% show=true"
)
TWO = TWO.replace("points=60", "points=50")


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Two graded students: a mark and comments on everything there is."""
    course = make_course(tmp_path_factory.mktemp("cells") / "course", TWO)
    build_assignments(course, [NAME])
    for student in STUDENTS:
        folder = course.submitted / student / NAME
        folder.mkdir(parents=True)
        notebook = json.loads((course.release / NAME / "tiny.ipynb").read_text())
        for cell in notebook["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if name == "double":
                cell["source"] = "def double(x):\n    return 2 * x"
            if name == "why":
                cell["source"] = "Because."
        (folder / "tiny.ipynb").write_text(json.dumps(notebook))
    grade_here(course, NAME)
    with Gradebook(course.db_url, course.id) as gradebook:
        for student in STUDENTS:
            part = gradebook.find_submission_notebook("tiny", NAME, student)
            for found in part.grades:
                if found.name in ("why", "double_zero"):
                    found.manual_score, found.needs_manual_grade = 7.0, False
            for comment in part.comments:
                comment.manual_comment = f"{comment.name}: well done, {student}"
        gradebook.db.commit()
    return course


@pytest.fixture
def course(marked: Course, tmp_path: Path) -> Course:
    """A copy of the marked class."""
    return load_course(shutil.copytree(marked.root, tmp_path / "course"))


def write(course: Course, lesson: str) -> None:
    """Change the lesson."""
    (course.lessons / NAME / "tiny.py").write_text(lesson)


def unrolled(course: Course, *words: str) -> tuple[int, str]:
    """Exit code and words of a command; a UserError is what `run` makes of it."""
    done = CliRunner().invoke(app, ["--course", str(course.root), *words])
    if isinstance(done.exception, UserError):
        return 2, str(done.exception)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def marks(course: Course) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Automatic score, mark and whether one is waited for, by student and cell."""
    with Gradebook(course.db_url, course.id) as gradebook:
        return {
            (student, g.name): (g.auto_score, g.manual_score, g.needs_manual_grade)
            for student in STUDENTS
            for g in gradebook.find_submission_notebook("tiny", NAME, student).grades
        }


def comments(course: Course) -> dict[tuple[str, str], str]:
    """Comments by hand."""
    with Gradebook(course.db_url, course.id) as gradebook:
        return {
            (student, c.name): c.manual_comment
            for student in STUDENTS
            for c in gradebook.find_submission_notebook("tiny", NAME, student).comments
        }


def whole(course: Course) -> list[str]:
    """The whole gradebook."""
    with sqlite3.connect(course.gradebook) as database:
        return list(database.iterdump())


RENAMED = TWO.replace('check="double_zero"', 'check="double_of_nothing"')
ADDED = TWO.replace("points=50", "points=40").replace(
    "# %% show=true", CHECK.format("three", 10, 3, 6) + "# %% show=true"
)
DROPPED = LESSON
QUESTION = TWO.replace('answer="why"', 'answer="why_so"')


@pytest.mark.parametrize(
    ("lesson", "words"),
    [
        (RENAMED, "renamed  double_zero -> double_of_nothing"),
        (ADDED, "new      double_three (10 points)"),
        (DROPPED, "dropped  double_zero: 2 scores, 2 marks by hand and 0 comments"),
        (QUESTION, "renamed  why -> why_so"),
    ],
)
def test_it_is_shown_before_anything_is_changed(
    course: Course, lesson: str, words: str
) -> None:
    """Does `build` say what would change, and write neither file nor row?"""
    write(course, lesson)
    before, source = whole(course), course.source / NAME / "tiny.ipynb"
    text = source.read_text()
    for command, code in (
        (["build"], 2),
        (["build", NAME], 2),
        (["build", "--check"], 1),
    ):
        found, told = unrolled(course, *command)
        assert found == code and words in told, told
        assert whole(course) == before and source.read_text() == text
    assert grade_here(course, NAME).ungraded == ()  # until then all goes on as it was


def test_a_renamed_check_keeps_its_marks(course: Course) -> None:
    """Do scores, marks by hand and comments go with the new name, and stay final?"""
    before, said = marks(course), comments(course)
    write(course, RENAMED)
    assert unrolled(course, "build", NAME, "--update-gradebook")[0] == 0
    new = {"double_zero": "double_of_nothing"}
    expected = {(s, new.get(n, n)): v for (s, n), v in before.items()}
    assert marks(course) == expected and comments(course) == said
    assert grade_here(course, NAME).ungraded == ()
    assert marks(course) == expected and comments(course) == said


def test_a_renamed_question_keeps_its_marks(course: Course) -> None:
    """Is the answer that students handed in under the old name found and final?"""
    before, said = marks(course), comments(course)
    write(course, QUESTION)
    assert unrolled(course, "build", NAME, "--update-gradebook")[0] == 0
    assert grade_here(course, NAME, force=True).ungraded == ()
    new = {"why": "why_so"}
    assert marks(course) == {(s, new.get(n, n)): v for (s, n), v in before.items()}
    assert comments(course) == {(s, new.get(n, n)): v for (s, n), v in said.items()}


def test_a_new_check_waits_until_it_is_graded(course: Course) -> None:
    """Is the score held back until the regrade, and all else as it was?"""
    before, said = marks(course), comments(course)
    write(course, ADDED)
    code, told = unrolled(course, "build", NAME, "--update-gradebook")
    assert code == 0 and "double_three" in told
    waiting = {(s, "double_three"): (None, None, True) for s in STUDENTS}
    assert marks(course) == before | waiting and comments(course) == said
    assert grade_here(course, NAME).ungraded == ()
    graded = {(s, "double_three"): (10.0, None, False) for s in STUDENTS}
    graded |= {(s, "double_values"): (40.0, None, False) for s in STUDENTS}
    assert marks(course) == before | graded and comments(course) == said


def test_what_a_dropped_check_held_is_kept_in_a_file(course: Course) -> None:
    """Are its marks in build/backups/, and those of all others in the gradebook?"""
    before, said = marks(course), comments(course)
    write(course, DROPPED)
    assert unrolled(course, "build", NAME, "--update-gradebook")[0] == 0
    assert grade_here(course, NAME).ungraded == ()
    rest = {k: v for k, v in before.items() if k[1] != "double_zero"}
    # the check that stays has other points now
    rest |= {(s, "double_values"): (60.0, None, False) for s in STUDENTS}
    assert marks(course) == rest and comments(course) == said
    (kept,) = (course.build / "backups").glob("dropped-*.csv")
    with kept.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(r["student"], r["cell"], r["mark"]) for r in rows} == {
        (s, "double_zero", "7.0") for s in STUDENTS
    }


def test_a_rename_with_another_text_can_be_told(course: Course) -> None:
    """Does --rename keep the marks where nobody could recognise the check?"""
    write(
        course,
        TWO.replace(
            CHECK.format("zero", 10, 0, 0), CHECK.format("big", 10, 9**9, 2 * 9**9)
        ),
    )
    code, told = unrolled(course, "build", NAME)
    assert code == 2 and "dropped  double_zero" in told and "--rename OLD=NEW" in told
    before = marks(course)
    wrong = unrolled(course, "build", NAME, "--rename", "double_zero=why")
    assert wrong[0] == 2 and "double_zero=why" in wrong[1] and marks(course) == before
    words = ("build", NAME, "--rename", "double_zero=double_big")
    code, told = unrolled(course, *words)
    assert code == 2 and "as you say" in told and marks(course) == before
    assert unrolled(course, *words, "--update-gradebook")[0] == 0
    assert marks(course)["ada", "double_big"] == (10.0, 7.0, False)


@pytest.mark.parametrize("lesson", [RENAMED, DROPPED, ADDED, QUESTION])
def test_feedback_can_be_made_before_the_regrade(course: Course, lesson: str) -> None:
    """Do the notebooks of the last grading name the cells that the gradebook has?"""
    write(course, lesson)
    assert unrolled(course, "build", NAME, "--update-gradebook")[0] == 0
    assert len(generate_feedback(course, NAME, force=True)) == len(STUDENTS)


def test_the_copy_is_of_before(course: Course) -> None:
    """Does build/backups/ hold the gradebook with the old cells?"""
    before = marks(course)
    write(course, DROPPED)
    assert unrolled(course, "build", NAME, "--update-gradebook")[0] == 0
    newest = max((course.build / "backups").glob("gradebook-*.db"))
    shutil.copy(newest, course.gradebook)
    for name in ("gradebook.db-wal", "gradebook.db-shm"):
        (course.root / name).unlink(missing_ok=True)
    assert marks(course) == before


def test_a_change_that_came_with_the_files_is_no_dead_end(course: Course) -> None:
    """Where source/ is ahead already: does grade name the way, and does it work?"""
    before = marks(course)
    other = load_course(shutil.copytree(course.root, course.root.parent / "other"))
    write(other, RENAMED)
    assert unrolled(other, "build", NAME, "--update-gradebook")[0] == 0
    for folder in ("source", "release", "solutions", "lessons"):
        shutil.rmtree(course.root / folder)
        shutil.copytree(other.root / folder, course.root / folder)
    with pytest.raises(UserError, match="unrolled build"):
        grade_here(course, NAME)
    code, told = unrolled(course, "build", NAME)
    assert code == 2 and "--update-gradebook" in told and "double_zero ->" in told
    assert unrolled(course, "build", NAME, "--update-gradebook")[0] == 0
    assert grade_here(course, NAME).ungraded == ()
    assert marks(course)["ada", "double_of_nothing"] == before["ada", "double_zero"]

"""What becomes of the gradebook when something changes, and changes back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import Engine, event
from support.gradebook_dump import dump
from support.judges import Here
from support.rich_class import (
    HALF,
    IN_TIME,
    NAME,
    ONE_DAY,
    RIGHT,
    TWO_DAYS,
    change_grade,
    extend,
    hand_in,
)

from unrolled.canvas.grades import read_grades
from unrolled.canvas.records import ExportedAssignment
from unrolled.course.model import Course, load_course
from unrolled.grade.results import SubmissionResult
from unrolled.grade.run import grade

FIRST = {"ada": None, "bob": 3.04, "cyd": 0.0, "zoë": 9.0}


def penalties(course: Course) -> dict[str, float | None]:
    """The late penalties that the gradebook holds."""
    rows = dump(course)["submitted_notebook"]
    return {str(row[1]).split("/")[-1]: row[-1] for row in rows}


def regrade(course: Course, **options: Any) -> dict[str, SubmissionResult]:
    """`unrolled grade`; nobody is left out."""
    report = grade(course, NAME, judges=Here(), **options)
    assert report.ungraded == ()
    return {s.student: s for s in report.submissions}


def other_rows(course: Course, *without: str) -> dict[str, Any]:
    """The dump without some tables."""
    return {k: rows for k, rows in dump(course).items() if k not in without}


def test_the_class_loses_what_the_policy_says(rich_course: Course) -> None:
    """Are days those of the clock, the grace free, and halves of points kept?"""
    scores = {name: s.score for name, s in regrade(rich_course).items()}
    assert penalties(rich_course) == FIRST
    assert scores == {"ada": 60.0, "bob": 40.5, "cyd": 60.0, "zoë": 60.0}


def test_an_extension_takes_the_penalty_away_and_its_end_brings_it_back(
    rich_course: Course,
) -> None:
    """Is only that one's penalty gone, and the gradebook as before at the end?"""
    before = dump(rich_course)
    others = other_rows(rich_course, "submitted_assignment", "submitted_notebook")
    extend(rich_course, "zoë", 5)
    assert regrade(rich_course)["zoë"].late_penalty == 0
    assert penalties(rich_course) == {**FIRST, "zoë": None}
    kept = other_rows(rich_course, "submitted_assignment", "submitted_notebook")
    assert kept == others
    extend(rich_course, "zoë", 1)  # 24 hours, over a change of the clock
    assert regrade(rich_course)["zoë"].late_penalty == 0
    extend(rich_course, "zoë", 0)
    assert regrade(rich_course)["zoë"].late_penalty == 9
    changed = {k for k, rows in dump(rich_course).items() if rows != before[k]}
    assert changed <= {"submitted_assignment"}  # an extension of nothing stays
    assert penalties(rich_course) == FIRST


def test_a_mark_changes_the_penalty_and_its_end_changes_it_back(
    rich_course: Course,
) -> None:
    """Does a mark, and one over the judge, count in what lateness costs?"""
    before = dump(rich_course)
    change_grade(rich_course, "zoë", "why", manual_score=33, needs_manual_grade=False)
    change_grade(rich_course, "bob", "quadruple_large", manual_score=9.5)
    assert regrade(rich_course)["zoë"].late_penalty == 13.95
    assert penalties(rich_course) == {**FIRST, "zoë": 13.95, "bob": 3.75}
    change_grade(rich_course, "zoë", "why", manual_score=None, needs_manual_grade=True)
    change_grade(rich_course, "bob", "quadruple_large", manual_score=None)
    regrade(rich_course)
    assert dump(rich_course) == before


def test_another_time_of_the_same_work_counts_in_both_directions(
    rich_course: Course,
) -> None:
    """Do time and penalty follow timestamp.txt, and the copy beside the notebook?"""
    before = dump(rich_course)
    kept = rich_course.autograded / "zoë" / NAME / "timestamp.txt"
    hand_in(rich_course, "zoë", RIGHT, IN_TIME)
    regrade(rich_course)
    assert penalties(rich_course) == {**FIRST, "zoë": None}
    assert kept.read_text() == IN_TIME
    hand_in(rich_course, "zoë", RIGHT, ONE_DAY)
    regrade(rich_course)
    assert penalties(rich_course) == {**FIRST, "zoë": 4.5}
    assert kept.read_text() == ONE_DAY
    hand_in(rich_course, "zoë", RIGHT, TWO_DAYS)
    regrade(rich_course)
    assert dump(rich_course) == before and kept.read_text() == TWO_DAYS


def test_other_work_and_the_first_again_leave_no_trace(rich_course: Course) -> None:
    """Do scores fall and rise with the work, and is nothing else touched?"""
    before = dump(rich_course)
    hand_in(rich_course, "zoë", HALF, TWO_DAYS)
    found = regrade(rich_course)["zoë"]
    assert (found.score, found.late_penalty) == (40.5, 6.08)
    hand_in(rich_course, "zoë", RIGHT, TWO_DAYS)
    regrade(rich_course)
    assert dump(rich_course) == before


def test_nobody_gets_less_than_nothing(rich_course: Course) -> None:
    """Is the late penalty of a score below 0 nothing, and the grade for Canvas 0?"""
    change_grade(rich_course, "zoë", "double_small", extra_credit=-100.0)
    found = regrade(rich_course)["zoë"]
    assert (found.score, found.late_penalty) == (-40, 0)
    with Gradebook(rich_course.db_url, rich_course.id) as gradebook:
        told = read_grades(gradebook, [ExportedAssignment(NAME, "Tiny", 100.0)])
    assert {g.points for (student, _), g in told.items() if student == "zoë"} == {0}


def test_marks_stay_until_the_work_is_another(rich_course: Course) -> None:
    """Is a mark over the judge final, until the code that it was given for changes?"""
    change_grade(
        rich_course,
        "bob",
        "quadruple_large",
        manual_score=9.5,
        needs_manual_grade=False,
    )
    change_grade(rich_course, "bob", "why", manual_score=30, needs_manual_grade=False)
    regrade(rich_course, force=True)
    assert waits(rich_course, "bob") == set()
    other = {**HALF, "double": "def double(x):\n    return x + x"}
    hand_in(rich_course, "bob", other, ONE_DAY)
    found = regrade(rich_course)["bob"]
    assert waits(rich_course, "bob") == {"quadruple_large"}
    assert found.needs_manual and found.score == 30 + 10.5 + 9.5 + 30


def waits(course: Course, student: str) -> set[str]:
    """What of a student's waits for a mark."""
    return {
        str(row[2]).split("/")[-1]
        for row in dump(course)["grade"]
        if row[-1] and str(row[1]).split("/")[1] == student
    }


@contextmanager
def failing_commits() -> Iterator[Callable[[], None]]:
    """Gives what fills the disk: nothing can be committed from then on."""

    def fail(_: object) -> None:
        raise OSError("No space left on device")

    try:
        yield lambda: event.listen(Engine, "commit", fail)
    finally:
        event.remove(Engine, "commit", fail)


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    found = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


def test_a_commit_that_fails_leaves_folder_and_gradebook_as_they_were(
    rich_course: Course,
) -> None:
    """Is the old notebook back in its place, and a new one not there?"""
    before = dump(rich_course), files(rich_course.autograded)
    hand_in(rich_course, "zoë", HALF, TWO_DAYS)
    hand_in(rich_course, "new", RIGHT, IN_TIME)
    with failing_commits() as fill_the_disk:
        report = grade(rich_course, NAME, judges=Here(fill_the_disk))
    told = {s.student: s.reason for s in report.ungraded}
    assert "No space left" in told["zoë"] and "No space left" in told["new"]
    assert (dump(rich_course), files(rich_course.autograded)) == before
    assert not (rich_course.autograded / "new" / NAME).exists()
    assert regrade(rich_course)["zoë"].score == 40.5


def test_what_was_built_anew_meanwhile_gets_no_result_of_the_old_tests(
    rich_course: Course,
) -> None:
    """Is it said that the tests are others now, and nothing written?"""
    hand_in(rich_course, "zoë", HALF, TWO_DAYS)
    before = files(rich_course.autograded)
    told: list[Any] = []

    def build_anew() -> None:
        with closing(sqlite3.connect(rich_course.gradebook)) as db, db:
            query = "select id from base_cell where name = 'quadruple_large'"
            ((old,),) = db.execute(query).fetchall()
            for column in ("base_cell.id", "grade_cells.id", "grade.cell_id"):
                table, key = column.split(".")
                db.execute(f"update {table} set {key} = 'new' where {key} = ?", [old])
        told.append(dump(rich_course))

    report = grade(rich_course, NAME, ["zoë"], judges=Here(build_anew))
    (found,) = report.submissions
    assert found.status == "ungraded" and "built anew meanwhile" in found.reason
    assert [dump(rich_course)] == told and files(rich_course.autograded) == before


@pytest.mark.parametrize("what", ["secret", "limits", "oracle", "force", "nothing"])
def test_a_kept_result_is_used_for_the_same_question_only(
    rich_course: Course, what: str
) -> None:
    """Is everybody judged again under another secret, limits or oracle, or --force?"""
    if what == "secret":
        rich_course.secret_file.write_text("4" * 64)
    if what == "limits":
        toml = rich_course.root / "course.toml"
        toml.write_text(toml.read_text() + "\n[grading]\ncall_seconds = 7.5\n")
    if what == "oracle":
        path = rich_course.lessons / NAME / "oracle.py"
        path.write_text(path.read_text() + "# It was looked at again.\n")
    here = Here()
    course = load_course(rich_course.root)
    grade(course, NAME, judges=here, force=what == "force")
    assert len(here.asked) == (0 if what == "nothing" else 4)
    seeds = {job.seed for job in here.asked}
    assert len(seeds) == len(here.asked)


def test_a_copy_of_the_gradebook_is_from_before_the_run(rich_course: Course) -> None:
    """Is there a way back to the rows of before, and are ten copies kept?"""
    folder = rich_course.build / "backups"
    for number in range(12):
        (folder / f"gradebook-20200101T0000{number:02}.000000.db").touch()
    mine = folder / "gradebook-before-the-exam.db"
    mine.touch()
    before = rich_course.gradebook.read_bytes()
    hand_in(rich_course, "zoë", HALF, TWO_DAYS)
    regrade(rich_course)
    copies = sorted(p for p in folder.glob("gradebook-2*.db"))
    assert len(copies) == 10 and mine.exists()
    assert copies[0].name == "gradebook-20200101T000004.000000.db"  # the oldest went
    assert rich_course.gradebook.read_bytes() != before
    rich_course.gradebook.unlink()
    for log in rich_course.root.glob("gradebook.db-*"):
        log.unlink()
    copies[-1].replace(rich_course.gradebook)
    assert penalties(rich_course) == FIRST

"""A regrade of a class: shown, applied, followed by later gradings, undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.gradebook_dump import dump
from support.judges import Here, grade_here
from support.rich_class import IN_TIME, NAME, RIGHT, change_grade, hand_in

from unrolled.assignment.decisions import read_decisions
from unrolled.author.build import build_assignments
from unrolled.course.model import Course
from unrolled.errors import UserError
from unrolled.gradebook.tables import open_assignment_rows
from unrolled.regrade import (
    RegradeOutcome,
    RegradePlan,
    Rules,
    apply_regrade,
    list_logs,
    plan_regrade,
    undo_regrade,
)

BEFORE = {"ada": 60.0, "bob": 40.5, "cyd": 60.0, "zoë": 60.0}
# quadruple_large asked for a number that bob's function does not know; now it does not.
MENDED = ("assert quadruple(100) == 400", "assert quadruple(2) == 8")
MENDED_HIDDEN = ("int(rng.integers(100, 999))\nassert quadruple", "2\nassert quadruple")
WRONG = ("assert double(100) == 200", "assert double(100) == 201")  # nobody passes


def edit(course: Course, *changes: tuple[str, str]) -> None:
    """Mend, or spoil, tests of the lesson and build it."""
    (path,) = course.lessons.glob("*/tiny.py")
    text = path.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text)
    build_assignments(course, [NAME])


def plan(course: Course, **rules: Any) -> RegradePlan:
    return plan_regrade(course, NAME, Rules(**rules), judges=Here())


def apply(course: Course, **rules: Any) -> RegradeOutcome:
    shown = plan(course, **rules)
    return apply_regrade(course, shown, who="prof", why="mended", judges=Here())


def undo(course: Course, number: int = 1) -> Any:
    return undo_regrade(course, NAME, number, who="prof")


def read_scores(course: Course) -> dict[str, float]:
    with open_assignment_rows(course, NAME) as rows:
        found = {s: rows.find(s) for s in sorted(course_students(course))}
    return {student: r.score for student, r in found.items() if r is not None}


def course_students(course: Course) -> list[str]:
    return [p.parent.name for p in course.submitted.glob(f"*/{NAME}")]


def read_files(course: Course) -> dict[Path, bytes]:
    """All of autograded/, with what the files may."""
    paths = sorted(p for p in course.autograded.rglob("*") if p.is_file())
    return {p: oct(p.stat().st_mode).encode() + p.read_bytes() for p in paths}


def read_tables(course: Course) -> dict[str, Any]:
    """The gradebook without what a build writes: the texts of the tests."""
    return {k: v for k, v in dump(course).items() if k != "source_cell"}


def test_nothing_is_written_until_it_is_asked_for(rich_course: Course) -> None:
    """Does the plan name who goes up, by which check, and change nothing?"""
    edit(rich_course, MENDED, MENDED_HIDDEN)
    before, files = dump(rich_course), read_files(rich_course)
    found = plan(rich_course)
    assert [s.student for s in found.up] == ["bob"]
    assert found.down == () and len(found.students) == 4
    (check,) = found.summarize_checks()
    assert (check.grade_id, check.up, check.points) == ("quadruple_large", 1, 19.5)
    assert found.means == (55.125, 60.0)
    assert dump(rich_course) == before and read_files(rich_course) == files
    assert list_logs(rich_course, NAME) == []


def test_applied_it_is_what_grading_gives(rich_course: Course) -> None:
    """Are rows, late penalties and notebooks those of `grade`?"""
    edit(rich_course, MENDED, MENDED_HIDDEN)
    assert apply(rich_course).left_out == {}
    tables, files = dump(rich_course), read_files(rich_course)
    assert read_scores(rich_course)["bob"] == 60
    grade_here(rich_course, NAME, force=True)
    assert dump(rich_course) == tables and read_files(rich_course) == files


def test_undone_it_never_was(rich_course: Course) -> None:
    """Are gradebook and notebooks those of before, and is it told who did what?"""
    edit(rich_course, MENDED, MENDED_HIDDEN, WRONG)
    before, files = dump(rich_course), read_files(rich_course)
    apply(rich_course)
    assert read_scores(rich_course) == {
        "ada": 42.5,
        "bob": 42.5,
        "cyd": 42.5,
        "zoë": 42.5,
    }
    report = undo(rich_course)
    assert sorted(report.restored) == sorted(BEFORE)
    assert dump(rich_course) == before and read_files(rich_course) == files
    (log,) = list_logs(rich_course, NAME)
    record = log.record
    assert (record.who, record.why, record.undone_by) == ("prof", "mended", "prof")
    assert record.began and record.finished and record.undone
    bob = next(c for c in log.read_changes() if c.student == "bob")
    assert bob.before["quadruple_large"].auto == 0
    assert bob.after["quadruple_large"].auto == 19.5
    with pytest.raises(UserError, match="undone already"):
        undo(rich_course)


def test_nobody_loses_points(rich_course: Course) -> None:
    """Does who would fall keep the checks, through later gradings, until they pass?"""
    edit(rich_course, MENDED, MENDED_HIDDEN, WRONG)
    change = {s.student: s for s in plan(rich_course, never_lower=True).students}
    assert change["bob"].new == 42.5  # more than before: nothing is kept
    assert change["ada"].new == 60 and set(change["ada"].kept) == {"double_large"}
    apply(rich_course, never_lower=True)
    expected = {**BEFORE, "bob": 42.5}
    assert read_scores(rich_course) == expected
    grade_here(rich_course, NAME, force=True)
    assert read_scores(rich_course) == expected
    edit(rich_course, (WRONG[1], WRONG[0]))
    grade_here(rich_course, NAME)
    assert set(read_scores(rich_course).values()) == {60}
    with open_assignment_rows(rich_course, NAME) as rows:
        ada = rows.find("ada")
    assert ada is not None and ada.grades["double_large"].manual is None  # not needed


def test_points_are_kept_for_the_work_that_they_were_given_for(
    rich_course: Course,
) -> None:
    """Do kept points end with other work, without anybody who must look at it?"""
    edit(rich_course, WRONG)
    apply(rich_course, never_lower=True)
    hand_in(rich_course, "ada", RIGHT | {"double": RIGHT["double"] + " + 0"}, IN_TIME)
    grade_here(rich_course, NAME)
    assert read_scores(rich_course) == {**BEFORE, "ada": 42.5}
    with open_assignment_rows(rich_course, NAME) as rows:
        ada = rows.find("ada")
    assert ada is not None and not ada.grades["double_large"].waits


def test_one_check_alone(rich_course: Course) -> None:
    """Do the other checks stay, also when all is graded again?"""
    edit(rich_course, MENDED, MENDED_HIDDEN, WRONG)
    found = plan(rich_course, only=("quadruple_large",))
    assert [c.grade_id for c in found.summarize_checks()] == ["quadruple_large"]
    apply(rich_course, only=("quadruple_large",))
    expected = {**BEFORE, "bob": 60.0}
    assert read_scores(rich_course) == expected
    grade_here(rich_course, NAME, force=True)
    assert read_scores(rich_course) == expected


def test_a_check_is_given_to_all(rich_course: Course) -> None:
    """Does it count for everybody, also for who hands in later, until it is undone?"""
    before = dump(rich_course)
    found = plan(rich_course, give=("quadruple_large",))
    assert [s.student for s in found.up] == ["bob"]
    apply(rich_course, give=("quadruple_large",))
    assert read_scores(rich_course)["bob"] == 60
    undo(rich_course)
    assert dump(rich_course) == before
    apply(rich_course, give=("quadruple_large",))
    hand_in(rich_course, "eve", RIGHT | {"quadruple": "quadruple = 1"}, IN_TIME)
    grade_here(rich_course, NAME)
    assert read_scores(rich_course)["eve"] == 30 + 19.5
    undo(rich_course, 2)
    assert read_scores(rich_course)["bob"] == 40.5


def test_marks_by_hand_stay(rich_course: Course) -> None:
    """Is a mark neither changed by a regrade nor lost by its undoing?"""
    change_grade(rich_course, "bob", "quadruple_large", manual_score=7.5)
    change_grade(rich_course, "ada", "why", manual_score=33.0)
    grade_here(rich_course, NAME)  # the late penalty follows the mark
    edit(rich_course, MENDED, MENDED_HIDDEN, WRONG)
    before = read_tables(rich_course)
    assert [c.student for c in plan(rich_course, never_lower=True).up] == []
    apply(rich_course)
    scores = read_scores(rich_course)
    assert (scores["bob"], scores["ada"]) == (30.5, 75.5)
    change_grade(rich_course, "cyd", "double_large", manual_score=5.0)
    report = undo(rich_course)
    assert report.marked == {"cyd": ("double_large",)}
    change_grade(rich_course, "cyd", "double_large", manual_score=None)
    assert read_tables(rich_course) == before


def test_other_work_is_left_to_grading(rich_course: Course) -> None:
    """Is who has handed in again, or was never graded, left out by name?"""
    edit(rich_course, WRONG)
    hand_in(rich_course, "bob", RIGHT, IN_TIME)
    hand_in(rich_course, "eve", RIGHT, IN_TIME)
    (rich_course.submitted / "ada" / NAME / "tiny.ipynb").write_text("no notebook")
    found = plan(rich_course)
    assert {*found.left_out} == {"ada", "bob", "eve"}
    assert "other work" in found.left_out["bob"]
    assert "not graded" in found.left_out["eve"]
    assert "submitted/ada" in found.left_out["ada"]
    apply(rich_course)
    scores = read_scores(rich_course)
    assert (scores["ada"], scores["bob"], scores["cyd"]) == (60, 40.5, 42.5)
    grade_here(rich_course, NAME)
    assert undo(rich_course).left == {}


def test_what_was_graded_since_is_not_undone(rich_course: Course) -> None:
    """Does a submission that was graded again keep its new grades?"""
    edit(rich_course, WRONG)
    apply(rich_course)
    hand_in(rich_course, "bob", RIGHT | {"double": "double = 2"}, IN_TIME)
    grade_here(rich_course, NAME)
    score = read_scores(rich_course)["bob"]
    assert {*undo(rich_course).left} == {"bob"}
    assert read_scores(rich_course) == {**BEFORE, "bob": score}


class Killed(BaseException):
    """As a kill: nobody catches it."""


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("name", ["write_decisions", "apply_decisions", "swap_folder"])
def test_stopped_in_the_middle_it_goes_on(
    rich_course: Course, monkeypatch: pytest.MonkeyPatch, after: int, name: str
) -> None:
    """Does the same regrade finish what was begun, and is all of it undone as one?"""
    edit(rich_course, MENDED, MENDED_HIDDEN, WRONG)
    before, files = dump(rich_course), read_files(rich_course)
    modules = {"write_decisions": "unrolled.regrade.apply"}
    place = f"{modules.get(name, 'unrolled.grade.writer')}.{name}"
    with monkeypatch.context() as patched:
        stop_after(patched, place, after)
        with pytest.raises(Killed):
            apply(rich_course, never_lower=True)
    with pytest.raises(UserError, match="stopped in the middle"):
        apply(rich_course)
    assert apply(rich_course, never_lower=True).record.number == 1
    assert read_scores(rich_course) == {**BEFORE, "bob": 42.5}
    undo(rich_course)
    assert dump(rich_course) == before and read_files(rich_course) == files
    assert read_decisions(rich_course, NAME).kept == {}


def stop_after(patched: pytest.MonkeyPatch, place: str, calls: int) -> None:
    """Let the call after so many be killed, in the middle of its transaction."""
    module, name = place.rsplit(".", 1)
    real: Callable[..., Any] = getattr(__import__(module, fromlist=[name]), name)
    made: list[int] = []

    def call(*args: Any, **options: Any) -> Any:
        if len(made) == calls:
            raise Killed
        made.append(1)
        return real(*args, **options)

    patched.setattr(place, call)


def test_half_a_regrade_can_be_undone(
    rich_course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is what a kill has left put back, without finishing it first?"""
    edit(rich_course, WRONG)
    before, files = dump(rich_course), read_files(rich_course)
    with monkeypatch.context() as patched:
        stop_after(patched, "unrolled.grade.writer.swap_folder", 2)
        with pytest.raises(Killed):
            apply(rich_course)
    assert set(read_scores(rich_course).values()) == {23, 42.5, 60}  # half of it
    undo(rich_course)
    assert dump(rich_course) == before and read_files(rich_course) == files


def test_a_check_that_is_not_there_is_named(rich_course: Course) -> None:
    """Does a slip of the pen say which checks there are?"""
    with pytest.raises(UserError, match=r"no check quadrupel.*quadruple_large"):
        plan(rich_course, only=("quadrupel",))
    with pytest.raises(UserError, match="does not go with"):
        plan(rich_course, give=("double_large",), never_lower=True)

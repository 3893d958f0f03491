"""Does the report say of each student what is so, and change nothing?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from support.author_course import make_course
from support.gradebook_dump import dump
from support.judges import Here
from support.rich_class import HALF, LESSON, NAME, RIGHT, extend, hand_in

from unrolled.assignment import load_material
from unrolled.author.build import build_assignments
from unrolled.class_report.behaviour import compare_behaviours, read_behaviours
from unrolled.class_report.build import build_class_report
from unrolled.class_report.model import StudentLine
from unrolled.course.model import Course
from unrolled.errors import UserError
from unrolled.grade.run import grade

VALUES = LESSON.replace(
    "assert double(number) == oracle.double(number)",
    'check.equal("twice", double(number), oracle.double(number))',
).replace(
    '# %% exercise="double"',
    '# %%\nfrom unrolled.lab import check\n\n# %% exercise="double"',
    1,
)
OFF_BY_ONE = {**RIGHT, "double": "def double(x):\n    return 2 * x + (x > 2)"}
OFF_BY_TEN = {**RIGHT, "double": "def double(x):\n    return 2 * x + 10 * (x > 2)"}
STAMP = "2027-03-13 11:00:00 CST"


def read_lines(course: Course) -> dict[str, StudentLine]:
    return {s.student: s for s in build_class_report(course, NAME).students}


def test_each_student_is_in_one_state(rich_course: Course) -> None:
    """Graded, waiting, ungraded with the reason, not handed in?"""
    with Gradebook(rich_course.db_url, rich_course.id) as gradebook:
        gradebook.add_student("eve", first_name="Eve", last_name="Adams")
    bad = rich_course.submitted_folder("dan", NAME)
    bad.mkdir(parents=True)
    (bad / "tiny.ipynb").write_text("{")
    hand_in(rich_course, "fay", RIGHT, STAMP)
    before = dump(rich_course)
    lines = read_lines(rich_course)
    assert dump(rich_course) == before
    assert lines["ada"].state == "waits"
    assert (lines["eve"].state, lines["eve"].name) == ("missing", "Eve Adams")
    assert lines["dan"].state == "ungraded" and "not JSON" in lines["dan"].reason
    assert str(rich_course.root) not in lines["dan"].reason
    assert (lines["fay"].state, lines["fay"].reason) == ("ungraded", "not graded yet")
    assert next(iter(lines)) == "ada"  # by name, and hers is not known
    assert list(lines).index("eve") > list(lines).index("dan")


def test_late_is_what_the_penalty_says(rich_course: Course) -> None:
    """In days of the calendar, in the course's zone, with extensions?"""
    lines = read_lines(rich_course)
    days = {s: lines[s].days_late for s in ("ada", "bob", "cyd", "zoë")}
    assert days == {"ada": 0, "bob": 1, "cyd": 0, "zoë": 2}
    assert lines["cyd"].penalty == 0 and lines["zoë"].penalty > 0
    assert lines["bob"].handed_in == "Sun 14 Mar 2027, 11:50 CDT"
    extend(rich_course, "zoë", 1)  # 24 hours end at 13:00 CDT: the clocks changed
    assert read_lines(rich_course)["zoë"].days_late == 0


def test_a_lost_notebook_leaves_the_scores(rich_course: Course) -> None:
    """Is the rest of the report there?"""
    rich_course.autograded_notebook("bob", NAME).unlink()
    line = read_lines(rich_course)["bob"]
    assert line.state == "waits" and line.score == pytest.approx(40.5)
    rich_course.autograded_notebook("ada", NAME).write_text("{")
    assert read_lines(rich_course)["ada"].score == 60


def test_unknown_and_unregistered_are_user_errors(rich_course: Course) -> None:
    """And no traceback?"""
    with pytest.raises(UserError, match="there is no assignment"):
        build_class_report(rich_course, "09_none")
    rich_course.gradebook.unlink()
    with pytest.raises(UserError, match="unrolled build"):
        build_class_report(rich_course, NAME)


@pytest.fixture
def telling_course(tmp_path: Path) -> Course:
    """A course whose checks say which values came."""
    course = make_course(tmp_path / "telling", VALUES)
    course.secret_file.touch(mode=0o600)
    course.secret_file.write_text("3" * 64)
    build_assignments(course, [NAME])
    return course


def test_alike_on_the_same_inputs(telling_course: Course) -> None:
    """Are those joined who answer alike, though their hidden inputs differ, and those
    parted who do not? Is nothing judged twice, and no score changed?"""
    for student, cells in (
        ("gil", OFF_BY_ONE),
        ("hal", OFF_BY_ONE),
        ("ida", OFF_BY_TEN),
    ):
        hand_in(telling_course, student, cells, STAMP)
    grade(telling_course, NAME, judges=Here())
    before = dump(telling_course)
    before_it = build_class_report(telling_course, NAME).unexplained
    assert not any(m.compared for m in before_it)
    students = ("gil", "hal", "ida")
    judges = Here()
    assert compare_behaviours(telling_course, NAME, students, judges) == 3
    assert len({job.seed for job in judges.asked}) == 1
    report = build_class_report(telling_course, NAME)
    groups = {m.students for m in report.unexplained if m.exercise == "double"}
    assert groups == {("gil", "hal"), ("ida",)}
    assert all(m.compared for m in report.unexplained if m.exercise == "double")
    assert dump(telling_course) == before
    again = Here()
    assert compare_behaviours(telling_course, NAME, students, again) == 0
    assert again.asked == []
    hand_in(telling_course, "ida", OFF_BY_ONE, STAMP)
    assert compare_behaviours(telling_course, NAME, students, Here()) == 1
    says = read_behaviours(telling_course, NAME)
    assert says["ida"] == says["gil"]


def test_what_was_kept_may_be_anything(rich_course: Course) -> None:
    """Does a damaged file cost nothing but the comparison?"""
    path = rich_course.build / "class_report" / f"{NAME}.json"
    path.parent.mkdir(parents=True)
    for text in ("{", "[]", '{"bob": 3}', '{"bob": {"says": 3}}', "\0"):
        path.write_text(text)
        assert read_behaviours(rich_course, NAME) == {}
        assert build_class_report(rich_course, NAME).students


def test_the_report_is_one_document(rich_course: Course) -> None:
    """Can it be read as JSON, with the half that bob does as an unexplained failure?"""
    report = build_class_report(rich_course, NAME)
    document = json.loads(json.dumps(report.as_dict()))
    (one,) = document["unexplained"]
    assert (one["exercise"], one["students"]) == ("quadruple", ["bob"])
    assert one["points"] == 19.5
    assert one["samples"][0]["code"] == HALF["quadruple"]
    labels = {q["grade_id"]: q["label"] for q in document["questions"]}
    cells = load_material(rich_course, NAME).source_cells
    assert list(labels) == [c.grade_id for c in cells if c.graded]
    assert document["distribution"]["automatic_only"]

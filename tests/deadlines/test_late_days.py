"""Are free late days spent by a rule that no order of grading can change?"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from support.author_course import COURSE
from support.judges import grade_here
from support.shared import make_built_course, make_once
from support.stock_autograde import NAME, RIGHT, hand_in, stock

from unrolled.author.build import build_assignments
from unrolled.course.model import Course, LatePolicy, load_course
from unrolled.deadlines.extend import extend_deadlines
from unrolled.deadlines.late_days import HandIn, spend_late_days
from unrolled.deadlines.settle import read_settlement
from unrolled.errors import UserError
from unrolled.feedback.generate import read_feedback
from unrolled.gradebook.tables import open_assignment_rows

CHICAGO = ZoneInfo("America/Chicago")
POLICY = LatePolicy(per_day=10, max=50, grace_minutes=15)
OTHER = "02_tiny"
SPRING = "2027-03-13 23:59"  # the clocks are put forward in the night after


def hand(name: str, due: str, at: str, policy: LatePolicy = POLICY) -> HandIn:
    """Something handed in; times are those on the class's clock."""
    return HandIn(assignment=name, deadline=utc(due), handed_in=utc(at), policy=policy)


def utc(text: str) -> datetime:
    local = datetime.fromisoformat(text).replace(tzinfo=CHICAGO)
    return local.astimezone(UTC).replace(tzinfo=None)


def spend(*hand_ins: HandIn, days: int = 3) -> list[int]:
    """What they spend, in the order given, which must not matter."""
    spent = spend_late_days(hand_ins, days, CHICAGO)
    for order in permutations(hand_ins):
        assert spend_late_days(order, days, CHICAGO) == spent
    return [spent[one.assignment] for one in hand_ins]


def test_the_first_that_is_handed_in_spends_first() -> None:
    """Does a later hand-in take nothing from an earlier one, whatever is due first?"""
    late = hand("a", "2027-02-05 23:59", "2027-03-01 12:00")  # 24 days: not worth it
    assert spend(late) == [0]
    first = hand("b", "2027-02-12 23:59", "2027-02-14 12:00")
    third = hand("a", "2027-02-05 23:59", "2027-02-09 12:00")
    assert spend(first, third) == [0, 3]  # a was handed in before b
    assert spend(first, third, days=5) == [1, 4]
    fourth = hand("a", "2027-02-12 23:59", "2027-02-15 12:00")  # after b
    assert spend(first, fourth) == [2, 1]
    in_time = hand("c", "2027-02-12 23:59", "2027-02-12 12:00")
    within_the_grace = hand("d", "2027-02-12 23:59", "2027-02-13 00:10")
    assert spend(in_time, within_the_grace, first) == [0, 0, 2]


def test_days_are_those_of_the_calendar() -> None:
    """Over a change of the clock: are free days counted as those that cost points?"""
    assert spend(hand("a", SPRING, "2027-03-14 23:59")) == [1]
    assert spend(hand("a", SPRING, "2027-03-15 00:10")) == [2]
    assert spend(hand("a", "2027-11-06 23:59", "2027-11-07 23:58")) == [1]


def test_nothing_is_spent_that_saves_nothing() -> None:
    """Are days kept where lateness is free, or costs the most in any case?"""
    due, at = "2027-02-05 23:59", "2027-02-12 12:00"  # seven days
    assert spend(hand("a", due, at, LatePolicy())) == [0]
    assert spend(hand("a", due, at), days=2) == [0]  # five days cost as much
    assert spend(hand("a", due, at), days=3) == [3]
    assert spend(hand("a", due, at, LatePolicy(per_day=60, max=100))) == [0]
    assert spend(hand("a", due, at), days=9) == [7]


@given(
    st.lists(st.integers(-5, 40), min_size=1, max_size=5),
    st.integers(0, 9),
    st.sampled_from(["America/Chicago", "Pacific/Apia"]),
)
def test_no_more_is_spent_than_there_is(late: list[int], days: int, zone: str) -> None:
    """Whatever is handed in when: at most the days that there are, and none twice?"""
    due = datetime(2027, 3, 13, 5, 59)
    hand_ins = [
        HandIn(
            assignment=str(number),
            deadline=due + timedelta(days=7 * number),
            handed_in=due + timedelta(days=7 * number, hours=12 * hours),
            policy=POLICY,
        )
        for number, hours in enumerate(late)
    ]
    spent = spend_late_days(hand_ins, days, ZoneInfo(zone))
    assert sum(spent.values()) <= days and all(n >= 0 for n in spent.values())
    assert spend_late_days(reversed(hand_ins), days, ZoneInfo(zone)) == spent


def make_two(root: Path) -> None:
    """Two assignments, the second due on the eve of summer time; three free days."""
    course = make_built_course(root)
    second = COURSE[COURSE.index("[assignments") :].replace(NAME, OTHER)
    second = second.replace("2027-02-05 23:59:00", f"{SPRING}:00")
    toml = course.root / "course.toml"
    text = toml.read_text().replace("[assign", "late_days = 3\n\n[assign", 1)
    toml.write_text(f"{text}\n{second}")
    shutil.copytree(course.lessons / NAME, course.lessons / OTHER)
    build_assignments(load_course(root), [OTHER])


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Ada is two days late with both; nothing is graded."""
    origin = make_once("late-days", make_two)
    course = load_course(shutil.copytree(origin, tmp_path / "course"))
    hand_in(course, "ada", RIGHT, "2027-02-07 10:00:00 CST")
    folder = course.submitted / "ada" / NAME
    copy = shutil.copytree(folder, folder.with_name(OTHER))
    (copy / "timestamp.txt").write_text("2027-03-15 10:00:00 CDT")
    return course


def penalties(course: Course) -> list[float | None]:
    """Ada's late penalties, first and second assignment; None: not graded."""
    with Gradebook(course.db_url, course.id) as gradebook:
        return [
            gradebook.find_submission(name, "ada").late_submission_penalty
            for name in (NAME, OTHER)
        ]


@pytest.mark.parametrize("order", [(NAME, OTHER), (OTHER, NAME), (OTHER, NAME, OTHER)])
def test_any_order_of_grading_gives_the_same(
    course: Course, order: tuple[str, ...]
) -> None:
    """Two days are free, then one; the fourth costs its 6 points of 60."""
    for name in order:
        grade_here(course, name)
    assert penalties(course) == [0, 6]
    with open_assignment_rows(course, NAME) as table:
        assert read_settlement(course, table, "bob", NAME) is None


def test_a_page_says_what_was_spent(course: Course) -> None:
    """Does a student who was late and lost nothing read why, on each page its part?"""
    for name in (NAME, OTHER):
        grade_here(course, name)
    pages = [dict(read_feedback(course, name)[0].facts) for name in (NAME, OTHER)]
    told = [facts["Free late days"] for facts in pages]
    assert told == ["2 used, of 3", "1 used, of 3"]
    assert ["Late penalty" in facts for facts in pages] == [False, True]


def test_what_is_not_needed_any_more_is_free_for_another(course: Course) -> None:
    """Does an extension of the first pay the second, and its end take that back?"""
    for name in (NAME, OTHER):
        grade_here(course, name)
    report = extend_deadlines(course, NAME, ["ada"], "+1d")
    assert [(p.assignment, p.before, p.after) for p in report.penalties] == [
        (OTHER, 6, 0)
    ]
    assert penalties(course) == [0, 0]
    extend_deadlines(course, NAME, ["ada"], None)
    assert penalties(course) == [0, 6]
    (course.submitted / "ada" / NAME / "timestamp.txt").write_text(
        "2027-02-05 10:00:00 CST"
    )
    grade_here(course, NAME)
    assert penalties(course) == [0, 0]


def test_stock_autograde_spends_them_as_well(course: Course) -> None:
    """Is the rule the same for `nbgrader autograde`?"""
    for name in (OTHER, NAME):
        done = stock(course, "autograde", name)
        assert done.returncode == 0, done.stderr
    assert penalties(course) == [0, 6]


def test_a_number_of_days_that_is_none_is_refused(course: Course) -> None:
    """Does course.toml say what is wrong?"""
    toml = course.root / "course.toml"
    toml.write_text(toml.read_text().replace("late_days = 3", "late_days = 1.5"))
    with pytest.raises(UserError, match=r"course\.late_days: 1\.5 is no whole number"):
        load_course(course.root)

"""Who falls behind?"""

from __future__ import annotations

import pytest
from nbgrader.api import Gradebook
from support.rich_class import NAME, change_grade

from unrolled.class_report.build import build_term_report
from unrolled.class_report.term import find_reason
from unrolled.course.model import Course

PAST = ("01", "02", "03")
ALL = {name: frozenset({"ada", "bob"}) for name in PAST}


def reason(
    shares: dict[str, dict[str, float]], handed_in: dict[str, frozenset[str]] = ALL
) -> str:
    return find_reason("ada", PAST, shares, handed_in)


def test_a_fall_is_measured_against_the_class() -> None:
    """Is a hard assignment nobody's fall?"""
    steady = {n: {"ada": 0.9, "bob": 0.9} for n in PAST}
    assert reason(steady) == ""
    hard = {**steady, "03": {"ada": 0.5, "bob": 0.5}}
    assert reason(hard) == ""
    alone = {**steady, "03": {"ada": 0.4, "bob": 0.9}}
    assert reason(alone) == "25 points of 100 below the earlier ones"
    slight = {**steady, "03": {"ada": 0.6, "bob": 0.9}}
    assert reason(slight) == ""


def test_two_that_are_missing_in_a_row() -> None:
    """And one alone is not?"""
    shares = {n: {"ada": 0.9, "bob": 0.9} for n in PAST}
    one = {**ALL, "03": frozenset({"bob"})}
    assert reason({**shares, "03": {"bob": 0.9}}, one) == ""
    two = {**one, "02": frozenset({"bob"})}
    last = {**shares, "02": {"bob": 0.9}, "03": {"bob": 0.9}}
    assert reason(last, two) == "has not handed in the last 2"
    none = {n: frozenset({"bob"}) for n in PAST}
    assert reason({n: {"bob": 0.9} for n in PAST}, none) == "has handed in nothing"
    assert find_reason("ada", (), {}, {}) == ""


def test_what_waits_for_a_mark_counts_for_nobody(rich_course: Course) -> None:
    """Is a share of the points there only when all of it is marked?"""
    with Gradebook(rich_course.db_url, rich_course.id) as gradebook:
        gradebook.add_student("eve", first_name="Eve", last_name="Last")
    report = build_term_report(rich_course)
    assert [s.student for s in report.students] == ["ada", "bob", "cyd", "eve", "zoë"]
    assert {s.mean for s in report.students} == {None}
    (assignment,) = report.assignments
    assert (assignment.graded, assignment.mean, assignment.missing) == (4, None, 0)
    for student, points in (("ada", 40), ("bob", 20)):
        change_grade(
            rich_course, student, "why", manual_score=points, needs_manual_grade=False
        )
    report = build_term_report(rich_course)
    shares = {s.student: s.shares[0] for s in report.students}
    assert shares["ada"] == 1.0
    assert shares["bob"] == pytest.approx(0.605)
    assert shares["zoë"] is None
    (assignment,) = report.assignments
    assert assignment.mean == pytest.approx((1 + 0.605) / 2)
    assert assignment.missing == 1
    assert {s.student: s.behind for s in report.students}["eve"] == (
        "has handed in nothing"
    )
    assert assignment.name == NAME

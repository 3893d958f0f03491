"""Late penalties follow the policy of the assignment, the calendar and the clock."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from support.gradebook_dump import dump
from support.judges import grade_here
from support.shared import make_built_course
from support.stock_autograde import NAME, RIGHT, hand_in, stock

from unrolled.course.model import Course, LatePolicy, load_course
from unrolled.deadlines.late_penalty import (
    Lateness,
    add_extension,
    compute_lateness,
    compute_penalty,
)
from unrolled.timestamps import parse_timestamp

DAY = 24 * 60 * 60
POLICY = LatePolicy(per_day=10, max=50, grace_minutes=15)
DUE = datetime(2027, 2, 6, 5, 59)
CHICAGO = ZoneInfo("America/Chicago")


def after(seconds: float) -> Lateness:
    """What comes so long after the due date, far from any change of the clock."""
    return compute_lateness(DUE, DUE + timedelta(seconds=seconds), CHICAGO)


@pytest.mark.parametrize(
    ("seconds", "points"),
    [
        (-DAY, None),
        (0, None),
        (15 * 60, 0),
        (15 * 60 + 1, 8),
        (DAY, 8),
        (DAY + 1, 16),
        (4 * DAY + 1, 40),
        (300 * DAY, 40),
    ],
)
def test_each_started_day_costs_up_to_the_maximum(
    seconds: float, points: int | None
) -> None:
    """Does a score of 80 lose 8 points a started day, never more than 40?"""
    assert compute_penalty(POLICY, 80, after(seconds)) == points


def test_no_policy_costs_nothing() -> None:
    """Is lateness free where course.toml says nothing about it?"""
    assert compute_penalty(LatePolicy(), 80, after(9 * DAY)) == 0


def local(text: str, zone: ZoneInfo = CHICAGO, fold: int = 0) -> datetime:
    """A time on the wall, as nbgrader keeps it: in UTC, without a zone."""
    there = datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)
    return there.astimezone(UTC).replace(tzinfo=None)


AUTUMN, SPRING = "2027-11-06 23:59", "2027-03-13 23:59"  # a Saturday; clocks change
CLOCKS = [
    (AUTUMN, "2027-11-07 23:50", 1),  # 24 hours and 51 minutes later
    (AUTUMN, "2027-11-07 23:59", 1),
    (AUTUMN, "2027-11-08 00:00", 2),
    (AUTUMN, "2027-11-08 23:59", 2),
    (AUTUMN, "2027-11-07 01:30", 1),
    (SPRING, "2027-03-14 23:59", 1),
    (SPRING, "2027-03-15 00:10", 2),  # 23 hours and 11 minutes later
    (SPRING, "2027-03-16 00:10", 3),
    ("2027-02-06 23:59", "2027-02-07 23:50", 1),
]


@pytest.mark.parametrize(("due", "at", "days"), CLOCKS)
def test_days_are_those_of_the_calendar(due: str, at: str, days: int) -> None:
    """Does a day end at the hour of the due date, also when the clocks change?"""
    assert compute_lateness(local(due), local(at), CHICAGO).days == days


def test_the_hour_that_comes_twice_is_no_day_of_its_own() -> None:
    """Is work in the repeated hour one day late, not none and not two?"""
    due = local("2027-11-07 01:30")
    late = compute_lateness(due, local("2027-11-07 01:20", fold=1), CHICAGO)
    assert (late.seconds, late.days) == (50 * 60, 1)


def test_an_extension_by_days_ends_at_the_same_hour() -> None:
    """Does one day more, over a change of the clock, end at 23:59 again?"""
    day = timedelta(days=1)
    end = add_extension(local(AUTUMN), day, CHICAGO)
    for at in ("2027-11-07 23:59", "2027-11-07 22:59"):
        assert not compute_lateness(end, local(at), CHICAGO).days
    assert compute_lateness(end, local("2027-11-08 00:05"), CHICAGO).days == 1
    # nbgrader itself counts hours, here one more: nobody loses by our reading
    end = add_extension(local(SPRING), day, CHICAGO)
    assert not compute_lateness(end, local("2027-03-15 00:50"), CHICAGO).days


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),
    st.timedeltas(timedelta(seconds=1), timedelta(days=40)),
    st.sampled_from(["America/Chicago", "Asia/Kolkata", "Pacific/Apia", "UTC"]),
)
def test_days_never_go_back(due: datetime, after: timedelta, zone: str) -> None:
    """Wherever and whenever: is later never fewer days, and near to the hours?"""
    there = ZoneInfo(zone)
    late = compute_lateness(due, due + after, there)
    more = compute_lateness(due, due + after + timedelta(hours=1), there)
    assert late.days >= 1 and late.days <= more.days + 1
    assert abs(late.days - after / timedelta(days=1)) <= 2.1


STAMPS = [
    ("2027-02-05 23:50:00.000000 UTC", "2027-02-05 23:50:00"),
    ("2027-02-05 23:50:00", "2027-02-05 23:50:00"),
    ("2027-02-05 23:50:00.000000 CST", "2027-02-06 05:50:00"),
    ("2027-07-05 23:50:00.000000 CDT", "2027-07-06 04:50:00"),
    ("2027-02-05 23:50:00 CDT", "2027-02-06 04:50:00"),
    ("2027-02-05 23:50:00 EST", "2027-02-06 04:50:00"),
    ("2027-07-05 23:50:00 EDT", "2027-07-06 03:50:00"),
    ("2027-02-05 23:50:00 -0500", "2027-02-06 04:50:00"),
    ("2027-02-05 23:50:00.5 -05:00", "2027-02-06 04:50:00.5"),
    ("2027-02-05T23:50:00-0500", "2027-02-06 04:50:00"),
    ("2027-02-05T23:50:00Z", "2027-02-05 23:50:00"),
    ("2027-02-05 23:50:00 +0530", "2027-02-05 18:20:00"),
    ("2027-02-05 23:50:00 UTC+2", "2027-02-05 21:50:00"),
    ("2027-02-05 23:50:00 Europe/Berlin", "2027-02-05 22:50:00"),
    ("2027-11-07 01:30:00 CDT", "2027-11-07 06:30:00"),
    ("2027-11-07 01:30:00 CST", "2027-11-07 07:30:00"),
    ("2027-02-05-23-50-10", "2027-02-05 23:50:10"),
]


@pytest.mark.parametrize(("text", "expected"), STAMPS)
def test_every_zone_in_a_stamp_is_read(text: str, expected: str) -> None:
    """Is no abbreviation, and no sign, taken for UTC?"""
    assert parse_timestamp(text, CHICAGO) == datetime.fromisoformat(expected)


def test_an_abbreviation_is_that_of_the_course() -> None:
    """Is CST the time of Shanghai where the course is there, and IST of India?"""
    text = "2027-02-05 10:00:00 {}"
    shanghai = parse_timestamp(text.format("CST"), ZoneInfo("Asia/Shanghai"))
    india = parse_timestamp(text.format("IST"), ZoneInfo("Asia/Kolkata"))
    brazil = parse_timestamp(text.format("-03"), ZoneInfo("America/Sao_Paulo"))
    assert [t.strftime("%H:%M") for t in (shanghai, india, brazil)] == [
        "02:00",
        "04:30",
        "13:00",
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("2027-02-05 10:00:00 IST", "'IST' is not one of the course's"),
        ("2027-02-05 10:00:00 XYZ", "'XYZ' is not one of the course's"),
        ("2027-02-05 10:00:00 Mars/Olympus", "'Mars/Olympus' is not"),
        ("2027-02-05 10:00:00 +9900", "no such time zone"),
        ("the day before yesterday", "not a time"),
        ("10:00:00 UTC", "not a time"),
        ("12", "not a time"),
        ("", "not a time"),
    ],
)
def test_a_stamp_that_cannot_be_read_is_refused(text: str, word: str) -> None:
    """Is a zone that nobody knows said, in words that help?"""
    with pytest.raises(ValueError, match=word):
        parse_timestamp(text, CHICAGO)


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    """Does no text in timestamp.txt do anything but this?"""
    try:
        assert parse_timestamp(text, CHICAGO).tzinfo is None
    except ValueError as error:
        assert str(error)


ZONES = {
    "utc": ("2027-02-06 05:50:00 UTC", None),
    "cst": ("2027-02-05 23:50:00.000000 CST", None),
    "numeric": ("2027-02-05 23:50:00 -0600", None),
    "est": ("2027-02-06 02:00:00 EST", 6.0),
    "hour_late": ("2027-02-06 00:50:00 CST", 6.0),
    "a_day": ("2027-02-06 23:50:00 CST", 6.0),
    "two_days": ("2027-02-07 23:50:00 -0600", 12.0),
    "unknown_zone": ("2027-02-09 10:00:00 IST", None),
    "no_time": ("yesterday", None),
    "end_of_time": ("9999-12-31 23:59:59 UTC", 30.0),
}


def test_stamps_of_all_zones_reach_the_gradebook(tmp_path: Path) -> None:
    """Are time and penalty right, by `unrolled grade` and by stock autograde?"""
    ours = make_built_course(tmp_path / "ours")
    ours.secret_file.touch(mode=0o600)
    ours.secret_file.write_text("0" * 64)
    for student, (stamp, _) in ZONES.items():
        hand_in(ours, student, RIGHT, stamp)
    theirs = load_course(shutil.copytree(ours.root, tmp_path / "stock"))
    shutil.rmtree(theirs.submitted / "no_time")  # nbgrader's own reader stops there
    report = grade_here(ours, NAME)
    told = {s.student: " ".join(s.repairs) for s in report.submissions}
    assert "'IST' is not one of the course's" in told["unknown_zone"]
    assert "counted as in time" in told["unknown_zone"] and not told["cst"]
    done = stock(theirs, "autograde", NAME)
    assert done.returncode == 0, done.stderr
    for course in (ours, theirs):
        for student, (stamp, expected) in ZONES.items():
            if course is ours or student != "no_time":
                assert found(course, student) == (moment(stamp), expected), student
    assert [r for r in dump(ours)["grade"] if "no_time" not in str(r)] == (
        dump(theirs)["grade"]
    )


def moment(stamp: str) -> datetime | None:
    """What the gradebook should have."""
    try:
        return parse_timestamp(stamp, CHICAGO)
    except ValueError:
        return None


def found(course: Course, student: str) -> tuple[datetime | None, float | None]:
    """Time and late penalty in the gradebook."""
    with Gradebook(course.db_url, course.id) as gradebook:
        submission = gradebook.find_submission(NAME, student)
        (part,) = submission.notebooks
        return submission.timestamp, part.late_submission_penalty


def test_a_stamp_that_has_become_unreadable_is_not_the_old_time(tmp_path: Path) -> None:
    """Is a late time forgotten with its stamp, as we say: counted as in time?"""
    course = make_built_course(tmp_path)
    hand_in(course, "ada", RIGHT, "2027-02-09 10:00:00 UTC")
    grade_here(course, NAME)
    assert found(course, "ada")[1]
    hand_in(course, "ada", RIGHT, "2027-02-09 10:00:00 IST")
    grade_here(course, NAME)
    assert found(course, "ada") == (None, None)

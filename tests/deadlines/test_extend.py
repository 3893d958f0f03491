"""Has a student who is given more time that time, everywhere and at once?"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from support.cli import command
from support.gradebook_dump import dump
from support.judges import grade_here
from support.shared import make_built_course
from support.stock_autograde import NAME, RIGHT, hand_in, stock

from unrolled.course.model import Course, load_course
from unrolled.deadlines.extend import extend_deadlines, list_extensions
from unrolled.deadlines.extensions import Extension, read_extensions
from unrolled.deadlines.late_penalty import add_extension
from unrolled.deadlines.own import OwnDeadlines
from unrolled.deadlines.until import parse_until
from unrolled.errors import UserError

CHICAGO = ZoneInfo("America/Chicago")
DUE = datetime(2027, 2, 6, 5, 59)  # Friday 5 February, 23:59 on the class's clock
TWO_DAYS = "2027-02-07 10:00:00 CST"  # that is how late: two days, 12 points of 60
CAPFD = pytest.CaptureFixture[str]


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Two students, two days late each; nothing is graded."""
    course = make_built_course(tmp_path / "course")
    for student in ("ada", "bob"):
        hand_in(course, student, RIGHT, TWO_DAYS)
    return course


def penalties(course: Course) -> dict[str, tuple[float | None, timedelta | None]]:
    """Late penalty and extension in nbgrader's rows, by student."""
    with Gradebook(course.db_url, course.id) as gradebook:
        return {
            s.student.id: (s.notebooks[0].late_submission_penalty, s.extension)
            for s in gradebook.assignment_submissions(NAME)
        }


def test_before_anything_is_graded(course: Course) -> None:
    """Is it kept until there is a row, by our grading and by stock autograde?"""
    extend_deadlines(course, NAME, ["ada"], "+2d", why="ill")
    theirs = load_course(shutil.copytree(course.root, course.root.parent / "theirs"))
    grade_here(course, NAME)
    done = stock(theirs, "autograde", NAME)
    assert done.returncode == 0, done.stderr
    for one in (course, theirs):
        assert penalties(one) == {"ada": (None, timedelta(days=2)), "bob": (12, None)}
    assert dump(course)["submitted_assignment"] == dump(theirs)["submitted_assignment"]


def test_the_penalty_follows_at_once(course: Course) -> None:
    """Is it gone, part of it, there again, and nobody else's changed?"""
    grade_here(course, NAME)
    before = dump(course)
    report = extend_deadlines(course, NAME, ["ada"], "+1d")
    assert penalties(course)["ada"] == (6, timedelta(days=1))
    assert [(p.student, p.before, p.after) for p in report.penalties] == [
        ("ada", 12, 6)
    ]
    extend_deadlines(course, NAME, ["ada"], "2027-02-07")
    assert penalties(course) == {"ada": (None, timedelta(days=2)), "bob": (12, None)}
    grade_here(course, NAME, force=True)
    assert penalties(course)["ada"] == (None, timedelta(days=2))
    extend_deadlines(course, NAME, ["ada"], None)
    assert dump(course) == before
    assert [e.until is None for e in read(course)] == [False, False, True]
    assert list_extensions(course) == []


def read(course: Course) -> list[Extension]:
    """All lines of the list."""
    return read_extensions(course)


def test_a_look_changes_nothing(course: Course) -> None:
    """Does a dry run tell what it would do, and leave no trace?"""
    grade_here(course, NAME)
    before = dump(course)
    report = extend_deadlines(course, NAME, ["ada"], "+1d", dry_run=True)
    assert (report.penalties[0].before, report.penalties[0].after) == (12, 6)
    assert dump(course) == before and not course.extensions.exists()


def test_an_extension_of_nbgraders_own_counts(course: Course) -> None:
    """Does what somebody set in nbgrader stand, until the list says otherwise?"""
    grade_here(course, NAME)
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.find_submission(NAME, "bob").extension = timedelta(days=1)
        gradebook.db.commit()
    grade_here(course, NAME)
    assert penalties(course)["bob"] == (6, timedelta(days=1))
    extend_deadlines(course, NAME, ["bob"], "+2d")
    assert penalties(course)["bob"] == (None, timedelta(days=2))


def test_the_class_may_be_given_more(course: Course) -> None:
    """Does nobody lose by an extension when the class's date is put off further?"""
    deadlines = OwnDeadlines(CHICAGO, {("ada", NAME): entry(DUE + timedelta(days=1))})
    later = DUE + timedelta(days=7)
    assert deadlines.find("ada", NAME, later).at == later
    assert not deadlines.find("ada", NAME, later).own
    assert deadlines.make_extension("ada", NAME, later, None) == timedelta()
    assert deadlines.find("ada", NAME, None).at is None
    assert deadlines.find_last(NAME, DUE) == DUE + timedelta(days=1)
    assert deadlines.find_last(NAME, later) == later
    assert deadlines.find_last("02_other", DUE) == DUE


def entry(until: datetime) -> Extension:
    return Extension(student="ada", assignment=NAME, until=until.replace(tzinfo=UTC))


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),
    st.timedeltas(timedelta(minutes=1), timedelta(days=400)),
    st.sampled_from(["America/Chicago", "Asia/Kolkata", "Pacific/Apia", "UTC"]),
)
def test_nbgraders_row_means_the_same_moment(
    due: datetime, more: timedelta, zone: str
) -> None:
    """Whenever the clocks change: does what is put into the row end at the deadline?"""
    there = ZoneInfo(zone)
    deadlines = OwnDeadlines(there, {("ada", NAME): entry(due + more)})
    extension = deadlines.make_extension("ada", NAME, due, None)
    assert add_extension(due, extension, there) == due + more
    assert deadlines.find("ada", NAME, due).at == due + more


SPRING, AUTUMN = datetime(2027, 3, 14, 5, 59), datetime(2027, 11, 7, 4, 59)  # 23:59
UNTIL = [
    (DUE, "2027-02-20", "2027-02-20T23:59:00-06:00"),
    (DUE, "2027-02-20 18:00", "2027-02-20T18:00:00-06:00"),
    (DUE, "2027-02-20T18:00+01:00", "2027-02-20T11:00:00-06:00"),
    (DUE, "+2d", "2027-02-07T23:59:00-06:00"),
    (DUE, "+12h", "2027-02-06T11:59:00-06:00"),
    (SPRING, "+1d", "2027-03-14T23:59:00-05:00"),  # a day of 23 hours
    (SPRING, "+24h", "2027-03-15T00:59:00-05:00"),
    (AUTUMN, "+1d", "2027-11-07T23:59:00-06:00"),  # a day of 25 hours
    (AUTUMN, "2027-11-07 01:30", "2027-11-07T01:30:00-06:00"),  # the second one
]


@pytest.mark.parametrize(("due", "text", "end"), UNTIL)
def test_until_when(due: datetime, text: str, end: str) -> None:
    """Are days the calendar's, hours those of any clock, and a date the whole day?"""
    assert parse_until(text, due, CHICAGO).isoformat() == end


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("tomorrow", "is no time"),
        ("2027-13-01", "is no time"),
        ("+2w", "is no time"),
        ("2027-02-05", "not after the class's due date, Fri 5 Feb 2027, 23:59 CST"),
        ("+0d", "not after"),
        ("2027-03-14 02:30", "no such time"),
    ],
)
def test_what_is_no_later_time_is_refused(text: str, word: str) -> None:
    """Does a wrong UNTIL say what would be right?"""
    with pytest.raises(UserError, match=word):
        parse_until(text, DUE, CHICAGO)


def test_who_is_unknown_changes_nothing(course: Course) -> None:
    """Is one wrong name among several enough, and the nearest one told?"""
    grade_here(course, NAME)
    before = dump(course)
    with pytest.raises(UserError, match=r"no student adda\. Did you mean ada"):
        extend_deadlines(course, NAME, ["bob", "adda"], "+2d")
    with pytest.raises(UserError, match="bob has no extension"):
        extend_deadlines(course, NAME, ["bob"], None)
    assert dump(course) == before and not course.extensions.exists()


def test_a_broken_list_stops_grading_and_names_the_line(course: Course) -> None:
    """Is nobody graded by half of the list, and is the line named?"""
    extend_deadlines(course, NAME, ["ada"], "+2d")
    with course.extensions.open("a") as file:
        file.write(f"bob,{NAME},soon,,,\n")
    with pytest.raises(UserError, match="line 3: 'soon' is no time"):
        grade_here(course, NAME)
    course.extensions.write_text(f"student,assignment,until\nbob,{NAME},2027-02-07\n")
    grade_here(course, NAME)
    assert penalties(course)["bob"][0] is None  # the whole day


def test_the_command(course: Course, tmp_path: Path, capfd: CAPFD) -> None:
    """A group from a file, the list as text and as JSON, and back again."""
    grade_here(course, NAME)
    group = tmp_path / "group.txt"
    group.write_text("# the orchestra\nada\nbob\n")
    where = ("--course", str(course.root), "extend")
    told = command(capfd, *where, f"@{group}", NAME, "+2d", "--why", "a tour, =1+1")
    assert told.code == 0, told.err
    assert f"late penalty of bob, {NAME}: 12 points, now 0" in told.out
    assert "is due Sun 7 Feb 2027, 23:59 CST" in told.out
    told = command(capfd, *where, "--list", "bob", "--json")
    (one,) = json.loads(told.out)["extensions"]
    assert (one["student"], one["why"]) == ("bob", "a tour, =1+1")
    assert course.extensions.stat().st_mode & 0o077 == 0
    told = command(capfd, *where, "ada,bob", NAME, "--remove", "--json")
    assert [p["after"] for p in json.loads(told.out)["penalties"]] == [12, 12]
    assert "no extensions" in command(capfd, *where, "--list").out
    told = command(capfd, *where, "ada", NAME)
    assert told.code == 2 and "UNTIL" in told.err

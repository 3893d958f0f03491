"""The course folder: what course.toml may say, how mistakes in it are told."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.author_course import make_course

from unrolled.course.limits import Limits
from unrolled.course.model import Course, LatePolicy, find_course, load_course
from unrolled.course.secret import load_course_secret
from unrolled.errors import UserError

WHOLE = """\
[course]
id = "tiny"
title = "A Tiny Course"
timezone = "America/Chicago"

[feedback]
show_hidden_tests = true

[grading]
allow_weak = true
call_seconds = 5
submission_seconds = 90.5

[assignments.01_first_steps]
title = "First Steps"
release = 2027-07-01 09:00:00
due = 2027-02-05 23:59:00
points = 12.5
late = { per_day = 10, max = 50, grace_minutes = 15 }

[assignments.02_next]
title = "Next"
due = 2027-02-05T23:59:00+01:00
"""


def read(folder: Path, text: str) -> Course:
    """The course of a course.toml."""
    (folder / "course.toml").write_text(text, encoding="utf-8")
    return load_course(folder)


def complaint(folder: Path, text: str) -> str:
    """What is said about a course.toml that is refused, without the file's name."""
    with pytest.raises(UserError) as caught:
        read(folder, text)
    said = str(caught.value)
    name = f"{folder / 'course.toml'}: "
    assert said.startswith(name) and "\n" not in said
    return said.removeprefix(name)


def test_everything_that_is_said_is_read(tmp_path: Path) -> None:
    """Are the course, its options and its assignments what the file says?"""
    course = read(tmp_path, WHOLE)
    assert (course.id, course.title) == ("tiny", "A Tiny Course")
    assert course.timezone == ZoneInfo("America/Chicago")
    assert course.feedback_tests and course.root == tmp_path.resolve()
    assert course.allow_weak
    assert course.limits == Limits(call_seconds=5, submission_seconds=90.5)
    assert list(course.assignments) == ["01_first_steps", "02_next"]
    first = course.assignments["01_first_steps"]
    assert (first.name, first.title) == ("01_first_steps", "First Steps")
    assert (first.notebook, first.points) == ("first_steps", 12.5)
    assert first.late == LatePolicy(per_day=10.0, max=50.0, grace_minutes=15)


def test_what_is_not_said_has_a_harmless_default(tmp_path: Path) -> None:
    """Are hidden tests closed, dates open and lateness free if nothing is said?"""
    text = '[course]\nid = "a"\ntitle = "b"\ntimezone = "UTC"\n'
    course = read(tmp_path, text + '[assignments.01_x]\ntitle = "X"\n')
    assert not course.feedback_tests and not course.allow_weak
    assert course.limits == Limits()
    found = course.assignments["01_x"]
    assert (found.release, found.due, found.points) == (None, None, 100.0)
    assert found.late == LatePolicy(per_day=0.0, max=100.0, grace_minutes=0)
    assert read(tmp_path, text).assignments == {}


def test_times_without_a_zone_are_the_course_s(tmp_path: Path) -> None:
    """Is a plain time of the course's zone, summer time and all, others kept?"""
    first, second = read(tmp_path, WHOLE).assignments.values()
    assert first.due is not None and first.release is not None
    assert second.due is not None
    moments = [m.astimezone(UTC) for m in (first.due, first.release, second.due)]
    assert moments == [
        datetime(2027, 2, 6, 5, 59, tzinfo=UTC),
        datetime(2027, 7, 1, 14, 0, tzinfo=UTC),
        datetime(2027, 2, 5, 22, 59, tzinfo=UTC),
    ]


FIRST = "assignments.01_first_steps"
UNKNOWN = {
    "corse": ("[course]", "[corse]", "course"),
    "course.titel": ("title = ", "titel = ", "title"),
    "feedback.show_tests": ("show_hidden_tests", "show_tests", "show_hidden_tests"),
    f"{FIRST}.point": ("points", "point", "points"),
    f"{FIRST}.late.per_days": ("per_day", "per_days", "per_day"),
}


@pytest.mark.parametrize("place", UNKNOWN)
def test_an_unknown_key_is_told_with_the_nearest(place: str, tmp_path: Path) -> None:
    """Is a misspelt key named by table and key, with the one that was meant?"""
    old, new, near = UNKNOWN[place]
    said = complaint(tmp_path, WHOLE.replace(old, new, 1))
    assert said == f"{place}: unknown; did you mean {near}?"


def test_a_strange_key_is_told_with_all_known_ones(tmp_path: Path) -> None:
    """Does a key that resembles nothing get the list of what there is?"""
    text = WHOLE.replace("[feedback]", "[feedback]\nxyz = 1")
    assert complaint(tmp_path, text) == (
        "feedback.xyz: unknown; known are show_hidden_tests, schemes"
    )


WRONG = {
    "text as number": ("12.5", '"many"', f"{FIRST}.points", "'many' is of the wrong"),
    "true as number": ("12.5", "true", f"{FIRST}.points", "True is of the wrong kind"),
    "number as text": (
        '"A Tiny Course"',
        "3",
        "course.title",
        "3 is of the wrong kind",
    ),
    "blank text": ('"tiny"', '" "', "course.id", "is missing"),
    "no text": ('id = "tiny"\n', "", "course.id", "is missing"),
    "no zone": ('timezone = "America/Chicago"\n', "", "course.timezone", "is missing"),
    "no title": ('title = "Next"\n', "", "assignments.02_next.title", "is missing"),
    "unknown word": (
        "show_hidden_tests = true",
        'schemes = "later"',
        "feedback.schemes",
        '\'later\' is none of "never", "after-deadline"',
    ),
    "number as switch": ("= true", "= 1", "feedback.show_hidden_tests", "1 is of the"),
    "no time at all": ("= 5\n", "= 0\n", "grading.call_seconds", "must be more than 0"),
    "weak as text": (
        "weak = true",
        'weak = "yes"',
        "grading.allow_weak",
        "'yes' is of",
    ),
    "number as table": (
        "late = { per_day = 10, max = 50, grace_minutes = 15 }",
        "late = 10",
        f"{FIRST}.late",
        "must be a table",
    ),
    "negative": ("= 12.5", "= -1", f"{FIRST}.points", "-1 is not between 0 and 1e+06"),
    "not a number": ("= 12.5", "= nan", f"{FIRST}.points", "nan is not between"),
    "endless": ("= 12.5", "= inf", f"{FIRST}.points", "inf is not between"),
    "over 100 %": ("max = 50", "max = 101", f"{FIRST}.late.max", "101 is not between"),
    "over 100 % a day": (
        "per_day = 10",
        "per_day = 101",
        f"{FIRST}.late.per_day",
        "101 is not between",
    ),
    "half a minute": (
        "minutes = 15",
        "minutes = 0.5",
        f"{FIRST}.late.grace_minutes",
        "0.5 is no whole number",
    ),
    "a bonus": ("per_day = 10", "per_day = -5", f"{FIRST}.late.per_day", "-5 is not"),
    "no such zone": (
        "/Chicago",
        "/Chicgo",
        "course.timezone",
        "'America/Chicgo' is no",
    ),
    "a path": ("America/", "../", "course.timezone", "'../Chicago' is no time zone"),
    "only a day": ("2027-02-05 23:59:00", "2027-02-05", f"{FIRST}.due", "is no time"),
    "only a time": (
        "2027-07-01 09:00:00",
        "09:00:00",
        f"{FIRST}.release",
        "is no time",
    ),
    "a word": ("2027-02-05 23:59:00", '"soon"', f"{FIRST}.due", "'soon' is no time"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_value_is_told_by_table_and_key(mistake: str, tmp_path: Path) -> None:
    """Does every bad value lead to its file, table and key, and say why?"""
    old, new, place, why = WRONG[mistake]
    assert old in WHOLE
    said = complaint(tmp_path, WHOLE.replace(old, new, 1))
    assert said.startswith(f"{place}: ") and why in said


@pytest.mark.parametrize("text", ["[course", "id = ", "a = 1\na = 2", "[a]\n[a]"])
def test_broken_toml_is_told_with_its_line(text: str, tmp_path: Path) -> None:
    """Is a file that is no TOML named, with the place in it?"""
    said = complaint(tmp_path, text)
    assert said.startswith("not valid TOML: ") and ("line" in said or "end" in said)


def test_a_missing_or_foreign_file_is_told(tmp_path: Path) -> None:
    """Is a missing course.toml named, and one in another encoding?"""
    path = tmp_path / "course.toml"
    with pytest.raises(UserError) as caught:
        load_course(tmp_path)
    assert str(caught.value) == f"{path} is missing."
    path.write_bytes('[course]\ntitle = "Büchlein"'.encode("latin-1"))
    with pytest.raises(UserError, match="not valid TOML") as caught:
        load_course(tmp_path)
    assert str(path) in str(caught.value)


def test_a_course_is_found_from_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is the course found in the folder itself, below it, and from where one is?"""
    course = make_course(tmp_path / "course")
    below = course.lessons / "01_tiny"
    assert find_course(course.root) == find_course(below) == course
    monkeypatch.chdir(below)
    assert find_course() == course


def test_no_course_is_told_with_the_way_out(tmp_path: Path) -> None:
    """Does the error name the folder, what was looked for, and the option?"""
    (tmp_path / "course.toml").write_text(WHOLE)
    with pytest.raises(UserError) as caught:
        find_course(tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{tmp_path.resolve()}: no course here or above")
    assert all(word in said for word in ("nbgrader_config.py", "--course"))


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A umask that forbids nothing."""
    old = os.umask(0)
    yield
    os.umask(old)


def test_the_secret_is_made_once_for_the_owner_alone(
    tmp_path: Path, open_umask: None
) -> None:
    """Is the secret long, its file closed whatever the umask, and never remade?"""
    course = make_course(tmp_path / "a")
    secret = load_course_secret(course)
    assert len(bytes.fromhex(secret)) == 32
    assert stat.S_IMODE(course.secret_file.stat().st_mode) == 0o600
    assert (
        load_course_secret(course)
        == load_course_secret(load_course(course.root))
        == secret
    )
    assert load_course_secret(make_course(tmp_path / "b")) != secret


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_secret_that_others_may_read_is_refused(mode: int, tmp_path: Path) -> None:
    """Is an open file refused with the command that closes it, and then taken?"""
    course = make_course(tmp_path)
    secret = load_course_secret(course)
    course.secret_file.chmod(mode)
    with pytest.raises(UserError, match=r"chmod 600 course\.secret") as caught:
        load_course_secret(course)
    assert str(course.secret_file) in str(caught.value)
    assert secret not in str(caught.value)
    course.secret_file.chmod(0o600)
    assert load_course_secret(course) == secret

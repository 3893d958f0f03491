"""Does a student see the own deadline and free late days, and nobody else's?"""

from __future__ import annotations

import getpass
import json
import os
import pwd
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.exchange_course import COURSE, NAME, Hub, as_user, make_hub
from support.student_server import Browser, said, student_server

from unrolled.course.dates import CourseDates, ReleasedAssignment, read_dates
from unrolled.course.exchange import publish_dates
from unrolled.course.model import LatePolicy, load_course
from unrolled.deadlines.publish import FOLDER, apply_own_dates, publish_own_dates
from unrolled.hub.student.exchange_client import AssignmentStatus, Submission
from unrolled.hub.student.late_days import compute_free_days, describe_late_hand_in
from unrolled.hub.student.page import LabLinks, make_rows

ROOT = os.geteuid() == 0
PAGE = "/user/ada/course"
NUMBERS = {"sophie": 4101, "emmy": 4102}
CHICAGO = ZoneInfo("America/Chicago")
UNTIL = "2027-02-09 18:00:00-06:00"


@pytest.fixture
def open_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A course in a folder that every account may enter; two students have accounts."""

    def find(name: str) -> Any:
        if name not in NUMBERS:
            raise KeyError(name)
        number = NUMBERS[name]
        return pwd.struct_passwd((name, "x", number, number, "", "/nowhere", ""))

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        hub = make_hub(Path(folder), monkeypatch)
        monkeypatch.setattr(pwd, "getpwnam", find)
        yield hub


def extend(hub: Hub, *lines: str) -> list[str]:
    """Write the course's list and publish it; whom that cannot reach."""
    text = "\n".join(("student,assignment,until", *lines))
    (hub.course / "extensions.csv").write_text(text + "\n")
    return publish_own_dates(load_course(hub.course), hub.exchange / COURSE)


@pytest.mark.skipif(not ROOT, reason="acts as two accounts: run the tests as root")
def test_only_the_student_can_read_it(open_hub: Hub) -> None:
    """Can neither another student read it, nor anybody list who has one?"""
    hub = open_hub
    line = f"sophie,{NAME},{UNTIL}"
    assert extend(hub, line, f"nobody,{NAME},{UNTIL}") == ["nobody"]
    place = hub.exchange / COURSE
    path = place / FOLDER / "sophie.json"

    def look() -> None:
        dates = apply_own_dates(read_dates(place), place, "sophie")
        assert dates.assignments[NAME].extended
        assert dates.assignments[NAME].due == datetime.fromisoformat(UNTIL)

    def peep() -> None:
        for work in (path.read_text, lambda: list(path.parent.iterdir())):
            with pytest.raises(PermissionError):
                work()
        dates = read_dates(place)
        assert apply_own_dates(dates, place, "sophie") == dates

    as_user(NUMBERS["sophie"], look)
    as_user(NUMBERS["emmy"], peep)
    before = path.stat().st_ino
    assert extend(hub, line) == [] and path.stat().st_ino == before
    path.chmod(0o644)  # somebody has opened it: it is closed again
    assert extend(hub, line) == []
    as_user(NUMBERS["emmy"], peep)
    as_user(NUMBERS["sophie"], look)
    assert extend(hub, line, f"sophie,{NAME},") == [] and not path.exists()


def test_a_disk_without_access_lists_tells_nobody(
    open_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is nothing left there that everybody could read?"""

    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    assert extend(open_hub, f"sophie,{NAME},{UNTIL}") == ["sophie"]
    assert list((open_hub.exchange / COURSE / FOLDER).iterdir()) == []


def test_without_extensions_nothing_is_made(open_hub: Hub) -> None:
    """Has a course that extends nothing no such folder?"""
    assert extend(open_hub) == []
    assert not (open_hub.exchange / COURSE / FOLDER).exists()


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Browser]]:
    """A released assignment, long due, and the server of a student."""
    with pytest.MonkeyPatch.context() as patched:
        hub = make_hub(tmp_path_factory.mktemp("own"), patched)
    with student_server(hub, "ada") as browser:
        browser.get(f"{PAGE}?token=open")
        browser.post(f"{PAGE}/start", assignment=NAME)
        yield hub, browser


def set_course(hub: Hub, due: datetime, late_days: int) -> None:
    """Another due date and number of free days in course.toml, and in the exchange."""
    toml = hub.course / "course.toml"
    lines = [
        line
        for line in toml.read_text().splitlines()
        if not line.startswith(("due =", "late_days ="))
    ]
    lines.insert(lines.index("[course]") + 1, f"late_days = {late_days}")
    lines.insert(lines.index("points = 50"), f"due = {due:%Y-%m-%d %H:%M:%S}Z")
    toml.write_text("\n".join(lines) + "\n")
    publish_dates(load_course(hub.course), hub.exchange / COURSE)


def test_the_page_and_what_it_says_of_handing_in(student: tuple[Hub, Browser]) -> None:
    """Late by the class's date, with free days, then in time by the own date?"""
    hub, browser = student
    now = datetime.now(UTC)
    set_course(hub, now - timedelta(days=1, hours=12), late_days=0)
    _, page, _ = browser.post(f"{PAGE}/submit", assignment=NAME)
    assert "That is after the due date (course rule: 10 % off" in said(page)
    assert "Free late days" not in page and "Extended for you" not in page
    set_course(hub, now - timedelta(days=1, hours=12), late_days=3)
    page = browser.get(PAGE)[1]
    assert "Free late days: 1 of 3 left" in page
    assert "2 free late days spent" in page
    _, page, _ = browser.post(f"{PAGE}/submit", assignment=NAME)
    assert "2 free late days are spent on it, 1 of 3 left." in said(page)
    own = hub.exchange / COURSE / FOLDER
    own.mkdir()
    until = {NAME: (now + timedelta(days=2)).isoformat()}
    (own / f"{getpass.getuser()}.json").write_text(json.dumps(until))
    _, page, _ = browser.post(f"{PAGE}/submit", assignment=NAME)
    assert "You may hand in again; the last one counts." in said(page)
    assert "Extended for you" in page and "late, " not in page
    assert "Free late days: 3 of 3 left" in page and "in 1 day" in page


def test_late_again_by_the_own_date(tmp_path: Path) -> None:
    """Is the own date named where one is late by that, and one day in the singular?"""
    due = datetime(2027, 3, 14, 4, 59, tzinfo=UTC)
    told = ReleasedAssignment(
        title="A", due=due, points=10, policy=LatePolicy(10), extended=True
    )
    dates = CourseDates("", CHICAGO, {"a": told}, late_days=1)
    last = Submission(due + timedelta(hours=20), feedback=False)
    work = {"a": AssignmentStatus(name="a", folder=tmp_path, submissions=(last,))}
    assert compute_free_days(work, dates).left == 0
    assert describe_late_hand_in("a", work, dates) == (
        " That is after your own due date; 1 free late day is spent on it, 0 of 1 left."
    )
    (row,) = make_rows(work, dates, LabLinks("/", tmp_path), due)
    assert row.extended and row.spent == "1 free late day spent"

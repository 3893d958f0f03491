"""Does what course.toml says of dates reach students with the next build?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cli import NAME, command, make_class

from unrolled.course.dates import DATES_FILE, read_dates
from unrolled.course.model import Course

CAPFD = pytest.CaptureFixture[str]
EXCHANGE = "c.Exchange.root = {root!r}\nc.Exchange.path_includes_course = True\n"


@pytest.fixture
def released(tmp_path: Path, capfd: CAPFD) -> tuple[Course, Path]:
    """A course with an exchange where its assignment is released; its folder there."""
    course = make_class(tmp_path / "course")
    exchange = tmp_path / "exchange"
    exchange.mkdir(mode=0o1777)
    config = course.root / "nbgrader_config.py"
    lines = EXCHANGE.format(root=str(exchange))
    config.write_text(f"{config.read_text()}\nc = get_config()\n{lines}")
    place = exchange / course.id
    (place / "outbound" / NAME).mkdir(parents=True)
    build(capfd, course)
    return course, place


def build(capfd: CAPFD, course: Course, *words: str) -> str:
    told = command(capfd, "--course", str(course.root), "build", *words)
    assert told.code == 0, told.err
    return told.out


def change(course: Course, due: str) -> None:
    toml = course.root / "course.toml"
    lines = toml.read_text().splitlines()
    at = lines.index(f"[assignments.{NAME}]")
    lines = [line for line in lines if not line.startswith("due =")]
    lines.insert(at + 1, f"due = {due}")
    toml.write_text("\n".join(lines) + "\n")


def due(place: Path) -> str:
    moment = read_dates(place).assignments[NAME].due
    return moment.isoformat() if moment else ""


def test_a_changed_due_date(released: tuple[Course, Path], capfd: CAPFD) -> None:
    """Do students see it after `unrolled build`, and is that said once?"""
    course, place = released
    change(course, "2027-03-20 12:00:00")
    assert "Students see the titles and due dates" in build(capfd, course)
    assert due(place).startswith("2027-03-20T12:00:00")
    written = (place / DATES_FILE).stat().st_mtime_ns
    assert "Students see" not in build(capfd, course)
    assert (place / DATES_FILE).stat().st_mtime_ns == written
    assert (place / DATES_FILE).stat().st_mode & 0o777 == 0o644


def test_only_what_is_released(released: tuple[Course, Path], capfd: CAPFD) -> None:
    """Is nothing told of what no student may see yet, and nothing by a check?"""
    course, place = released
    change(course, "2027-03-21 12:00:00")
    before = due(place)
    build(capfd, course, "--check")
    assert due(place) == before
    (place / "outbound" / NAME).rmdir()
    build(capfd, course)
    assert due(place) == before
    document = json.loads((place / DATES_FILE).read_text())
    assert list(document["assignments"]) == [NAME]


def test_who_may_not_write_there(
    released: tuple[Course, Path], capfd: CAPFD, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is a build by somebody else still a build, and says what students see?"""
    course, place = released
    change(course, "2027-03-22 12:00:00")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("unrolled.course.exchange.write_dates", refuse)
    told = build(capfd, course)
    assert "students still see the dates of before" in told
    assert str(place / DATES_FILE) in told

"""Do the hub's pages read the gradebook wherever it is: gradebook.db or PostgreSQL?"""

from __future__ import annotations

import os
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.utils import parse_utc
from support.class_on_a_hub import CONFIG
from support.cluster import NAME
from support.grading_service import PREFIX, fake_hub, grading_service
from support.postgresql import Server, needs_postgresql, server
from support.two_assignments import (
    NAMES,
    STUDENTS,
    copy_school,
    grade_school,
    make_school,
)

from unrolled.canvas.records import write_identities
from unrolled.course.model import Course, load_course
from unrolled.errors import UserError
from unrolled.grade.run import grade
from unrolled.gradebook.open import open_gradebook
from unrolled.gradebook.read import parse_datetime, read_rows
from unrolled.hub.grading.progress import count_progress
from unrolled.hub.lti.authenticator import CanvasAuthenticator
from unrolled.hub.lti.identity import find_student, parse_identity
from unrolled.hub.plan import HubPlan
from unrolled.hub.setup.course_folder import copy_course
from unrolled.hub.setup.start import purge_hub

pytest.importorskip("jupyterhub", reason="pip install jupyterhub")
SQLITE = "gradebook.db"
DATABASES = [SQLITE, pytest.param("postgresql", marks=needs_postgresql)]
CUSTOM = "https://purl.imsglobal.org/spec/lti/claim/custom"


@pytest.fixture(scope="module")
def postgresql(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server."""
    with server() as found:
        yield found


@pytest.fixture(scope="module", params=DATABASES)
def course(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Course:
    """A class of two assignments, all of it graded, the first marked by nobody."""
    school = make_school(tmp_path_factory.mktemp("school") / "course")
    for stamp, folder in enumerate(sorted(school.submitted.glob("*/*"))):
        time = f"2027-02-01 12:00:{stamp:02d} UTC"
        (folder / "timestamp.txt").write_text(time)
    graded = grade_school(school, tmp_path_factory.mktemp("graded") / "course")
    line = ""
    if request.param != SQLITE:
        found: Server = request.getfixturevalue("postgresql")
        line = f'database = "{found.create("hub")}"'
    root = tmp_path_factory.mktemp("hub") / "course"
    made = copy_school(school, graded, root, line)
    for name in NAMES:
        assert grade(made, name).ungraded == ()
    with open_gradebook(made) as gradebook:
        gradebook.update_or_create_student("student00", lms_user_id="17")
        submission = gradebook.find_submission(NAME, "student01")
        submission.notebooks[0].grades[0].needs_manual_grade = True
        gradebook.db.commit()
    assert made.gradebook.exists() == (request.param == SQLITE)
    return made


def test_the_numbers_of_the_class(course: Course, tmp_path: Path) -> None:
    """Is everybody graded, as collected, and one waiting for marks?"""
    for name in NAMES:
        found = count_progress(course, tmp_path)[name]
        numbers = (found.collected, found.graded, found.to_grade)
        assert numbers == (STUDENTS, STUDENTS, 0)
    assert count_progress(course, tmp_path)[NAME].waiting == 1


def test_the_grading_page(course: Course, tmp_path: Path) -> None:
    """Does the service itself show them?"""
    config = CONFIG.format(exchange=str(tmp_path / "exchange"))
    (course.root / "nbgrader_config.py").write_text(config)
    with fake_hub() as hub, grading_service(course.root, hub) as (browser, _):
        browser.get(PREFIX)
        told = browser.data(PREFIX + "state")
    assert told["error"] == ""
    graded = {a["name"]: a["standing"]["graded"] for a in told["assignments"]}
    assert graded == dict.fromkeys(NAMES, STUDENTS)


def test_who_comes_from_canvas(course: Course) -> None:
    """Does a sign-in find the student by what the roster kept, in its own process?"""
    write_identities(course, {"student01": {"sis_id": "", "login": "emmy@example.edu"}})
    door = CanvasAuthenticator(
        reader="root" if os.geteuid() == 0 else "",
        python=sys.executable,
        course_root=str(course.root),
    )
    students = door.read_students()
    assert len(students) == STUDENTS
    for told, account in (
        ({"canvas_id": "17"}, "student00"),
        ({"login": "Emmy@example.edu"}, "student01"),
    ):
        assert find_student(parse_identity({CUSTOM: told}), students).name == account


def test_times_are_the_same(course: Course) -> None:
    """Is a time that was kept the one that was handed in?"""
    rows = read_rows(course, "select student_id, timestamp from submitted_assignment")
    assert len(rows) == 2 * STUDENTS
    stamps = {
        parse_utc((f / "timestamp.txt").read_text())
        for f in course.submitted.glob("*/*")
    }
    assert {parse_datetime(time) for _, time in rows} == stamps


def test_looking_writes_nothing(course: Course) -> None:
    """Is a write through the door for looking refused?"""
    with pytest.raises(UserError, match="cannot be used"):
        read_rows(course, "update student set first_name = 'Eve' returning id")
    rows = read_rows(course, "select id from student where first_name = 'Eve'")
    assert rows == []


def test_the_course_moves_and_is_kept_with_its_gradebook(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Has the copy at the hub its grades, and the archive of a hub that goes?"""
    plan = HubPlan(
        course="tiny",
        title="Tiny",
        folder=tmp_path / "srv",
        port=8000,
        sign_in="lti",
        instructors=(),
        assistants=(),
        students=(),
        homes=tmp_path / "homes",
    )
    plan.state.mkdir(parents=True)
    (plan.homes / plan.grader).mkdir(parents=True)
    monkeypatch.setattr(
        "unrolled.hub.setup.course_folder._change_owner", lambda *_: None
    )
    copy_course(plan, course)
    copied = load_course(plan.course_root)
    assert len(read_rows(copied, "select id from student")) == STUDENTS
    monkeypatch.setattr(
        "unrolled.hub.commands.wrap_for_account", lambda _, command: command
    )
    monkeypatch.setattr(HubPlan, "staff_env", Path(sys.prefix), raising=False)
    monkeypatch.setattr("unrolled.hub.setup.start.stop_hub", lambda _: True)
    with tarfile.open(purge_hub(plan, tmp_path / "kept")) as archive:
        names = archive.getnames()
    dumps = [n for n in names if "/build/backups/" in n and n.endswith(".dump")]
    assert len(dumps) == bool(course.database.url)
    files = [n for n in names if n.endswith("/tiny/gradebook.db")]
    assert len(files) == (not course.database.url)


@needs_postgresql
def test_a_server_that_is_gone(tmp_path: Path) -> None:
    """Is a server that does not answer a message, in the database's own words?"""
    from support.cli import make_class

    course = make_class(tmp_path / "course")
    toml = course.root / "course.toml"
    line = f'database = "postgresql://grader@/gone?host={tmp_path}"'
    toml.write_text(f"{toml.read_text()}\n[grading]\n{line}\n")
    with pytest.raises(UserError, match="Does the server run"):
        read_rows(load_course(course.root), "select id from student")

"""Do due dates that single students have in Canvas become extensions here?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from support.canvas_stand_in import StandIn
from support.canvas_stand_in_server import Server
from support.cli import command
from support.push import NAME, STUDENTS, make_class, own_class, stand_in

from unrolled.course.model import Course
from unrolled.deadlines import list_extensions

CAPFD = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graded class of three, in no time of its own."""
    return make_class(tmp_path_factory.mktemp("class"), STUDENTS).root


@pytest.fixture
def canvas() -> StandIn:
    """Two single students, a section, a stranger, one who is due earlier."""
    canvas = stand_in(STUDENTS)
    canvas.own_dates[501] = [
        {"id": 1, "student_ids": [1, 2], "due_at": "2027-02-08T05:59:00Z"},
        {"id": 2, "course_section_id": 9, "due_at": "2027-02-09T05:59:00Z"},
        {"id": 3, "student_ids": [99], "due_at": "2027-02-08T05:59:00Z"},
        {"id": 4, "student_ids": [3], "due_at": "2027-02-01T05:59:00Z"},
    ]
    for number, one in enumerate(canvas.own_dates[501]):
        one["title"] = f"override {number}"
    return canvas


@pytest.fixture
def course(
    made: Path, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> Course:
    """The class; s1 is one day late."""
    course = own_class(made, tmp_path, server.url, monkeypatch)
    with Gradebook(course.db_url, course.id) as gradebook:
        submission = gradebook.find_submission(NAME, "s1")
        submission.timestamp = submission.assignment.duedate.replace(day=7, hour=3)
        submission.notebooks[0].late_submission_penalty = 4.1
        gradebook.db.commit()
    return course


def standing(course: Course) -> dict[str, str]:
    """Who has an extension, and until when."""
    return {e.student: f"{e.until:%Y-%m-%d %H:%M %z}" for e in list_extensions(course)}


def test_shown_then_taken_over(course: Course, server: Server, capfd: CAPFD) -> None:
    """Is a preview only that, is what does not fit said, and a second run idle?"""
    told = command(capfd, "extend", "--from-canvas", NAME, "--dry-run", "--json")
    assert told.code == 0, told.err
    document = json.loads(told.out)
    assert [d["student"] for d in document["deadlines"]] == ["s1", "s2"]
    assert document["penalties"][0]["after"] is None
    assert "override 1: it is for a section or a group" in told.err
    assert "student 99 is not in the gradebook" in told.err
    assert "override 3: s3 is not due later than the class" in told.err
    assert standing(course) == {}
    told = command(capfd, "extend", "--from-canvas", NAME, "--yes")
    assert told.code == 0, told.err
    assert standing(course) == dict.fromkeys(("s1", "s2"), "2027-02-07 23:59 -0600")
    with Gradebook(course.db_url, course.id) as gradebook:
        assert gradebook.find_submission(NAME, "s1").late_submission_penalty == 0
    told = command(capfd, "extend", "--from-canvas", NAME, "--yes", "--json")
    assert json.loads(told.out)["deadlines"] == []
    assert all(method == "GET" for method, _ in server.seen)


def test_nobody_to_ask_changes_nothing(course: Course, capfd: CAPFD) -> None:
    """Is nothing taken over where nobody has agreed?"""
    told = command(capfd, "extend", "--from-canvas", NAME)
    assert told.code == 2 and "Add --yes" in told.err
    assert standing(course) == {}


def test_an_assignment_that_canvas_does_not_have(
    course: Course, canvas: StandIn, capfd: CAPFD
) -> None:
    """Is that said in one line?"""
    canvas.assignments[501]["name"] = "Another"
    told = command(capfd, "extend", "--from-canvas", NAME)
    assert told.code == 2 and "has no assignments titled 'Tiny'" in told.err

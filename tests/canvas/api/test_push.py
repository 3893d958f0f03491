"""`unrolled canvas push` against the stand-in: every grade right, no comment twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.canvas_stand_in import StandIn
from support.canvas_stand_in_server import Server, serve
from support.push import (
    NAME,
    STUDENTS,
    Pusher,
    forget,
    is_whole,
    make_class,
    points,
    stand_in,
)

from unrolled.canvas.api.push import PushOptions, PushReport
from unrolled.course.model import Course, load_course
from unrolled.errors import UserError

GRADES = PushOptions()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graded class of three, with feedback pages."""
    return make_class(tmp_path_factory.mktemp("class"), STUDENTS).root


@pytest.fixture
def course(made: Path, tmp_path: Path) -> Course:
    """A class of its own."""
    return load_course(shutil.copytree(made, tmp_path / "course"))


@pytest.fixture
def canvas() -> StandIn:
    """Canvas with the class and no grade."""
    return stand_in(STUDENTS)


@pytest.fixture
def pusher(course: Course, server: Server) -> Pusher:
    """Pushes between the two."""
    return Pusher(course, server)


def test_grades_comments_and_pages_arrive(
    pusher: Pusher, canvas: StandIn, course: Course
) -> None:
    """Does one push bring all of it, and say so?"""
    report = pusher.run()
    assert is_whole(canvas, course)
    assert report == PushReport(sent=6, same=0, notes_sent=6, notes_there=0)


def test_a_second_push_sends_nothing(pusher: Pusher, canvas: StandIn) -> None:
    """Is everything there, and no request made that writes?"""
    pusher.run()
    before = canvas.state()
    pusher.server.seen.clear()
    assert pusher.run() == PushReport(sent=0, same=6, notes_sent=0, notes_there=6)
    assert canvas.state() == before
    assert {method for method, _ in pusher.server.seen} == {"GET"}


def test_a_lost_journal_sends_no_comment_twice(
    pusher: Pusher, canvas: StandIn, course: Course
) -> None:
    """Are comments recognised in Canvas itself?"""
    pusher.run()
    forget(course)
    report = pusher.run()
    assert is_whole(canvas, course) and report.notes_sent == 0


def test_a_comment_deleted_in_canvas_stays_deleted(
    pusher: Pusher, canvas: StandIn
) -> None:
    """Does the journal keep what an instructor took back from coming again?"""
    pusher.run()
    canvas.submission(501, 1)["comments"].clear()
    assert pusher.run().notes_sent == 0
    assert canvas.submission(501, 1)["comments"] == []


def test_a_new_feedback_page_is_sent_once_more(
    pusher: Pusher, canvas: StandIn, course: Course
) -> None:
    """Does a regrade's page go out, once, to that student only?"""
    pusher.run()
    page = course.feedback / "s1" / NAME / "tiny.html"
    page.write_text("<html>after the regrade</html>")
    assert pusher.run().notes_sent == 1 and pusher.run().notes_sent == 0
    texts = canvas.state()["501/1"][2]
    assert [files for _, files in texts][1] == [b"<html>after the regrade</html>"]
    assert len(canvas.state()["501/2"][2]) == 1


def test_present_grades_follow_the_rules_of_the_export(
    pusher: Pusher, canvas: StandIn
) -> None:
    """Is a higher grade kept, EX kept, a lower one raised, others left alone?"""
    canvas.post_grade(501, 1, "99")
    canvas.post_grade(501, 2, "EX")
    canvas.post_grade(501, 3, "1")
    canvas.add_assignment(600, "Essay")
    canvas.post_grade(600, 1, "7")
    report = pusher.run([NAME], GRADES)
    assert report == PushReport(sent=1, same=0, notes_sent=0, notes_there=0)
    state = canvas.state()
    assert (state["501/1"][0], state["501/2"][1]) == (99.0, True)
    assert state["501/3"][0] == points(3, NAME) and state["600/1"][0] == 7.0
    pusher.run([NAME], PushOptions(allow_lower=True))
    assert canvas.state()["501/1"][0] == points(1, NAME)


def test_concluded_students_and_unpublished_assignments_get_nothing(
    pusher: Pusher, canvas: StandIn
) -> None:
    """Are both left out as the importer would leave them?"""
    canvas.users[2]["enrollment_state"] = "completed"
    canvas.assignments[502]["published"] = False
    report = pusher.run(wish=GRADES)
    assert report.sent == 2 and set(canvas.state()) == {"501/1", "501/3"}


def test_a_failed_job_is_found_by_reading_back(pusher: Pusher, canvas: StandIn) -> None:
    """Is a grade that did not arrive named, and its comment not sent?"""
    user_of = canvas.user_of
    canvas.user_of = lambda key: None if key == "2" else user_of(key)  # type: ignore
    report = pusher.run([NAME])
    (wrong,) = report.wrong
    assert (wrong.student, wrong.canvas) == ("s2", None) and report.sent == 2
    assert "501/2" not in canvas.state() and report.notes_sent == 2


def test_canvas_s_own_late_policy_is_warned_of(pusher: Pusher, canvas: StandIn) -> None:
    """Is a deduction that comes on top of ours seen?"""
    canvas.late_deduction[1] = 5.0
    report = pusher.run([NAME], GRADES)
    assert report.sent == 3 and not report.wrong
    assert "late policy" in report.warnings[0] and "s1" in report.warnings[0]


def test_the_token_goes_to_canvas_only(pusher: Pusher) -> None:
    """Is a file uploaded without it, as its place may be somebody else's?"""
    pusher.run()
    assert any(path.startswith("/upload/") for _, path in pusher.server.seen)
    assert pusher.server.leaked == []


def test_two_pushes_at_once_are_refused(course: Course) -> None:
    """Is the second told to wait?"""
    from unrolled.canvas.api.journal import open_journal

    with (
        open_journal(course, "x"),
        pytest.raises(UserError, match="another push"),
        open_journal(course, "x"),
    ):
        pass


def test_more_decimals_than_canvas_shows_are_no_change(
    pusher: Pusher, canvas: StandIn
) -> None:
    """Is a grade that differs beyond two decimals neither sent nor called lowered?"""
    canvas.submission(501, 1)["score"] = points(1, NAME) + 0.004
    canvas.submission(501, 2)["score"] = points(2, NAME) - 0.004
    report = pusher.run([NAME], GRADES)
    assert report == PushReport(sent=1, same=2, notes_sent=0, notes_there=0)


def test_a_student_who_is_excused_meanwhile_is_told(
    pusher: Pusher, canvas: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is a grade under an EX no success, though its number is there?"""
    poll = canvas.poll_job

    def excuse(number: int) -> None:
        poll(number)
        canvas.submission(501, 2)["excused"] = True

    monkeypatch.setattr(canvas, "poll_job", excuse)
    report = pusher.run([NAME])
    assert [(w.student, w.why) for w in report.wrong] == [("s2", "a different grade")]
    assert (report.sent, report.notes_sent) == (2, 2)


def test_another_course_in_canvas_has_comments_of_its_own(
    pusher: Pusher, canvas: StandIn, course: Course
) -> None:
    """Does what was sent to last year's course keep nothing from this year's?"""
    pusher.run()
    this_year = stand_in(STUDENTS)
    with serve(this_year) as server:
        assert Pusher(course, server).run().notes_sent == 6
    assert is_whole(this_year, course)

"""What Canvas will not do with a push, or does unseen: told before and after.

Each at the command, against the stand-in.
"""

from __future__ import annotations

import json
import os
import time
from functools import partial
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from support.canvas_stand_in import StandIn
from support.canvas_stand_in_server import Server, serve
from support.cli import Call
from support.push import NAME, make_class, own_class, points, stand_in

from unrolled.canvas.api import push
from unrolled.canvas.api.comments import Comment
from unrolled.canvas.api.course import CourseConnection, connect
from unrolled.canvas.api.journal import Journal
from unrolled.cli import canvas_push
from unrolled.course.model import Course

STUDENTS = 4
PUSH = ("canvas", "push", NAME, "--yes")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graded class of four."""
    return make_class(tmp_path_factory.mktemp("class"), STUDENTS, second=False).root


@pytest.fixture
def canvas() -> StandIn:
    """The same class in Canvas, with its Test Student."""
    made = stand_in(STUDENTS)
    made.add_user(99, "Student, Test", enrollment="student_view", login_id="0f" * 20)
    return made


@pytest.fixture
def course(
    made: Path, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> Course:
    """A class that knows where Canvas is, and has a token; nobody waits in it."""
    hurried = partial(connect, pause=server.canvas.bucket.wait)
    monkeypatch.setattr(canvas_push, "connect", hurried)
    return own_class(made, tmp_path, server.url, monkeypatch)


def scores(canvas: StandIn) -> dict[int, float | None]:
    """The grades that Canvas has, by student."""
    return {u: canvas.submission(501, u)["score"] for u in range(1, STUDENTS + 1)}


def full() -> dict[int, float | None]:
    """The grades that it should have."""
    return {u: points(u, NAME) for u in range(1, STUDENTS + 1)}


def wrote(server: Server) -> bool:
    """Whether anything was sent."""
    return any(method != "GET" for method, _ in server.seen)


def both(said: str) -> tuple[str, str]:
    """What is said before anything is sent, and what after."""
    before, _, after = said.partition("sent and read back")
    return before, after


def test_canvas_s_own_reason_is_told_once(
    course: Course, call: Call, canvas: StandIn
) -> None:
    """Is it not a line of WRONG for each student?"""
    user_of = canvas.user_of
    canvas.user_of = lambda k: None if k in "234" else user_of(k)  # type: ignore
    said = call(*PUSH)
    assert said.code == 1
    assert said.out.count("Couldn't find User(s) with API ids '2', '3', '4'") == 1
    assert said.out.count("WRONG") == 1
    assert "Canvas accepted none of 3 grades: s2, s3, s4" in said.out
    assert "1 grades sent and read back" in said.out


def test_an_unpublished_assignment_says_so_in_canvas_s_words(
    course: Course, call: Call, canvas: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is what changed after the plan was made told once, though it took many jobs?"""
    monkeypatch.setattr("unrolled.canvas.api.push.BATCH", 1)
    start = canvas.start_job

    def late(assignment: int, fields: list[tuple[str, str]]) -> dict[str, object]:
        canvas.assignments[501]["published"] = False
        return start(assignment, fields)

    canvas.start_job = late  # type: ignore[method-assign]
    said = call(*PUSH)
    assert said.code == 1 and said.out.count("either not published or deleted") == 1
    assert said.out.count("WRONG") == 1


def test_a_job_that_never_ends_is_told(
    course: Course, call: Call, canvas: StandIn
) -> None:
    """Is it not taken for done?"""
    canvas.polls_needed = 10**9
    said = call(*PUSH)
    assert said.code == 1 and "Canvas is still working on it" in said.out


def test_a_closed_grading_period_for_some(
    course: Course, call: Call, canvas: StandIn
) -> None:
    """Are those left out whose period is over, before it is asked, the rest sent?"""
    canvas.closed[501] = {2, 3}
    assert "closed grading period" in call("canvas", "push", "--dry-run").out
    said = call(*PUSH, "--feedback")
    before, after = both(said.out)
    assert said.code == 0
    assert "01_tiny, s2, s3: in a closed grading period" in before
    assert "not sent: 01_tiny, s2, s3: in a closed grading period" in after
    assert scores(canvas) == full() | {2: None, 3: None}
    assert not canvas.submission(501, 2)["comments"]


def test_a_closed_grading_period_whose_students_are_not_told(
    course: Course, call: Call, canvas: StandIn, server: Server
) -> None:
    """Is nobody graded in doubt?"""
    canvas.closed[501] = {2}
    server.faults = lambda n, m, p: 404 if "effective_due_dates" in p else None
    said = call(*PUSH)
    assert "s1, s2, s3, s4: in a closed grading period" in said.out
    assert not wrote(server)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"moderated_grading": True}, "moderated in Canvas"),
        ({"group_category_id": 5}, "a group assignment in Canvas"),
        ({"anonymous_grading": True}, "graded anonymously in Canvas"),
        ({"grading_type": "pass_fail"}, "graded as pass_fail"),
        ({"published": False}, "not published"),
    ],
)
def test_assignments_that_take_no_grade_from_here(
    course: Course,
    call: Call,
    canvas: StandIn,
    server: Server,
    kind: dict[str, object],
    words: str,
) -> None:
    """Is each named with what to do, and nothing sent?"""
    canvas.assignments[501] |= kind
    canvas.groups[5] = [{1, 2}, {3, 4}]
    said = call(*PUSH, "--feedback")
    assert f"column Tiny: {words}" in " ".join(said.out.split())
    assert not wrote(server) and set(scores(canvas).values()) == {None}


@pytest.mark.parametrize(
    "kind",
    [
        {"moderated_grading": True, "grades_published": True},
        {"group_category_id": 5, "grade_group_students_individually": True},
        {"grading_type": "percent"},
        {"grading_type": "letter_grade"},
    ],
)
def test_assignments_that_are_no_trouble(
    course: Course, call: Call, canvas: StandIn, kind: dict[str, object]
) -> None:
    """Does everybody get their own points there?"""
    canvas.assignments[501] |= kind
    canvas.groups[5] = [{1, 2}, {3, 4}]
    assert call(*PUSH).code == 0 and scores(canvas) == full()


def test_hidden_grades_are_told_before_and_after(
    course: Course, call: Call, canvas: StandIn
) -> None:
    """Is it said that students see grade and comment only when somebody posts them?"""
    canvas.assignments[501]["post_manually"] = True
    said = call(*PUSH, "--feedback")
    before, after = both(said.out)
    assert said.code == 0 and scores(canvas) == full()
    assert "Tiny: posted by hand" in before and "Tiny: posted by hand" in after
    assert canvas.seen(501, 1) == (None, [])
    canvas.post(501)
    assert canvas.seen(501, 1)[0] == points(1, NAME)
    assert len(canvas.seen(501, 1)[1]) == 1


def test_an_assignment_for_some_students(
    course: Course, call: Call, canvas: StandIn
) -> None:
    """Are students to whom it is not assigned left out, and told?"""
    canvas.overrides[501] = {1, 4}
    said = call(*PUSH, "--feedback")
    assert said.code == 0 and "s2, s3: not assigned to the student" in said.out
    assert scores(canvas) == {1: points(1, NAME), 4: points(4, NAME)} | {
        2: None,
        3: None,
    }


def test_feedback_goes_to_everybody_who_has_a_page(
    course: Course, call: Call, canvas: StandIn
) -> None:
    """Also where Canvas keeps a higher grade or EX, or where marks are waited for; is
    such a comment silent on points?"""
    canvas.post_grade(501, 1, "99")
    canvas.post_grade(501, 2, "EX")
    with Gradebook(course.db_url, course.id) as gradebook:
        (notebook,) = gradebook.find_submission(NAME, "s3").notebooks
        for grade in notebook.grades:
            if grade.name == "why":
                grade.manual_score, grade.needs_manual_grade = None, True
        gradebook.db.commit()
    said = call(*PUSH, "--feedback")
    assert said.code == 0 and "4 comments sent" in said.out
    for user in range(1, STUDENTS + 1):
        (comment,) = canvas.submission(501, user)["comments"]
        page = f"<html>feedback for s{user} on {NAME}</html>".encode()
        assert canvas.state()[f"501/{user}"][2][0][1] == [page]
        assert ("points" in comment["comment"]) is (user == 4)
    assert (scores(canvas)[1], scores(canvas)[3]) == (99.0, None)
    before = canvas.state()
    assert call(*PUSH, "--feedback").code == 0 and canvas.state() == before


def test_a_page_older_than_its_grading_stays_here(
    course: Course, call: Call, canvas: StandIn
) -> None:
    """Is that so where Canvas keeps its grade, too?"""
    canvas.post_grade(501, 1, "99")
    graded = course.autograded / "s1" / NAME
    graded.mkdir(parents=True)
    (graded / "tiny.ipynb").write_text("{}")
    later = time.time() + 100
    os.utime(graded / "tiny.ipynb", (later, later))
    said = call(*PUSH, "--feedback")
    assert "01_tiny, s1: the feedback page is older than the grading" in said.out
    assert not canvas.submission(501, 1)["comments"]


@pytest.mark.parametrize("where", ["here", "here/"])
def test_the_upload_s_last_step_carries_the_token(
    course: Course, call: Call, canvas: StandIn, server: Server, where: str
) -> None:
    """Are files made ready where Canvas ends an upload with a redirect to itself?"""
    canvas.redirect = where
    assert call(*PUSH, "--feedback").code == 0
    assert all(len(canvas.state()[f"501/{u}"][2][0][1]) == 1 for u in (1, 2, 3, 4))
    assert server.leaked == []


def test_the_token_follows_no_redirect_to_elsewhere(
    course: Course, call: Call, canvas: StandIn, server: Server
) -> None:
    """Does it stay here if the last step is said to be at another server?"""
    with serve(StandIn(token="of-another-server")) as other:
        canvas.redirect = other.url
        said = call(*PUSH, "--feedback")
        assert other.seen == []
    assert said.code == 1 and "a server outside Canvas" in said.err


def test_what_was_sent_is_said_when_it_fails_in_the_middle(
    course: Course, call: Call, canvas: StandIn, server: Server
) -> None:
    """Are grades counted that Canvas has, before the line that says what went wrong?"""
    server.faults = lambda n, m, p: 400 if m == "PUT" and "/3" in p else None
    said = call(*PUSH, "--comment", "Hello")
    assert said.code == 1 and "Canvas refused" in said.err
    assert "STOPPED: 4 of 4 grades sent (read back), 2 of 4 comments sent" in said.out
    assert scores(canvas) == full()


def test_it_is_said_in_json_too(
    course: Course, call: Call, canvas: StandIn, server: Server
) -> None:
    """Is it one document, also when the job could not be asked for?"""
    server.faults = lambda n, m, p: 400 if "progress" in p else None
    said = call(*PUSH, "--json")
    assert said.code == 1
    assert json.loads(said.out)["stopped"] == {"grades": 4, "proved": False, "notes": 0}
    assert "STOPPED: 4 of 4 grades sent (not read back)" in said.err


def test_a_push_that_cannot_begin_says_that_nothing_was_sent(
    course: Course, call: Call, canvas: StandIn, server: Server
) -> None:
    """Is there no doubt?"""
    server.faults = lambda n, m, p: 400 if m == "POST" else None
    said = call(*PUSH)
    assert said.code == 1 and "STOPPED: nothing was sent" in said.out


def test_the_first_trial_goes_to_the_test_student_alone(
    course: Course, call: Call, canvas: StandIn
) -> None:
    """Does one student's grade and page arrive there, and nothing anywhere else?"""
    words = (*PUSH, "--trial", "s3", "--feedback")
    said = call(*words)
    assert said.code == 0 and "1 grades sent and read back" in said.out
    page = f"<html>feedback for s3 on {NAME}</html>".encode()
    assert set(canvas.state()) == {"501/99"}
    score, _, ((_, files),) = canvas.state()["501/99"]
    assert (score, files) == (points(3, NAME), [page])
    before = canvas.state()
    assert call(*words).code == 0 and canvas.state() == before
    assert call(*PUSH, "--feedback").code == 0
    assert scores(canvas) == full() and canvas.state()["501/99"] == before["501/99"]


def test_a_trial_without_a_test_student_says_how_to_get_one(
    course: Course, call: Call, canvas: StandIn, server: Server
) -> None:
    """Is it one line, and one for a student who does not exist?"""
    del canvas.users[99]
    said = call(*PUSH, "--trial", "s3")
    assert said.code == 2 and "View as Student" in said.err and not wrote(server)
    said = call(*PUSH, "--trial", "nobody")
    assert said.code == 2 and "no student nobody" in said.err


def test_a_test_student_of_the_gradebook_gets_grades(
    course: Course, call: Call, canvas: StandIn
) -> None:
    """Does it work as well where somebody gave it a name here?"""
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.find_student("s4").lms_user_id = "99"
        gradebook.db.commit()
    assert call(*PUSH).code == 0
    assert canvas.submission(501, 99)["score"] == points(4, NAME)


def test_the_test_student_is_otherwise_not_spoken_of(
    course: Course, call: Call
) -> None:
    """Is it no row that nobody of the gradebook matches?"""
    assert "Test" not in call("canvas", "push", "--dry-run").out


def test_other_columns_are_counted(course: Course, call: Call, canvas: StandIn) -> None:
    """Are Canvas's fifty other assignments one line, and ours named in any case?"""
    for number in range(600, 650):
        canvas.add_assignment(number, f"Essay {number}")
    canvas.assignments[501]["published"] = False
    said = call("canvas", "push", "--dry-run")
    assert "Essay" not in said.out and "51 other columns of Canvas" in said.out
    assert "column Tiny: not published" in said.out


def test_ctrl_c_says_what_was_sent(
    course: Course, call: Call, canvas: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is it counted for somebody who loses patience, too?"""
    sent: list[Comment] = []

    def impatient(remote: CourseConnection, journal: Journal, note: Comment) -> None:
        if sent:
            raise KeyboardInterrupt
        sent.append(note)

    monkeypatch.setattr(push, "send_comment", impatient)
    said = call(*PUSH, "--comment", "Hello")
    assert said.code != 0
    assert "STOPPED: 4 of 4 grades sent (read back), 1 of 4 comments sent" in said.out

"""The access token: where it may come from, and that it shows itself nowhere."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from pathlib import Path

import pytest
from support.canvas_stand_in_server import Server
from support.cli import Call
from support.push import NAME, TOKEN, own_class

from unrolled.canvas.api import http
from unrolled.canvas.api.course import connect
from unrolled.canvas.api.http import CanvasFailedError, RetryingSession
from unrolled.canvas.api.push import PushOptions, plan_push
from unrolled.canvas.api.token import Token, read_token
from unrolled.course.canvas import CanvasSettings
from unrolled.course.model import Course
from unrolled.errors import UserError


@pytest.fixture
def course(
    class_of_two: Path, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> Course:
    """A class that knows where Canvas is; one stands in its folder."""
    course = own_class(class_of_two, tmp_path, server.url, monkeypatch)
    monkeypatch.delenv("CANVAS_TOKEN")
    monkeypatch.setattr(http, "TRIES", 2)
    return course


def token_file(folder: Path, text: str = TOKEN, mode: int = 0o600) -> Path:
    """A file with the token."""
    path = folder / "my.token"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_it_comes_from_file_environment_or_folder(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is the file that is named first, then the environment, then canvas.token?"""
    (course.root / "canvas.token").write_text("from-the-folder\n")
    (course.root / "canvas.token").chmod(0o600)
    assert read_token(course).reveal() == "from-the-folder"
    monkeypatch.setenv("CANVAS_TOKEN", " from-the-environment ")
    assert read_token(course).reveal() == "from-the-environment"
    path = token_file(course.root, "from-a-file")
    assert read_token(course, path).reveal() == "from-a-file"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(course: Course, mode: int) -> None:
    """Is the way to mend it told, and the token not?"""
    path = token_file(course.root, TOKEN, mode)
    with pytest.raises(UserError, match="chmod 600") as caught:
        read_token(course, path)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("text", ["", "two words", f"{TOKEN}\nmore", "é" * 9])
def test_a_file_with_something_else_is_refused(course: Course, text: str) -> None:
    """Is it named without showing what is in it?"""
    path = token_file(course.root, text)
    with pytest.raises(UserError, match="one access token") as caught:
        read_token(course, path)
    assert not text or text not in str(caught.value)


def test_without_a_token_one_is_told_where_to_get_it(
    call: Call, course: Course
) -> None:
    """Is it exit 2, naming the variable, the file and Canvas's menu?"""
    said = call("canvas", "push")
    assert said.code == 2 and said.err.count("\n") == 1
    for words in ("CANVAS_TOKEN", "canvas.token", "New Access Token"):
        assert words in said.err


def test_without_a_place_one_is_told_what_to_add(course: Course) -> None:
    """Is the table of course.toml shown?"""
    with pytest.raises(UserError, match=r"\[canvas\]"):
        connect(CanvasSettings(), Token(TOKEN))


def test_it_cannot_be_written_down() -> None:
    """Are text, representation, formatting and pickles without it?"""
    token = Token(TOKEN)
    shown = (str(token), repr(token), f"{token}", f"{token!r}", repr({"t": token}))
    assert all(TOKEN not in s for s in shown)
    assert token.scrub(f"x{TOKEN}y") == "x****y"
    for way in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            way(token)


def test_the_token_is_in_no_output_log_journal_or_file(
    course: Course, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    """Through dry run, push, push again, JSON, failures, with all logs at their
    loudest: is the token in nothing that was said or written?"""
    caplog.set_level(logging.DEBUG)
    path = str(token_file(course.root.parent))
    words = ["canvas", "push", "--token-file", path, "--feedback", "--comment", "Hi"]
    said = [call(*words, *more) for more in (["--dry-run"], ["--yes"], ["--json"])]
    assert [s.code for s in said] == [0, 0, 0]
    assert "2 grades sent and read back" in said[1].out
    said += [call(*words, "--allow-lower", "--yes"), call(*words, "nothing")]
    texts = [t for s in said for t in (s.out, s.err)] + [caplog.text]
    texts += [repr(r.__dict__) for r in caplog.records]
    files = [p for p in course.root.rglob("*") if p.is_file()]
    assert any(p.name == "sent.jsonl" for p in files)
    assert all(TOKEN not in t for t in texts)
    assert all(TOKEN.encode() not in p.read_bytes() for p in files)
    assert len(caplog.records) > 10


FAULTS = {
    "refused token": (None, "does not accept the access token"),
    "cut": ("cut before", "connection was lost"),
    "throttled": (429, "slow down"),
    "no rights": (403, "not allowed to do this"),
    "error": (500, "Canvas refused"),
    "not found": (404, "no such course"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_the_token_is_in_no_error(
    what: str,
    course: Course,
    call: Call,
    server: Server,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever fails: exit 1, one line that says what, and no token in the line, the
    exception, its whole traceback, the logs?"""
    caplog.set_level(logging.DEBUG)
    fault, line = FAULTS[what]
    if what == "refused token":
        server.canvas.token = "another"  # the answer repeats what was sent
    else:
        server.faults = lambda n, m, p: fault
    said = call("canvas", "push", "--token-file", str(token_file(course.root.parent)))
    assert said.code == 1 and said.err.count("\n") == 1 and line in said.err
    with pytest.raises(CanvasFailedError) as caught:
        connect(course.canvas, Token(TOKEN), lambda seconds: None)
    trace = "".join(traceback.format_exception(caught.value))
    for text in (said.out, said.err, str(caught.value), trace, caplog.text):
        assert TOKEN not in text


def test_the_token_never_goes_to_another_host(course: Course, server: Server) -> None:
    """Does a redirect to elsewhere lose it?"""
    session = RetryingSession(Token(TOKEN), "https://canvas.example.edu")
    answer = session.get(
        f"{server.url}/api/v1/courses/77/assignments",
        headers={"Authorization": "Bearer kept-by-unrolled"},
        timeout=60,
    )
    assert answer.status_code == 401
    assert "Authorization" not in answer.request.headers


def test_a_plan_holds_no_token(course: Course) -> None:
    """Could a plan be printed without harm?"""
    remote = connect(course.canvas, Token(TOKEN))
    plan = plan_push(course, remote, [NAME], PushOptions())
    assert TOKEN not in repr(plan) and TOKEN not in repr(remote)

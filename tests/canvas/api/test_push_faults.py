"""`unrolled canvas push` when things go wrong: cut, throttled, refused, resumed."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest
from support.canvas_stand_in import Bucket
from support.canvas_stand_in_server import Fault, Faults, serve
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

from unrolled.canvas.api import http
from unrolled.canvas.api.http import CanvasFailedError
from unrolled.canvas.api.push import PushOptions, PushReport
from unrolled.course.model import Course, load_course


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graded class of three, with feedback pages."""
    return make_class(tmp_path_factory.mktemp("class"), STUDENTS).root


@pytest.fixture
def course(made: Path, tmp_path: Path) -> Course:
    """A class of its own."""
    return load_course(shutil.copytree(made, tmp_path / "course"))


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class of three with one assignment."""
    return make_class(tmp_path_factory.mktemp("single"), STUDENTS, second=False)


def count_requests(course: Course) -> int:
    """How many requests a whole push makes."""
    with serve(stand_in(STUDENTS)) as server:
        Pusher(course, server).run()
        forget(course)
        return len(server.seen)


@pytest.mark.parametrize("how", ["cut before", "cut after"])
def test_cut_at_every_request_in_turn_then_resumed(course: Course, how: str) -> None:
    """Does the line go dead at request 1, 2, 3, ..., each time for good, and does the
    next push end in the same state, with no comment twice?"""
    total = count_requests(course)
    assert total >= 30
    for dead in range(1, total + 1):
        canvas = stand_in(STUDENTS)
        with serve(canvas) as server:
            pusher = Pusher(course, server)
            server.faults = lambda n, m, p, at=dead: (  # type: ignore[misc]
                None if n < at else how if n == at else "cut before"
            )
            with pytest.raises(CanvasFailedError, match="run the command again"):
                pusher.run()
            server.faults = lambda n, m, p: None
            pusher.run()
            assert is_whole(canvas, course), dead
        forget(course)


@pytest.mark.parametrize("how", ["cut before", "cut after", 500, 503, 429])
def test_one_fault_at_every_request_is_ridden_out(single: Course, how: Fault) -> None:
    """Does a single cut, error or 429 at any request leave the push whole?"""
    total = count_requests(single)
    for at in range(1, total + 1, 1 if isinstance(how, str) else 2):
        canvas = stand_in(STUDENTS)
        with serve(canvas) as server:
            server.faults = lambda n, m, p, at=at: how if n == at else None  # type: ignore[misc]
            Pusher(single, server).run()
            assert is_whole(canvas, single), at
        forget(single)


def once_at(step: str, how: Fault) -> Faults:
    """A fault at the first request whose path has this in it."""
    met: list[str] = []

    def fault(number: int, method: str, path: str) -> Fault:
        if met or step not in path:
            return None
        met.append(path)
        return how

    return fault


@pytest.mark.parametrize("how", ["cut before", "cut after", 503])
def test_a_fault_in_an_upload_that_ends_with_a_redirect(
    single: Course, how: Fault
) -> None:
    """Is each of the three steps tried again, so that each comment has its file?"""
    for step in ("comments/files", "/upload/", "create_success"):
        canvas = stand_in(STUDENTS)
        canvas.redirect = "here"
        with serve(canvas) as server:
            server.faults = once_at(step, how)
            Pusher(single, server).run()
            assert is_whole(canvas, single), step
        forget(single)


def test_random_failures_end_in_the_same_state(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Do many faults of all kinds, and restarts, still bring each thing once?"""
    monkeypatch.setattr(http, "TRIES", 3)  # with more of them no run would break off
    restarts = 0
    rng = random.Random(7)
    kinds: list[Fault] = ["cut before", "cut after", 500, 502, 429, None]
    canvas = stand_in(STUDENTS)
    with serve(canvas) as server:
        server.faults = lambda n, m, p: rng.choices(kinds, [1, 1, 1, 1, 1, 8])[0]
        for _ in range(50):
            try:
                Pusher(course, server).run()
                break
            except CanvasFailedError:
                restarts += 1
        assert 0 < restarts < 50
        server.faults = lambda n, m, p: None
        Pusher(course, server).run()
    assert is_whole(canvas, course)


def test_five_hundred_students_with_throttling(tmp_path: Path) -> None:
    """Do 500 students' grades and pages arrive while Canvas throttles all the time?"""
    course = make_class(tmp_path, 500, second=False)
    canvas = stand_in(500)
    canvas.bucket = Bucket(capacity=100, refill=10)
    with serve(canvas) as server:
        began = time.monotonic()
        report = Pusher(course, server).run(wish=PushOptions(feedback=True))
        seconds = time.monotonic() - began
    print(
        f"500 students: {len(server.seen)} requests, {server.refused} of them refused, "
        f"{canvas.bucket.waited:.0f} s of waiting, {seconds:.1f} s of work"
    )
    assert report == PushReport(sent=500, same=0, notes_sent=500, notes_there=0)
    state = canvas.state()
    assert len(state) == 500 and server.refused > 100
    for number in range(1, 501):
        score, _, comments = state[f"501/{number}"]
        assert score == points(number, NAME) and len(comments) == 1

"""Threads of the student's: they work, and can't talk to the judge behind its back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from support.small_assignment import QUICK

from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.session.session import Budget, Session

CODE = """
import threading

def in_a_thread(f):
    said = []
    def run():
        try:
            said.append(f())
        except Exception as error:
            said.append(type(error).__name__)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return said

def left_running(f, started=[]):
    stop = threading.Event()
    def run():
        while not stop.wait(0.001):
            try:
                f()
            except Exception:
                pass
    threading.Thread(target=run, daemon=True).start()
    return [f() for _ in range(20)]

def own():
    return in_a_thread(lambda: 7)
"""


@pytest.fixture
def session() -> Iterator[Session]:
    """A student's process in which CODE has run."""
    made = Session(
        select_trusted_worker().open({}, QUICK),
        Budget(limits=QUICK, end=time.monotonic() + 60),
    )
    made.start()
    assert made.run_cell(0, CODE) == ("", [])
    made.begin_check()
    yield made
    made.close()


def test_threads_run(session: Session) -> None:
    """Is a thread of the student's own no trouble?"""
    assert session.look_up_name("own")() == [7]


def test_a_callback_from_a_thread_is_refused(session: Session) -> None:
    """Does a thread get an exception in place of a conversation of its own?"""
    assert session.look_up_name("in_a_thread")(lambda: 1) == ["RuntimeError"]
    assert session.look_up_name("own")() == [7]


def test_a_thread_that_keeps_calling_disturbs_nothing(session: Session) -> None:
    """Do answers stay in order while a thread left behind tries to call back?"""
    numbers = iter(range(1000))
    assert session.look_up_name("left_running")(lambda: next(numbers)) == list(
        range(20)
    )
    assert [session.look_up_name("own")() for _ in range(5)] == [[7]] * 5

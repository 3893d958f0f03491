"""A student's object in the judge's hands: usable, never believed."""

from __future__ import annotations

import operator
import time
from collections.abc import Iterator

import numpy as np
import pytest
from support.small_assignment import QUICK

from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.session.session import (
    Budget,
    Session,
    StudentProcessLost,
    UndefinedNameError,
)
from unrolled.grade.session.student_object import StudentCallable, StudentObject
from unrolled.grade.worker.worker import SpawnedChannel, SubprocessWorker

CODE = """
import numpy as np

class Net:
    '''A class of the student's.'''
    def __init__(self, size): self.size = size
    def __call__(self, x): return x * self.size
    def __getitem__(self, key): return key + 1
    def grow(self, by): self.size += by

def make(size): return Net(size)
def count(n):
    for i in range(n): yield i
def endless():
    while True: yield 1
def apply(f, x): return f(x) + 1
def total(items): return sum(items)
def spoil(params): params['W'] *= 0; params['new'] = np.ones(2)
def give_back(f): return f
def same(a, b): return a is b
class Own(ValueError): pass
def fail(): raise Own('mine')
def loop():
    while True: pass
"""


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """A student's process in which CODE has run."""
    budget = Budget(limits=QUICK, end=time.monotonic() + 60)
    made = Session(select_trusted_worker().open({}, QUICK), budget)
    made.start()
    assert made.run_cell(0, CODE) == ("", [])
    made.begin_check()
    yield made
    made.close()


def test_objects_can_be_called_indexed_and_asked(session: Session) -> None:
    """Do classes, instances, methods and items work across the boundary?"""
    net = session.look_up_name("Net")(3)
    assert net(2) == 6 and net[4] == 5 and net.size == 3
    net.grow(2)
    assert net.size == 5
    assert session.look_up_name("make")(1).size == 1


@pytest.mark.parametrize(
    "believe",
    [
        bool,
        len,
        float,
        abs,
        lambda o: o == o,
        lambda o: o != 1,
        lambda o: o < 1,
        lambda o: o + 1,
        lambda o: 1 - o,
        lambda o: np.zeros(2) + o,
        lambda o: np.asarray(o, dtype=float),
        lambda o: np.allclose(o, 0),
        lambda o: 3 in o,
        operator.index,
    ],
)
def test_objects_are_never_taken_for_values(session: Session, believe: object) -> None:
    """Does a test stop that believes, compares, adds or converts a student's object?"""
    made = session.look_up_name("Net")(3)
    with pytest.raises(TypeError):
        believe(made)  # type: ignore[operator]


def test_iterators_come_item_by_item(session: Session) -> None:
    """Is a generator iterated where it lives, and an endless one stoppable?"""
    assert list(session.look_up_name("count")(4)) == [0, 1, 2, 3]
    endless = iter(session.look_up_name("endless")())
    assert [next(endless) for _ in range(3)] == [1, 1, 1]


def test_functions_and_iterators_of_the_judge_are_called_back(session: Session) -> None:
    """Do callbacks, iterators and exceptions in them cross the boundary?"""
    assert session.look_up_name("apply")(lambda x: 10 * x, 2) == 21
    assert session.look_up_name("total")(iter([1, 2, 3])) == 6
    with pytest.raises(ZeroDivisionError):
        session.look_up_name("apply")(lambda x: x / 0, 2)


def test_handles_come_home_as_the_student_s_own_objects(session: Session) -> None:
    """Is a student's object that is passed back the very same object there?"""
    net = session.look_up_name("make")(1)
    assert session.look_up_name("same")(net, net) is True
    callback = max
    assert session.look_up_name("give_back")(callback) is callback


def test_in_place_changes_come_back(session: Session) -> None:
    """Do arrays inside containers show what the student did to them?"""
    params = {"W": np.ones(3)}
    session.look_up_name("spoil")(params)
    assert params["W"].tolist() == [0, 0, 0]


def test_student_made_exceptions_arrive_as_their_built_in_base(
    session: Session,
) -> None:
    """Does `class Own(ValueError)` arrive as a ValueError, without its text?"""
    with pytest.raises(ValueError, match=r"^line 2\d$"):
        session.look_up_name("fail")()


def test_missing_names_and_kinds(session: Session) -> None:
    """Is a missing name an error of its own, and a function callable?"""
    with pytest.raises(UndefinedNameError):
        session.look_up_name("nothing")
    assert type(session.look_up_name("loop")) is StudentCallable
    assert type(session.look_up_name("make")(1)) is not StudentObject
    assert session.look_up_name("loop").__name__ == "loop"


def test_a_loop_ends_in_a_loss_that_no_test_can_swallow() -> None:
    """Is a timeout raised past `except Exception`?"""
    budget = Budget(limits=QUICK, end=time.monotonic() + 60)
    channel = SubprocessWorker().open({}, QUICK)
    assert isinstance(channel, SpawnedChannel)
    made = Session(channel, budget)
    try:
        made.start()
        made.run_cell(0, CODE)
        made.begin_check()
        with pytest.raises(StudentProcessLost) as lost:
            try:
                made.look_up_name("loop")()
            except Exception:
                pytest.fail("a test's except Exception has swallowed the loss")
        assert lost.value.kind == "timeout"
    finally:
        made.close()
    assert channel.process.poll() is not None
    assert not channel.folder.exists()


@pytest.mark.parametrize(
    "forged",
    [
        b"x" * 100,
        b"UNR1" + b"\xff" * 8,
        b"UNR1\x00\x00\x00\x02\x00\x00\x00\x00[]",
        b'UNR1\x00\x00\x00\x0c\x00\x00\x00\x00{"do": "rm"}',
    ],
)
def test_forged_frames_end_the_process_not_the_judge(forged: bytes) -> None:
    """Does code that writes to the judge's socket itself gain anything?"""
    budget = Budget(limits=QUICK, end=time.monotonic() + 60)
    made = Session(select_trusted_worker().open({}, QUICK), budget)
    code = (
        "import os\nfor fd in range(3, 30):\n"
        f"    try: os.write(fd, {forged!r})\n    except OSError: pass"
    )
    try:
        made.start()
        with pytest.raises(StudentProcessLost) as lost:
            made.run_cell(0, code)
            made.begin_check()
            made.look_up_name("x")
        assert lost.value.kind in ("protocol", "died")
    finally:
        made.close()

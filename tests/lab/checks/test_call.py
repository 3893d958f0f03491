"""Calling student code: quietly, and with its exceptions in plain words."""

import logging
import sys
import warnings
from typing import Any, Never

import numpy as np
import pytest

from unrolled.lab import check


def message(function: Any, *args: Any, **kwargs: Any) -> Any:
    with pytest.raises(check.CheckFailed) as caught:
        check.call(function, *args, **kwargs)
    return str(caught.value)


def rnn_step(x_t: Any) -> Any:
    raise NotImplementedError("rnn_step is not written yet")


def rnn_forward(x: Any) -> Any:
    return [rnn_step(x_t) for x_t in x]


def broken(x: Any) -> Any:
    y = x[0]
    return y @ np.ones((7, 2))


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("boom")


def raises(error: Any) -> Never:
    raise error


def test_the_result_comes_back() -> None:
    """Are arguments handed over and is the result the function's own?"""
    assert check.call(lambda a, *, b: (a, b), 1, b=2) == (1, 2)
    assert check.call(dict, a=1) == {"a": 1}


def test_warnings_and_prints_stay_inside(capfd: pytest.CaptureFixture[str]) -> None:
    """Does nothing that student code says reach a grade cell's output?"""

    def chatty() -> Any:
        print("hello")
        print("trouble", file=sys.stderr)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return np.log(np.zeros(2)) + np.exp(np.array([1e4]))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check.call(chatty)
    assert capfd.readouterr() == ("", "")


def test_the_session_is_as_before_after_a_call(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Are output, warnings and NumPy's error state restored, also after an error?"""
    before = np.geterr(), list(warnings.filters)
    message(raises, ValueError("no"))
    assert (np.geterr(), list(warnings.filters)) == before
    print("still here")
    assert capfd.readouterr().out == "still here\n"


def test_a_strict_session_changes_no_result() -> None:
    """Does a right function pass where the student made NumPy raise on overflow?"""
    with np.errstate(all="raise"):
        assert check.call(np.exp, np.array([1e4]))[0] == np.inf


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (None, "expected a function, got None"),
        (3, "expected a function, got an int (3)"),
        (np.ones(2), "expected a function, got an array of shape (2,)"),
    ],
)
def test_what_is_no_function_is_told(thing: Any, words: Any) -> None:
    """Is a name that holds no function told before anything else?"""
    assert words in message(thing)


def test_an_unwritten_function_is_told_by_name() -> None:
    """Is a stub told by its name, also when another function calls it?"""
    assert message(rnn_step, 1) == "rnn_step is not written yet"
    assert message(rnn_forward, [1]) == (
        "rnn_forward calls rnn_step, which is not written yet"
    )
    assert message(raises, NotImplementedError()) == "raises is not written yet"


def test_an_exception_is_told_with_its_line() -> None:
    """Are type, message and the student's own line told?"""
    words = message(raises, ValueError("too large"))
    assert words.startswith("raises raised ValueError: too large (line ")
    assert words.endswith(": `raise error`)")


def test_the_line_is_the_students_not_the_librarys() -> None:
    """Is the last line of student code told when a library raises?"""
    words = message(lambda: np.linalg.inv(np.zeros((2, 2))))
    assert "LinAlgError: Singular matrix" in words
    assert "np.linalg.inv(np.zeros((2, 2)))" in words


def test_shapes_that_do_not_fit_are_told_in_words() -> None:
    """Is NumPy's message about @ turned into the two lengths?"""
    words = message(broken, np.ones((1, 2, 3)))
    assert "the shapes do not fit in @: 3 against 7 (line" in words
    assert "`return y @ np.ones((7, 2))`" in words


def test_a_call_with_other_arguments_has_no_line() -> None:
    """Is a wrong signature told without a line?"""
    words = message(rnn_step)
    assert "missing 1 required positional argument: 'x_t'" in words
    assert "line" not in words


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_exception_passes_through(stop: Any) -> None:
    """Are interrupts never swallowed?"""
    with pytest.raises(stop):
        check.call(raises, stop())


def test_a_check_inside_student_code_keeps_its_words() -> None:
    """Does a check that fails inside a called function keep its message?"""
    failure = check.CheckFailed("x: shape (1,)")
    assert message(raises, failure) == "x: shape (1,)"


def test_exceptions_that_cannot_speak_are_told_by_type() -> None:
    """Is an exception that raises in its own words still told?"""
    assert message(raises, Unspeakable()).startswith("raises raised Unspeakable (line")


def test_long_and_wild_messages_are_cut() -> None:
    """Is an exception's text kept short, on one line and printable?"""
    words = message(raises, ValueError("a\n\x1b[31mb " * 500))
    assert len(words) < 300
    assert words.isprintable()


def test_things_without_a_name_are_called_the_function() -> None:
    """Are callables that are no functions called something sensible?"""

    class Model:
        def __call__(self) -> Any:
            raise ValueError("no")

    assert message(Model()).startswith("the function raised ValueError: no")
    assert message(lambda: 1 / 0).startswith("the function raised ZeroDivisionError")


def test_endless_recursion_is_told() -> None:
    """Is a RecursionError told like any other exception?"""

    def forever(n: Any) -> Any:
        return forever(n + 1)

    assert message(forever, 0).startswith("forever raised RecursionError")


def test_the_message_has_no_chain() -> None:
    """Does the student's traceback stay out of the failure?"""
    with pytest.raises(check.CheckFailed) as caught:
        check.call(raises, ValueError("no"))
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_logging_is_configured_by_nobody() -> None:
    """Does a call leave logging alone?"""
    before = list(logging.getLogger().handlers)
    check.call(len, [])
    assert logging.getLogger().handlers == before

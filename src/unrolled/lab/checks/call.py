"""Calling a student's function: quietly, and with exceptions in plain words."""

from __future__ import annotations

import contextlib
import re
import sysconfig
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from IPython.utils.capture import capture_output

from unrolled.lab.checks.describe import TEXT_LIMIT, describe_value, get_type_name
from unrolled.lab.checks.errors import (
    CheckFailed,
    Seen,
    clip,
    fail,
    make_printable,
)

_UNWRITTEN = re.compile(r"\b(\w{1,60}) is not written yet")
_MISFIT = re.compile(r"matmul: .*\(size (\d+) is different from (\d+)\)")
_MESSAGE_LIMIT = 160
_LINE_LIMIT = 70
_FRAMES = 50
_FALLBACK = "the function"
_LIBRARIES = tuple(
    {
        str(Path(__file__).resolve().parents[2]),
        *(sysconfig.get_path(p) for p in ("stdlib", "platstdlib")),
        *(sysconfig.get_path(p) for p in ("purelib", "platlib")),
        "<frozen ",
        "<check ",  # a check, where the judge runs it
        "<__array_function__",
    }
)


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What `function(*args, **kwargs)` returns; no warning and no print gets out.

    Raises CheckFailed in plain words if it is no function or raises an Exception;
    KeyboardInterrupt and its like pass through.
    """
    if not callable(function):
        what = describe_value(function)
        fail(f"expected a function, got {what}: is the name used twice?")
    try:
        with silence_output():
            return function(*args, **kwargs)
    except CheckFailed:
        raise
    except Exception as error:
        name = get_function_name(function)
        failure = CheckFailed(_explain_error(name, error))
        raised = get_type_name(error), read_message(error)
        failure.seen = Seen("call", name, raised, (args, kwargs))
    raise failure


@contextlib.contextmanager
def silence_output() -> Iterator[None]:
    """Keep back warnings, prints and displayed objects of the code inside."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), capture_output():
        warnings.simplefilter("ignore")
        yield


def get_function_name(function: object) -> str:
    """The name of a function, or "the function" where it has none."""
    try:
        name = getattr(function, "__name__", None)
    except Exception:
        return _FALLBACK
    if type(name) is not str or name == "<lambda>":
        return _FALLBACK
    return clip(make_printable(name), TEXT_LIMIT)


def _explain_error(name: str, error: Exception) -> str:
    text = read_message(error)
    if issubclass(type(error), NotImplementedError):
        return _explain_unwritten(name, text)
    misfit = _MISFIT.search(text)
    if misfit:
        text = f"the shapes do not fit in @: {misfit[2]} against {misfit[1]}"
    reason = f": {clip(text, _MESSAGE_LIMIT)}" if text else ""
    return f"{name} raised {get_type_name(error)}{reason}{_format_location(error)}"


def _explain_unwritten(name: str, text: str) -> str:
    stub = _UNWRITTEN.search(text)
    if stub and stub[1] != name and name != _FALLBACK:
        return f"{name} calls {stub[1]}, which is not written yet"
    return f"{stub[1] if stub else name} is not written yet"


def read_message(error: Exception) -> str:
    """The message on one line; an exception that cannot tell it stays silent."""
    try:
        text = str(error)
    except Exception:
        return ""
    return make_printable(" ".join(str.split(text))) if type(text) is str else ""


def _format_location(error: Exception) -> str:
    """Where it happened: " (line 3: `h = x @ W`)", in the student's own code."""
    frames = traceback.extract_tb(error.__traceback__, limit=-_FRAMES)
    own = [f for f in frames if not f.filename.startswith(_LIBRARIES)]
    if not own:
        return ""
    source = clip(make_printable((own[-1].line or "").strip()), _LINE_LIMIT)
    return f" (line {own[-1].lineno}" + (f": `{source}`)" if source else ")")


def drain(name: str, items: Iterable[Any] | None, most: int = 50) -> list[Any]:
    """The first `most` items of what the student's function `name` returned.

    Raises CheckFailed if nothing can be drawn from it, or drawing raises.
    """
    if items is None:
        fail(f"{name} returned None; is a yield (or a return) missing?")

    def draw() -> list[Any]:
        return list(islice(items, most))

    draw.__name__ = name
    return list(call(draw))


def pairs(name: str, items: Iterable[Any] | None, most: int = 50) -> list[Any]:
    """As `drain`, for an iterator of pairs; CheckFailed if an item is no pair."""
    drawn = drain(name, items, most)
    for number, item in enumerate(drawn):
        if type(item) not in (tuple, list) or len(item) != 2:
            fail(f"{name}: item {number} is {describe_value(item)}, expected a pair")
    return drawn

"""The checks of the notebooks: each is silent, or raises CheckFailed with a reason.

A check climbs a ladder and stops at the first miss: defined, callable, array,
axes, shape, dtype, finite, close. The values under test are never trusted: they
are looked at by their exact type, and no method of an unknown object is called.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

import numpy as np

from unrolled.lab.checks import call as calls
from unrolled.lab.checks.array import (
    ArraySpec,
    check_array,
    check_finite,
    convert_to_array,
    split_axes,
)
from unrolled.lab.checks.containers import compare, suggest_return
from unrolled.lab.checks.describe import describe_value
from unrolled.lab.checks.errors import CheckFailed, Seen, fail, note_seen
from unrolled.lab.checks.plain_values import compare_plain, is_same_content
from unrolled.lab.checks.values import ComparisonRule, Tolerance
from unrolled.lab.follow_through.kernel import tell_earlier
from unrolled.lab.hints.table import tell_hint

Axes = str | tuple[Any, ...] | list[Any] | Mapping[Any, Any] | None
Args = ParamSpec("Args")
Result = TypeVar("Result")


def _with_hint(check: Callable[Args, Result]) -> Callable[Args, Result]:
    """A check that says, when it fails, what the notebook knows of the reason.

    That is an earlier exercise that fails its own checks, or else a hint.
    """

    @functools.wraps(check)
    def checked(*args: Args.args, **kwargs: Args.kwargs) -> Result:
        try:
            return check(*args, **kwargs)
        except CheckFailed as failure:
            if not tell_earlier(failure):
                tell_hint(failure)
            raise

    return checked


call = _with_hint(calls.call)


@_with_hint
def array(
    name: str,
    got: object,
    shape: tuple[int, ...],
    axes: str | None = None,
    kind: str = "float",
) -> None:
    """Check that `got` is an array of this shape with finite numbers of this kind.

    `axes` names the axes, as in "N H". `kind` is "float", "int", "bool", "complex"
    or "number". Torch tensors count; a plain number has the shape ().
    """
    want = ArraySpec(tuple(shape), kind, split_axes(axes))
    with note_seen(Seen("array", name, got, (want.shape, kind))):
        check_finite(name, check_array(name, got, want), want)


@_with_hint
def close(
    name: str,
    got: object,
    expected: Any,
    axes: Axes = None,
    rtol: float = 1e-7,
    atol: float = 1e-9,
    cause: str | None = None,
) -> None:
    """Check shape, dtype and values against `expected`.

    `expected` is an array, a tensor, a number, or a list, tuple or dict of these;
    for the latter `axes` may hold one string per item. A float32 result is
    compared at `rtol` 1e-4. `cause` is told where no likelier one is found.
    """
    rule = ComparisonRule(Tolerance(rtol, atol), cause)
    with note_seen(Seen("close", name, got, expected)):
        compare(name, got, expected, axes=axes, rule=rule)


@_with_hint
def equal(
    name: str,
    got: object,
    expected: Any,
    cause: str | None = None,
    *,
    evidence: object = None,
) -> None:
    """Check a plain value (text, number, None, or lists, tuples, dicts of these).

    The types must agree, too: 3.0 is not 3, and a list is not a tuple. A NumPy
    number counts as the Python number it holds. `evidence` is looked at for a hint,
    beside `got`, and not compared.
    """
    shown = got if evidence is None else (got, evidence)
    with note_seen(Seen("equal", name, shown, expected)):
        compare_plain(name, got, expected, cause)


@_with_hint
def results(got: Any, *names: str) -> Any:
    """The values that a function returned together, one for each of `names`.

    Raises CheckFailed if `got` isn't a tuple or a list of as many values.
    """
    if type(got) not in (tuple, list) or len(got) != len(names):
        expected = f"return {', '.join(names)}: {len(names)} values"
        with note_seen(Seen("results", ", ".join(names), got)):
            fail(f"{expected}, not {describe_value(got)}", guess=suggest_return(got))
    return got


@_with_hint
def double(name: str, got: object) -> None:
    """Check that an array or a tensor is in double precision, NumPy's float64.

    For results that later functions compute with: there the digits that float32
    has lost are missing, far from the line that lost them.
    """
    array = convert_to_array(got)
    with note_seen(Seen("double", name, got)):
        if array is None:
            facts = f"{name}: expected an array, got {describe_value(got)}"
            fail(facts, guess=suggest_return(got))
        if array.dtype.kind == "f" and array.dtype.itemsize < 8:
            facts = f"{name}: dtype {array.dtype}, expected float64"
            fail(f"{facts}; half of the digits go")


@_with_hint
def differs(name: str, got: object, other: object) -> None:
    """Check that `got` has the shape of `other` and other numbers.

    Both are arrays, tensors or numbers. Raises CheckFailed if they agree to about
    nine digits: so a function that does nothing with its input is found out.
    """
    array, against = convert_to_array(got), convert_to_array(other)
    with note_seen(Seen("differs", name, (got, other))):
        if array is None or against is None:
            wrong = describe_value(got if array is None else other)
            fail(f"{name}: expected numbers, got {wrong}")
        check_array(name, array, ArraySpec(against.shape, "number"))
        if np.allclose(array, against, rtol=1e-9, atol=1e-12, equal_nan=True):
            fail(f"{name}: the same numbers twice, but they must differ")


@_with_hint
def that(condition: bool | np.bool_, message: str, *, evidence: object = None) -> None:
    """Check a condition; `message` says what is wrong if it is False.

    `evidence`, the values from which the condition came, is looked at for a hint.
    Raises TypeError if the condition is no real bool.
    """
    if type(condition) not in (bool, np.bool_):
        raise TypeError(
            f"check.that needs True or False, not {describe_value(condition)}"
        )
    if condition:
        return
    if evidence is None:
        fail(message)
    with note_seen(Seen("that", message, evidence)):
        fail(message)


@_with_hint
def unchanged(name: str, before: Any, after: Any) -> None:
    """Check that an argument was not changed: `before` is a copy made earlier.

    Arrays, tensors, numbers, text, and lists, tuples and dicts of these.
    """
    with note_seen(Seen("unchanged", name, after, before)):
        if type(before) is dict and type(after) is dict:
            for key in before:
                if key in after and not is_same_content(before[key], after[key]):
                    fail(f"{name}[{key!r}] was changed in place")
        if not is_same_content(before, after):
            fail(f"{name} was changed in place")


__all__ = [
    "CheckFailed",
    "array",
    "call",
    "close",
    "differs",
    "double",
    "equal",
    "results",
    "that",
    "unchanged",
]

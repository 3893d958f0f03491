"""From a failed check to the misconception behind it.

The calls that a check made are played again on every catalogued misconception of
the called function, in the judge. One that gives the same result on all of them,
where the reference gives another on at least one, explains the failure.
"""

from __future__ import annotations

import contextlib
import io
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from unrolled.author.catalogue import Misconception
from unrolled.grade.calls import Call, separate_copies
from unrolled.grade.peer import changed_arrays
from unrolled.grade.reference import Reference

RTOL, ATOL = 1e-6, 1e-9


def explain(
    calls: Sequence[Call], exercise: str, reference: Reference
) -> tuple[Misconception, ...]:
    """The misconceptions of `exercise` that agree with all calls of its functions."""
    mine = [c for c in calls if c.name in reference.defines.get(exercise, ())]
    return tuple(
        m for m in reference.catalogue.of(exercise) if _explains(m, mine, reference)
    )


def fits(m: Misconception, calls: Sequence[Call], reference: Reference) -> bool:
    """Whether `m` agrees with all these calls of its function."""
    mine = [c for c in calls if c.name == _function_name(m, reference)]
    return m.matches is not None or all(
        agrees(m.function, call, m.exception) for call in mine
    )


def _explains(m: Misconception, calls: Sequence[Call], reference: Reference) -> bool:
    """Whether `m`, and not the reference, is what these calls show."""
    calls = [c for c in calls if c.name == _function_name(m, reference)]
    if not calls:
        return False
    if m.matches is not None:
        return bool(m.matches(calls))
    right = getattr(reference.expected, calls[0].name)
    if not all(agrees(m.function, call, m.exception) for call in calls):
        return False
    return not all(agrees(right, call) for call in calls)


def _function_name(m: Misconception, reference: Reference) -> str:
    names = reference.defines.get(m.exercise, ())
    return m.exercise if m.exercise in names else (names[0] if names else "")


def agrees(
    function: Callable[..., Any],
    call: Call,
    exception: type[BaseException] | None = None,
) -> bool:
    """Whether `function` does on the call's arguments what was observed."""
    if call.before is None:
        return False
    args, kwargs = separate_copies(*call.before)
    try:
        with quiet():
            result = function(*args, **kwargs)
    except Exception as error:
        expected = exception.__name__ if exception else type(error).__name__
        return call.error == expected
    if call.error is not None or not same(result, call.result):
        return False
    return call.after is None or _left_alike(call, args)


def _left_alike(call: Call, args: tuple[Any, ...]) -> bool:
    """Whether the same arrays were changed, even by a bit, to the same values."""
    before = list(separate_copies(*call.before)[0]) if call.before else []
    observed, played = list(call.after or ()), list(args)
    touched = [p for p, _ in changed_arrays(before, observed)]
    return touched == [p for p, _ in changed_arrays(before, played)] and same(
        played, observed
    )


@contextlib.contextmanager
def quiet() -> Any:
    """No warning and no print of a played-back function is seen."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(io.StringIO()):
            yield


def same(a: Any, b: Any) -> bool:
    """Equal up to rounding, container by container; only plain values are equal."""
    a, b = _plain(a), _plain(b)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return _same_arrays(a, b)
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a is b or (type(a) in (str, bytes, bool, set) and a == b))


def _plain(value: Any) -> Any:
    """Numbers and tensors as arrays; everything else as it is."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    if type(value) in (int, float, complex) or isinstance(value, np.generic):
        return np.asarray(value)
    return value


def _same_arrays(a: Any, b: Any) -> bool:
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        return False
    if a.shape != b.shape:
        return False
    if a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
        return bool(np.array_equal(a, b))
    low = np.float32 in (a.dtype, b.dtype)
    rtol, atol = (1e-4, 1e-5) if low else (RTOL, ATOL)
    with np.errstate(all="ignore"):
        return bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))

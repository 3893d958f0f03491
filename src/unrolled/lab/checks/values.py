"""The last rung of the ladder: are the values right, and if not, where and why?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unrolled.lab.checks.array import (
    ArraySpec,
    check_array,
    check_finite,
    find_first,
    get_kind,
)
from unrolled.lab.checks.causes import ValuePair, describe_values, guess_value_cause
from unrolled.lab.checks.describe import Array, format_index, format_pair
from unrolled.lab.checks.errors import fail, format_cause

Axes = tuple[str, ...]
_SINGLE_RTOL = 1e-4
_SINGLE_ATOL = 1e-5


@dataclass(frozen=True)
class Tolerance:
    """Relative and absolute tolerance; looser for results in single precision.

    Where either side is float32, `rtol` is 1e-4 and, since small entries may be
    differences of large ones, `atol` is 1e-5 of the largest expected value.
    """

    rtol: float
    atol: float

    def close(self, got: Array, want: Array) -> Array:
        """Where two arrays of one shape agree, element by element."""
        if got.dtype.kind in "iub" and want.dtype.kind in "iub":
            return np.asarray(got == want)
        rtol, atol = self.bounds(got, want)
        if _is_single(got) or _is_single(want):
            got, want = got.astype(np.float64), want.astype(np.float64)
        with np.errstate(all="ignore"):
            return np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)

    def bounds(self, got: Array, want: Array) -> tuple[float, float]:
        """The relative and the absolute tolerance that apply to two such arrays."""
        if not (_is_single(got) or _is_single(want)):
            return self.rtol, self.atol
        scale = float(np.abs(want[np.isfinite(want)]).max(initial=0.0))
        return max(self.rtol, _SINGLE_RTOL), max(self.atol, _SINGLE_ATOL * scale)

    def agree(self, got: Array, want: Array) -> bool:
        """Whether two arrays of one shape agree everywhere."""
        return bool(self.close(got, want).all())


def _is_single(array: Array) -> bool:
    return array.dtype.kind == "f" and array.dtype.itemsize < 8


@dataclass(frozen=True)
class ComparisonRule:
    """How values are compared, and what the author thinks goes wrong."""

    tolerance: Tolerance
    cause: str | None = None


def compare_array(
    name: str, got: object, want: Array, *, axes: Axes, rule: ComparisonRule
) -> None:
    """Climb the whole ladder, with the shape and dtype of `want`."""
    spec = ArraySpec(want.shape, get_kind(want), axes)
    array = check_array(name, got, spec)
    check_finite(name, array, spec, np.isfinite(want))
    right = rule.tolerance.close(array, want)
    if not right.all():
        _fail(name, ValuePair(array, want, axes, rule.tolerance.agree), right, rule)


def _fail(name: str, values: ValuePair, right: Array, rule: ComparisonRule) -> None:
    index = find_first(~right)
    got, want = format_pair(values.got[index], values.want[index])
    where = format_index(index, values.axes)
    cause = guess_value_cause(values) or rule.cause
    fail(
        f"{name}: got {got}, expected {want}" + (f",{where}" if where else ""),
        _describe_extent(right, values),
        guess=format_cause(cause),
    )


def _describe_extent(right: Array, values: ValuePair) -> str:
    """How far it is wrong: "3 of 12 values differ; right at step 0, wrong from 1"."""
    if right.size < 2:
        return ""
    pattern = describe_values(values) or _describe_pattern(right, values.axes)
    count = f"{int((~right).sum())} of {right.size} values differ"
    return count + (f"; {pattern}" if pattern else "")


def _describe_pattern(right: Array, axes: Axes) -> str:
    """Along which axis the right values part from the wrong ones; steps first."""
    order = sorted(range(right.ndim), key=lambda k: axes[k : k + 1] != ("T",))
    for k in order:
        others = tuple(j for j in range(right.ndim) if j != k)
        if text := _describe_split(
            np.all(right, axis=others), axes[k] if axes else f"axis {k}"
        ):
            return text
    return ""


def _describe_split(right: Array, axis: str) -> str:
    """Right before, wrong after (or the reverse), or a single odd one out."""
    count, n = int(right.sum()), len(right)
    if count in (0, n):
        return ""
    start = int(np.argmin(right))
    if not right[start:].any():
        before = _format_span(axis, 0, start - 1)
        return f"right at {before}, wrong from {_format_span(axis, start)}"
    turn = int(np.argmax(right))
    if right[turn:].all():
        before = _format_span(axis, 0, turn - 1)
        return f"wrong at {before}, right from {_format_span(axis, turn)}"
    if count == n - 1:
        return f"wrong at {_format_span(axis, start)} only"
    return f"right at {_format_span(axis, turn)} only" if count == 1 else ""


def _format_span(axis: str, start: int, end: int | None = None) -> str:
    several = end is not None and end > start
    if axis == "T":
        return f"steps {start} to {end}" if several else f"step {start}"
    return f"{axis} = {start} to {end}" if several else f"{axis} = {start}"

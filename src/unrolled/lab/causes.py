"""Likely causes of a wrong shape or of wrong values, found by trying them out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from unrolled.lab.describe import Array, Shape, number

Axes = tuple[str, ...]
_LOGS = {1 / math.log(2): "log2", 1 / math.log(10): "log10"}


def shape_cause(got: Shape, want: Shape, axes: Axes) -> str:
    """Why `got` is the shape instead of `want`; "" if nothing fits."""
    for guess in (_exchanged, _missing, _extra, _outer, _steps, _reshaped):
        if text := guess(got, want, axes):
            return text
    return ""


def _axis(axes: Axes, k: int) -> str:
    return axes[k] if axes else f"axis {k}"


def _exchanged(got: Shape, want: Shape, axes: Axes) -> str:
    if len(got) != len(want) or sorted(got) != sorted(want) or len(got) < 2:
        return ""
    if len(got) == 2:
        return "transposed?"
    if not axes or len(set(want)) < len(want):
        return "are the axes in another order?"
    order = ", ".join(axes[want.index(n)] for n in got)
    return f"are the axes in the order ({order})?"


def _missing(got: Shape, want: Shape, axes: Axes) -> str:
    if not got and want:
        return "one number only: was everything summed or averaged?"
    gone = [k for k in range(len(want)) if want[:k] + want[k + 1 :] == got]
    if not gone:
        return ""
    names = " or ".join(_axis(axes, k) for k in gone)
    return f"{names} is missing: summed, averaged or indexed away?"


def _extra(got: Shape, want: Shape, axes: Axes) -> str:
    extra = [k for k in range(len(got)) if got[:k] + got[k + 1 :] == want]
    if not extra or got == want + want:
        return ""
    k = extra[0]
    if got[k] == 1:
        return f"there is an extra axis of length 1 at position {k}"
    return f"there is an extra axis of length {got[k]} at position {k}: not summed?"


def _outer(got: Shape, want: Shape, axes: Axes) -> str:
    if len(want) == 1 and got == want + want:
        n = want[0]
        return f"broadcasting? ({n}, 1) with ({n},) makes ({n}, {n})"
    return ""


def _steps(got: Shape, want: Shape, axes: Axes) -> str:
    if "T" not in axes or len(got) != len(want):
        return ""
    k = axes.index("T")
    if got[:k] + got[k + 1 :] != want[:k] + want[k + 1 :]:
        return ""
    if got[k] == want[k] + 1:
        return "one step too many: does the initial state stand among the results?"
    return "one step is missing" if got[k] == want[k] - 1 else ""


def _reshaped(got: Shape, want: Shape, axes: Axes) -> str:
    same = math.prod(got) == math.prod(want) and got != want
    return "the number of values is right: is a reshape missing?" if same else ""


@dataclass(frozen=True)
class Values:
    """Two arrays of one shape that differ, and the test of equality in use."""

    got: Array
    want: Array
    axes: Axes
    same: Callable[[Array, Array], bool]

    @property
    def long_axes(self) -> list[int]:
        """The axes along which there is more than one value."""
        return [k for k, n in enumerate(self.got.shape) if n > 1]


def value_cause(values: Values) -> str:
    """Why the values are wrong; "" if nothing fits."""
    if values.got.dtype.kind not in "fc" or not np.isfinite(values.want).all():
        guesses: tuple[Callable[[Values], str], ...] = _FOR_ALL
    else:
        guesses = _FOR_FLOATS
    with np.errstate(all="ignore"):
        return next((text for guess in guesses if (text := guess(values))), "")


def _empty(v: Values) -> str:
    if v.got.size > 1 and not v.got.any():
        return "every value is 0: was the result never filled in?"
    return ""


def _sign(v: Values) -> str:
    return "the sign is flipped" if v.same(-v.got, v.want) else ""


def _transposed(v: Values) -> str:
    for order in _orders(v.got.shape):
        if v.same(v.got.transpose(order), v.want):
            if v.got.ndim == 2:
                return "the values are transposed"
            names = ", ".join(_axis(v.axes, order.index(k)) for k in range(v.got.ndim))
            return f"the axes are in the order ({names})"
    return ""


def _orders(shape: Shape) -> Iterator[tuple[int, ...]]:
    if not 2 <= len(shape) <= 4:
        return
    for order in permutations(range(len(shape))):
        if order != tuple(sorted(order)) and tuple(shape[k] for k in order) == shape:
            yield order


def _reversed(v: Values) -> str:
    for k in v.long_axes:
        if v.same(np.flip(v.got, k), v.want):
            return f"the order along {_axis(v.axes, k)} is reversed"
    return ""


def _shifted(v: Values) -> str:
    for k in v.long_axes:
        if v.got.shape[k] < 3:
            continue
        got, want = np.moveaxis(v.got, k, 0), np.moveaxis(v.want, k, 0)
        for late, a, b in ((True, got[1:], want[:-1]), (False, got[:-1], want[1:])):
            if v.same(a, b):
                side = "late" if late else "early"
                return f"the values along {_axis(v.axes, k)} stand one place too {side}"
    return ""


def _factor(v: Values) -> str:
    scale = np.abs(v.want).max(initial=0.0)
    large = np.abs(v.want) > 1e-3 * scale
    if not large.any():
        return ""
    ratio = float(np.real(np.median(np.real(v.got[large] / v.want[large]))))
    if not np.allclose(v.got, ratio * v.want, rtol=1e-6, atol=1e-8 * float(scale)):
        return ""
    subject = "every value is" if v.got.size > 1 else "it is"
    return _times(ratio, subject, known_only=int(large.sum()) < 2)


def _times(ratio: float, subject: str, known_only: bool) -> str:
    for factor, name in _LOGS.items():
        if math.isclose(ratio, factor, rel_tol=1e-6):
            return f"{name} where the natural logarithm is meant?"
    if _is_whole(ratio):
        return f"{subject} {round(ratio)} times what it should be: mean or sum?"
    if ratio != 0 and _is_whole(1 / ratio):
        return f"{subject} 1/{round(1 / ratio)} of what it should be: mean or sum?"
    if known_only or abs(ratio) < 1e-9 or abs(ratio - 1) < 1e-3:
        return ""
    return f"{subject} {number(ratio)} times what it should be"


def _is_whole(ratio: float) -> bool:
    return 1.5 < ratio < 1e5 and abs(ratio - round(ratio)) < 1e-6 * ratio


def _offset(v: Values) -> str:
    difference = v.got - v.want
    if v.got.size < 2 or not v.same(v.got - difference.flat[0], v.want):
        return ""
    if abs(difference.flat[0]) < 1e-3 * np.abs(v.want).max():
        return ""
    return f"every value differs by the same {number(difference.flat[0])}"


def _alike(v: Values) -> str:
    for k in v.long_axes:
        first = np.take(v.got, [0], axis=k)
        if bool((v.got == first).all()) and not v.same(v.want, v.want.take([0], k)):
            return (
                f"the values are the same all along {_axis(v.axes, k)}: broadcasting?"
            )
    return ""


def _rounded(v: Values) -> str:
    real = np.real(v.want)
    if np.allclose(v.got, np.trunc(real), rtol=0, atol=1e-12):
        return "the decimals are cut off: an integer array or //?"
    for digits in range(6):
        if np.allclose(v.got, np.round(real, digits), rtol=0, atol=1e-12):
            return f"rounded to {digits} decimals?"
    return ""


def _precision(v: Values) -> str:
    if v.got.dtype.itemsize == 2:
        return "float16 keeps three digits only"
    scale = float(np.abs(v.want).max(initial=0.0))
    error = float(np.abs(v.got - v.want).max())
    if error < 1e-3 * scale:
        return "nearly right: a less exact formula, or a small constant too many?"
    return ""


_FOR_ALL = (_empty, _transposed, _reversed, _shifted, _alike)
_FOR_FLOATS = (
    *(_empty, _sign, _transposed, _reversed, _rounded, _factor, _offset),
    *(_shifted, _alike, _precision),
)

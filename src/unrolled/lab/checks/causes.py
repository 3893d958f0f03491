"""Likely causes of wrong values or a wrong shape, found by trying them out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from unrolled.lab.checks.describe import Array, Shape, format_number

Axes = tuple[str, ...]
SUPPORT = 4  # irregular values that a guess needs, or it could be chance
_ROUND = 1200  # its fractions are round numbers: two decimals, thirds, eighths
_LOGS = {1 / math.log(2): "log2", 1 / math.log(10): "log10"}


@dataclass(frozen=True)
class ValuePair:
    """Two arrays of one shape that differ, and the test of equality in use."""

    got: Array
    want: Array
    axes: Axes
    same: Callable[[Array, Array], bool]

    @property
    def long_axes(self) -> list[int]:
        """The axes along which there is more than one value."""
        return [k for k, n in enumerate(self.got.shape) if n > 1]


def guess_value_cause(values: ValuePair) -> str:
    """Why the values are wrong; "" if nothing fits, or too little supports it."""
    floats = values.got.dtype.kind in "fc" and values.want.dtype.kind in "fc"
    if not floats or not np.isfinite(values.want).all():
        return ""
    guesses = _GUESSES if is_supported(values.want) else (_guess_logarithm,)
    with np.errstate(all="ignore"):
        return next((text for guess in guesses if (text := guess(values))), "")


def describe_values(values: ValuePair) -> str:
    """What is plain to see in the wrong values, with no guess at its reason."""
    if values.got.size > 1 and not values.got.any():
        return "every value is 0"
    for k in values.long_axes:
        first, right = (np.take(a, [0], axis=k) for a in (values.got, values.want))
        alike = bool((values.got == first).all())
        if alike and not values.same(values.want, np.broadcast_to(right, first.shape)):
            return f"the values are the same all along {name_axis(values.axes, k)}"
    return ""


def count_irregular(array: Array) -> int:
    """How many different values are there that nobody would write down by hand."""
    sizes = np.abs(np.real(array)).ravel()
    parts = sizes[np.isfinite(sizes)] * _ROUND
    odd = parts[np.abs(parts - np.round(parts)) > 1e-3]
    return len({f"{value:.6g}" for value in odd})


def is_supported(*arrays: Array) -> bool:
    """Whether each array holds enough irregular values to tell a cause from chance."""
    return all(count_irregular(array) >= SUPPORT for array in arrays)


def _guess_sign(v: ValuePair) -> str:
    return "the sign is flipped" if v.same(-v.got, v.want) else ""


def _guess_transposed(v: ValuePair) -> str:
    for order in _list_orders(v.got.shape):
        if v.same(v.got.transpose(order), v.want):
            if v.got.ndim == 2:
                return "the values are transposed"
            names = (name_axis(v.axes, order.index(k)) for k in range(v.got.ndim))
            return f"the axes are in the order ({', '.join(names)})"
    return ""


def _list_orders(shape: Shape) -> Iterator[tuple[int, ...]]:
    if not 2 <= len(shape) <= 4:
        return
    for order in permutations(range(len(shape))):
        if order != tuple(sorted(order)) and tuple(shape[k] for k in order) == shape:
            yield order


def _guess_reversed(v: ValuePair) -> str:
    for k in v.long_axes:
        if v.same(np.flip(v.got, k), v.want):
            return f"the order along {name_axis(v.axes, k)} is reversed"
    return ""


def _guess_shifted(v: ValuePair) -> str:
    for k in v.long_axes:
        if v.got.shape[k] < 3:
            continue
        got, want = np.moveaxis(v.got, k, 0), np.moveaxis(v.want, k, 0)
        for late, a, b in ((True, got[1:], want[:-1]), (False, got[:-1], want[1:])):
            if is_supported(b) and v.same(a, b):
                side = "late" if late else "early"
                along = name_axis(v.axes, k)
                return f"the values along {along} stand one place too {side}"
    return ""


def _find_ratio(v: ValuePair) -> float:
    """The one factor between all values; 1 if there is none."""
    scale = float(np.abs(v.want).max(initial=0.0))
    large = np.abs(v.want) > 1e-3 * scale
    if not large.any():
        return 1.0
    ratio = float(np.median(np.real(v.got[large] / v.want[large])))
    one = np.allclose(v.got, ratio * v.want, rtol=1e-6, atol=1e-8 * scale)
    return ratio if one else 1.0


def _guess_logarithm(v: ValuePair) -> str:
    """A factor so irregular that a single irregular value is enough."""
    ratio = _find_ratio(v) if count_irregular(v.want) else 1.0
    for factor, name in _LOGS.items():
        if math.isclose(ratio, factor, rel_tol=1e-6):
            return f"{name} where the natural logarithm is meant?"
    return ""


def _guess_factor(v: ValuePair) -> str:
    ratio = _find_ratio(v)
    if abs(ratio) < 1e-9 or abs(ratio - 1) < 1e-3:
        return ""
    for size, text in ((ratio, "{}"), (1 / ratio, "1/{}")):
        if 1.5 < size < 1e5 and abs(size - round(size)) < 1e-6 * size:
            unit = "of" if size is not ratio else "times"
            asked = ": mean or sum?" if round(size) in _list_counts(v) else ""
            factor = text.format(round(size))
            return f"every value is {factor} {unit} what it should be{asked}"
    return f"every value is {format_number(ratio)} times what it should be"


def _list_counts(v: ValuePair) -> set[int]:
    """By what a mean divides: sequences, steps, or both."""
    pairs = zip(v.axes, v.got.shape, strict=False)
    counts = [n for axis, n in pairs if axis in ("N", "T")]
    both = combinations(counts, 2)
    return {*counts, *(math.prod(pair) for pair in both)}


def _guess_offset(v: ValuePair) -> str:
    difference = v.got - v.want
    if not v.same(v.got - difference.flat[0], v.want):
        return ""
    if abs(difference.flat[0]) < 1e-3 * np.abs(v.want).max():
        return ""
    return f"every value differs by the same {format_number(difference.flat[0])}"


def _guess_rounded(v: ValuePair) -> str:
    real = np.real(v.want)
    if len(np.unique(np.abs(v.got))) < SUPPORT:
        return ""
    if np.allclose(v.got, np.trunc(real), rtol=0, atol=1e-12):
        return "the decimals are cut off: an integer array or //?"
    for digits in range(6):
        if np.allclose(v.got, np.round(real, digits), rtol=0, atol=1e-12):
            return f"rounded to {digits} decimals?"
    return ""


def _guess_precision(v: ValuePair) -> str:
    if v.got.dtype.itemsize == 2:
        return "float16 keeps three digits only"
    scale = float(np.abs(v.want).max(initial=0.0))
    error = float(np.abs(v.got - v.want).max())
    if error < 1e-3 * scale:
        return "nearly right: a less exact formula, or a small constant too many?"
    return ""


# In this order, as the first that fits is told: a special cause (a sign, a logarithm)
# before one that fits more often (a factor, an offset).
_GUESSES: tuple[Callable[[ValuePair], str], ...] = (
    _guess_sign,
    _guess_transposed,
    _guess_reversed,
    _guess_rounded,
    _guess_logarithm,
    _guess_factor,
    _guess_offset,
    _guess_shifted,
    _guess_precision,
)


def guess_shape_cause(got: Shape, want: Shape, axes: Axes) -> str:
    """Why `got` is the shape instead of `want`; "" if nothing fits."""
    for guess in (
        _guess_exchanged,
        _guess_missing,
        _guess_extra,
        _guess_steps,
        _guess_reshaped,
    ):
        if text := guess(got, want, axes):
            return text
    return ""


def name_axis(axes: Axes, k: int) -> str:
    """What an axis is called: its name, or its number where it has none."""
    return axes[k] if axes else f"axis {k}"


def _guess_exchanged(got: Shape, want: Shape, axes: Axes) -> str:
    if len(got) != len(want) or sorted(got) != sorted(want) or len(got) < 2:
        return ""
    if len(got) == 2:
        return "transposed?"
    if len(set(want)) < len(want):
        return ""  # axes of one length: many mistakes make this shape
    if not axes:
        return "are the axes in another order?"
    order = ", ".join(axes[want.index(n)] for n in got)
    return f"are the axes in the order ({order})?"


def _guess_missing(got: Shape, want: Shape, axes: Axes) -> str:
    if not got:
        return ""
    gone = [k for k in range(len(want)) if want[:k] + want[k + 1 :] == got]
    if not gone:
        return ""
    names = " or ".join(name_axis(axes, k) for k in gone)
    return f"{names} is missing: summed, averaged or indexed away?"


def _guess_extra(got: Shape, want: Shape, axes: Axes) -> str:
    extra = [k for k in range(len(got)) if got[:k] + got[k + 1 :] == want]
    if not extra:
        ones = len(got) - len(want)
        wide = tuple(n for n in got if n != 1) == tuple(n for n in want if n != 1)
        return f"there are {ones} extra axes of length 1" if wide and ones > 1 else ""
    k = extra[0]
    where = f" at position {k}" if len(extra) == 1 else ""
    return f"there is an extra axis of length {got[k]}{where}"


def _guess_steps(got: Shape, want: Shape, axes: Axes) -> str:
    if "T" not in axes or len(got) != len(want) or len(want) < 2:
        return ""
    k = axes.index("T")
    if got[:k] + got[k + 1 :] != want[:k] + want[k + 1 :]:
        return ""
    if got[k] == want[k] + 1:
        return "one step too many: does the initial state stand among the results?"
    return "one step is missing" if got[k] == want[k] - 1 else ""


def _guess_reshaped(got: Shape, want: Shape, axes: Axes) -> str:
    same = math.prod(got) == math.prod(want) and sorted(got) != sorted(want)
    return "the number of values is right: is a reshape missing?" if same else ""

"""Likely causes of a wrong shape, found by trying them out."""

from __future__ import annotations

import math

from unrolled.lab.describe import Shape

Axes = tuple[str, ...]


def shape_cause(got: Shape, want: Shape, axes: Axes) -> str:
    """Why `got` is the shape instead of `want`; "" if nothing fits."""
    for guess in (_exchanged, _missing, _extra, _steps, _reshaped):
        if text := guess(got, want, axes):
            return text
    return ""


def axis_name(axes: Axes, k: int) -> str:
    """What an axis is called: its name, or its number where it has none."""
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
    if not got:
        return ""
    gone = [k for k in range(len(want)) if want[:k] + want[k + 1 :] == got]
    if not gone:
        return ""
    names = " or ".join(axis_name(axes, k) for k in gone)
    return f"{names} is missing: summed, averaged or indexed away?"


def _extra(got: Shape, want: Shape, axes: Axes) -> str:
    extra = [k for k in range(len(got)) if got[:k] + got[k + 1 :] == want]
    if not extra:
        ones = len(got) - len(want)
        wide = tuple(n for n in got if n != 1) == tuple(n for n in want if n != 1)
        return f"there are {ones} extra axes of length 1" if wide and ones > 1 else ""
    k = extra[0]
    place = f" at position {k}" if len(extra) == 1 else ""
    return f"there is an extra axis of length {got[k]}{place}"


def _steps(got: Shape, want: Shape, axes: Axes) -> str:
    if "T" not in axes or len(got) != len(want) or len(want) < 2:
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

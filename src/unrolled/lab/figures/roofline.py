"""The roofline: how fast a machine can be, over how often it uses each byte.

Pure functions of numbers: who counts and who measures hands them in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import write_label

_COLOURS = (style.STATE, style.THIRD, style.GRADIENT)
_MARKS = ("o", "s", "^")
Point = tuple[float, float, float]  # operations, bytes, seconds


def draw_roofline(
    ax: Axes, points: Mapping[str, Sequence[Point]], bandwidth: float, rate: float
) -> None:
    """Operations a second over operations per byte, below the roof of a machine.

    points: for each kind of work its (operations, bytes, seconds); bandwidth: bytes a
    second, rate: operations a second; all above 0.
    """
    places = np.array([n / size for many in points.values() for n, size, _ in many])
    ridge = rate / bandwidth
    ends = np.array([min(places.min(), ridge) / 2, ridge, max(places.max(), ridge) * 4])
    ax.plot(ends, np.minimum(rate, bandwidth * ends), color=style.INK, ls="-", lw=1.6)
    looks = zip(points.items(), _COLOURS, _MARKS, strict=False)
    for (name, many), colour, mark in looks:
        work, size, seconds = np.array(many).T
        reached = work / seconds
        ax.plot(work / size, reached, mark, color=colour, ms=5)
        lowest = int(np.argmin(reached))
        at = (work[lowest] / size[lowest], reached[lowest])
        write_label(ax, name, at, (7, 0), color=colour, va="center", fontsize=9)
    ax.set(xscale="log", yscale="log")
    ax.set(xlabel="operations per byte", ylabel="operations a second")
    write_label(ax, "memory", (ridge / 3, bandwidth * ridge / 3), (5, -11), fontsize=9)
    write_label(ax, "arithmetic", (ends[2], rate), (0, 5), ha="right", fontsize=9)
    ax.set_ylim(None, 4 * rate)
    ax.set_title(f"The roof bends at {ridge:.1f} operations per byte")


def draw_predictions(
    ax: Axes,
    points: Mapping[str, Sequence[Point]],
    predicted: Mapping[str, Sequence[float]],
) -> None:
    """Measured seconds over predicted ones, for each kind of work.

    points: as for `draw_roofline`; predicted: for each kind as many seconds above 0.
    """
    ratios: list[float] = []
    seen: list[float] = []
    for (name, many), colour, mark in zip(
        points.items(), _COLOURS, _MARKS, strict=False
    ):
        told, measured = np.asarray(predicted[name]), np.array([m[2] for m in many])
        ax.plot(told, measured, mark, color=colour, ms=5)
        ratios.extend(measured / told)
        seen.extend(told)
    ends = np.array([min(seen) / 2, max(seen) * 2])
    ax.plot(ends, ends, color=style.CONTEXT, lw=1.2, ls="--", zorder=0)
    ax.set(xscale="log", yscale="log")
    ax.set(xlabel="predicted seconds", ylabel="measured seconds")
    write_label(ax, "as predicted", (ends[0], ends[0]), (14, 2), fontsize=9)
    right = sum(0.5 <= ratio <= 2 for ratio in ratios)
    ax.set_title(f"{right} of {len(ratios)} predictions are within a factor of 2")

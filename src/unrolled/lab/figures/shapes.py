"""What drawings share: circles, arrows, labels, and what is taken away around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsFloat

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from numpy.typing import NDArray

from unrolled.lab.figures import style

RADIUS = 0.34
WHITE_BOX = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
Floats = NDArray[np.floating[Any]]
Point = tuple[float, float]


def draw_node(ax: Axes, at: Point, text: str, colour: str) -> None:
    """A circle with a text in it, such as a state."""
    ax.add_patch(Circle(at, RADIUS, facecolor="white", edgecolor=colour, lw=1.8))
    ax.text(*at, text, ha="center", va="center", color=style.INK, fontsize=11)


def draw_arrow(ax: Axes, ends: tuple[Point, Point], **look: Any) -> None:
    """An arrow between the rims of two nodes; `look` are properties of the arrow."""
    start, end = (np.asarray(p, float) for p in ends)
    rim = RADIUS * (end - start) / np.hypot(*(end - start))
    props = {"arrowstyle": "->", "shrinkA": 0, "shrinkB": 0, "lw": 1.5, **look}
    ax.annotate("", end - rim, start + rim, arrowprops=props)


def write_label(
    ax: Axes,
    text: str,
    at: tuple[SupportsFloat, SupportsFloat],
    move: Point,
    **look: Any,
) -> None:
    """A text beside what it names, `move` points away from there."""
    ax.annotate(text, at, xytext=move, textcoords="offset points", **look)


def spread_heights(values: Sequence[SupportsFloat], gap: float) -> list[float]:
    """Heights of labels: the values, pushed up until they are `gap` apart."""
    heights, floor = [0.0] * len(values), -np.inf
    for value, index in sorted((float(v), i) for i, v in enumerate(values)):
        heights[index] = floor = max(value, floor + gap)
    return heights


def hide_axes(ax: Axes, x: Point, y: Point) -> None:
    """No axes around a drawing, which is as wide as it is high and begins left."""
    ax.set(xlim=x, ylim=y, aspect="equal", anchor="W")
    ax.set_axis_off()


def remove_frame(ax: Axes, image: Any = None, label: str = "") -> None:
    """No frame and no ticks around a heat map; with a `label` a bar of its colours."""
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    if label:
        ax.figure.colorbar(image, ax=ax, label=label).outline.set_visible(False)

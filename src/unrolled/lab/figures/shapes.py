"""Circles and points from which drawings of networks are made."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Circle

from unrolled.lab.figures import style

RADIUS = 0.34
Point = tuple[float, float]


def draw_node(ax: Axes, at: Point, text: str, colour: str) -> None:
    """A circle with a text in it, such as a state."""
    ax.add_patch(Circle(at, RADIUS, facecolor="white", edgecolor=colour, lw=1.8))
    ax.text(*at, text, ha="center", va="center", color=style.INK, fontsize=11)

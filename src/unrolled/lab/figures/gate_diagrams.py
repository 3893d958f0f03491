"""Drawings of the gated cells: the fused weights, one step of LSTM and of GRU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import Point, hide_axes

_GATE_COLOURS = (style.STATE, style.GRADIENT, style.THIRD, style.FOURTH)
_SMALL = 0.2


def draw_fused(ax: Axes, D: int, H: int) -> None:
    """W_xh, W_hh, b_h and a_t, cut into the blocks i, f, g, o of H columns each."""
    heights = {"$W_{xh}$": D, "$W_{hh}$": H, "$b_h$": 1, "$a_t$": 1}
    y = 0.0
    for name, height in heights.items():
        y -= height
        for k, gate in enumerate("ifgo"):
            _draw_block(ax, (k * H, y), (H, height), _GATE_COLOURS[k], text=gate)
        ax.text(4 * H + 0.3, y + height / 2, name, va="center", fontsize=12)
        sides = {"$W_{xh}$": "D", "$W_{hh}$": "H"}
        ax.text(-0.3, y + height / 2, sides.get(name, ""), ha="right", va="center")
        y -= 0.7 if name == "$b_h$" else 0.35
    for k in range(4):
        ax.text((k + 0.5) * H, 0.2, "H columns", ha="center", fontsize=9)
    ax.set(xlim=(-0.6, 4 * H + 1), ylim=(y, 0.8))
    ax.set_axis_off()
    ax.set_title("Four blocks side by side: one sum makes all four gates")


def _draw_block(ax: Axes, at: Point, size: Point, colour: str, text: str) -> None:
    look: dict[str, Any] = {"facecolor": colour, "alpha": 0.25, "edgecolor": "none"}
    ax.add_patch(Rectangle(at, *size, **look))
    ax.add_patch(Rectangle(at, *size, fill=False, edgecolor=colour, lw=1.5))
    middle = (at[0] + size[0] / 2, at[1] + size[1] / 2)
    ax.text(*middle, text, ha="center", va="center", fontsize=11)


def draw_lstm(ax: Axes) -> None:
    """One step of the LSTM: the cell along the top, the four gates below."""
    _draw_way(ax, [(0, 3), (10, 3)], style.STATE, lw=3)
    _label_ends(ax, ("$c_{t-1}$", "$c_t$"), 3, 10)
    ax.text(-0.15, 0.2, "$x_t,\\ h_{t-1}$", ha="right", va="center")
    ax.text(10.15, 0.9, "$h_t$", va="center", fontsize=12)
    _draw_way(ax, [(0, 0.2), (7.2, 0.2)], style.CONTEXT, head=False)
    for points, colour in _LSTM_WAYS:
        _draw_way(ax, points, colour)
    for at, name, colour in _LSTM_BOXES:
        _draw_gate(ax, at, name, colour)
    for x, y, sign in ((1.8, 3, "×"), (4.5, 3, "+"), (4.5, 2, "×"), (8.6, 0.9, "×")):
        _draw_sign(ax, (x, y), sign)
    hide_axes(ax, (-1.5, 11), (-0.1, 3.5))
    ax.set_title("On its way through a step the cell meets one × and one +")


_LSTM_BOXES = (
    ((1.8, 0.9), "f", style.GRADIENT),
    ((3.6, 0.9), "i", style.STATE),
    ((5.4, 0.9), "g", style.THIRD),
    ((7.2, 0.9), "o", style.FOURTH),
    ((8.6, 2.0), "tanh", style.CONTEXT),
)
_LSTM_WAYS: tuple[tuple[Sequence[Point], str], ...] = (
    *((((x, 0.2), (x, 0.55)), style.CONTEXT) for x in (1.8, 3.6, 5.4, 7.2)),
    (((1.8, 1.25), (1.8, 2.8)), style.GRADIENT),
    (((3.6, 1.25), (3.6, 2.0), (4.3, 2.0)), style.STATE),
    (((5.4, 1.25), (5.4, 2.0), (4.7, 2.0)), style.THIRD),
    (((4.5, 2.2), (4.5, 2.8)), style.STATE),
    (((8.6, 3), (8.6, 2.35)), style.STATE),
    (((8.6, 1.65), (8.6, 1.1)), style.STATE),
    (((7.55, 0.9), (8.4, 0.9)), style.FOURTH),
    (((8.8, 0.9), (10, 0.9)), style.STATE),
)


def draw_gru(ax: Axes) -> None:
    """One step of the GRU: the state along the top, the gates r, z, n below."""
    _draw_way(ax, [(0, 3), (10, 3)], style.STATE, lw=3)
    _label_ends(ax, ("$h_{t-1}$", "$h_t$"), 3, 10)
    ax.text(-0.15, 0.0, "$x_t,\\ h_{t-1}$", ha="right", va="center")
    ax.text(8.0, -0.08, "$x_t$", ha="center", va="top")
    for points, colour in _GRU_WAYS:
        _draw_way(ax, points, colour)
    for at, name, colour in _GRU_BOXES:
        _draw_gate(ax, at, name, colour)
    for x, y, text in ((2.4, 1.78, "$h_{t-1}W_{hn}+b_{hn}$"), (6.4, 2.08, "$1 - z$")):
        ax.text(x, y, text, ha="center", va="bottom", fontsize=9)
    for x, y, sign in ((5, 3, "×"), (8, 3, "+"), (8, 2, "×"), (3.3, 0.9, "×")):
        _draw_sign(ax, (x, y), sign)
    hide_axes(ax, (-1.5, 11), (-0.5, 3.5))
    ax.set_title("z keeps the old and lets in the new, in one")


_GRU_BOXES = (
    ((2.0, 0.9), "r", style.FOURTH),
    ((5.0, 0.9), "z", style.GRADIENT),
    ((8.0, 0.9), "n", style.THIRD),
)
_PAST = ((3.5, 0.9), (4.0, 0.9), (4.0, 0.3), (7.2, 0.3), (7.2, 0.75), (7.65, 0.75))
_GRU_WAYS: tuple[tuple[Sequence[Point], str], ...] = (
    (((0, 0.0), (5.0, 0.0), (5.0, 0.55)), style.CONTEXT),
    *((((x, 0.0), (x, 0.55)), style.CONTEXT) for x in (2.0, 8.0)),
    (((0.8, 3), (0.8, 1.7), (3.3, 1.7), (3.3, 1.1)), style.CONTEXT),
    (((2.35, 0.9), (3.1, 0.9)), style.FOURTH),
    (_PAST, style.CONTEXT),
    (((5.0, 1.25), (5.0, 2.8)), style.GRADIENT),
    (((5.0, 2.0), (7.8, 2.0)), style.GRADIENT),
    (((8.0, 1.25), (8.0, 1.8)), style.THIRD),
    (((8.0, 2.2), (8.0, 2.8)), style.THIRD),
)


def _label_ends(ax: Axes, names: tuple[str, str], y: float, right: float) -> None:
    ax.text(-0.15, y, names[0], ha="right", va="center", fontsize=12)
    ax.text(right + 0.15, y, names[1], ha="left", va="center", fontsize=12)


def _draw_gate(ax: Axes, at: Point, name: str, colour: str) -> None:
    """A box with a gate's letter in it."""
    look: dict[str, Any] = {"boxstyle": "round,pad=0.02", "facecolor": "white"}
    corner = (at[0] - 0.35, at[1] - 0.33)
    ax.add_patch(FancyBboxPatch(corner, 0.7, 0.66, ec=colour, lw=1.8, **look))
    size = 12 if len(name) == 1 else 9
    ax.text(*at, name, ha="center", va="center", fontsize=size)


def _draw_sign(ax: Axes, at: Point, text: str) -> None:
    """A small circle with an operation in it."""
    look: dict[str, Any] = {"facecolor": "white", "edgecolor": style.INK, "lw": 1.3}
    ax.add_patch(Circle(at, _SMALL, zorder=4, **look))
    ax.text(*at, text, ha="center", va="center", zorder=5, fontsize=12)


def _draw_way(
    ax: Axes,
    points: Sequence[Point],
    colour: str,
    *,
    lw: float = 1.6,
    head: bool = True,
) -> None:
    """A line through the points, with an arrow head at its end."""
    xs, ys = zip(*points, strict=True)
    ax.plot(xs, ys, color=colour, lw=lw, ls="-", solid_capstyle="round", zorder=2)
    if head:
        props = {"arrowstyle": "-|>", "color": colour, "lw": lw, "shrinkA": 0}
        props |= {"shrinkB": 0, "mutation_scale": 11}
        way = np.sign(np.subtract(points[-1], points[-2]))
        start = tuple(points[-1] - 0.25 * way)
        ax.annotate("", points[-1], start, arrowprops=props, zorder=3)

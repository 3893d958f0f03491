"""The way forward and the way back through an unfolded network."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import RADIUS, draw_node

_STRIDE = 1.7
_ASIDE = 0.09


def draw_flow(ax: Axes, T: int, k: int) -> None:
    """The unfolded network with the way forward and the way back, cut every k steps."""
    for t in range(T + 1):
        x = t * _STRIDE
        draw_node(ax, (x, 1), f"$h_{t}$", style.STATE if t else style.CONTEXT)
        if t:
            draw_node(ax, (x, 0), f"$x_{t}$", style.CONTEXT)
            draw_node(ax, (x, 2), f"$E_{t}$", style.GRADIENT)
            _draw_forward(ax, (x, 0), (x, 1))
            _draw_forward(ax, (x, 1), (x, 2))
            _draw_backward(ax, (x, 2), (x, 1))
            _draw_forward(ax, (x - _STRIDE, 1), (x, 1))
        if t and ((t - 1) % k or t == 1):
            _draw_backward(ax, (x, 1), (x - _STRIDE, 1))
        elif t:
            middle = x - _STRIDE / 2
            ax.plot([middle, middle], [0.55, 1.45], color=style.CONTEXT, ls=":")
    ax.set(xlim=(-0.7, T * _STRIDE + 0.7), ylim=(-0.5, 2.5), aspect="equal")
    ax.set_axis_off()
    pieces = -(-T // k)
    cuts = "no cut: every error reaches every earlier step"
    if pieces > 1:
        cuts = f"cut every {k}: {pieces} pieces, no error crosses a cut"
    ax.set_title(f"T = {T}, {cuts}")


def _draw_forward(ax: Axes, start: Any, end: Any) -> None:
    _draw_arrow(ax, start, end, {"color": style.STATE, "ls": "-"})


def _draw_backward(ax: Axes, start: Any, end: Any) -> None:
    _draw_arrow(ax, start, end, {"color": style.GRADIENT, "ls": "--"})


def _draw_arrow(ax: Axes, start: Any, end: Any, look: dict[str, Any]) -> None:
    """An arrow between two nodes, a little to its own right: there is one each way."""
    a, b = np.asarray(start, float), np.asarray(end, float)
    along = (b - a) / np.hypot(*(b - a))
    shift = _ASIDE * np.array([along[1], -along[0]])
    props = {"arrowstyle": "->", "lw": 1.5, "shrinkA": 0, "shrinkB": 0, **look}
    ax.annotate(
        "", b - RADIUS * along + shift, a + RADIUS * along + shift, arrowprops=props
    )

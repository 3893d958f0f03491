"""The way back through an unfolded network, with the numbers on its arrows.

Pure functions of what a student's functions returned: nothing is computed here but
widths and words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrow

from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import (
    RADIUS,
    WHITE_BOX,
    Floats,
    Point,
    draw_arrow,
    draw_node,
    hide_axes,
)

_STRIDE = 2.6
_ASIDE = 0.11
_TOP = 2.4
_WIDEST = 0.44
_THINNEST = 0.012


def draw_by_hand(
    ax: Axes,
    states: Sequence[float],
    inputs: Sequence[float],
    outputs: Sequence[float],
    *,
    inside: Sequence[float] | None = None,
    handed: Sequence[float] | None = None,
) -> None:
    """One unit over T steps, each number at its arrow.

    states: h_0 to h_T; inputs x_1 to x_T; outputs: the errors that the outputs send
    to h_1 to h_T. inside: da_1 to da_T; handed: what arrives at h_0 to h_{T-1} from
    the step after. Without them a question mark stands in each place.
    """
    T = len(inputs)
    for t in range(T + 1):
        _draw_column(ax, t, with_error=t > 0)
        _write(ax, f"{states[t]:.3f}", (t * _STRIDE - 0.38, 0.52), style.STATE)
    for t in range(T):
        x = (t + 1) * _STRIDE
        _write(ax, f"{inputs[t]:g}", (x - 0.5, 0.0), style.CONTEXT)
        _write(ax, f"{outputs[t]:g}", (x + 0.36, 1.7), style.GRADIENT)
        back = f"{handed[t]:.3f}" if handed else "?"
        _write(ax, back, (x - _STRIDE / 2, 1.34), style.GRADIENT)
        at_sum = f"{inside[t]:.3f}" if inside else "?"
        _write(ax, f"$da_{t + 1}$ = {at_sum}", (x + 0.95, 0.62), style.GRADIENT)
    told = f"By hand: what belongs in the {2 * T} places?"
    if inside and handed:
        told = _tell_sources(outputs[0], handed[1])
    ax.set_title(told)
    hide_axes(ax, (-0.7, T * _STRIDE + 1.6), (-0.4, _TOP + 0.4))


def draw_error_flow(
    ax: Axes, outputs: Floats, handed: Floats, letters: Sequence[str]
) -> None:
    """Arrows back through time, as wide as the error that they carry.

    outputs (T,): the size of what each output sends to its state; handed (T,): of
    what is handed back to h_0, h_1, ..., each from the step after. One scale for all.
    """
    T = len(outputs)
    widest = max(float(np.max(outputs)), float(np.max(handed))) or 1.0
    for t in range(T + 1):
        _draw_column(ax, t, with_error=t > 0, letter=letters[t - 1] if t else "")
        x = t * _STRIDE
        if t:
            size = float(outputs[t - 1])
            _draw_error(ax, ((x, _TOP), (x, 1)), size / widest)
            _write(ax, _format_size(size), (x + 0.62, 1.7), style.GRADIENT)
            size = float(handed[t - 1])
            _draw_error(ax, ((x, 1), (x - _STRIDE, 1)), size / widest)
            _write(ax, _format_size(size), (x - _STRIDE / 2, 1.42), style.GRADIENT)
    ax.set_title(_tell_flow(outputs, handed))
    hide_axes(ax, (-0.5, T * _STRIDE + 1.1), (-0.4, _TOP + 0.4))


def _tell_flow(outputs: Floats, handed: Floats) -> str:
    """What the picture shows, in a sentence."""
    sent = np.flatnonzero(outputs)
    if not len(sent):
        return "No output sends an error"
    if len(sent) == 1:
        last = int(sent[0])
        left = handed[0] / outputs[last]
        return (
            f"{last + 1} steps back, {left:.2g} of the error of $E_{last + 1}$ is left"
        )
    return _tell_sources(float(outputs[0]), float(handed[1]))


def _tell_sources(own: float, later: float) -> str:
    return f"$h_1$ gets {own:.3f} from its own output and {later:.3f} from later"


def _format_size(size: float) -> str:
    return f"{size:.3f}" if size >= 0.001 else f"{size:.0e}" if size else "0"


def _draw_column(ax: Axes, t: int, *, with_error: bool, letter: str = "") -> None:
    """A state, its input and its error, with the ways forward between them."""
    x = t * _STRIDE
    draw_node(ax, (x, 1), f"$h_{t}$", style.STATE if t else style.CONTEXT)
    if not with_error:
        return
    draw_node(ax, (x, 0), letter or f"$x_{t}$", style.CONTEXT)
    draw_node(ax, (x, _TOP), f"$E_{t}$", style.GRADIENT)
    up, along = ((x, 0.0), (x, 1.0)), ((x - _STRIDE, 1.0), (x, 1.0))
    if letter:  # the way back has the place: the way forward is context
        draw_arrow(ax, up, color=style.CONTEXT, lw=1)
        draw_arrow(ax, _move_aside(along, 0.24), color=style.CONTEXT, lw=1)
        return
    down, back = ((x, _TOP), (x, 1.0)), (along[1], along[0])
    for ends in (up, along, (down[1], down[0])):
        draw_arrow(ax, _move_aside(ends), color=style.STATE)
    for ends in (down, back):
        draw_arrow(ax, _move_aside(ends), color=style.GRADIENT, ls="--")


def _draw_error(ax: Axes, ends: tuple[Point, Point], share: float) -> None:
    """An arrow as wide as its share of the widest; none where there is no error."""
    if share <= 0:
        return
    start, end = (np.asarray(p, float) for p in ends)
    rim = RADIUS * (end - start) / np.hypot(*(end - start))
    width = max(_THINNEST, _WIDEST * share)
    look: dict[str, Any] = {"color": style.GRADIENT, "lw": 0}
    look |= {"head_width": width + 0.12, "head_length": 0.2}
    reach = end - start - 2 * rim
    ax.add_patch(
        FancyArrow(
            *(start + rim), *reach, width=width, length_includes_head=True, **look
        )
    )


def _move_aside(ends: tuple[Point, Point], far: float = _ASIDE) -> tuple[Point, Point]:
    """Both ends a little to the right of the way: there is one each way."""
    along = np.subtract(ends[1], ends[0]) / np.hypot(*np.subtract(ends[1], ends[0]))
    shift = far * np.array([along[1], -along[0]])
    (a, b), (c, d) = (np.add(end, shift) for end in ends)
    return (float(a), float(b)), (float(c), float(d))


def _write(ax: Axes, text: str, at: Point, colour: str) -> None:
    look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 10}
    ax.text(*at, text, color=colour, bbox=WHITE_BOX, **look)

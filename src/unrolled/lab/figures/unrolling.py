"""Figures of the three shapes, and of small networks at work.

None computes a network: what a student's functions return is handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import (
    Floats,
    draw_arrow,
    draw_node,
    hide_axes,
    remove_frame,
    spread_heights,
)

_STRIDE = 1.7
_COLOURS = (style.STATE, style.CONTEXT, style.GRADIENT)
_LINES = ("-", ":", "--")


def draw_shape(ax: Axes, shape: str, T: int) -> None:
    """One of the four ways to unroll, over T steps (T to read and T to write).

    `shape` is "one-to-many", "many-to-one", "many-to-many, in step" or
    "many-to-many, read first".
    """
    reads_first = shape.endswith("read first")
    steps = 2 * T if reads_first else T
    draw_node(ax, (0, 1), "$h_0$", style.CONTEXT)
    for t in range(1, steps + 1):
        draw_node(ax, (t * _STRIDE, 1), f"$h_{{{t}}}$", style.STATE)
        draw_arrow(ax, (((t - 1) * _STRIDE, 1), (t * _STRIDE, 1)), color=style.STATE)
    fed = {"one-to-many": range(1, 2)}.get(shape, range(1, T + 1))
    said = {"many-to-one": range(T, T + 1)}.get(shape, range(1, T + 1))
    said = range(T + 1, steps + 1) if reads_first else said
    for t in fed:
        name = "x" if shape == "one-to-many" else f"x_{{{t}}}"
        draw_node(ax, (t * _STRIDE, 0), f"${name}$", style.CONTEXT)
        draw_arrow(ax, ((t * _STRIDE, 0), (t * _STRIDE, 1)), color=style.STATE)
    for number, t in enumerate(said, 1):
        name = "y" if len(said) == 1 else f"y_{{{number}}}"
        draw_node(ax, (t * _STRIDE, 2), f"${name}$", style.CONTEXT)
        draw_arrow(ax, ((t * _STRIDE, 1), (t * _STRIDE, 2)), color=style.STATE)
    if shape == "one-to-many" or reads_first:
        _feed_back(ax, said, reads_first=reads_first)
    hide_axes(ax, (-0.6, max(steps, 4) * _STRIDE + 0.6), (-0.5, 2.5))
    ax.set_title(f"{shape}: {_describe_shape(shape, T)}")


def _feed_back(ax: Axes, said: range, *, reads_first: bool) -> None:
    """Each output goes in as the next input; after reading, y_0 goes in first."""
    if reads_first:
        x = said[0] * _STRIDE
        draw_node(ax, (x, 0), "$y_0$", style.CONTEXT)
        draw_arrow(ax, ((x, 0), (x, 1)), color=style.STATE)
    for t in said[:-1]:
        ends = (t * _STRIDE, 2), ((t + 1) * _STRIDE, 1)
        draw_arrow(ax, ends, color=style.CONTEXT, ls="--")


def _describe_shape(shape: str, T: int) -> str:
    words = f"{T} inputs" if T > 1 else "1 input"
    many = f"{T} outputs" if T > 1 else "1 output"
    if shape == "one-to-many":
        return f"1 input, {many}"
    return f"{words}, 1 output" if shape == "many-to-one" else f"{words}, {many}"


def draw_opinions(
    ax: Axes, outputs: Floats, words: Sequence[str], verdicts: Sequence[str]
) -> None:
    """Confidences (T, V) after each word, a line for each verdict.

    The title names the surest verdict at the end.
    """
    steps = range(1, len(words) + 1)
    ends = spread_heights(outputs[-1], 0.09)
    for v, verdict in enumerate(verdicts):
        look: dict[str, Any] = {"color": _COLOURS[v], "ls": _LINES[v], "marker": "o"}
        ax.plot(steps, outputs[:, v], ms=4, **look)
        ax.text(len(words) + 0.15, ends[v], verdict, color=_COLOURS[v], va="center")
    ax.set_xticks(steps, words, rotation=30, ha="right")
    ax.set(xlabel="word read", ylabel="confidence", ylim=(-0.05, 1.05))
    ax.set_xlim(0.7, len(words) + 0.2)
    last = outputs[-1]
    ax.set_title(f"In the end: {verdicts[int(last.argmax())]} ({last.max():.2f})")


def draw_states(ax: Axes, h: Floats, words: Sequence[str], title: str) -> None:
    """States `h` (T, H) as a heat map: a column for each word, a row for each unit."""
    image = ax.imshow(h.T, aspect="auto", cmap=style.DIVERGING, vmin=-1, vmax=1)
    ax.set_xticks(range(len(words)), words, rotation=30, ha="right")
    ax.set_yticks([0, h.shape[1] - 1], ["1", str(h.shape[1])])
    ax.set(xlabel="word read", ylabel="unit of the state", title=title)
    remove_frame(ax, image, "value")


def draw_caption(
    ax: Axes, picture: Floats, outputs: Floats, letters: Sequence[str], caption: str
) -> None:
    """A picture (8, 8), and beside it the confidences (T, V) of each letter written."""
    ax.set_axis_off()
    left, right = ax.inset_axes((0, 0.1, 0.3, 0.8)), ax.inset_axes((0.42, 0, 0.58, 1))
    left.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
    left.set(xticks=[], yticks=[], xlabel="the one input")
    image = right.imshow(outputs.T, aspect="auto", vmin=0, vmax=1)
    right.set_yticks(range(len(letters)), letters, fontsize=8)
    right.set_xticks(range(len(outputs)), [str(t + 1) for t in range(len(outputs))])
    right.set(xlabel="output", ylabel="letter")
    remove_frame(right)
    for t, y in enumerate(outputs):
        corner = (t - 0.5, int(np.argmax(y)) - 0.5)
        look: dict[str, Any] = {"fill": False, "edgecolor": style.GRADIENT, "lw": 1.8}
        right.add_patch(Rectangle(corner, 1, 1, **look))
    ax.figure.colorbar(image, ax=ax, label="confidence").outline.set_visible(False)
    ax.set_title(f"It writes “{caption}”")


def draw_translation(
    ax: Axes, states: Floats, source: str, target: str, unit_rows: int = 24
) -> None:
    """States (T, H) while reading `source` and then writing `target` and the end.

    The first `unit_rows` units are shown; a white gap parts reading from writing.
    """
    read, shown = len(source), states[:, :unit_rows]
    gap = np.full((1, shown.shape[1]), np.nan)
    parted = np.concatenate([shown[:read], gap, shown[read:]])
    ax.imshow(parted.T, aspect="auto", cmap=style.DIVERGING, vmin=-1, vmax=1)
    steps = [*source, "", *target]
    steps += ["."] * (len(parted) - len(steps))
    ax.set_xticks(range(len(steps)), steps)
    ax.set_yticks([0, shown.shape[1] - 1], ["1", str(shown.shape[1])])
    ax.set(xlabel="letter read, then letter written", ylabel="unit of the state")
    ax.set_title(f"It reads “{source}” | then it writes “{target}”")
    remove_frame(ax)


def draw_crossing(ax: Axes, pairs: Sequence[tuple[str, str]], order: list[int]) -> None:
    """Parts of a word and of its translation, joined by lines.

    `pairs` are in the order of the original; `order` gives their places in the
    translation.
    """
    for place, (part, other) in enumerate(pairs):
        ax.text(2 * place, 1, part, ha="center", va="bottom", fontsize=13)
        ax.text(2 * order[place], 0, other, ha="center", va="top", fontsize=13)
        ends = [2 * place, 2 * order[place]]
        ax.plot(ends, [0.95, 0.05], color=style.STATE, ls=_LINES[place % 3])
    ax.set(xlim=(-1, 2 * len(pairs) - 1), ylim=(-0.35, 1.35))
    ax.set_axis_off()
    ax.set_title("The last part that is read must be written first")

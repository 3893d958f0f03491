"""Figures of the lesson on the forward pass: pure functions of arrays and sizes.

None computes a network: what a student's functions return is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.path import Path
from numpy.typing import NDArray

from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import (
    Floats,
    Point,
    draw_arrow,
    draw_node,
    hide_axes,
    remove_frame,
    write_label,
)

_STRIDE = 1.6
_LEAST_STEPS = 6
_MOST_NUMBERS = 24


def draw_weights(
    ax: Axes, lengths: Sequence[int], feedforward: Sequence[int], recurrent: int
) -> None:
    """Numbers of parameters over the length T of the sequence, on logarithmic axes.

    `feedforward` holds one number per length, `recurrent` one for all lengths.
    """
    ax.plot(lengths, feedforward, color=style.CONTEXT, linestyle="--")
    ax.plot(lengths, [recurrent] * len(lengths), color=style.STATE, linestyle="-")
    ax.set(xscale="log", yscale="log", xlim=(lengths[0], lengths[-1]))
    ax.set(xlabel="length T of the sequence (letters)", ylabel="number of parameters")
    middle = len(lengths) // 2
    at, name = (
        (lengths[middle], feedforward[middle]),
        "feedforward, all letters at once",
    )
    write_label(ax, name, at, (-6, 4), color=style.CONTEXT, ha="right")
    at, name = (lengths[-1], recurrent), "recurrent, one letter per step"
    write_label(ax, name, at, (-6, 6), color=style.STATE, ha="right")
    ratio = feedforward[-1] / recurrent
    ax.set_title(f"At {lengths[-1]} letters, {ratio:.0f} times as many parameters")


def draw_targets(ax: Axes, text: str) -> None:
    """Each letter of `text` above the letter that follows it.

    A letter with several different followers is marked.
    """
    pairs = list(pairwise(text))
    torn = {a for a, b in pairs if any(a == c and b != d for c, d in pairs)}
    for x, (letter, follower) in enumerate(pairs):
        colour = style.STATE if letter in torn else style.CONTEXT
        draw_node(ax, (x, 1), letter, colour)
        draw_node(ax, (x, 0), follower, colour)
        draw_arrow(ax, ((x, 1), (x, 0)), color=colour)
    for y, word in ((1, "reads"), (0, "should say")):
        ax.text(-0.6, y, word, ha="right", va="center", color=style.INK)
    hide_axes(ax, (-1.8, len(pairs) - 0.5), (-0.5, 1.5))
    named = " and ".join(sorted(torn)) or "no letter"
    ax.set_title(f"Two answers are asked for after the same input: {named}")


def draw_unrolled(ax: Axes, T: int, layers: int = 1) -> None:
    """The network with its loop, and beside it the same network unfolded over T steps.

    `layers` states stand above each other; every layer reads the one below.
    """
    first = 2.2
    _draw_column(ax, 0.0, "", layers)
    ax.text(0.65, 0, "unfold", va="center", color=style.INK)
    draw_arrow(ax, ((1.25, 0.0), (2.35, 0.0)), color=style.CONTEXT)
    for level in range(1, layers + 1):
        _draw_loop(ax, (0.0, level), _format_name("W", "hh", level, layers))
        name = _format_name("h", "0", level, layers)
        draw_node(ax, (first, level), name, style.CONTEXT)
    for t in range(1, T + 1):
        x = first + t * _STRIDE
        _draw_column(ax, x, str(t), layers)
        for level in range(1, layers + 1):
            ends = ((x - _STRIDE, level), (x, level))
            _draw_weights(ax, ends, _format_name("W", "hh", level, layers))
    right = first + max(T, _LEAST_STEPS if layers == 1 else 1) * _STRIDE
    hide_axes(ax, (-1.4, right + 0.6), (-0.4, layers + 1.4))
    states = "1 state" if T * layers == 1 else f"{T * layers} states"
    again = "once" if T == 1 else f"{T} times"
    ax.set_title(f"T = {T}: {states}, and every weight matrix used {again}")


def _draw_column(ax: Axes, x: float, step: str, layers: int) -> None:
    """One time step: input, the states above each other, output."""
    for level in range(1, layers + 1):
        draw_node(ax, (x, level), _format_name("h", step, level, layers), style.STATE)
        ends = ((x, level - 1), (x, level))
        _draw_weights(ax, ends, _format_name("W", "xh", level, layers))
    draw_node(ax, (x, 0), _format_name("x", step), style.CONTEXT)
    draw_node(ax, (x, layers + 1), _format_name("y", step), style.CONTEXT)
    _draw_weights(ax, ((x, layers), (x, layers + 1)), _format_name("W", "hy"))


def _format_name(letter: str, below: str, level: int = 1, layers: int = 1) -> str:
    above = f"^{{{level}}}" if layers > 1 else ""
    return f"${letter}{above}_{{{below}}}$" if below else f"${letter}{above}$"


def _draw_weights(ax: Axes, ends: tuple[Point, Point], label: str) -> None:
    """An arrow between two nodes, and its label beside it."""
    draw_arrow(ax, ends, color=style.STATE)
    x, y = np.mean(ends, axis=0)
    look: dict[str, Any] = {"color": style.STATE, "fontsize": 9}
    if ends[0][0] == ends[1][0]:
        ax.text(x + 0.1, y, label, ha="left", va="center", **look)
    else:
        ax.text(x, y + 0.09, label, ha="center", va="bottom", **look)


def _draw_loop(ax: Axes, at: Point, label: str) -> None:
    """The arrow from a state back to itself."""
    x, y = at
    points = [(-0.24, -0.24), (-1.0, -0.65), (-1.0, 0.65), (-0.24, 0.24)]
    path = Path([(x + dx, y + dy) for dx, dy in points], [1, 4, 4, 4])
    look: dict[str, Any] = {"arrowstyle": "->", "mutation_scale": 10, "lw": 1.5}
    ax.add_patch(FancyArrowPatch(path=path, color=style.STATE, **look))
    ax.text(x - 0.85, y, label, ha="right", va="center", color=style.STATE, fontsize=9)


def draw_states(
    ax: Axes, h: Floats, letters: Sequence[str], title: str, *, bar: bool = True
) -> None:
    """Hidden states `h` (T, H) as a heat map: a column per letter, a row per unit.

    Colours run from -1 to 1; the numbers stand in the cells where there is room.
    """
    image = ax.imshow(h.T, aspect="auto", cmap=style.DIVERGING, vmin=-1, vmax=1)
    for (row, column), value in np.ndenumerate(h.T):
        if h.size <= _MOST_NUMBERS:
            colour = "white" if abs(value) > 0.6 else style.INK
            where = {"ha": "center", "va": "center"}
            ax.text(column, row, f"{value:.3f}", where, color=colour)
    ax.set_xticks(range(len(letters)), letters)
    units = range(h.shape[1])
    ax.set_yticks(units, [str(unit + 1) for unit in units])
    ax.set(xlabel="letter", ylabel="hidden unit", title=title)
    remove_frame(ax, image, "value of the unit" if bar else "")


def draw_probabilities(
    ax: Axes, probabilities: Floats, text: str, vocabulary: Sequence[str]
) -> None:
    """Probabilities (T, V) of the next letter after each letter of `text`.

    A dashed box marks the letter that really follows.
    """
    seen = text[: len(probabilities)]
    image = ax.imshow(probabilities.T, vmin=0, vmax=1, aspect="auto")
    ax.set_xticks(range(len(seen)), [f"after {c}" for c in seen])
    ax.set_yticks(range(len(vocabulary)), vocabulary)
    for (row, column), p in np.ndenumerate(probabilities.T):
        colour = style.INK if p > 0.6 else "white"
        ax.text(column, row, f"{p:.2f}", ha="center", va="center", color=colour)
    look: dict[str, Any] = {"fill": False, "edgecolor": "white", "linestyle": "--"}
    for t, follower in enumerate(text[1 : len(probabilities) + 1]):
        corner = (t - 0.46, vocabulary.index(follower) - 0.44)
        ax.add_patch(Rectangle(corner, 0.92, 0.88, lw=2, **look))
    said = ", ".join(vocabulary[k] for k in probabilities.argmax(axis=1))
    ax.set(ylabel="next letter", title=f"The most probable letter, in turn: {said}")
    remove_frame(ax, image, "probability")


def draw_bars(
    ax: Axes,
    values: Floats,
    vocabulary: Sequence[str],
    title: str,
    label: str = "probability",
    right: str = "",
) -> None:
    """One number per letter (V,) as bars; the bar of the `right` letter is marked."""
    bars = ax.bar(vocabulary, values, color=style.STATE, width=0.6)
    labels = [f"{value:.3f}" for value in values]
    if right:
        spot = vocabulary.index(right)
        labels[spot] += "\nright answer"
        bars[spot].set(facecolor="white", edgecolor=style.STATE, lw=2, hatch="//")
    ax.bar_label(bars, labels, padding=2)
    ax.set(xlabel="next letter", ylabel=label, title=title)
    ax.set_ylim(0, 1.25 * float(values.max()))


def draw_runs(ax: Axes, runs: Floats) -> None:
    """The first unit of two runs (2, T, H) over time: one broad, the other dashed.

    The title says how often the states are apart: by over 0.05 in some unit.
    """
    steps = np.arange(1, runs.shape[1] + 1)
    ax.plot(steps, runs[0, :, 0], color=style.STATE, linestyle="-", lw=4, alpha=0.5)
    ax.plot(steps, runs[1, :, 0], color=style.INK, linestyle="--", lw=1.4)
    apart = int((np.abs(runs[0] - runs[1]).max(axis=-1) > 0.05).sum())
    ax.set_title(f"The states are apart at {apart} of {len(steps)} steps")
    ax.set(xlabel="step t", ylabel="value of unit 1", ylim=(-1.1, 1.1))


def draw_gaps(ax: Axes, gaps: Mapping[float, Floats], title: str) -> None:
    """Distance between the states of two runs over time, one curve (T,) per scale.

    A distance of 0 is drawn at 1e-17, which is below the rounding of floats.
    """
    colours = (style.CONTEXT, style.THIRD, style.STATE, style.FOURTH, style.INK)
    lowest = -np.inf
    order = sorted(gaps, key=lambda scale: float(gaps[scale][-1]))
    for scale, colour in zip(order, colours, strict=False):
        gap = np.maximum(gaps[scale], 1e-17)
        steps = np.arange(1, len(gap) + 1)
        ax.semilogy(steps, gap, color=colour, linestyle="-")
        lowest = max(float(np.log10(gap[-1])), lowest + 1)  # labels a decade apart
        at = (float(steps[-1]), 10.0**lowest)
        write_label(ax, f"scale {scale:g}", at, (5, -3), color=colour)
    ax.set(xlabel="step t", ylabel="distance of the two states", title=title)
    ax.margins(x=0.02)


def draw_memory(
    ax: Axes, scales: Sequence[float], right: Floats, *, chance: float
) -> None:
    """How often a letter is told, (scales, steps), as a heat map from chance to 1.

    In each row, a white line ends the steps at which it is told in more than half of
    the cases.
    """
    image = ax.imshow(right, vmin=chance, vmax=1, aspect="auto")
    for row, shares in enumerate(right):
        reach = _count_first(shares > 0.5) - 0.5
        ax.plot([reach, reach], [row - 0.5, row + 0.5], color="white", ls="-", lw=2.5)
    ax.set_yticks(range(len(scales)), [f"{scale:g}" for scale in scales])
    ax.set(xlabel="letters read since the first", ylabel="scale")
    ax.set_xlim(-0.5, right.shape[1] - 0.5)
    most = max(_count_first(shares > 0.5) - 1 for shares in right)
    letters = "letter" if most == 1 else "letters"
    ax.set_title(f"More than half right: up to {most} {letters}")
    remove_frame(ax, image, "first letter told")


def _count_first(held: NDArray[np.bool_]) -> int:
    """How many values are true before the first that isn't."""
    return int(np.argmin(held)) if not held.all() else len(held)

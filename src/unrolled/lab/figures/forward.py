"""Figures of the lesson on the forward pass: pure functions of arrays and sizes.

None computes a network: what a student's functions return is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle
from numpy.typing import NDArray

from unrolled.lab import style

Floats = NDArray[np.floating[Any]]
Point = tuple[float, float]

_RADIUS = 0.34
_STRIDE = 1.75
_MOST_NUMBERS = 40
_MOST_LABELS = 5


def draw_weights(
    ax: Axes, lengths: Sequence[int], feedforward: Sequence[int], recurrent: int
) -> None:
    """Numbers of weights, over the length T of the sequence; the axes are logarithmic.

    `feedforward` holds one number per length, `recurrent` one for all lengths.
    """
    ax.plot(lengths, feedforward, color=style.CONTEXT, linestyle="--")
    ax.plot(lengths, [recurrent] * len(lengths), color=style.STATE, linestyle="-")
    ax.set(xscale="log", yscale="log", xlim=(lengths[0], lengths[-1]))
    ax.set(xlabel="length T of the sequence (letters)", ylabel="number of weights")
    middle = len(lengths) // 2
    at = (lengths[middle], feedforward[middle])
    words = {"textcoords": "offset points", "xytext": (-6, 6), "ha": "right"}
    ax.annotate("feedforward, T inputs side by side", at, color=style.CONTEXT, **words)
    at = (lengths[-1], recurrent)
    words["xytext"] = (-6, -14)
    ax.annotate("recurrent, one letter per step", at, color=style.STATE, **words)
    ratio = feedforward[-1] / recurrent
    ax.set_title(f"At {lengths[-1]} letters, {ratio:.0f} times as many weights")


def draw_targets(ax: Axes, text: str) -> None:
    """Each letter of `text` above the letter that follows it.

    A letter with several different followers is marked.
    """
    pairs = list(pairwise(text))
    torn = {a for a, b in pairs if any(a == c and b != d for c, d in pairs)}
    for x, (letter, follower) in enumerate(pairs):
        colour = style.GRADIENT if letter in torn else style.CONTEXT
        _node(ax, (x, 1), letter, colour)
        _node(ax, (x, 0), follower, colour)
        _arrow(ax, ((x, 1), (x, 0)), colour)
    for y, word in ((1, "reads"), (0, "should say")):
        ax.text(-0.6, y, word, ha="right", va="center", color=style.INK)
    _bare(ax, (-1.8, len(pairs) - 0.5), (-0.5, 1.5))
    named = " and ".join(sorted(torn)) or "no letter"
    ax.set_title(f"Two answers are asked for after the same input: {named}")


def draw_unrolled(ax: Axes, T: int, layers: int = 1) -> None:
    """The network with its loop, and beside it the same network unfolded over T steps.

    `layers` states stand above each other; every layer reads the one below.
    """
    _column(ax, 0.0, "", layers)
    for level in range(1, layers + 1):
        _loop(ax, (0.0, float(level)))
    first = 2.2
    ax.annotate(
        "unfold",
        xy=(first - 0.15, 0.0),
        xytext=(0.75, 0.0),
        va="center",
        arrowprops={"arrowstyle": "->", "color": style.CONTEXT},
    )
    for level in range(1, layers + 1):
        _node(ax, (first, level), _name("h", "0", level, layers), style.CONTEXT)
    for t in range(1, T + 1):
        x = first + t * _STRIDE
        _column(ax, x, str(t), layers, labelled=t <= _MOST_LABELS)
        for level in range(1, layers + 1):
            label = "$W_{hh}$" if layers == 1 else f"$W_{{hh}}^{{{level}}}$"
            ends = ((x - _STRIDE, float(level)), (x, float(level)))
            _arrow(ax, ends, style.STATE, label)
    _bare(ax, (-1.3, first + (T + 0.6) * _STRIDE), (-0.5, layers + 1.6))
    again = "once" if T == 1 else f"{T} times"
    ax.set_title(f"T = {T}: {T * layers} states, and every weight matrix used {again}")


def _column(ax: Axes, x: float, step: str, layers: int, labelled: bool = True) -> None:
    """One time step: input, the states above each other, output."""
    _node(ax, (x, 0), _name("x", step), style.CONTEXT)
    for level in range(1, layers + 1):
        _node(ax, (x, level), _name("h", step, level, layers), style.STATE)
        label = "$W_{xh}$" if layers == 1 else f"$W_{{xh}}^{{{level}}}$"
        ends = ((x, level - 1.0), (x, float(level)))
        _arrow(ax, ends, style.STATE, label if labelled else "")
    _node(ax, (x, layers + 1), _name("y", step), style.CONTEXT)
    ends = ((x, float(layers)), (x, layers + 1.0))
    _arrow(ax, ends, style.STATE, "$W_{hy}$" if labelled else "")


def _name(letter: str, step: str, level: int = 1, layers: int = 1) -> str:
    above = f"^{{{level}}}" if layers > 1 else ""
    return f"${letter}{above}_{{{step}}}$" if step else f"${letter}{above}$"


def _node(ax: Axes, at: Point, text: str, colour: str) -> None:
    ax.add_patch(Circle(at, _RADIUS, facecolor="white", edgecolor=colour, lw=1.8))
    ax.text(*at, text, ha="center", va="center", color=style.INK, fontsize=11)


def _arrow(ax: Axes, ends: tuple[Point, Point], colour: str, label: str = "") -> None:
    """An arrow between the rims of two nodes, its label beside it."""
    start, end = (np.asarray(p, float) for p in ends)
    rim = _RADIUS * (end - start) / np.hypot(*(end - start))
    props = {"arrowstyle": "->", "color": colour, "shrinkA": 0, "shrinkB": 0, "lw": 1.5}
    ax.annotate("", end - rim, start + rim, arrowprops=props)
    upright = start[0] == end[0]
    x, y = (start + end) / 2 + ((0.07, 0.0) if upright else (0.0, 0.07))
    where = {"ha": "left", "va": "center"} if upright else {"ha": "center"}
    ax.text(x, y, label, color=colour, fontsize=9, **where)


def _loop(ax: Axes, at: Point) -> None:
    """The arrow from a state back to itself."""
    x, y = at
    rim = _RADIUS * np.array([-0.64, 0.77])
    ax.add_patch(
        FancyArrowPatch(
            (x + rim[0], y - rim[1]),
            (x + rim[0], y + rim[1]),
            connectionstyle="arc3,rad=-1.6",
            arrowstyle="->",
            mutation_scale=10,
            color=style.STATE,
            lw=1.5,
        )
    )
    ax.text(x - 0.72, y, "$W_{hh}$", ha="right", va="center", color=style.STATE)


def _bare(ax: Axes, x: Point, y: Point) -> None:
    ax.set(xlim=x, ylim=y, aspect="equal")
    ax.set_axis_off()


def draw_states(ax: Axes, h: Floats, letters: Sequence[str], title: str) -> None:
    """Hidden states `h` (T, H) as a heat map: a column per letter, a row per unit.

    Colours run from -1 to 1; the numbers stand in the cells where there is room.
    """
    limits = {"cmap": style.DIVERGING, "vmin": -1, "vmax": 1}
    image = ax.imshow(h.T, aspect="auto", **limits)
    _label_cells(ax, h.T, dark=0.6)
    ax.set_xticks(range(len(letters)), letters)
    units = range(0, h.shape[1], max(1, h.shape[1] // 8))
    ax.set_yticks(units, [str(unit + 1) for unit in units])
    ax.set(ylabel="hidden unit", title=title)
    _colour_bar(ax, image, "value of the unit")


def _label_cells(ax: Axes, values: Floats, dark: float) -> None:
    """Writes the numbers into few cells; white on cells beyond `dark`."""
    if values.size > _MOST_NUMBERS:
        return
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if abs(value) > dark else style.INK
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour)


def _colour_bar(ax: Axes, image: Any, label: str) -> None:
    bar = ax.figure.colorbar(image, ax=ax, label=label)
    bar.outline.set_visible(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


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
    look = {"fill": False, "edgecolor": "white", "linestyle": "--", "lw": 2}
    for t, follower in enumerate(text[1 : len(probabilities) + 1]):
        corner = (t - 0.46, vocabulary.index(follower) - 0.44)
        ax.add_patch(Rectangle(corner, 0.92, 0.88, **look))
    said = {vocabulary[k] for k in probabilities.argmax(axis=1)}
    ax.set(ylabel="next letter")
    ax.set_title(f"The largest probability is always that of: {', '.join(said)}")
    _colour_bar(ax, image, "probability")


def draw_bars(
    ax: Axes, probabilities: Floats, vocabulary: Sequence[str], right: str, title: str
) -> None:
    """Probabilities (V,) of the next letter as bars; the `right` letter is named."""
    bars = ax.bar(vocabulary, probabilities, color=style.STATE, width=0.6)
    labels = [f"{p:.3f}" for p in probabilities]
    spot = vocabulary.index(right)
    labels[spot] += "\nright answer"
    bars[spot].set(facecolor="white", edgecolor=style.STATE, lw=2, hatch="//")
    ax.bar_label(bars, labels, padding=2)
    ax.set(xlabel="next letter", ylabel="probability", title=title)
    ax.set_ylim(0, 1.25 * float(probabilities.max()))


def draw_runs(ax: Axes, runs: Floats, title: str, units: int = 3) -> None:
    """Some hidden units of two runs (2, T, H) over time: one solid, the other dashed."""
    steps = np.arange(1, runs.shape[1] + 1)
    colours = (style.STATE, style.THIRD, style.FOURTH)
    for unit, colour in zip(range(units), colours, strict=False):
        ax.plot(steps, runs[0, :, unit], color=colour, linestyle="-", lw=1.4)
        ax.plot(steps, runs[1, :, unit], color=colour, linestyle="--", lw=1.4)
    ax.set(xlabel="step t", ylabel=f"values of {units} units", title=title)
    ax.set(ylim=(-1.1, 1.1), xlim=(1, steps[-1]))


def draw_gaps(ax: Axes, gaps: Mapping[float, Floats], title: str) -> None:
    """Distance between the states of two runs over time, one curve (T,) per scale."""
    colours = (style.CONTEXT, style.THIRD, style.STATE, style.FOURTH, style.INK)
    for (scale, gap), colour in zip(gaps.items(), colours, strict=False):
        steps = np.arange(1, len(gap) + 1)
        seen = gap > 0
        ax.semilogy(steps[seen], gap[seen], color=colour, linestyle="-")
        end = (steps[seen][-1], gap[seen][-1])
        words = {"textcoords": "offset points", "xytext": (5, 0), "va": "center"}
        ax.annotate(f"scale {scale:g}", end, color=colour, **words)
    ax.set(xlabel="step t", ylabel="distance of the two states", title=title)
    ax.margins(x=0.02)

"""Figures of the lesson on gates: pure functions of arrays and words.

None computes a gate: what a student's functions return is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from unrolled.lab.figures import style
from unrolled.lab.figures.gate_rows import draw_inside as draw_inside
from unrolled.lab.figures.gate_rows import draw_rows as draw_rows

Floats = NDArray[np.floating[Any]]
Point = tuple[float, float]

_COLOURS = (style.STATE, style.GRADIENT, style.THIRD, style.CONTEXT, style.FOURTH)
_LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)))
_BY_CELL = {"plain": style.CONTEXT, "LSTM": style.STATE, "GRU": style.THIRD}


def _add_label(
    ax: Axes,
    at: Point,
    text: str,
    colour: str,
    move: Point = (5, 0),
    side: str = "left",
) -> None:
    """A direct label beside what it names, `move` points away."""
    places: dict[str, Any] = {"textcoords": "offset points", "xytext": move}
    ax.annotate(text, at, color=colour, ha=side, va="center", **places)


def draw_leaks(ax: Axes, high: Mapping[str, Floats], low: Mapping[str, Floats]) -> None:
    """A unit's state (T + 1,) over the steps, per weight, from two starting values."""
    for k, name in enumerate(high):
        ax.plot(high[name], color=_COLOURS[k], linestyle="-")
        ax.plot(low[name], color=_COLOURS[k], linestyle="--")
        end = float(high[name][-1])
        text = f"{name}: ends at {end:.2f}"
        _add_label(ax, (len(high[name]) - 1, end), text, _COLOURS[k])
    steps = len(next(iter(high.values()))) - 1
    ax.set(xlabel="steps", ylabel="state", xlim=(0, 1.42 * steps), ylim=(-0.06, 0.78))
    ax.set_xticks(range(0, steps + 1, 50))
    starts = [float(next(iter(runs.values()))[0]) for runs in (high, low)]
    ax.set_title(
        f"None of {len(high)} weights keeps both {starts[0]:g} and {starts[1]:g}"
    )


def draw_cells(
    ax: Axes, words: Sequence[str], cells: Mapping[str, Floats], at: str
) -> None:
    """Cells (T, 1) over the words, read as years; the title tells those at a word."""
    steps, place = range(len(words)), list(words).index(at)
    read = {name: 2000 + 20 * np.asarray(cell)[:, 0] for name, cell in cells.items()}
    for k, years in enumerate(read.values()):
        ax.step(steps, years, where="post", color=_COLOURS[k], ls=_LINES[k])
        ax.plot(steps, years, "o", color=_COLOURS[k], ms=4)
    ends = {
        f"{name}: {years[-1]:.0f}": float(years[-1]) for name, years in read.items()
    }
    _label_ends(ax, len(words) - 0.75, ends, _COLOURS, apart=1.1)
    ax.set_xticks(steps, list(words))
    ax.set_xlim(-0.3, len(words) + 2.6)
    ax.set(xlabel="word read", ylabel="year in the memory\n(2000 if empty)")
    ax.margins(y=0.12)
    told = [f"{years[place]:.0f} ({name})" for name, years in read.items()]
    ax.set_title(f"After “{at}” the memory says {', '.join(told)}")


def draw_sweep(ax: Axes, inputs: Floats, four: Sequence[Floats]) -> None:
    """The gates i, f, g, o of one unit, (K,) each, over K inputs."""
    for k, (name, gate) in enumerate(zip("ifgo", four, strict=True)):
        ax.plot(inputs, gate, color=_COLOURS[k], linestyle=_LINES[k])
        middle = (float(np.max(gate)) + float(np.min(gate))) / 2
        level = middle + 0.3 * (float(np.max(gate)) - float(np.min(gate)))
        place = int(np.argmin(np.abs(np.asarray(gate) - level)))
        at = (float(inputs[place]), float(gate[place]))
        _add_label(ax, at, name, _COLOURS[k], move=(-7, 4), side="right")
    ax.axhline(0, color=style.CONTEXT, lw=0.8)
    ax.set(xlabel="input", ylabel="gate", ylim=(-1.08, 1.08))
    ax.set_title("The same input, another answer from each gate")


def draw_step(ax: Axes, before: Floats, cell: Floats, shown: Floats) -> None:
    """The new cell and what is shown of it, (K,) each, over the old cell."""
    ax.plot(before, cell, color=style.STATE)
    ax.plot(before, shown, color=style.GRADIENT, linestyle="--")
    right = len(before) - 1
    for name, values, colour in (
        ("new cell $c_t$", cell, style.STATE),
        ("shown, $h_t$", shown, style.GRADIENT),
    ):
        _add_label(ax, (float(before[right]), float(values[right])), name, colour)
    ax.set(xlabel="old cell", ylabel="after the step")
    ax.set_xlim(float(before[0]), float(before[-1]) * 1.65)
    most, seen = float(np.abs(cell).max()), float(np.abs(shown).max())
    ax.set_title(f"The cell reaches {most:.3g}, what is shown of it {seen:.3g}")


def draw_kept(ax: Axes, kept: Floats, forget_bias: float) -> None:
    """What is left (T + 1,) of a cell of 1 over the steps, and its half-life."""
    ax.plot(kept, color=style.STATE)
    ax.axhline(0.5, color=style.CONTEXT, ls=":", lw=1)
    below = np.flatnonzero(np.asarray(kept) < 0.5)
    half = (
        f"half is gone at step {below[0]}" if below.size else "more than half is left"
    )
    ax.set(xlabel="steps", ylabel="left of the value", ylim=(-0.04, 1.06))
    ax.set_title(f"bias {forget_bias:g}: {half}", fontsize=10)


def draw_passes(ax: Axes, gate: Floats, arrives: Floats) -> None:
    """The error that arrives at the cell before, (H,), over the forget gate (H,)."""
    ax.bar(gate, arrives, width=0.07, color=style.GRADIENT)
    ax.plot([0, 1], [0, 1], color=style.CONTEXT, ls=":", lw=1.2)
    ax.set(xlabel="forget gate f", ylabel="error that arrives")
    off = float(np.abs(np.asarray(arrives) - gate).max())
    same = "exactly" if off < 1e-12 else "not"
    ax.set_title(f"What arrives is {same} the share f (dotted)")


def draw_ways_back(ax: Axes, ways: Mapping[str, Sequence[float]]) -> None:
    """Sizes of the error at 1 to T steps back, per network, on a logarithmic axis."""
    colours = (style.CONTEXT, style.STATE, style.THIRD, style.GRADIENT)
    T = len(next(iter(ways.values())))
    for k, sizes in enumerate(ways.values()):
        ax.plot(range(1, T + 1), sizes, color=colours[k], linestyle=_LINES[k])
    for k, (name, sizes) in enumerate(ways.items()):
        _add_label(ax, (T, float(sizes[-1])), name, colours[k])
    ax.set(yscale="log", xlabel="steps back", ylabel="size of the error")
    ax.set_xlim(0, 1.3 * T)
    ax.set_xticks(range(0, T + 1, 20))
    best = max(ways, key=lambda name: ways[name][-1])
    ax.set_title(
        f"{T} steps back, the error is largest in {best}: {ways[best][-1]:.2g}"
    )


def draw_blend(ax: Axes, gate: Floats, state: Floats, old: float, new: float) -> None:
    """The new state (K,) over the update gate (K,), between candidate and old state."""
    ax.plot(gate, state, color=style.STATE)
    for value, name in ((old, "old state"), (new, "candidate")):
        ax.axhline(value, color=style.CONTEXT, ls=":", lw=1)
        _add_label(
            ax,
            (0.5, value),
            f"{name} {value:g}",
            style.CONTEXT,
            move=(0, 8),
            side="center",
        )
    ax.set(xlabel="update gate z", ylabel="new state", ylim=(new - 0.2, old + 0.3))
    ends = f"{float(state[0]):.2g} at z = 0, {float(state[-1]):.2g} at z = 1"
    ax.set_title(f"The new state: {ends}")


def draw_counts(ax: Axes, counts: Mapping[str, int]) -> None:
    """Numbers of parameters of each kind of cell, as bars from top to bottom."""
    names, values = list(counts), list(counts.values())
    places = range(len(names))
    ax.barh(places, values, color=style.STATE, height=0.55)
    for place, value in zip(places, values, strict=True):
        times = f", {value / values[0]:.2f} times {names[0]}" if place else ""
        _add_label(ax, (value, place), f"{value:,.0f}{times}", style.INK)
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.set(xlabel="parameters of one layer", xlim=(0, max(values) * 1.55))
    ax.set_title(
        f"{names[-1]}: {values[-1] / values[0]:.2f} times as many as {names[0]}"
    )


def draw_recall(
    ax: Axes, ks: Sequence[int], curves: Mapping[str, Sequence[float]], chance: float
) -> None:
    """Accuracies over the distance k, a curve per network, named "LSTM, ..." etc.

    Curves of one kind of cell share their colour; the second one is dashed.
    """
    seen: dict[str, int] = {}
    for name, curve in curves.items():
        kind = name.split(",")[0]
        turn = seen[kind] = seen.get(kind, -1) + 1
        ax.plot(ks, curve, "os"[turn], color=_BY_CELL[kind], ls=_LINES[turn])
    ends = {name: float(curve[-1]) for name, curve in curves.items()}
    colours = [_BY_CELL[name.split(",")[0]] for name in curves]
    _label_ends(ax, ks[-1] * 1.12, ends, colours, apart=0.085)
    ax.plot([ks[0], ks[-1]], [chance] * 2, color=style.CONTEXT, ls=":", lw=1)
    _add_label(ax, (ks[0], chance), "guessing", style.CONTEXT, move=(0, -8))
    ax.set(xscale="log", xlabel="the year stands k words back", ylim=(0, 1.16))
    ax.set_ylabel("share of right answers")
    ax.set_xticks(list(ks), [str(k) for k in ks])
    ax.minorticks_off()
    ax.set_xlim(ks[0] * 0.9, ks[-1] * 4.2)
    good = [name for name, curve in curves.items() if curve[-1] > 0.9]
    told = " and ".join(good) if good else "none"
    ax.set_title(f"Right over 9 times in 10 at {ks[-1]} words: {told}", fontsize=10)


def _label_ends(
    ax: Axes, x: float, ends: Mapping[str, float], colours: Sequence[str], apart: float
) -> None:
    """The names at the ends of curves, pushed apart where they would meet."""
    colour = dict(zip(ends, colours, strict=False))
    y = -np.inf
    for name in sorted(ends, key=lambda name: ends[name]):
        y = max(y + apart, ends[name])
        ax.text(x, y, name, color=colour[name], va="center")

"""Figures of the lesson on gates: curves, and coloured rows over the words of a text.

None computes a gate: what a student's functions return is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import Floats, spread_heights, write_label

_COLOURS = (style.STATE, style.GRADIENT, style.THIRD, style.CONTEXT, style.FOURTH)
_LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)))
MEANING = {
    "i": "input gate i",
    "f": "forget gate f",
    "g": "candidate g",
    "o": "output gate o",
    "c": "cell c",
    "h": "state h",
}
_SIGNED = "gch"
_MOST_NUMBERS = 14
_SHUT = 0.25
_BY_CELL = {"plain": style.CONTEXT, "LSTM": style.STATE, "GRU": style.THIRD}


def draw_leaks(ax: Axes, high: Mapping[str, Floats], low: Mapping[str, Floats]) -> None:
    """A unit's state (T + 1,) over the steps, per weight, from two starting values."""
    for k, name in enumerate(high):
        ax.plot(high[name], color=_COLOURS[k], linestyle="-")
        ax.plot(low[name], color=_COLOURS[k], linestyle="--")
        end = float(high[name][-1])
        at, look = (len(high[name]) - 1, end), {"va": "center", "color": _COLOURS[k]}
        write_label(ax, f"{name}: ends at {end:.2f}", at, (5, 0), **look)
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
        look = {"ha": "right", "va": "center", "color": _COLOURS[k]}
        write_label(ax, name, (inputs[place], gate[place]), (-7, 4), **look)
    ax.axhline(0, color=style.CONTEXT, lw=0.8)
    ax.set(xlabel="input", ylabel="gate", ylim=(-1.08, 1.08))
    ax.set_title("The same input, another answer from each gate")


def draw_step(ax: Axes, before: Floats, cell: Floats, shown: Floats) -> None:
    """The new cell and what is shown of it, (K,) each, over the old cell."""
    ax.plot(before, cell, color=style.STATE)
    ax.plot(before, shown, color=style.GRADIENT, linestyle="--")
    for name, end, colour in (
        ("new cell $c_t$", cell[-1], style.STATE),
        ("shown, $h_t$", shown[-1], style.GRADIENT),
    ):
        write_label(ax, name, (before[-1], end), (5, 0), va="center", color=colour)
    ax.set(xlabel="old cell", ylabel="after the step")
    ax.set_xlim(float(before[0]), float(before[-1]) * 1.65)
    most, seen = float(np.abs(cell).max()), float(np.abs(shown).max())
    ax.set_title(f"The cell reaches {most:.3g}, what is shown of it {seen:.3g}")


def draw_kept(ax: Axes, kept: Floats, forget_bias: float) -> None:
    """What is left (T + 1,) of a cell of 1 over the steps, and its half-life."""
    ax.plot(kept, color=style.STATE)
    ax.axhline(0.5, color=style.CONTEXT, ls=":", lw=1)
    halved = np.flatnonzero(np.asarray(kept) <= 0.5 + 1e-9)  # exactly half counts
    half = "more than half is left"
    if halved.size:
        steps = "1 step" if halved[0] == 1 else f"{halved[0]} steps"
        half = f"half is gone after {steps}"
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
    for k, (name, sizes) in enumerate(ways.items()):
        ax.plot(range(1, T + 1), sizes, color=colours[k], linestyle=_LINES[k])
        write_label(ax, name, (T, sizes[-1]), (5, 0), va="center", color=colours[k])
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
        look = {"ha": "center", "va": "center", "color": style.CONTEXT}
        write_label(ax, f"{name} {value:g}", (0.5, value), (0, 8), **look)
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
        look = {"va": "center", "color": style.INK}
        write_label(ax, f"{value:,.0f}{times}", (value, place), (5, 0), **look)
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
    look = {"va": "center", "color": style.CONTEXT}
    write_label(ax, "guessing", (ks[0], chance), (0, -8), **look)
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
    heights = spread_heights(list(ends.values()), apart)
    for name, height, colour in zip(ends, heights, colours, strict=False):
        ax.text(x, height, name, color=colour, va="center")


def draw_inside(
    ax: Axes, seen: Mapping[str, Floats], words: Sequence[str], unit: int
) -> None:
    """All gates, cell and state of one unit: a row for each, a column for each word.

    `seen` holds (T, H) for each of i, f, g, o, c, h.
    """
    rows = [(MEANING[name], name, seen[name][:, unit]) for name in MEANING]
    _draw_heat(ax, rows, words)
    ax.set_title(f"Unit {unit + 1} {_describe_dropped(seen['f'][:, unit], words)}")


def draw_rows(
    ax: Axes, values: Floats, words: Sequence[str], name: str, title: str
) -> None:
    """One gate, its letter being `name`, of all units: values (T, H) in H rows."""
    rows = [(f"{k + 1}", name, values[:, k]) for k in range(values.shape[1])]
    _draw_heat(ax, rows, words)
    key = "red above 0, blue below" if name in _SIGNED else "yellow 1, violet 0"
    ax.set(ylabel="unit", title=f"{title} ({key})")


def _describe_dropped(gate: Floats, words: Sequence[str]) -> str:
    """At which words the forget gate is nearly closed, each word told once."""
    shut = [word for word, f in zip(words, gate, strict=True) if f < _SHUT]
    told = ", ".join(f"“{word}”" for word in dict.fromkeys(shut))
    return f"drops what it held at {told}" if shut else "never drops what it holds"


def _draw_heat(
    ax: Axes, rows: Sequence[tuple[str, str, Floats]], words: Sequence[str]
) -> None:
    """Coloured cells: viridis from 0 to 1 for gates, diverging for signed rows."""
    top = max((float(np.abs(v).max()) for _, n, v in rows if n in _SIGNED), default=1.0)
    picture = np.array(
        [_choose_colours(name, values, max(top, 1.0)) for _, name, values in rows]
    )
    ax.imshow(picture, aspect="auto", interpolation="nearest")
    if len(words) <= _MOST_NUMBERS and len(rows) <= 8:
        for y, (_, _, values) in enumerate(rows):
            for x, value in enumerate(values):
                _draw_number(ax, (x, y), float(value), picture[y, x])
    ax.set_xticks(range(len(words)), list(words))
    if len(words) > 9:
        ax.tick_params("x", labelrotation=60)
    ax.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    ax.set_xlabel("word read")


def _choose_colours(name: str, values: Floats, top: float) -> Any:
    """RGB of one row (T,): signed rows share their limit `top`."""
    if name in _SIGNED:
        return colormaps[style.DIVERGING]((np.asarray(values) / top + 1) / 2)[:, :3]
    return colormaps[style.SEQUENTIAL](np.clip(values, 0, 1))[:, :3]


def _draw_number(ax: Axes, at: tuple[int, int], value: float, colour: Any) -> None:
    light = float(np.dot(colour, (0.299, 0.587, 0.114))) > 0.55
    text = f"{value:.2f}".replace("-0.00", "0.00")
    ink = "black" if light else "white"
    ax.text(*at, text, ha="center", va="center", fontsize=8, color=ink)

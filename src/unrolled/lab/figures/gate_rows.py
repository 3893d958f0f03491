"""Gates, cells and states as coloured rows over the words of a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from numpy.typing import NDArray

from unrolled.lab.figures import style

Floats = NDArray[np.floating[Any]]

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

"""Text itself as a heat map: a colour behind each character."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from unrolled.lab.figures import style
from unrolled.lab.figures.characters import make_visible

WIDTH = 60
_GROW = 1.9


def draw_heat(
    ax: Axes, text: str, values: Sequence[float], said: str, width: int = WIDTH
) -> None:
    """Each character of `text` on a colour for its value (len(text),), from 0 up.

    `said` is the character that comes next for the network; it stands in a frame
    after the text. Lines are `width` characters long.
    """
    top = max(max(values, default=0.0), 1e-30)
    colours = mpl.colormaps["Oranges"]
    for t, (character, value) in enumerate(zip(text, values, strict=True)):
        share = min(max(value / top, 0.0), 1.0)
        _draw_letter(ax, divmod(t, width), character, colour=colours(0.85 * share))
    end = divmod(len(text), width)
    _draw_letter(ax, end, said, colour="white", frame=True)
    _fit_page(ax, len(text) // width + 1, width)
    ax.set_title(
        _describe_influence(text, np.asarray(values, float), said), parse_math=False
    )


def draw_unit(ax: Axes, text: str, values: Sequence[float], about: str) -> None:
    """Lines of a text as they stand, each character on the colour of a unit's state.

    values (len(text),) are signed: red above 0, blue below, as far as the largest goes.
    `about` is the title.
    """
    top = max((abs(value) for value in values), default=0.0) or 1.0
    colours, row, column = mpl.colormaps[style.DIVERGING], 0, 0
    for character, value in zip(text, values, strict=True):
        colour = colours(0.5 + 0.38 * value / top)
        _draw_letter(ax, (row, column), character, colour=colour)
        row, column = (row + 1, 0) if character == "\n" else (row, column + 1)
    _fit_page(ax, row + (column > 0), 1 + max(map(len, text.split("\n"))))
    ax.set_title(about, parse_math=False)


def _fit_page(ax: Axes, lines: int, width: int) -> None:
    ax.set(xlim=(-0.5, width + 0.5), ylim=(_GROW * lines, 0))
    ax.set(aspect="equal", anchor="NW")
    ax.set_axis_off()


def _draw_letter(
    ax: Axes,
    place: tuple[int, int],
    character: str,
    *,
    colour: Any,
    frame: bool = False,
) -> None:
    row, column = place
    y = _GROW * row
    edge: dict[str, Any] = {"edgecolor": style.STATE, "lw": 1.8} if frame else {"lw": 0}
    ax.add_patch(Rectangle((column, y + 0.1), 1, _GROW - 0.2, facecolor=colour, **edge))
    look: dict[str, Any] = {"ha": "center", "va": "center", "parse_math": False}
    look |= {"family": "monospace", "fontsize": 9, "color": style.INK}
    ax.text(column + 0.5, y + _GROW / 2, make_visible(character), **look)


def _describe_influence(text: str, values: NDArray[np.float64], said: str) -> str:
    """How many of the last characters carry most of the influence."""
    total = float(values.sum())
    if total <= 0:
        return f"it says {make_visible(said)}, and no character matters"
    shares = np.cumsum(values[::-1]) / total
    last = int(np.searchsorted(shares, 0.8)) + 1
    return (
        f"“{make_visible(said)}” comes next: the last {last} of {len(text)} characters "
        "hold 80 % of the influence"
    )


def draw_reach(ax: Axes, influence: Sequence[float]) -> None:
    """Mean influence of a character over how many steps back it stands, logarithmic."""
    steps = np.arange(len(influence))
    ax.semilogy(steps, influence, color=style.GRADIENT, ls="-")
    ax.set(xlabel="steps back", ylabel="influence on the next character")
    ratio = influence[0] / influence[-1] if influence[-1] > 0 else float("inf")
    ax.set_title(f"{steps[-1]} steps back, {ratio:,.0f} times less influence")

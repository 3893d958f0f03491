"""Figures of the lesson on sequences: the data, what shuffling does, and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import Floats, remove_frame, write_label

_MOST_TICKS = 30


def draw_one_hot(ax: Axes, x: Floats, text: str, vocabulary: Sequence[str]) -> None:
    """One-hot vectors `x` (T, V) of a text: a column for each step of time.

    The title counts the ones in each column.
    """
    ax.imshow(x.T, aspect="auto", vmin=0, vmax=1)
    ax.set_xticks(range(len(text)), [_make_visible(c) for c in text])
    ax.set_yticks(range(len(vocabulary)), [_make_visible(c) for c in vocabulary])
    ax.set(xlabel="letter, step by step", ylabel="place in the vocabulary")
    ones = (x == 1).sum(axis=1)
    each = "one 1" if (ones == 1).all() else f"{ones.min()} to {ones.max()} ones"
    ax.set_title(f"{len(x)} letters, {x.shape[1]} numbers each, {each} in each column")
    remove_frame(ax)


def _make_visible(character: str) -> str:
    return "_" if character == " " else character


def draw_sequence(ax: Axes, values: Floats, step: str, feature: str) -> None:
    """A sequence `values` (T, D): a line if D is 1, a heat map with time to the right.

    `step` says what one step of time is, `feature` what the numbers of a step are.
    """
    T, D = values.shape
    if D == 1:
        ax.plot(range(1, T + 1), values[:, 0], color=style.STATE, lw=1.2)
        ax.margins(x=0.01)
    else:
        places = (0.5, T + 0.5, -0.5, D - 0.5)
        ax.imshow(values.T, aspect="auto", origin="lower", extent=places)
        remove_frame(ax)
        if D > _MOST_TICKS or T > _MOST_TICKS:
            ax.tick_params(length=3)
    ax.set(xlabel=step, ylabel=feature)
    ax.set_title(f"T = {T} steps, D = {D} number{'s' if D > 1 else ''} a step")


def draw_rows(ax: Axes, picture: Floats) -> None:
    """A picture (T, D) that is read row by row: here time runs downward."""
    T, D = picture.shape
    places = (0.5, D + 0.5, T + 0.5, 0.5)
    ax.imshow(picture, cmap="gray_r", vmin=0, vmax=1, extent=places)
    ax.set(xlabel="column", ylabel="row (time runs down)", xticks=[1, D], yticks=[1, T])
    ax.tick_params(length=0)
    ax.set_title(f"T = {T} steps, D = {D} numbers a step")


def draw_neighbours(ax: Axes, values: Floats, name: str) -> None:
    """Each value of a series (T,) against the one before it; the title correlates."""
    before, after = values[:-1], values[1:]
    ax.plot(before, after, "o", color=style.STATE, ms=3, alpha=0.5)
    r = float(np.corrcoef(before, after)[0, 1])
    ax.set(xlabel="one day (°C)", ylabel="the next day (°C)", aspect="equal")
    ax.set_title(f"{name}: correlation {r:.2f}")


def draw_hits(ax: Axes, names: Sequence[str], hits: Sequence[float]) -> None:
    """Shares of right guesses, from 0 to 1, as bars with their numbers."""
    bars = ax.barh(names, hits, color=style.STATE, height=0.55)
    ax.bar_label(bars, [f"{hit:.0%}" for hit in hits], padding=4)
    ax.invert_yaxis()
    ax.set(xlabel="next letters guessed right (share)", xlim=(0, 1))
    ax.set_title(f"{hits[0]:.0%} right in order, {hits[-1]:.0%} after shuffling")


def draw_parameters(
    ax: Axes, lengths: Sequence[int], feedforward: Sequence[int], recurrent: int
) -> None:
    """Numbers of parameters over the length T: one for each length, and one for all.

    The title says from which length on the feedforward network is the larger one.
    """
    ax.plot(lengths, feedforward, color=style.CONTEXT, linestyle="--")
    ax.plot(lengths, [recurrent] * len(lengths), color=style.STATE, linestyle="-")
    ax.set(xlabel="length T of the sequence (steps)", ylabel="number of parameters")
    ax.set(yscale="log", xlim=(lengths[0], lengths[-1] * 1.02))
    for name, end, colour in (
        ("feedforward", feedforward[-1], style.CONTEXT),
        ("recurrent", recurrent, style.STATE),
    ):
        look: dict[str, Any] = {"va": "center", "annotation_clip": False}
        write_label(ax, name, (lengths[-1], end), (5, 0), color=colour, **look)
    larger = [T for T, n in zip(lengths, feedforward, strict=True) if n > recurrent]
    told = f"from T = {larger[0]} on" if larger else f"nowhere up to T = {lengths[-1]}"
    ax.set_title(f"The feedforward network is the larger one {told}")

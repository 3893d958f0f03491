"""Figures of the lesson on character models: pure functions of numbers and texts.

None computes a network: what a student's functions return is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from unrolled.lab.datasets.published_losses import Model, Table
from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import remove_frame, write_label

VISIBLE = {" ": "␣", "\n": "↵"}
_WINDOW = 20


def make_visible(character: str) -> str:
    """The character, or a sign for a space or a line end."""
    return VISIBLE.get(character, character)


def draw_counts(ax: Axes, counts: Mapping[str, int], most: int = 30) -> None:
    """How often the most frequent characters stand in a text, as bars."""
    first = sorted(counts.items(), key=lambda item: -item[1])[:most]
    total = sum(counts.values())
    shares = [100 * n / total for _, n in first]
    ax.bar(range(len(first)), shares, color=style.STATE, width=0.7)
    names = [make_visible(c) for c, _ in first]
    ax.set_xticks(range(len(first)), names, parse_math=False)
    ax.set(xlabel=f"the {len(first)} most frequent characters", ylabel="share (%)")
    ax.set_title(f"{len(counts)} different characters, first of all {names[0]}")


def draw_batches(ax: Axes, pieces: Sequence[Sequence[str]]) -> None:
    """What each row of each batch reads: `pieces[k][n]` is row n of batch k."""
    K, N = len(pieces), len(pieces[0])
    for k, batch in enumerate(pieces):
        for n, text in enumerate(batch):
            colour = style.STATE if n == 0 else style.CONTEXT
            box = Rectangle((k + 0.03, n + 0.12), 0.94, 0.76, fill=False, ec=colour)
            ax.add_patch(box)
            shown = "".join(map(make_visible, text))
            look: dict[str, Any] = {"family": "monospace", "fontsize": 8}
            look |= {"ha": "center", "va": "center", "parse_math": False}
            ax.text(k + 0.5, n + 0.5, shown, color=style.INK, **look)
    ax.set(xlim=(0, K), ylim=(N, 0), title="What each row reads, batch after batch")
    ax.set_xticks(np.arange(K) + 0.5, [f"batch {k + 1}" for k in range(K)])
    ax.set_yticks(np.arange(N) + 0.5, [f"row {n + 1}" for n in range(N)])
    remove_frame(ax)


def draw_sizes(ax: Axes, sizes: Mapping[str, int]) -> None:
    """Numbers of parameters of some models, as horizontal bars."""
    _draw_bars(ax, {name: float(n) for name, n in sizes.items()}, "{:,.0f}")
    names, numbers = list(sizes), list(sizes.values())
    ratio = numbers[-1] / numbers[0]
    ax.set(xlabel="number of parameters")
    ax.set_title(f"{names[-1]}: {ratio:.1f} times the parameters of {names[0]}")


def draw_yardsticks(ax: Axes, bits: Mapping[str, float], own: Sequence[str]) -> None:
    """Bits per character of several guessers; the bars named in `own` are blue.

    The title tells the first of `own`.
    """
    _draw_bars(ax, bits, "{:.2f}", own)
    ax.set(xlabel="bits per character (less is better)")
    name = own[0]
    ax.set_title(f"{name[:1].upper()}{name[1:]}: {bits[name]:.2f} bits per character")


def _draw_bars(
    ax: Axes, values: Mapping[str, float], text: str, own: Sequence[str] | None = None
) -> None:
    names = list(values)
    mine = names if own is None else own
    colours = [style.STATE if name in mine else style.CONTEXT for name in names]
    bars = ax.barh(range(len(names)), list(values.values()), color=colours, height=0.6)
    labels = [text.format(value) for value in values.values()]
    ax.bar_label(bars, labels, padding=4)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.15 * max(values.values()))


def draw_training(
    ax: Axes, losses: Sequence[float], yardsticks: Mapping[str, float]
) -> None:
    """The loss of every batch, its running mean, and yardsticks as dotted lines."""
    steps = np.arange(1, len(losses) + 1)
    ax.plot(steps, losses, color=style.STATE, lw=0.8, ls="-", alpha=0.4)
    window = min(_WINDOW, len(losses))
    mean = np.convolve(losses, np.full(window, 1 / window), "valid")
    ax.plot(steps[window - 1 :], mean, color=style.STATE, ls="-")
    for name, nats in yardsticks.items():
        ax.axhline(nats, color=style.CONTEXT, ls=":", lw=1.2)
        look = {"ha": "right", "color": style.CONTEXT}
        write_label(ax, name, (len(losses), nats), (0, 3), **look)
    ax.set(xlabel="batch", ylabel="loss (nats per character)", ylim=(0, None))
    ax.set_title(f"From {losses[0]:.2f} to {mean[-1]:.2f} nats per character")


def draw_choice(ax: Axes, p: Any, vocabulary: Sequence[str], most: int = 14) -> None:
    """The most probable next characters and their probabilities (V,)."""
    values = np.asarray(p, float)
    order = [int(i) for i in np.argsort(-values, kind="stable")[:most] if values[i]]
    ax.bar(range(len(order)), values[order], color=style.STATE)
    names = [make_visible(vocabulary[i]) for i in order]
    ax.set_xticks(range(len(order)), names, parse_math=False)
    ax.set(xlabel="next character", ylabel="probability", ylim=(0, 1))
    ax.set_xlim(-0.6, most - 0.4)
    first = values[order[0]]
    ax.set_title(f"First choice {names[0]}: {100 * first:.0f} %", parse_math=False)


def draw_table(
    ax: Axes, table: Table, best: Mapping[int, Model], bold: Mapping[int, Model]
) -> None:
    """A table of losses, as colours and numbers: rows sizes, columns models.

    The entries that `best` names are framed, those that `bold` names are bold.
    """
    sizes, models = list(table), list(next(iter(table.values())))
    cells = np.array([[table[H].get(m) for m in models] for H in sizes], float)
    ax.imshow(cells, cmap=style.SEQUENTIAL, aspect="auto", alpha=0.75)
    middle = np.nanmean([np.nanmin(cells), np.nanmax(cells)])
    for row, H in enumerate(sizes):
        for column, model in enumerate(models):
            value = cells[row, column]
            text = "-" if np.isnan(value) else f"{value:.3f}"
            weight = "bold" if bold.get(H) == model else "normal"
            colour = "black" if np.isnan(value) or value > middle else "white"
            look: dict[str, Any] = {"ha": "center", "va": "center", "color": colour}
            ax.text(column, row, text, weight=weight, fontsize=9, **look)
            if best.get(H) == model:
                corner = (column - 0.46, row - 0.44)
                frame: dict[str, Any] = {"edgecolor": style.GRADIENT, "lw": 2.5}
                ax.add_patch(Rectangle(corner, 0.92, 0.88, fill=False, **frame))
    ax.set_xticks(range(len(models)), [f"{c}\n{n}" for c, n in models])
    ax.set_yticks(range(len(sizes)), [str(H) for H in sizes])
    ax.set(xlabel="cell and number of layers", ylabel="hidden units")
    remove_frame(ax)


def draw_by_size(
    ax: Axes, points: Mapping[tuple[str, int, int], tuple[int, float]]
) -> None:
    """Losses over numbers of parameters: {(cell, layers, size): (parameters, nats)}."""
    marks = {"rnn": ("s", style.CONTEXT), "lstm": ("o", style.STATE)}
    marks["gru"] = ("^", style.THIRD)
    for (cell, layers, size), (parameters, nats) in points.items():
        mark, colour = marks[cell]
        face = colour if layers == 1 else "white"
        ax.plot(parameters, nats, mark, color=colour, mfc=face, ms=8, mew=1.6)
        name, up = f"{cell} {layers}, H = {size}", -8 if layers == 1 else 2
        # Apart, where marks meet.
        write_label(ax, name, (parameters, nats), (7, up), fontsize=8, color=colour)
    ax.set(xscale="log", xlabel="number of parameters")
    ax.set(ylabel="held-out loss (nats per character)")
    best = min(points, key=lambda key: points[key][1])
    layers_of = f"{best[1]} layer" if best[1] == 1 else f"{best[1]} layers"
    ax.set_title(f"Lowest: {best[0]}, {layers_of}, {best[2]} hidden units")
    ax.margins(x=0.18, y=0.1)

"""Figures of what is learned from how much text, and of what a scan saves.

Pure functions of numbers: trainings and measurements are made elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import spread_heights, write_label

Floats = NDArray[np.float64]
_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": style.STATE, "marker": "o", "ls": "-"},
    {"color": style.GRADIENT, "marker": "s", "ls": "--"},
    {"color": style.CONTEXT, "marker": "^", "ls": ":"},
)


def draw_orders(ax: Axes, nats: Mapping[int, float], network: float) -> None:
    """What counts of n characters in a row pay for held-out text, for each n.

    `network` is what the student's network pays, a line across.
    """
    orders, losses = list(nats), list(nats.values())
    ax.plot(orders, losses, "-o", color=style.GRADIENT)
    ax.axhline(network, color=style.STATE, lw=1.5, ls="--")
    look: dict[str, Any] = {"ha": "right", "color": style.STATE}
    write_label(ax, "your network", (orders[-1], network), (0, 5), **look)
    ax.set_xticks(orders)
    ax.set(xlabel="n: characters in a row that are counted")
    ax.set_ylabel("held out (nats per character)")
    best = min(nats, key=lambda n: nats[n])
    ax.set_title(
        f"Counting {best} in a row: {nats[best]:.2f} nats; your network: {network:.2f}"
    )


def draw_long_training(
    ax: Axes, batches: Sequence[int], losses: Floats, own: tuple[float, float, float]
) -> None:
    """Losses (runs, looks, 2) on learned and on held-out text, over batches.

    `own` is the student's run: batches, loss on learned text, loss on held-out text.
    """
    looks = (
        (0, "learned", style.CONTEXT, ":", own[1]),
        (1, "held out", style.STATE, "-", own[2]),
    )
    for column, name, colour, line, point in looks:
        for run in losses[..., column]:
            ax.plot(batches, run, ls=line, color=colour, lw=1.3)
        end = (batches[-1], float(losses[:, -1, column].mean()))
        write_label(ax, name, end, (6, -3), color=colour)
        ax.plot(own[0], point, "*", color=colour, ms=13, mec=style.INK, mew=0.7)
    ax.set(xlabel="batch", ylabel="loss (nats per character)")
    ax.set(ylim=(0, None), xlim=(0, 1.14 * batches[-1]))
    mean = losses[..., 1].mean(axis=0)
    best = int(mean.argmin())
    ax.set_title(
        f"Held out, best after {batches[best]} batches: {mean[best]:.2f} nats; "
        f"after {batches[-1]}: {mean[-1]:.2f}"
    )


def draw_text_sizes(
    ax: Axes, sizes: Sequence[int], lines: Mapping[str, Sequence[Sequence[float]]]
) -> None:
    """Held-out loss over the characters learned from: name to a list of runs per size.

    The title tells what each pays at the largest size.
    """
    means = {n: [float(np.mean(r)) for r in runs] for n, runs in lines.items()}
    for (name, runs), look in zip(lines.items(), _LOOKS, strict=False):
        ax.plot(sizes, means[name], **look)
        for size, values in zip(sizes, runs, strict=True):
            spread: dict[str, Any] = {"color": look["color"], "ms": 9, "ls": ""}
            ax.plot([size] * len(values), values, marker="_", **spread)
    ends = [values[-1] for values in means.values()]
    heights = spread_heights(ends, 0.07 * float(np.ptp(ax.get_ylim())))
    for name, height, look in zip(means, heights, _LOOKS, strict=False):
        write_label(ax, name, (sizes[-1], height), (9, -4), color=look["color"])
    ax.set(xscale="log", xlabel="characters to learn from")
    ax.set_ylabel("held out (nats per character)")
    ax.set_xlim(sizes[0] / 1.3, sizes[-1] * 1.8)
    told = ", ".join(f"{name} {values[-1]:.2f}" for name, values in means.items())
    ax.set_title(f"Nats per character, learned from {sizes[-1]:,}: {told}")


def draw_adam_steps(
    ax: Axes, steps: Mapping[str, Sequence[float]], usual: float
) -> None:
    """How far a weight moves in each batch, as shares of the learning rate `usual`.

    The title tells the last step of each kind.
    """
    for (name, values), look in zip(steps.items(), _LOOKS, strict=False):
        shares = np.asarray(values, float) / usual
        batches = np.arange(1, len(shares) + 1)
        ax.plot(batches, shares, color=look["color"], ls=look["ls"])
        end = (batches[-1], shares[-1])
        write_label(ax, name, end, (6, -3), color=look["color"])
    ax.set(xlabel="batch", ylabel="step / learning rate", ylim=(0, None))
    ax.set_xlim(0, 1.2 * batches[-1])
    told = [f"{name} {values[-1] / usual:.2f}" for name, values in steps.items()]
    ax.set_title(f"The last step, in learning rates: {', '.join(told)}")


def draw_scan_times(
    ax: Axes, sizes: Sequence[int], loop: Sequence[float], scan: Sequence[float]
) -> None:
    """Milliseconds of a loop and of a scan over the numbers in the state."""
    for name, values, look in zip(("scan", "loop"), (scan, loop), _LOOKS, strict=False):
        ax.plot(sizes, values, **look)
        end = (sizes[-1], values[-1])
        write_label(ax, name, end, (9, -3), color=look["color"])
    ax.set(xscale="log", yscale="log", xlabel="numbers in the state")
    ax.set_ylabel("milliseconds")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.minorticks_off()
    ax.set_xlim(None, sizes[-1] * 2)
    ratios = [_compare(a, b) for a, b in ((loop[0], scan[0]), (loop[-1], scan[-1]))]
    ax.set_title(
        f"The scan is {ratios[0]} at {sizes[0]} numbers, {ratios[1]} at {sizes[-1]}"
    )


def _compare(loop: float, scan: float) -> str:
    if scan <= loop:
        return f"{loop / scan:.1f} times as fast"
    return f"{scan / loop:.1f} times as slow"

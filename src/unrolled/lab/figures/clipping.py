"""Figures of the lesson on gradients: a cliff in a loss, clipping, the horizon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import WHITE_BOX, Floats, write_label
from unrolled.lab.models import loss_cliff

_COLOURS = (style.GRADIENT, style.STATE, style.THIRD, style.FOURTH)
_MARKS = ("o", "s", "^", "D")
_CHANCE = 1 / 8


def draw_cliff(ax: Axes, paths: Mapping[str, Floats]) -> None:
    """The loss over w and b as colours, and paths of descent (steps + 1, 2) on it."""
    w, b = np.linspace(0.6, 1.7, 221), np.linspace(-0.25, 0.35, 241)
    surface = loss_cliff.loss(w[None, :], b[:, None])
    image = ax.pcolormesh(w, b, surface, cmap=style.SEQUENTIAL, rasterized=True)
    ax.figure.colorbar(image, ax=ax, label="loss")
    for (name, path), mark in zip(paths.items(), _MARKS, strict=False):
        ax.plot(*path.T, "-", color="white", lw=1.2, marker=mark, ms=3, mec="black")
        write_label(ax, name, path[0], (-12, 2), ha="right", color="white")
    ax.set(xlim=(0.6, 1.7), ylim=(-0.25, 0.35), xlabel="w", ylabel="b")
    ax.set_title("Two plateaus, and a wall between them")


def draw_descents(axes: Sequence[Axes], runs: Mapping[str, tuple[Any, Any]]) -> None:
    """Size of the gradient, and loss, over the steps; runs: name -> (path, sizes)."""
    ends = {}
    for (name, (path, sizes)), colour in zip(runs.items(), _COLOURS, strict=False):
        losses = loss_cliff.loss(path[:, 0], path[:, 1])
        sizes = np.maximum(sizes, 1e-12)
        falls = sizes[-1] < sizes[len(sizes) * 3 // 4]  # then above is no room
        for ax, y, up in ((axes[0], sizes, -16 if falls else 7), (axes[1], losses, 7)):
            ax.plot(y, "-", color=colour, lw=1.5)
            write_label(
                ax, name, (len(y) - 1, y[-1]), (0, up), ha="right", color=colour
            )
        ends[name] = (float(sizes.max()), float(losses[-1]))
    axes[0].set_yscale("log")
    axes[0].set(xlabel="training steps", ylabel="size of the gradient")
    axes[1].set(xlabel="training steps", ylabel="loss", ylim=(0, None))
    largest = max(size for size, _ in ends.values())
    axes[0].set_title(f"The largest gradient has size {largest:.0f}")
    told = ", ".join(f"{name} {loss:.3f}" for name, (_, loss) in ends.items())
    axes[1].set_title(f"Loss at the end: {told}")


def draw_angles(
    ax: Axes, limits: Floats, angles: Mapping[str, Sequence[float]]
) -> None:
    """By how many degrees two ways of clipping turn a gradient, over the limit."""
    colours = (style.GRADIENT, style.CONTEXT)
    for (name, turned), colour, mark in zip(
        angles.items(), colours, _MARKS, strict=False
    ):
        ax.plot(limits, turned, "-", marker=mark, color=colour)
        write_label(ax, name, (limits[0], turned[0]), (0, 7), color=colour)
    ax.set_xscale("log")
    ax.margins(y=0.2)
    ax.set(xlabel="limit", ylabel="turned by (degrees)")
    told = ", ".join(f"{n} at most {max(d):.0f}" for n, d in angles.items())
    ax.set_title(f"Degrees turned: {told}")


def draw_horizon(ax: Axes, norms: Floats, threshold: float, horizon: int) -> None:
    """Norms over the steps back, a threshold, and the horizon that is claimed."""
    k, y = np.arange(len(norms)), np.asarray(norms)[::-1]
    ax.semilogy(k, y, "-", color=style.GRADIENT)
    ax.axhline(threshold, color=style.CONTEXT, ls="--", lw=1.2)
    ax.axvspan(0, horizon, color=style.STATE, alpha=0.12, lw=0)
    ax.axvline(horizon, color=style.STATE, lw=1.5)
    name, look = f"threshold {threshold:g}", {"ha": "right", "color": style.CONTEXT}
    write_label(ax, name, (k[-1], threshold), (0, 4), **look)
    write_label(ax, "your horizon", (horizon, y.min()), (4, 2), color=style.STATE)
    ax.set(xlabel="steps back from the last state, k", ylabel="norm")
    ax.set_title(f"It sees {horizon} steps back")


def draw_recall(
    ax: Axes,
    ks: Sequence[int],
    curves: Mapping[float, Sequence[float]],
    horizons: Mapping[float, float],
) -> None:
    """Accuracy over the distance k for several radii; ticks mark their horizons."""
    for (rho, right), colour, mark in zip(
        curves.items(), _COLOURS, _MARKS, strict=False
    ):
        ax.plot(ks, right, "-", marker=mark, color=colour)
        _label_fall(ax, ks, right, f"radius {rho:g}", colour=colour)
        horizon = horizons.get(rho, 0)
        if ks[0] <= horizon <= ks[-1]:
            ax.axvline(horizon, color=colour, ls=":", lw=1.5)
            at, look = (horizon, _CHANCE), {"ha": "right", "color": colour}
            write_label(ax, f"horizon {horizon:g}", at, (-4, 8), **look)
    ax.axhline(_CHANCE, color=style.CONTEXT, lw=1)
    write_label(ax, "chance", (ks[0], _CHANCE), (0, -12), color=style.CONTEXT)
    ax.set_xscale("log")
    ax.set_xticks(list(ks), [str(k) for k in ks])
    ax.minorticks_off()
    ax.set(xlabel="the year stands k words back", ylabel="accuracy", ylim=(0, 1.06))
    told = []
    for rho in sorted(curves):
        good = [k for k, a in zip(ks, curves[rho], strict=True) if a > 0.9]
        told.append(f"{max(good, default=0)} at {rho:g}")
    ax.set_title(f"Learned up to k = {', '.join(told)}")


def _label_fall(
    ax: Axes, ks: Sequence[int], right: Sequence[float], name: str, colour: str
) -> None:
    """The name beside the first fall of a curve, or at its end if there is none."""
    falls = [i for i, a in enumerate(right) if a <= 0.9]
    i = falls[0] if falls else len(ks) - 1
    before = max(i - 1, 0) if falls else i
    place = (float(np.sqrt(ks[i] * ks[before])), (right[i] + right[before]) / 2)
    shift, side = ((6, 4), "left") if falls else ((0, -16), "right")
    write_label(ax, name, place, shift, ha=side, color=colour, bbox=WHITE_BOX)


def draw_recall_map(
    ax: Axes,
    grid: tuple[Sequence[float], Sequence[float]],
    learned: Floats,
    horizons: Sequence[float],
) -> None:
    """Shares of networks that learned (radii, distances), and a horizon per radius.

    `grid` holds the radii and the distances. The title counts the fields on which
    a horizon says what most of the networks did.
    """
    radii, distances = (np.asarray(values, float) for values in grid)
    edges = [_find_edges(values) for values in (radii, distances)]
    image = ax.pcolormesh(*edges, learned.T, vmin=0, vmax=1, rasterized=True)
    ax.figure.colorbar(image, ax=ax, label="share that learned")
    ax.plot(radii, horizons, "-", color="white", lw=4)
    ax.plot(radii, horizons, "-", color=style.GRADIENT, lw=2, marker="o", ms=4)
    ax.set(ylim=(edges[1][0], edges[1][-1]), xlim=(edges[0][0], edges[0][-1]))
    ax.set(xlabel="spectral radius at the start", ylabel="distance k (words)")
    seen = distances[None, :] <= np.asarray(horizons)[:, None]
    right = int(np.sum((learned > 0.5) == seen))
    ax.set_title(f"Your horizon: right on {right} of {learned.size} fields")


def _find_edges(centres: Floats) -> Floats:
    """The borders of cells around their centres, half-way to the next."""
    middles = (centres[1:] + centres[:-1]) / 2
    first, last = 2 * centres[0] - middles[0], 2 * centres[-1] - middles[-1]
    return np.array([first, *middles, last])


def draw_successes(
    ax: Axes, ks: Sequence[int], successes: Mapping[str, Floats]
) -> None:
    """How many networks learned each distance, (distances, seeds), by their start."""
    for (name, table), colour, mark in zip(
        successes.items(), _COLOURS, _MARKS, strict=False
    ):
        counts = table.sum(axis=1)
        ax.plot(ks, counts, "-", marker=mark, color=colour)
        write_label(ax, name, (ks[-1], counts[-1]), (8, -3), color=colour)
    seeds = next(iter(successes.values())).shape[1]
    ax.set(ylim=(-0.3, seeds + 0.3), xlabel="the year stands k words back")
    ax.set_ylabel("networks that learned")
    told = [f"{n} {int(t[-1].sum())}" for n, t in successes.items()]
    ax.set_title(f"Of {seeds}, at {ks[-1]} words: {', '.join(told)}")

"""Figures of the lesson on vanishing and exploding gradients: norms over the steps.

None computes a Jacobian, a norm or a radius: what a student's functions return is
handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from numpy.typing import NDArray

from unrolled.lab.figures import style

Floats = NDArray[np.floating[Any]]
_COLOURS = (style.GRADIENT, style.STATE, style.THIRD, style.FOURTH)
_LINES = ("-", "--", "-.", ":")


def draw_jacobians(axes: Sequence[Axes], mine: Floats, measured: Floats) -> None:
    """Two Jacobians side by side on one colour scale, and how far they are apart."""
    colours = style.get_signed_limits(np.stack([mine, measured]))
    for ax, matrix, name in zip(
        axes, (mine, measured), ("your J", "measured"), strict=True
    ):
        image = ax.imshow(matrix, **colours)
        names = [str(n) for n in range(matrix.shape[0])]
        ax.set_xticks(range(matrix.shape[1]), names)
        ax.set_yticks(range(matrix.shape[0]), names)
        ax.set(xlabel="old unit j", ylabel="new unit i", title=name)
    axes[-1].figure.colorbar(image, ax=list(axes), label="d h_t[i] / d h_prev[j]")


def reverse_norms(norms: Floats) -> tuple[Floats, Floats]:
    """Steps back (0, 1, ...) and the norms in that order."""
    return np.arange(len(norms), dtype=float), np.asarray(norms, float)[::-1]


def draw_walk(ax: Axes, sizes: Floats, norms: Floats) -> None:
    """Errors (n, T) on their way back, each of length 1 at the end, and the norms."""
    k, bound = reverse_norms(norms)
    for line in sizes:
        ax.semilogy(k, line[::-1], "-", color=style.CONTEXT, lw=1, alpha=0.7)
    ax.semilogy(k, bound, "-", color=style.GRADIENT)
    at = int(0.6 * (len(k) - 1))
    ax.annotate(
        "your norms",
        (float(k[at]), float(bound[at])),
        xytext=(4, 6),
        textcoords="offset points",
        color=style.GRADIENT,
    )
    ax.margins(y=0.12)
    below = int(np.sum(np.all(sizes <= np.asarray(norms) * (1 + 1e-9), axis=1)))
    _name_axes(ax, "size of the error")
    ax.set_title(f"{below} of {len(sizes)} real errors stay at or below your norms")


def _name_axes(ax: Axes, what: str) -> None:
    ax.set(xlabel="steps back from the last state, k", ylabel=what)


def draw_eigenvalues(
    ax: Axes, eigenvalues: NDArray[Any], radius: float, name: str
) -> None:
    """Eigenvalues (H,) in the complex plane, and the circle of a radius."""
    ax.axhline(0, color=style.CONTEXT, lw=0.6)
    ax.axvline(0, color=style.CONTEXT, lw=0.6)
    circle = {"fill": False, "edgecolor": style.GRADIENT, "ls": "--", "lw": 1.5}
    ax.add_patch(Circle((0, 0), float(radius), **circle))
    points = np.stack([np.real(eigenvalues), np.imag(eigenvalues)])
    ax.plot(*points, "o", color=style.STATE, ms=5, ls="none")
    far = 1.15 * max(float(radius), float(np.abs(points).max(initial=0.1)))
    ax.set(xlim=(-far, far), ylim=(-far, far), aspect="equal")
    ax.set(xlabel="real part", ylabel="imaginary part")
    lengths = np.hypot(*points)
    outside = int(np.sum(lengths > radius * (1 + 1e-6) + 1e-9))
    ax.set_title(f"{name}: {outside} outside the circle of {radius:.3g}")


def draw_law(ax: Axes, curves: Mapping[float, Floats]) -> None:
    """Measured norms for several radii, and rho to the k as dotted lines."""
    worst = 0.0
    for rho, norms in curves.items():
        k, measured = reverse_norms(norms)
        exact = float(rho) ** k
        ax.semilogy(k, measured, "-", color=style.GRADIENT, lw=2.5)
        ax.semilogy(k, exact, ":", color="black", lw=1.5)
        _label_end(ax, k, exact, f"$\\rho$ = {rho:g}", colour=style.INK)
        worst = max(worst, float(np.abs(measured / exact - 1).max()))
    _name_axes(ax, "norm of $d h_T / d h_{T-k}$")
    ax.margins(x=0.14)
    ax.set_xlim(left=0)
    digits = f"{worst:.0e}" if worst > 0 else "0"
    ax.set_title(f"Measured against $\\rho^k$ (dotted): off by at most {digits}")


def _label_end(ax: Axes, k: Floats, y: Floats, text: str, colour: str) -> None:
    ax.annotate(
        text,
        (float(k[-1]), float(y[-1])),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        color=colour,
    )


def draw_norms(ax: Axes, norms: Floats, radius: float) -> None:
    """Norms of one network over the steps back, and what a linear one would have."""
    k, measured = reverse_norms(norms)
    ax.axhline(1, color=style.CONTEXT, lw=0.8)
    ax.semilogy(k, float(radius) ** k, ":", color=style.CONTEXT)
    ax.semilogy(k, np.maximum(measured, 1e-300), "-", color=style.GRADIENT)
    ax.set_ylim(1e-12, 1e12)
    law = float(radius) ** k
    up, down = (-14, 6) if measured[-1] > 1.01 * law[-1] else (6, -14)
    _label_inside(ax, k, law, "$\\rho^k$", up=up, colour=style.CONTEXT)
    _label_inside(ax, k, measured, "measured", up=down, colour=style.GRADIENT)
    _name_axes(ax, "norm of $d h_T / d h_{T-k}$")
    ax.set_title(f"After {int(k[-1])} steps back: {measured[-1]:.1e}")


def _label_inside(
    ax: Axes, k: Floats, y: Floats, text: str, up: int, colour: str
) -> None:
    """A text above or below a curve, on its free side, where it lies in the axes."""
    low, high = ax.get_ylim()
    inside = np.flatnonzero((y > 100 * low) & (y < high / 100))
    if len(inside) == 0:
        return
    at = int(inside[len(inside) * 2 // 3])
    right = (y[at] < 1) == (up > 0)
    ax.annotate(
        text,
        (float(k[at]), float(y[at])),
        xytext=(4 if right else -4, up),
        textcoords="offset points",
        ha="left" if right else "right",
        color=colour,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
    )


def draw_curves(ax: Axes, curves: Mapping[str, Floats]) -> None:
    """Norms of several networks over the steps back, with their names at the end."""
    for norms, colour, line in zip(curves.values(), _COLOURS, _LINES, strict=False):
        ax.semilogy(*reverse_norms(norms), line, color=colour)
    ax.axhline(1, color=style.CONTEXT, lw=0.8)
    _name_axes(ax, "norm of $d h_T / d h_{T-k}$")
    last = max(len(norms) for norms in curves.values()) - 1
    ax.set_xlim(0, 1.25 * last)  # room for the names
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= last + 1])
    for (name, place), colour in zip(
        _spread_heights(ax, curves).items(), _COLOURS, strict=False
    ):
        ax.annotate(name, (last + 1, place), va="center", color=colour)
    peak_name = max(curves, key=lambda n: float(np.max(curves[n])))
    peak, end = float(np.max(curves[peak_name])), float(curves[peak_name][0])
    ax.set_title(f"{peak_name}: {peak:.3g} at its highest, {end:.2g} at the end")


def _spread_heights(ax: Axes, curves: Mapping[str, Floats]) -> dict[str, float]:
    """Heights for the names: where the curves end, but at least a line apart."""
    low, high = np.log10(ax.get_ylim())
    heights, floor = {}, -np.inf
    for name in sorted(curves, key=lambda n: float(curves[n][0])):
        floor = max(float(np.log10(curves[name][0])), floor + (high - low) / 14)
        heights[name] = 10.0**floor
    return {name: heights[name] for name in curves}


def draw_starts(ax: Axes, curves: Mapping[str, Floats]) -> None:
    """As `draw_curves`, with the finding of the starts of a training as the title."""
    draw_curves(ax, curves)
    ends = sorted(curves, key=lambda name: float(curves[name][0]), reverse=True)
    ax.set_title("What is left at the end: " + ", ".join(ends) + " (most to least)")

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
from unrolled.lab.figures.shapes import WHITE_BOX, Floats, spread_heights, write_label

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
    write_label(ax, "your norms", (k[at], bound[at]), (4, 6), color=style.GRADIENT)
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
        at, look = (k[-1], exact[-1]), {"va": "center", "color": style.INK}
        write_label(ax, f"$\\rho$ = {rho:g}", at, (4, 0), **look)
        worst = max(worst, float(np.abs(measured / exact - 1).max()))
    _name_axes(ax, "norm of $d h_T / d h_{T-k}$")
    ax.margins(x=0.14)
    ax.set_xlim(left=0)
    digits = f"{worst:.0e}" if worst > 0 else "0"
    ax.set_title(f"Measured against $\\rho^k$ (dotted): off by at most {digits}")


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
    move, side = ((4, up), "left") if right else ((-4, up), "right")
    look: dict[str, Any] = {"ha": side, "color": colour, "bbox": WHITE_BOX}
    write_label(ax, text, (k[at], y[at]), move, **look)


def draw_curves(ax: Axes, curves: Mapping[str, Floats]) -> None:
    """Norms of several networks over the steps back, with their names at the end."""
    for norms, colour, line in zip(curves.values(), _COLOURS, _LINES, strict=False):
        ax.semilogy(*reverse_norms(norms), line, color=colour)
    ax.axhline(1, color=style.CONTEXT, lw=0.8)
    _name_axes(ax, "norm of $d h_T / d h_{T-k}$")
    last = max(len(norms) for norms in curves.values()) - 1
    ax.set_xlim(0, 1.25 * last)  # room for the names
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= last + 1])
    low, high = np.log10(ax.get_ylim())
    ends = [np.log10(norms[0]) for norms in curves.values()]
    heights = spread_heights(ends, (high - low) / 14)  # names are a line apart
    for name, height, colour in zip(curves, heights, _COLOURS, strict=False):
        ax.annotate(name, (last + 1, 10.0**height), va="center", color=colour)
    peak_name = max(curves, key=lambda n: float(np.max(curves[n])))
    peak, end = float(np.max(curves[peak_name])), float(curves[peak_name][0])
    ax.set_title(f"{peak_name}: {peak:.3g} at its highest, {end:.2g} at the end")


def draw_starts(ax: Axes, curves: Mapping[str, Floats]) -> None:
    """As `draw_curves`, with the finding of the starts of a training as the title."""
    draw_curves(ax, curves)
    ends = sorted(curves, key=lambda name: float(curves[name][0]), reverse=True)
    ax.set_title("What is left at the end: " + ", ".join(ends) + " (most to least)")

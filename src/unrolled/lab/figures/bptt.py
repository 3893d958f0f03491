"""Figures of the lesson on backpropagation through time: pure functions of arrays.

None computes a gradient: what a student's functions return is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import (
    Floats,
    Point,
    draw_arrow,
    draw_node,
    spread_heights,
    write_label,
)

_STRIDE = 1.7
_ASIDE = 0.09


def draw_predictions(
    ax: Axes,
    probabilities: Floats,
    read: Sequence[str],
    targets: Sequence[str],
    vocabulary: Sequence[str],
) -> None:
    """Probabilities (T, V) as columns under the letters read, the targets framed."""
    ax.imshow(probabilities.T, cmap=style.SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
    for t, target in enumerate(targets):
        row = vocabulary.index(target)
        place = (t - 0.47, row - 0.46)
        ax.add_patch(
            Rectangle(place, 0.94, 0.92, fill=False, edgecolor=style.GRADIENT, lw=2.5)
        )
        for v in range(len(vocabulary)):
            value = probabilities[t, v]
            colour = "black" if value > 0.6 else "white"
            ax.text(t, v, f"{value:.2f}", ha="center", va="center", color=colour)
    ax.set_xticks(range(len(read)), read)
    ax.set_yticks(range(len(vocabulary)), vocabulary)
    ax.set(xlabel="letter read", ylabel="letter said next")
    right = sum(
        vocabulary[int(p.argmax())] == t
        for p, t in zip(probabilities, targets, strict=True)
    )
    ax.set_title(f"{right} of {len(targets)} next letters are right (framed)")


def draw_pull(
    ax: Axes, dlogits_t: Floats, vocabulary: Sequence[str], when: str
) -> None:
    """The gradient (V,) on the logits of one step, as bars."""
    places = np.arange(len(vocabulary))
    ax.bar(places, dlogits_t, color=style.GRADIENT, width=0.6)
    ax.axhline(0, color=style.CONTEXT, lw=1)
    for x, value in zip(places, dlogits_t, strict=True):
        up, side = (3, "bottom") if value >= 0 else (-3, "top")
        write_label(ax, f"{value:+.3f}", (x, value), (0, up), ha="center", va=side)
    ax.set_xticks(places, vocabulary)
    ax.margins(y=0.25)
    ax.set(xlabel="letter", ylabel="d loss / d logit")
    below = [v for v, d in zip(vocabulary, dlogits_t, strict=True) if d < 0]
    told = f"{', '.join(below)} pulled up (below 0)" if below else "nothing pulled up"
    ax.set_title(f"{when}: {told}, the others down")


def draw_gradient(ax: Axes, dh: Floats, letters: Sequence[str], title: str) -> None:
    """A gradient (T, H) as a signed heat map, time from left to right."""
    top = float(np.abs(dh).max()) or 1.0
    image = ax.imshow(dh.T, cmap=style.DIVERGING, vmin=-top, vmax=top, aspect="auto")
    ax.set_xticks(range(len(letters)), letters)
    ax.set_yticks(range(dh.shape[1]), [str(i + 1) for i in range(dh.shape[1])])
    ax.set(xlabel="letter read", ylabel="hidden unit", title=title)
    ax.figure.colorbar(image, ax=ax, label="d loss / d h")


def draw_eps(ax: Axes, eps: Floats, errors: Sequence[float]) -> None:
    """The error of a measured gradient over eps: two branches and a best place."""
    ax.loglog(eps, errors, marker="o", color=style.GRADIENT)
    best = int(np.argmin(errors))
    at, name = (eps[best], errors[best]), f"best: about {eps[best]:.0e}"
    write_label(ax, name, at, (0, -16), ha="center", color=style.INK)
    look: dict[str, Any] = {"transform": ax.transAxes, "color": style.CONTEXT}
    ax.text(0.04, 0.9, "rounding wins", **look)
    ax.text(0.96, 0.9, "the curve wins", ha="right", **look)
    ax.margins(y=0.25)
    ax.set(xlabel="eps", ylabel="largest error of the gradient")
    turns = 0 < best < len(errors) - 1
    told = "A smaller eps is better, and then it's worse" if turns else ""
    ax.set_title(told or "No best eps inside")


def draw_pair(axes: Sequence[Axes], mine: Floats, other: Floats, names: Any) -> None:
    """Two matrices side by side on one colour scale."""
    top = max(float(np.abs(mine).max()), float(np.abs(other).max())) or 1.0
    for ax, matrix, name in zip(axes, (mine, other), names, strict=True):
        image = ax.imshow(matrix, cmap=style.DIVERGING, vmin=-top, vmax=top)
        rows, columns = (range(count) for count in matrix.shape)
        ax.set_xticks(columns, [str(n + 1) for n in columns])
        ax.set_yticks(rows, [str(n + 1) for n in rows])
        ax.set(xlabel="to unit", ylabel="from unit", title=name)
    axes[-1].figure.colorbar(image, ax=list(axes), label="gradient", shrink=0.8)


def draw_trace(ax: Axes, norms: Floats, letters: Sequence[str]) -> None:
    """Sizes (T,) of the gradient at each input, for an error at the last output."""
    places = np.arange(len(norms))
    ax.bar(places, norms, color=style.GRADIENT, width=0.6)
    ax.set_yscale("log")
    for x, value in zip(places, norms, strict=True):
        write_label(ax, f"{value:.1e}", (x, value), (0, 3), ha="center")
    ax.margins(y=0.2)
    ax.set_xticks(places, letters)
    ax.set(xlabel="letter read", ylabel="size of the gradient")
    steps, first, last = len(norms) - 1, float(norms[0]), float(norms[-1])
    told = "nothing arrives"
    if first > 0 and last > 0:
        smaller = last >= first
        ratio = last / first if smaller else first / last
        told = f"{ratio:.3g} times {'smaller' if smaller else 'larger'}"
    ax.set_title(f"{steps} steps back, {told}")


def draw_sum(
    ax: Axes, parts: Sequence[Floats], total: Floats, targets: Sequence[str]
) -> None:
    """What each output asks of the entry of W_hh that is asked most, and the sum."""
    sizes = np.sum([np.abs(p) for p in parts], axis=0)
    i, j = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
    values = [float(p[i, j]) for p in parts]
    names = [f"output {t + 1}\n({c})" for t, c in enumerate(targets)]
    places = np.arange(len(values) + 1)
    ax.bar(places[:-1], values, color=style.GRADIENT, width=0.6, alpha=0.6)
    ax.bar(places[-1], float(total[i, j]), color=style.GRADIENT, width=0.6)
    ax.axhline(0, color=style.CONTEXT, lw=1)
    ax.axvline(len(values) - 0.5, color=style.CONTEXT, ls=":", lw=1)
    ax.set_xticks(places, [*names, "sum"])
    ax.set_ylabel(f"d loss / d W_hh[{i}, {j}]")
    ax.margins(y=0.1)
    ax.set_title("One weight gets the sum of what all outputs ask")


def draw_cosines(ax: Axes, ks: Sequence[int], cosines: Sequence[float]) -> None:
    """How well the truncated gradient points along the full one, over k."""
    ax.plot(ks, cosines, marker="o", color=style.GRADIENT)
    ax.axhline(1, color=style.CONTEXT, ls=":", lw=1)
    ax.set_xscale("log")
    ax.set_xticks(list(ks), [str(k) for k in ks])
    ax.minorticks_off()
    ax.set(xlabel="steps k in a piece", ylabel="cosine with the full gradient")
    first, last = cosines[0], cosines[-1]
    ax.set_title(f"From {first:.2f} at k = {ks[0]} to {last:.2f} at k = {ks[-1]}")


def draw_losses(
    ax: Axes,
    losses: Sequence[float],
    said: Mapping[int, str],
    yardsticks: Mapping[str, float] | None = None,
    twin: tuple[Sequence[float], str] | None = None,
) -> None:
    """The loss over the training steps, and what the network says on the way.

    yardsticks: losses in nats that somebody would pay who knows less (without them,
    guessing evenly among four letters); twin: losses of another network, and what it
    says at the end.
    """
    ax.plot(losses, color=style.STATE)
    look = {"ha": "right", "color": style.CONTEXT}
    for name, nats in (yardsticks or {"guessing evenly": np.log(4)}).items():
        ax.axhline(nats, color=style.CONTEXT, ls=":", lw=1.2)
        at = (len(losses), nats)
        write_label(ax, name, at, (0, -4), va="top", **look)
    if twin:
        ax.plot(twin[0], color=style.THIRD, ls="--")
        step = int(0.62 * len(twin[0]))
        told = f"without memory: “{twin[1]}”"
        write_label(ax, told, (step, twin[0][step]), (4, 8), color=style.THIRD)
    for step, text in said.items():
        y = losses[min(step, len(losses) - 1)]
        ax.plot(step, y, "o", color=style.GRADIENT)
        write_label(ax, f"“{text}”", (step, y), (6, 7), color=style.INK)
    ax.set(xlabel="training steps", ylabel="loss (nats per letter)")
    ax.set_ylim(0, 1.15 * max(losses))  # room for the label at the start
    last = list(said.values())[-1]
    moves = "falls" if losses[-1] < losses[0] else "does not fall"
    ax.set_title(f"The loss {moves}, and after “hell” it says “{last}”")
    ax.margins(x=0.08)


def describe_acts(
    losses: Sequence[float],
    said: Mapping[int, str],
    twin_losses: Sequence[float],
    twin_says: str,
) -> str:
    """What `draw_losses` shows with a twin, and `draw_parting` below it, in words."""
    words = ", ".join(f"{text} after {step}" for step, text in said.items())
    return (
        f"Above, the loss over {len(losses)} training steps, from {losses[0]:.2f} to "
        f"{losses[-1]:.2f}, with dotted lines for the three yardsticks. The network "
        f"says {words} steps. The twin without memory ends at {twin_losses[-1]:.2f} "
        f"and says {twin_says}. Below, how far apart the states after the two l's are."
    )


def draw_parting(ax: Axes, apart: Mapping[int, float]) -> None:
    """How far apart two states are, at most in one unit, over the training steps."""
    steps, sizes = list(apart), list(apart.values())
    ax.plot(steps, sizes, color=style.STATE)
    ax.set(xlabel="training steps", ylabel="apart by")
    ax.set_ylim(0, 1.15 * max(sizes) or 1)
    ax.margins(x=0.08)
    far = next((n for n, size in apart.items() if size > 0.1), None)
    told = "stay together" if far is None else f"part at about step {far}"
    ax.set_title(f"The states after the first l and the second {told}")


def draw_readings(ax: Axes, losses: Mapping[int, Sequence[float]]) -> None:
    """The loss over the readings of a text, a curve for each length of the pieces."""
    ends = [float(means[-1]) for means in losses.values()]
    heights = spread_heights(ends, 0.09 * max(max(m) for m in losses.values()))
    shades = np.linspace(0.95, 0.35, len(losses))
    for (k, means), y, shade in zip(losses.items(), heights, shades, strict=True):
        readings = np.arange(1, len(means) + 1)
        ax.plot(readings, means, color=style.STATE, alpha=shade, ls="-")
        ax.text(readings[-1] * 1.02, y, f"k = {k}: {means[-1]:.2f}", va="center")
    ax.set(xlabel="readings of the text", ylabel="loss (nats per letter)")
    ax.set_ylim(bottom=0)
    ax.set_xlim(right=readings[-1] * 1.25)
    best, whole = min(losses, key=lambda k: losses[k][-1]), max(losses)
    told = f"k = {best} ends at {losses[best][-1]:.2f}, k = {whole} at "
    ax.set_title(f"After {readings[-1]} readings {told}{losses[whole][-1]:.2f}")


def describe_readings(losses: Mapping[int, Sequence[float]]) -> str:
    """What `draw_readings` shows, in words."""
    ends = ", ".join(f"{m[-1]:.2f} with k = {k}" for k, m in losses.items())
    return f"The loss over the readings, a curve for each k. At the end it is {ends}."


def draw_flow(ax: Axes, T: int, k: int) -> None:
    """The unfolded network with the way forward and the way back, cut every k steps."""
    forward = {"color": style.STATE, "ls": "-"}
    backward = {"color": style.GRADIENT, "ls": "--"}
    for t in range(T + 1):
        x = t * _STRIDE
        draw_node(ax, (x, 1), f"$h_{t}$", style.STATE if t else style.CONTEXT)
        if t:
            draw_node(ax, (x, 0), f"$x_{t}$", style.CONTEXT)
            draw_node(ax, (x, 2), f"$E_{t}$", style.GRADIENT)
            _draw_way(ax, (x, 0), (x, 1), **forward)
            _draw_way(ax, (x, 1), (x, 2), **forward)
            _draw_way(ax, (x, 2), (x, 1), **backward)
            _draw_way(ax, (x - _STRIDE, 1), (x, 1), **forward)
        if t and ((t - 1) % k or t == 1):
            _draw_way(ax, (x, 1), (x - _STRIDE, 1), **backward)
        elif t:
            middle = x - _STRIDE / 2
            ax.plot([middle, middle], [0.55, 1.45], color=style.CONTEXT, ls=":")
    ax.set(xlim=(-0.7, T * _STRIDE + 0.7), ylim=(-0.5, 2.5), aspect="equal")
    ax.set_axis_off()
    pieces = -(-T // k)
    cuts = "no cut: every error reaches every earlier step"
    if pieces > 1:
        cuts = f"cut every {k}: {pieces} pieces, no error crosses a cut"
    ax.set_title(f"T = {T}, {cuts}")


def _draw_way(ax: Axes, start: Point, end: Point, **look: Any) -> None:
    """An arrow between two nodes, a little to its own right: there is one each way."""
    along = np.subtract(end, start) / np.hypot(*np.subtract(end, start))
    shift = _ASIDE * np.array([along[1], -along[0]])
    draw_arrow(ax, (tuple(start + shift), tuple(end + shift)), **look)

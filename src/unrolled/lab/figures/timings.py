"""Figures of measured times: sweeps, fits, and the crossover of CPU and GPU."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from unrolled.lab.datasets.timing_trace import Measurement, Trace
from unrolled.lab.figures import style

AXES = {
    "batch": "batch size N (sequences)",
    "steps": "steps T",
    "hidden": "hidden size H (units)",
}
_COLOURS = {
    "Keras LSTM": style.STATE,
    "torch LSTM": style.THIRD,
    "Keras dense": style.CONTEXT,
    "Keras LSTM, looped": style.FOURTH,
}
_LINES = {"cpu": "-", "gpu": "--"}
_MARKS = {"cpu": "o", "gpu": "s"}
_CROSS = {"ls": "none", "marker": "x", "ms": 6}


def choose_look(network: str, device: str) -> dict[str, Any]:
    """Colour by network; line and marker by device, so that none is colour alone."""
    return {
        "color": _COLOURS.get(network, style.FOURTH),
        "ls": _LINES.get(device, ":"),
        "marker": _MARKS.get(device, "^"),
        "ms": 4,
    }


def _format_label(network: str, device: str) -> str:
    loop = ", a loop" if (network, device) == ("Keras LSTM", "cpu") else ""
    loop = ", fused" if network == "torch LSTM" else loop
    return f"{network}{loop}, {device.upper()}"


def _set_log_axes(ax: Axes, sizes: Iterable[float]) -> None:
    """Logarithmic axes with the sizes themselves as ticks, thinned if many."""
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ticks = sorted(set(sizes))
    ticks = ticks[:: 2 if len(ticks) > 7 else 1]
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()


def _spread_heights(ends: list[tuple[float, str, Any]], gap: float) -> list[float]:
    """Heights, in log10, of labels that must not lie on each other; by value."""
    heights: list[float] = []
    for value, _, _ in ends:
        wanted = float(np.log10(value))
        heights.append(max(wanted, heights[-1] + gap) if heights else wanted)
    return heights


def _label_ends(ax: Axes, ends: list[tuple[float, str, Any]]) -> None:
    """Names at the right ends of the curves, moved apart where they would touch."""
    ends = sorted(ends, key=lambda end: end[0])
    low, high = (float(np.log10(v)) for v in ax.get_ylim())
    for (value, name, colour), height in zip(
        ends, _spread_heights(ends, 0.075 * (high - low)), strict=True
    ):
        ax.annotate(
            name,
            (1.0, value),
            xycoords=("axes fraction", "data"),
            xytext=(1.02, 10**height),
            textcoords=("axes fraction", "data"),
            color=colour,
            va="center",
            annotation_clip=False,
        )


def draw_here(
    ax: Axes, batches: Sequence[int], here: Mapping[tuple[str, str], Sequence[float]]
) -> None:
    """Median seconds on this machine over the batch size, for each network, device."""
    ends = []
    for (network, device), seconds in here.items():
        ms = 1e3 * np.asarray(seconds)
        ax.plot(batches, ms, **choose_look(network, device))
        label = _format_label(network, device)
        ends.append((float(ms[-1]), label, choose_look(network, device)["color"]))
    _set_log_axes(ax, batches)
    ax.set(xlabel=AXES["batch"], ylabel="milliseconds per training step")
    _label_ends(ax, ends)
    devices = sorted({device.upper() for _, device in here})
    ax.set_title(f"A training step, measured here and now: {' and '.join(devices)}")


def draw_sweep(ax: Axes, trace: Trace, sweep: str) -> None:
    """Milliseconds of a training step over one size, all networks and devices."""
    sizes: set[int] = set()
    ends = []
    for device in trace.kinds:
        for network in trace.networks(device):
            found = trace.select(network, device, sweep)
            if not found:
                continue
            ms = [1e3 * m.median for m in found]
            ax.plot([m.size for m in found], ms, **choose_look(network, device))
            ends.append(
                (ms[-1], _format_label(network, device), choose_look(network, device))
            )
            sizes |= {m.size for m in found}
    _set_log_axes(ax, sizes)
    ax.set_xlabel(AXES[sweep])
    if sweep == "batch":
        ax.set_ylabel("milliseconds per training step")
    if sweep == "hidden":
        _label_ends(ax, [(v, n, kind["color"]) for v, n, kind in ends])
    ax.set_title(_describe_growth(trace, sweep), fontsize=10)


def _describe_growth(trace: Trace, sweep: str) -> str:
    """How much longer the largest size takes than the smallest, for torch's LSTM."""
    found = trace.select("torch LSTM", "cpu", sweep)
    if len(found) < 2:
        return sweep
    first, last = found[0], found[-1]
    times, larger = last.median / first.median, last.size // first.size
    return f"{sweep} × {larger}: fused LSTM × {times:.0f}"


def draw_fits(
    ax: Axes,
    measured: Mapping[tuple[str, str], tuple[Sequence[float], Sequence[float]]],
    fits: Mapping[tuple[str, str], tuple[float, float]],
) -> None:
    """Measured (work, seconds) as points and seconds = fixed + work / rate as lines."""
    for (network, device), (work, seconds) in measured.items():
        kind = choose_look(network, device)
        ax.plot(work, 1e3 * np.asarray(seconds), **{**kind, "ls": "none"})
        fixed, rate = fits[network, device]
        shown = np.array([0.0, 1.12 * max(work)])
        line = 1e3 * (fixed + shown / rate)
        ax.plot(shown, line, color=kind["color"], ls=kind["ls"], lw=1.4)
        ax.annotate(
            _format_label(network, device),
            (float(shown[1]), float(line[1])),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=kind["color"],
            annotation_clip=False,
        )
    ax.set(xlabel="operations in a training step", ylabel="milliseconds")
    ax.set_xlim(0, None)
    ax.set_ylim(0, None)
    ax.set_title("Measured (points), and fixed + work / rate (lines)")


def compute_per_sample(found: Sequence[Measurement]) -> tuple[list[int], list[float]]:
    """Sizes, and microseconds for one sequence of a step."""
    return [m.size for m in found], [1e6 * m.median / m.N for m in found]


def find_crossing(
    sizes: Sequence[float], one: Sequence[float], other: Sequence[float]
) -> tuple[float, float] | None:
    """Where `other` falls below `one` for good: size and height, between two sizes.

    Straight lines between measured points on logarithmic axes; None where it starts
    below or ends above. All values above 0.
    """
    above = [b > a for a, b in zip(one, other, strict=True)]
    if not above or not above[0] or above[-1]:
        return None
    k = max(i for i, flag in enumerate(above) if flag)
    gaps = [float(np.log(other[i] / one[i])) for i in (k, k + 1)]
    part = gaps[0] / (gaps[0] - gaps[1])
    size = float(np.exp(np.interp(part, [0, 1], np.log([sizes[k], sizes[k + 1]]))))
    return size, float(np.exp(np.interp(part, [0, 1], np.log([one[k], one[k + 1]]))))


def draw_per_sample(
    ax: Axes,
    trace: Trace,
    sweep: str = "batch",
    batches: Sequence[int] = (),
    here: Mapping[tuple[str, str], Sequence[float]] | None = None,
) -> None:
    """Microseconds per sequence over a size, CPU and GPU, the crossover marked.

    `here` are median seconds on this machine over `batches`, drawn as crosses. The
    crossover is that of the fastest LSTM of each device at the largest size. Where
    the trace holds no GPU, the title says so and nothing is marked.
    """
    curves, ends = {}, []
    for device in trace.kinds:
        for network in ("Keras LSTM", "torch LSTM"):
            found = trace.select(network, device, sweep)
            if found:
                sizes, micro = compute_per_sample(found)
                curves[network, device] = (sizes, micro)
                ax.plot(sizes, micro, **choose_look(network, device))
                colour = choose_look(network, device)["color"]
                ends.append((micro[-1], _format_label(network, device), colour))
    for (network, device), seconds in (here or {}).items():
        if "LSTM" in network:
            micro = 1e6 * np.asarray(seconds) / np.asarray(batches)
            ax.plot(batches, micro, **{**choose_look(network, device), **_CROSS})
    _set_log_axes(ax, [s for sizes, _ in curves.values() for s in sizes])
    ax.set(xlabel=AXES[sweep], ylabel="microseconds per sequence")
    _label_ends(ax, ends)
    ax.set_title(_mark_crossing(ax, curves))


def _mark_crossing(
    ax: Axes, curves: Mapping[tuple[str, str], tuple[list[int], list[float]]]
) -> str:
    """Mark where the GPU's best curve falls below the CPU's; the finding in words."""
    best: dict[str, tuple[list[int], list[float]]] = {}
    for (_, kind), curve in curves.items():
        if kind not in best or curve[1][-1] < best[kind][1][-1]:
            best[kind] = curve
    if "gpu" not in best or "cpu" not in best:
        return "Larger batches share the fixed cost (no GPU was recorded)"
    sizes, cpu, gpu = best["cpu"][0], best["cpu"][1], best["gpu"][1]
    if best["gpu"][0] != sizes:
        return "CPU and GPU were measured at different sizes"
    place = find_crossing(sizes, cpu, gpu)
    if place is None:
        return f"The {'GPU' if gpu[-1] < cpu[-1] else 'CPU'} wins at the largest size"
    ax.plot(*place, "o", color=style.INK, ms=9, mfc="none", mew=2)
    ax.axvline(place[0], color=style.CONTEXT, ls=":", lw=1.2)
    ax.annotate(
        f"crossover: {place[0]:.0f}",
        place,
        xytext=(8, 10),
        textcoords="offset points",
        color=style.INK,
    )
    return f"The GPU wins from {place[0]:.0f} on"

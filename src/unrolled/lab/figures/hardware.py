"""Figures of the lesson on hardware: prices, stopwatches, who works when.

Pure functions of numbers. None fits a line, finds a crossover of fits or times
anything: what a student's functions return is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from unrolled.lab.datasets.timing_trace import Measurement, Trace
from unrolled.lab.figures import style
from unrolled.lab.figures.shapes import spread_heights, write_label

Fit = tuple[float, float]
Span = tuple[float, float]  # from when to when
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


def _draw_bars(ax: Axes, values: Mapping[str, float], told: str, colours: Any) -> None:
    """Horizontal bars with their values beside them, the first on top."""
    places = np.arange(len(values))
    ax.barh(places, list(values.values()), color=colours, height=0.62)
    for place, value in zip(places, values.values(), strict=True):
        write_label(ax, told.format(value), (value, place), (4, 0), va="center")
    ax.set_yticks(places, list(values))
    ax.invert_yaxis()


def draw_costs(ax: Axes, costs: Mapping[str, float]) -> None:
    """Dollars for 10**18 operations, one bar for each machine."""
    cheap, dear = min(costs, key=costs.__getitem__), max(costs, key=costs.__getitem__)
    marked = {cheap: style.STATE, dear: style.GRADIENT}
    _draw_bars(ax, costs, "${:.2f}", [marked.get(n, style.CONTEXT) for n in costs])
    ax.margins(x=0.12)
    ax.set_xlabel("dollars for $10^{18}$ operations at the peak rate")
    ratio = costs[dear] / costs[cheap]
    ax.set_title(f"From cheapest to dearest: a factor of {ratio:.0f}")


def draw_rent_or_buy(ax: Axes, buy: float, rent: float, months: float) -> None:
    """What was paid after so many months, rented and bought; they meet at `months`."""
    shown = min(months, 36.0) if np.isfinite(months) and months > 0 else 12.0
    end = 2.0 * shown
    ax.plot([0, end], [0, rent * end], color=style.GRADIENT)
    ax.plot([0, end], [buy, buy], color=style.STATE, ls="--")
    ax.text(0.97 * end, rent * 0.97 * end, "rent ", ha="right", color=style.GRADIENT)
    ax.text(0.02 * end, 1.03 * buy, "buy", va="bottom", color=style.STATE)
    if np.isfinite(months):
        ax.plot(months, buy, "o", color=style.INK)
        ax.axvline(months, color=style.CONTEXT, ls=":", lw=1.2)
    ax.set(xlabel="months", ylabel="dollars paid", ylim=(0, None), xlim=(0, end))
    ax.set_title(f"The rent reaches the price after {months:.2f} months")


def draw_singles(ax: Axes, seconds: Sequence[float]) -> None:
    """Single times in the order taken, with their median and their mean."""
    ms = 1e3 * np.asarray(seconds)
    ax.plot(np.arange(1, ms.size + 1), ms, "o", color=style.STATE, ms=4)
    median, mean = float(np.median(ms)), float(ms.mean())
    for value, name, line, colour in (
        (median, "median", "-", style.INK),
        (mean, "mean", "--", style.GRADIENT),
    ):
        ax.axhline(value, color=colour, ls=line, lw=1.4)
        low = value <= min(median, mean) and median != mean
        up, side = (-2, "top") if low else (2, "bottom")
        look: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": side}
        text = f"{name} {value:.2f} ms"
        write_label(ax, text, (1.0, value), (4, up), color=colour, **look)
    ax.set_yscale("log")
    ax.set(xlabel="number of the run", ylabel="milliseconds (log)")
    spread = float(ms.max() / ms.min())
    ax.set_title(f"The same work {ms.size} times: slowest over fastest {spread:.1f}")


def draw_model(ax: Axes, cpu: Fit, device: Fit, work: float | None) -> None:
    """Two lines seconds = fixed + work / rate, and `work` where they cross, if any."""
    top = 2.5 * work if work is not None and work > 0 else 0.02 * cpu[1]
    shown = np.linspace(0, top, 60)
    for (fixed, rate), colour, line, name in (
        (cpu, style.STATE, "-", "CPU"),
        (device, style.GRADIENT, "--", "supposed device"),
    ):
        ms = 1e3 * (fixed + shown / rate)
        ax.plot(shown, ms, color=colour, ls=line)
        ax.text(shown[-1], ms[-1], f"{name} ", color=colour, ha="right", va="bottom")
    if work is not None and work > 0:
        ax.plot(work, 1e3 * (cpu[0] + work / cpu[1]), "o", color=style.INK)
        ax.axvline(work, color=style.CONTEXT, ls=":", lw=1.2)
    ax.set(xlabel="operations in a step", ylabel="milliseconds", ylim=(0, None))
    ax.margins(y=0.15)
    told = "one of them always wins" if work is None else f"crossover at {work:.2g}"
    ax.set_title(told[0].upper() + told[1:])


def draw_published(ax: Axes, seconds: Mapping[str, float], finding: str) -> None:
    """Published seconds as bars: CPU blue, fused vermillion, others grey."""
    fused = {n: style.GRADIENT if "fused" in n else style.CONTEXT for n in seconds}
    cpu = {name: style.STATE for name in seconds if name.startswith("CPU")}
    _draw_bars(ax, seconds, "{:.0f} s", list((fused | cpu).values()))
    ax.margins(x=0.12)
    ax.set_xlabel("seconds for one pass over the data")
    ax.set_title(finding[0].upper() + finding[1:])


def _draw_row(ax: Axes, y: float, spans: Sequence[Span], colour: str) -> None:
    """Bars from start to end on one row, numbered."""
    bar: dict[str, Any] = {"height": 0.56, "color": colour, "edgecolor": "white"}
    look: dict[str, Any] = {"ha": "center", "va": "center", "color": "white"}
    for number, (start, end) in enumerate(spans, 1):
        ax.barh(y, end - start, left=start, **bar)
        if end > start:
            ax.text((start + end) / 2, y, str(number), fontsize=8, **look)


def draw_launches(
    ax: Axes, readings: Sequence[Span], ends: Sequence[float], work: float, waits: bool
) -> None:
    """What a stopwatch measured beside what the device did.

    readings: pairs of clock readings (seconds); ends: when the device had finished
    each launch; work: seconds of a launch on the device.
    """
    begin = readings[0][0]
    measured = [(1e3 * (a - begin), 1e3 * (b - begin)) for a, b in readings]
    done = [(1e3 * (end - work - begin), 1e3 * (end - begin)) for end in ends]
    _draw_row(ax, 1, measured, style.STATE)
    _draw_row(ax, 0, done, style.GRADIENT)
    ax.set_yticks([1, 0], ["measured", "device"])
    ax.set_ylim(-0.5, 1.5)
    if waits:
        ax.set_xlabel("milliseconds")
    told = " and ".join(sorted({f"{b - a:.0f} ms" for a, b in measured}))
    how = "with" if waits else "without"
    ax.set_title(f"{how.capitalize()} waiting: measured {told} for each launch")


def schedule(
    read: float, train: float, depth: int, batches: int
) -> tuple[list[Span], list[Span]]:
    """When each batch is read and trained on, with `depth` places on the shelf.

    At depth 0 nothing is read ahead. Otherwise a batch that was read waits in the
    reader's hand until there is a place, and then the next one is read.
    """
    reads, trains = list[Span](), list[Span]()
    for k in range(batches):
        begin = reads[-1][1] if reads else 0.0
        if depth == 0 and trains:
            begin = trains[-1][1]
        if depth > 0 and k > depth:
            begin = max(begin, trains[k - depth - 1][0])
        reads.append((begin, begin + read))
        start = max(reads[-1][1], trains[-1][1] if trains else 0.0)
        trains.append((start, start + train))
    return reads, trains


def draw_pipeline(
    ax: Axes, read_ms: float, train_ms: float, depth: int, batches: int = 8
) -> None:
    """Reading and training over time (milliseconds), and how long training waits."""
    reads, trains = schedule(read_ms, train_ms, depth, batches)
    _draw_row(ax, 1, reads, style.CONTEXT)
    _draw_row(ax, 0, trains, style.STATE)
    ax.set_yticks([1, 0], ["read", "train"])
    ax.set(xlabel="milliseconds", ylim=(-0.5, 1.5), xlim=(0, None))
    end = trains[-1][1]
    share = 1 - batches * train_ms / end
    ax.set_title(f"{batches} batches in {end:.0f} ms; training waits {share:.0%}")


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


def _label_ends(ax: Axes, ends: list[tuple[float, str, Any]]) -> None:
    """Names at the right ends of the curves, moved apart where they would touch."""
    low, high = np.log10(ax.get_ylim())
    values = [np.log10(value) for value, _, _ in ends]
    heights = spread_heights(values, 0.075 * (high - low))
    look: dict[str, Any] = {"va": "center", "annotation_clip": False}
    look |= dict.fromkeys(("xycoords", "textcoords"), ("axes fraction", "data"))
    for (value, name, colour), height in zip(ends, heights, strict=True):
        at = (1.02, 10**height)
        ax.annotate(name, (1.0, value), xytext=at, color=colour, **look)


def draw_here(
    ax: Axes, batches: Sequence[int], here: Mapping[tuple[str, str], Sequence[float]]
) -> None:
    """Median seconds on this machine over the batch size, for each network, device."""
    ends = []
    for (network, device), seconds in here.items():
        ms, look = 1e3 * np.asarray(seconds), choose_look(network, device)
        ax.plot(batches, ms, **look)
        ends.append((ms[-1], _format_label(network, device), look["color"]))
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
            look = choose_look(network, device)
            ax.plot([m.size for m in found], ms, **look)
            ends.append((ms[-1], _format_label(network, device), look["color"]))
            sizes |= {m.size for m in found}
    _set_log_axes(ax, sizes)
    ax.set_xlabel(AXES[sweep])
    if sweep == "batch":
        ax.set_ylabel("milliseconds per training step")
    if sweep == "hidden":
        _label_ends(ax, ends)
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
        name, at = _format_label(network, device), (shown[1], line[1])
        look: dict[str, Any] = {"va": "center", "annotation_clip": False}
        write_label(ax, name, at, (4, 0), color=kind["color"], **look)
    ax.set(xlabel="operations in a training step", ylabel="milliseconds")
    ax.set(xlim=(0, None), ylim=(0, None))
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
                look = choose_look(network, device)
                ax.plot(sizes, micro, **look)
                ends.append((micro[-1], _format_label(network, device), look["color"]))
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
    write_label(ax, f"crossover: {place[0]:.0f}", place, (8, 10), color=style.INK)
    return f"The GPU wins from {place[0]:.0f} on"

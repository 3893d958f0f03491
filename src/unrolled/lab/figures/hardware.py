"""Figures of the lesson on hardware: prices, stopwatches, models of time.

Pure functions of numbers. None fits a line, finds a crossover of fits or times
anything: what a student's functions return is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from unrolled.lab.figures import style
from unrolled.lab.figures.pipeline import draw_launches as draw_launches
from unrolled.lab.figures.pipeline import draw_pipeline as draw_pipeline
from unrolled.lab.figures.timings import draw_fits as draw_fits
from unrolled.lab.figures.timings import draw_here as draw_here
from unrolled.lab.figures.timings import draw_per_sample as draw_per_sample
from unrolled.lab.figures.timings import draw_sweep as draw_sweep

Fit = tuple[float, float]


def _draw_bars(ax: Axes, values: Mapping[str, float], told: str, colours: Any) -> None:
    """Horizontal bars with their values beside them, the first on top."""
    places = np.arange(len(values))
    ax.barh(places, list(values.values()), color=colours, height=0.62)
    for place, value in zip(places, values.values(), strict=True):
        ax.annotate(
            told.format(value),
            (value, float(place)),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
        )
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
        ax.annotate(
            f"{name} {value:.2f} ms",
            (1.0, value),
            xycoords=("axes fraction", "data"),
            xytext=(4, -2 if low else 2),
            textcoords="offset points",
            va="top" if low else "bottom",
            color=colour,
        )
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
    colours = [
        style.STATE
        if name.startswith("CPU")
        else style.GRADIENT
        if "fused" in name
        else style.CONTEXT
        for name in seconds
    ]
    _draw_bars(ax, seconds, "{:.0f} s", colours)
    ax.margins(x=0.12)
    ax.set_xlabel("seconds for one pass over the data")
    ax.set_title(finding[0].upper() + finding[1:])

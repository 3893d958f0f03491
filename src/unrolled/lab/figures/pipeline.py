"""Figures of who works when: launches on a device, reading beside training."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from unrolled.lab.figures import style


def _draw_row(
    ax: Axes, y: float, spans: Sequence[tuple[float, float]], colour: str
) -> None:
    """Bars from start to end on one row, numbered."""
    for number, (start, end) in enumerate(spans, 1):
        ax.barh(
            y,
            end - start,
            left=start,
            height=0.56,
            color=colour,
            edgecolor="white",
        )
        if end > start:
            ax.text(
                (start + end) / 2,
                y,
                str(number),
                ha="center",
                va="center",
                color="white",
                fontsize=8,
            )


def draw_launches(
    ax: Axes,
    readings: Sequence[tuple[float, float]],
    ends: Sequence[float],
    work: float,
    waits: bool,
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
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """When each batch is read and trained on, with `depth` places on the shelf.

    At depth 0 nothing is read ahead. Otherwise a batch that was read waits in the
    reader's hand until there is a place, and then the next one is read.
    """
    reads: list[tuple[float, float]] = []
    trains: list[tuple[float, float]] = []
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

"""The figures of the lesson on hardware: titles that tell the truth, labels, marks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from support.made_trace import COSTS, made_up

from unrolled.lab.figures import hardware, style
from unrolled.lab.figures.hardware import compute_per_sample, find_crossing, schedule


@pytest.fixture
def ax() -> Iterator[Axes]:
    """Fresh axes."""
    with style.context():
        fig, made = plt.subplots()
        yield made
        fig.canvas.draw()
        plt.close(fig)


def texts(ax: Axes) -> str:
    """All that is written on the axes."""
    return " | ".join([ax.get_title(loc="left"), *(t.get_text() for t in ax.texts)])


def test_the_slide_marks_where_the_gpu_overtakes(ax: Axes) -> None:
    """Is the crossover of a (made-up) GPU where its two costs say, and in the title?"""
    hardware.draw_per_sample(ax, made_up("cpu", "gpu"))
    (f_c, r_c), (f_g, r_g) = COSTS["torch LSTM", "cpu"], COSTS["torch LSTM", "gpu"]
    right = (f_g - f_c) / (1 / r_c - 1 / r_g) / (24 * 64 * 64 * 96)
    found = float(texts(ax).split("from ")[1].split(" on")[0])
    assert abs(found - right) < 0.1 * right
    assert f"crossover: {found:.0f}" in texts(ax)
    assert "torch LSTM, fused, GPU" in texts(ax) and ax.get_xlabel() and ax.get_ylabel()


def test_without_a_gpu_nothing_is_marked(ax: Axes) -> None:
    """Does the slide say that no GPU was recorded, and draw none?"""
    hardware.draw_per_sample(ax, made_up("cpu"))
    assert "no GPU was recorded" in texts(ax)
    assert "GPU" not in texts(ax).split("|", 1)[1]
    assert len(ax.lines) == 2


def test_this_machine_stands_beside_the_record(ax: Axes) -> None:
    """Are local times drawn as crosses beside the recorded curves?"""
    here = {("torch LSTM", "cpu"): [0.001, 0.002], ("Keras dense", "cpu"): [1.0, 1.0]}
    hardware.draw_per_sample(ax, made_up("cpu", "gpu"), "batch", [1, 8], here)
    crosses = [line for line in ax.lines if line.get_marker() == "x"]
    assert [np.asarray(line.get_ydata()).tolist() for line in crosses] == [[1000, 250]]


@pytest.mark.parametrize(
    ("cpu", "gpu", "found"),
    [
        ([1, 1, 1], [4, 2, 0.5], 2 * 2**0.5),
        ([1, 1, 1], [4, 2, 2], None),
        ([1, 1, 1], [0.5, 0.5, 0.5], None),
        ([1, 1, 1, 1], [2, 0.5, 2, 0.5], 4 * 2**0.5),
    ],
)
def test_a_crossing_lies_between_two_sizes(
    cpu: list[float], gpu: list[float], found: float | None
) -> None:
    """Is it where the second curve falls below the first for good, or None?"""
    place = find_crossing([1, 2, 4, 8][: len(cpu)], cpu, gpu)
    if found is None:
        assert place is None
    else:
        assert place is not None and np.isclose(place[0], found)


@pytest.mark.parametrize("kinds", [("cpu",), ("cpu", "gpu")])
@pytest.mark.parametrize("sweep", ["batch", "steps", "hidden"])
def test_a_sweep_draws_every_network(
    ax: Axes, kinds: tuple[str, ...], sweep: str
) -> None:
    """Is there a curve for each network and device, and the growth in the title?"""
    trace = made_up(*kinds)
    hardware.draw_sweep(ax, trace, sweep)
    assert len(ax.lines) == sum(len(trace.networks(kind)) for kind in kinds)
    assert ax.get_title(loc="left").startswith(f"{sweep} × ")


def test_direct_labels_do_not_lie_on_each_other(ax: Axes) -> None:
    """Are names of curves that end at the same height moved apart?"""
    here = {(f"net {n}", "cpu"): [1.0, 1.0 + n / 1000] for n in range(4)}
    hardware.draw_here(ax, [1, 2], here)
    labels = [t for t in ax.texts if isinstance(t, Annotation)]
    assert len(labels) == len(ax.texts) == 4
    heights = sorted(float(np.log10(t.xyann[1])) for t in labels)
    low, high = np.log10(ax.get_ylim())
    assert min(np.diff(heights)) > 0.05 * (high - low)


def test_fits_are_lines_over_points(ax: Axes) -> None:
    """Does each line start at its fixed cost and rise by one over its rate?"""
    measured = {("torch LSTM", "cpu"): ([1e9, 2e9], [0.3, 0.5])}
    hardware.draw_fits(ax, measured, {("torch LSTM", "cpu"): (0.1, 5e9)})
    heights = np.asarray(ax.lines[1].get_ydata(), float)
    assert heights[0] == 100.0
    assert np.isclose(heights[1], 100 + 1e3 * 1.12 * 2e9 / 5e9)


@pytest.mark.parametrize(
    ("work", "told"), [(None, "One of them always wins"), (8.0, "Crossover at 8")]
)
def test_the_model_says_what_it_was_handed(
    ax: Axes, work: float | None, told: str
) -> None:
    """Is the title that of the student's crossover, None included?"""
    hardware.draw_model(ax, (1.0, 2.0), (4.0, 8.0), work)
    assert told in texts(ax)


def test_costs_name_the_extremes(ax: Axes) -> None:
    """Is the factor that of the largest and the smallest, with all values beside?"""
    hardware.draw_costs(ax, {"a": 0.5, "b": 10.0, "c": 1.0})
    assert "a factor of 20" in texts(ax) and "$0.50" in texts(ax)


@pytest.mark.parametrize("months", [4.67, float("inf"), 100.0, -3.0])
def test_rent_or_buy_stands_any_answer(ax: Axes, months: float) -> None:
    """Is a wrong or infinite number of months drawn without an error?"""
    hardware.draw_rent_or_buy(ax, 7059, 1511.10, months)
    assert f"{months:.2f} months" in texts(ax)


def test_singles_show_median_and_mean(ax: Axes) -> None:
    """Are both lines labelled, in milliseconds?"""
    hardware.draw_singles(ax, [0.001, 0.001, 0.004])
    assert "median 1.00 ms" in texts(ax) and "mean 2.00 ms" in texts(ax)
    assert "4.0" in texts(ax)


@pytest.mark.parametrize("waits", [False, True])
def test_launches_show_what_was_measured(ax: Axes, waits: bool) -> None:
    """Does the title say the measured time, in the words of waiting?"""
    hardware.draw_launches(ax, [(0.0, 0.002)], [0.042], 0.040, waits)
    assert f"{'With' if waits else 'Without'} waiting: measured 2 ms" in texts(ax)


def test_published_bars_carry_their_seconds(ax: Axes) -> None:
    """Is every bar labelled?"""
    hardware.draw_published(ax, {"CPU": 65.0, "card": 161.0}, "a finding")
    assert "65 s" in texts(ax) and "161 s" in texts(ax) and "A finding" in texts(ax)


@pytest.mark.parametrize("depth", [0, 1, 2, 4])
@pytest.mark.parametrize(("read", "train"), [(20.0, 20.0), (40.0, 20.0), (10.0, 30.0)])
def test_a_schedule_keeps_the_rules(depth: int, read: float, train: float) -> None:
    """One thing at a time, none before it was read, no more than depth on the shelf?"""
    reads, trains = schedule(read, train, depth, 8)
    for (_, end), (start, _) in pairwise(reads):
        assert start >= end
    for (_, end), (start, _) in pairwise(trains):
        assert start >= end
    for (_, end), (start, _) in zip(reads, trains, strict=True):
        assert start >= end
    for k, (start, _) in enumerate(reads):
        done = sum(s <= start for s, _ in trains)
        assert k - done <= depth
    slower = max(read, train) if depth else read + train
    assert trains[-1][1] <= 8 * slower + min(read, train) + 1e-9


def test_a_pipeline_says_how_long_training_waits(ax: Axes) -> None:
    """Without a shelf and with equal times: half of the time?"""
    hardware.draw_pipeline(ax, 20, 20, 0)
    assert "320 ms; training waits 50%" in texts(ax)


def test_per_sample_is_a_step_over_its_batch() -> None:
    """Are microseconds per sequence the median over N?"""
    sizes, micro = compute_per_sample(
        made_up("cpu").select("torch LSTM", "cpu", "batch")
    )
    assert sizes[0] == 1 and np.isclose(
        micro[0], 1e6 * (0.001 + 24 * 64 * 64 * 96 / 5e10)
    )

"""The figures of the roofline: where the roof bends, and what a title counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from unrolled.lab.figures import roofline

# Operations, bytes, seconds: at the roof of memory, at that of arithmetic, far below.
POINTS = {
    "sum": [(10.0, 100.0, 10.0), (1.0, 10.0, 50.0)],
    "matrix": [(1000.0, 10.0, 10.0)],
}


@pytest.fixture
def ax() -> Iterator[Axes]:
    """Axes, closed afterwards."""
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def test_the_roof_climbs_with_memory_and_ends_at_arithmetic(ax: Axes) -> None:
    """Is the roof bandwidth times intensity, up to the rate, and does it say where?"""
    roofline.draw_roofline(ax, POINTS, bandwidth=10.0, rate=100.0)
    x, y = (np.asarray(values, float) for values in ax.lines[0].get_data())
    assert np.allclose(y, np.minimum(100.0, 10.0 * x))
    assert x[1] == 10.0 and y[-1] == 100.0
    assert "10.0 operations per byte" in ax.get_title("left") + ax.get_title()


def test_points_are_what_was_reached(ax: Axes) -> None:
    """Does a point stand at operations per byte and operations a second?"""
    roofline.draw_roofline(ax, POINTS, bandwidth=10.0, rate=100.0)
    x, y = ax.lines[1].get_data()
    assert np.allclose(x, 0.1) and np.allclose(y, [1.0, 0.02])
    marks = [line.get_marker() for line in ax.lines[1:]]
    assert len(set(marks)) == len(marks), "never by colour alone"
    assert {text.get_text() for text in ax.texts} >= {"sum", "matrix"}


@pytest.mark.parametrize(
    ("told", "right"), [([10.0, 25.0], 3), ([10.0, 24.9], 2), ([5.1, 101.0], 1)]
)
def test_the_title_counts_what_is_within_a_factor_of_two(
    ax: Axes, told: list[float], right: int
) -> None:
    """Is half as long counted, twice as long too, and more than that not?"""
    predicted = {"sum": told, "matrix": [20.0 if right > 1 else 20.1]}
    roofline.draw_predictions(ax, POINTS, predicted)
    title = ax.get_title("left") + ax.get_title()
    assert title == f"{right} of 3 predictions are within a factor of 2"

"""Do the figures of text, time and scans say what their numbers say?"""

from __future__ import annotations

from typing import Any

import numpy as np
from support.axes import texts, title

from unrolled.lab.figures import heat, learning


def test_the_best_order_is_told_beside_the_network(ax: Any) -> None:
    """Is the lowest n in the title, and the network's line at its height?"""
    learning.draw_orders(ax, {1: 3.0, 2: 1.5, 3: 1.75}, 1.6)
    assert title(ax) == "Counting 2 in a row: 1.50 nats; your network: 1.60"
    assert ax.lines[1].get_ydata()[0] == 1.6


def test_a_long_training_tells_its_best_moment(ax: Any) -> None:
    """Is it the held-out mean over the runs that decides, and is the own run there?"""
    losses = np.array(
        [[[3, 3.0], [2, 2.0], [1, 2.5]], [[3, 3.0], [2, 2.2], [1, 2.7]]], float
    )
    learning.draw_long_training(ax, [50, 100, 150], losses, (75, 1.9, 2.4))
    assert title(ax) == "Held out, best after 100 batches: 2.10 nats; after 150: 2.60"
    assert texts(ax) == ["learned", "held out"]
    stars = [line for line in ax.lines if line.get_marker() == "*"]
    assert [float(s.get_ydata()[0]) for s in stars] == [1.9, 2.4]


def test_losses_at_the_largest_size_are_told(ax: Any) -> None:
    """Are means drawn, the last ones told, and names kept apart where they meet?"""
    counts = [[2.0], [1.8], [1.7]]
    lines = {"LSTM": [[3.0, 3.2], [1.9, 1.8], [1.6, 1.8]], "5-gram": counts}
    learning.draw_text_sizes(ax, [10, 100, 1000], lines)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [3.1, 1.85, 1.7])
    said = "Nats per character, learned from 1,000: LSTM 1.70, 5-gram 1.70"
    assert title(ax) == said and texts(ax) == ["LSTM", "5-gram"]
    assert abs(ax.texts[0].xy[1] - ax.texts[1].xy[1]) > 0.05


def test_steps_are_shares_of_the_learning_rate(ax: Any) -> None:
    """Are the curves divided by the usual step, and the last ones told?"""
    steps = {"clipped": [0.01, 0.02], "free": [0.01, 0.001]}
    learning.draw_adam_steps(ax, steps, usual=0.01)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1, 2])
    assert title(ax) == "The last step, in learning rates: clipped 2.00, free 0.10"


def test_a_scan_may_win_and_lose(ax: Any) -> None:
    """Does the title compute both ratios, each in the right direction?"""
    learning.draw_scan_times(ax, [16, 256], [8.0, 10.0], [1.0, 40.0])
    said = "The scan is 8.0 times as fast at 16 numbers, 4.0 times as slow at 256"
    assert title(ax) == said


def test_a_unit_colours_the_lines_of_a_text(ax: Any) -> None:
    """Does each character stand in its line, on red above 0 and blue below?"""
    heat.draw_unit(ax, "ab\nc", [1.0, -1.0, 0.0, 0.5], "unit 7")
    assert title(ax) == "unit 7" and texts(ax) == ["a", "b", "↵", "c"]
    places = [(p.get_x(), round(p.get_y(), 1)) for p in ax.patches]
    assert places == [(0, 0.1), (1, 0.1), (2, 0.1), (0, 2.0)]
    colours = [p.get_facecolor() for p in ax.patches]
    assert colours[0][0] > colours[0][2] and colours[1][0] < colours[1][2]

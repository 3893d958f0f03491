"""Do the figures of the way back carry the numbers that they are given?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.patches import FancyArrow
from support.axes import texts, title

from unrolled.lab.figures import error_flow

FORWARD = {"states": [1.0, 0.5, 0.25], "inputs": [3.0, 4.5], "outputs": [0.2, 7.0]}


def list_arrows(ax: Any) -> dict[tuple[float, float], float]:
    """The widths of the arrows of errors, by where they begin."""
    found = {}
    for patch in ax.patches:
        if isinstance(patch, FancyArrow):
            corners = patch.get_xy()
            spread = np.ptp(corners, axis=0)
            found[tuple(corners.mean(axis=0).round(1))] = float(min(spread))
    return found


def test_the_places_to_fill_in_are_question_marks(ax: Any) -> None:
    """Before it is computed, are all numbers forward there, and none backward?"""
    error_flow.draw_by_hand(ax, **FORWARD)
    words = texts(ax)
    assert words.count("?") == 2 and "$da_1$ = ?" in words and "$da_2$ = ?" in words
    assert {"1.000", "0.500", "0.250", "3", "4.5", "0.2", "7"} <= set(words)
    assert title(ax) == "By hand: what belongs in the 4 places?"


def test_the_filled_graph_has_every_number_at_its_place(ax: Any) -> None:
    """Is what step 2 hands back between h_1 and h_2, and each da at its step?"""
    error_flow.draw_by_hand(ax, **FORWARD, inside=[0.1, 0.9], handed=[0.03, 0.4])
    places = {t.get_text(): t.get_position()[0] for t in ax.texts if t.get_text()}
    assert "?" not in places
    assert places["$h_0$"] < places["0.030"] < places["$h_1$"]
    assert places["$h_1$"] < places["0.400"] < places["$h_2$"]
    assert places["$h_1$"] < places["$da_1$ = 0.100"] < places["$h_2$"]
    assert places["$h_2$"] < places["$da_2$ = 0.900"]
    assert title(ax) == "$h_1$ gets 0.200 from its own output and 0.400 from later"


def test_arrows_are_as_wide_as_the_errors(ax: Any) -> None:
    """Is one scale used for all, and no arrow drawn where no error is?"""
    outputs, handed = np.array([0.0, 0.4]), np.array([0.1, 0.2])
    error_flow.draw_error_flow(ax, outputs, handed, "ab")
    widths = sorted(list_arrows(ax).values())
    assert len(widths) == 3
    heads = [width - 0.12 for width in widths]
    np.testing.assert_allclose(np.array(heads) / heads[-1], [0.25, 0.5, 1.0], atol=1e-9)
    assert {"a", "b", "0", "0.400", "0.100", "0.200"} <= set(texts(ax))


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ([0.0, 0.0], "No output sends an error"),
        ([0.0, 0.5], "2 steps back, 0.2 of the error of $E_2$ is left"),
        ([0.3, 0.5], "$h_1$ gets 0.300 from its own output and 0.250 from later"),
    ],
)
def test_the_title_is_the_finding(ax: Any, outputs: list[float], words: str) -> None:
    """Does it tell what is left of one error, or what adds up of several?"""
    handed = np.array([0.1, 0.25])
    error_flow.draw_error_flow(ax, np.array(outputs), handed, "ab")
    assert title(ax) == words


def test_a_tiny_error_keeps_an_arrow_and_a_number(ax: Any) -> None:
    """Can what is a ten-thousandth of the widest still be seen?"""
    error_flow.draw_error_flow(ax, np.array([0.0, 1.0]), np.array([1e-5, 1e-4]), "ab")
    assert len(list_arrows(ax)) == 3 and {"1e-05", "1e-04"} <= set(texts(ax))

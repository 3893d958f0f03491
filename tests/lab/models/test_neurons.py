"""Are places in a text described, and units found that follow them?"""

from __future__ import annotations

import numpy as np

from unrolled.lab.models import neurons


def test_places_are_what_a_reader_knows() -> None:
    """Column, indentation and open brackets, each after the character was read?"""
    told = neurons.describe_places("  f(\n x)) [")
    assert told["the place in the line"].tolist() == [1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6]
    assert told["the indentation"].tolist() == [1, 2, 2, 2, 0, 1, 1, 1, 1, 1, 1]
    assert told["open brackets"].tolist() == [0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1]


def test_a_unit_is_searched_in_one_half_and_tested_in_the_other() -> None:
    """Does a unit that follows in the first half only get a low mark on the second?"""
    rng = np.random.default_rng(3)
    values, states = rng.normal(size=2000), rng.normal(size=(2000, 5))
    states[:, 1] = -2 * values + 0.5 * rng.normal(size=2000)
    states[:, 4] = 0.0
    found = neurons.find_unit(states, values)
    assert found.unit == 1 and found.searched < -0.9 and found.tested < -0.9
    states[1000:, 1] = rng.normal(size=1000)
    found = neurons.find_unit(states, values)
    assert found.unit == 1 and found.searched < -0.9 and abs(found.tested) < 0.2

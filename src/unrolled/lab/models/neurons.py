"""Which unit of a network follows what in a text: places described, units searched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FoundUnit:
    """A unit, and its correlation on the text that chose it and on other text."""

    unit: int
    searched: float
    tested: float


def describe_places(text: str) -> dict[str, Floats]:
    """What a reader knows after each character of a program: name to (len(text),).

    The place in the line, the indentation of the line so far, and the brackets that
    are open.
    """
    place, indentation, brackets = 0, 0, 0
    told = np.zeros((len(text), 3))
    for row, character in zip(told, text, strict=True):
        if character == "\n":
            place = indentation = 0
        else:
            indentation += character == " " and indentation == place
            place += 1
        brackets += (character in "([{") - (character in ")]}")
        brackets = max(brackets, 0)
        row[:] = place, indentation, brackets
    names = ("the place in the line", "the indentation", "open brackets")
    return dict(zip(names, told.T, strict=True))


def find_unit(states: Floats, values: Floats) -> FoundUnit:
    """The unit of `states` (T, H) that follows `values` (T,) most closely.

    It is searched in the first half of the text, and tested on the second: among many
    units one always fits by chance.
    """
    half = len(values) // 2
    searched = _correlate(states[:half], values[:half])
    unit = int(np.argmax(np.abs(searched)))
    tested = _correlate(states[half:, unit : unit + 1], values[half:])
    return FoundUnit(unit=unit, searched=float(searched[unit]), tested=float(tested[0]))


def _correlate(states: Floats, values: Floats) -> Floats:
    """The correlation of each column of `states` with `values`; constant: 0."""
    x, y = states - states.mean(axis=0), values - values.mean()
    size = np.sqrt((x**2).sum(axis=0) * (y**2).sum())
    found = np.zeros(x.shape[1])
    np.divide(y @ x, size, out=found, where=size > 1e-12)
    return found

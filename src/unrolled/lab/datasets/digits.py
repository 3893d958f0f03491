"""Digits drawn by code: pictures of 8 by 8 pixels, each a little different."""

from __future__ import annotations

from typing import Any

import numpy as np

Picture = np.ndarray[Any, np.dtype[np.float64]]

SIZE = 8
"""Rows and columns of a picture."""
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
"""The name of each digit."""

_GLYPHS = (
    ".##. #..# #..# #..# #..# #..# .##.",
    "..#. .##. ..#. ..#. ..#. ..#. .###",
    ".##. #..# ...# ..#. .#.. #... ####",
    "###. ...# ...# .##. ...# ...# ###.",
    "#..# #..# #..# #### ...# ...# ...#",
    "#### #... #... ###. ...# ...# ###.",
    ".##. #... #... ###. #..# #..# .##.",
    "#### ...# ...# ..#. ..#. .#.. .#..",
    ".##. #..# #..# .##. #..# #..# .##.",
    ".##. #..# #..# .### ...# ...# .##.",
)


def from_text(rows: str) -> Picture:
    """A picture from rows of text: 1 where a "#" stands, 0 elsewhere.

    Rows are separated by blanks or line ends; missing ones stay empty. Returns
    (8, 8). Raises ValueError if a row, or their number, is longer than 8.
    """
    lines = rows.split()
    if len(lines) > SIZE or any(len(line) > SIZE for line in lines):
        raise ValueError(f"a picture has {SIZE} rows of {SIZE} signs at most")
    picture = np.zeros((SIZE, SIZE))
    for row, line in enumerate(lines):
        for column, sign in enumerate(line):
            picture[row, column] = float(sign == "#")
    return picture


def draw_digit(digit: int, rng: np.random.Generator, noise: float = 0.1) -> Picture:
    """A picture (8, 8) of a digit from 0 to 9: values from 0 (paper) to 1 (ink).

    `rng` chooses where it stands and how thick it is; each pixel is then changed by
    a random number of standard deviation `noise`. Raises IndexError for other digits.
    """
    if digit < 0:
        raise IndexError(f"{digit} is no digit")
    picture = from_text(_GLYPHS[digit])
    picture = np.roll(picture, (rng.integers(0, 2), rng.integers(1, 4)), axis=(0, 1))
    smear = np.roll(picture, 1, axis=1) * rng.choice([0.0, 0.0, 0.5])
    picture = np.maximum(picture, smear) * rng.uniform(0.7, 1.0)
    speckled = picture + rng.normal(0, noise, picture.shape) if noise else picture
    return np.asarray(np.clip(speckled, 0, 1), dtype=np.float64)

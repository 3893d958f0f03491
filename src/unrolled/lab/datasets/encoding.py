"""Text as numbers and back, for the lessons that are given it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

Ids = np.ndarray[Any, np.dtype[np.int64]]


def encode(text: str, vocabulary: Sequence[str]) -> Ids:
    """The position in `vocabulary` of each character: int64, shape (T,).

    Raises ValueError, naming it, if a character is not in the vocabulary.
    """
    position = {character: i for i, character in enumerate(vocabulary)}
    strange = sorted(set(text) - position.keys())
    if strange:
        raise ValueError(f"{strange[0]!r} is not in the vocabulary")
    return np.array([position[c] for c in text], dtype=np.int64)


def decode(ids: Iterable[int], vocabulary: Sequence[str]) -> str:
    """The text whose characters stand at these positions of `vocabulary`."""
    return "".join(vocabulary[int(i)] for i in ids)

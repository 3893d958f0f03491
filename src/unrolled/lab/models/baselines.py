"""What simple guessers pay for a text: yardsticks for a character model.

All in nats per character, for every character but the first.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from itertools import pairwise


def evenly(V: int) -> float:
    """Who guesses evenly among V characters pays log V."""
    return math.log(V)


def frequencies(text: str, held_out: str, V: int) -> float:
    """Who knows how often each character stands in `text`, and nothing else.

    Every one of the V characters counts as seen once more than it was, so that no
    probability is 0 (Laplace's rule).
    """
    counts = Counter(text)
    total = len(text) + V
    costs = [-math.log((counts[c] + 1) / total) for c in held_out[1:]]
    return sum(costs) / len(costs)


def pairs(text: str, held_out: str, V: int) -> float:
    """Who knows how often each character follows each other one in `text`.

    With Laplace's rule, as `frequencies`.
    """
    seen, before = Counter(pairwise(text)), Counter(text[:-1])
    costs = [
        -math.log((seen[a, b] + 1) / (before[a] + V)) for a, b in pairwise(held_out)
    ]
    return sum(costs) / len(costs)


def zipped(text: str, held_out: str) -> float:
    """What zlib adds to the compressed `text` for each character of `held_out`."""
    alone = len(zlib.compress(text.encode(), 9))
    both = len(zlib.compress((text + held_out).encode(), 9))
    return 8 * math.log(2) * (both - alone) / len(held_out)

"""What simple guessers pay for a text: yardsticks for a character model.

All in nats per character, for every character but the first.
"""

from __future__ import annotations

import bz2
import math
import zlib
from collections import Counter, defaultdict
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


def ngram(text: str, held_out: str, V: int, order: int = 5) -> float:
    """Who knows how often each character followed the `order - 1` before it.

    Each context is blended with the shorter one by the rule of Witten and Bell: what
    n times was followed, by k different characters, counts n, the shorter one k. The
    shortest is guessing evenly among V characters.
    """
    seen = [_count_followers(text, length) for length in range(order)]
    costs = [
        -math.log(_blend_counts(seen, held_out[max(0, i - order + 1) : i], c, V))
        for i, c in enumerate(held_out)
        if i
    ]
    return sum(costs) / len(costs)


def _count_followers(text: str, length: int) -> dict[str, Counter[str]]:
    """How often each character follows each context of this length."""
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for i in range(length, len(text)):
        seen[text[i - length : i]][text[i]] += 1
    return dict(seen)


def _blend_counts(
    seen: list[dict[str, Counter[str]]], context: str, character: str, V: int
) -> float:
    """The probability of a character, from the shortest context to the longest."""
    p = 1 / V
    for length in range(len(context) + 1):
        counts = seen[length].get(context[len(context) - length :], Counter())
        kinds, total = len(counts), counts.total()
        if total:
            p = (counts[character] + kinds * p) / (total + kinds)
    return p


def bzipped(text: str, held_out: str) -> float:
    """What bz2 adds to the compressed `text` for each character of `held_out`."""
    alone = len(bz2.compress(text.encode(), 9))
    both = len(bz2.compress((text + held_out).encode(), 9))
    return 8 * math.log(2) * (both - alone) / len(held_out)

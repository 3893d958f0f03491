"""How much a wrong result says: too little, and anything may be behind it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from unrolled.lab.checks.array import convert_to_array
from unrolled.lab.checks.describe import DICTS, Array
from unrolled.lab.checks.errors import Seen
from unrolled.lab.hints.encode import list_numbers

LEAST = 6.0  # bits: one of some sixty results, none that somebody has by chance
_IRREGULAR = 16.0
_PARTS = (1, 2, 3, 4, 5, 8, 10, 100)
_CHARACTER = 3.0
_SENTENCE = 6  # words; shorter ones are said of anything that is used wrongly


def is_telling(seen: Seen) -> bool:
    """Whether a wrong result is so special that its mistake can be told from it."""
    if seen.kind == "call":
        return _weigh_exception(seen.got)
    got = seen.got[0] if seen.kind == "differs" else seen.got  # type: ignore[index]
    return count_bits(got) >= LEAST


def _weigh_exception(got: Any) -> bool:
    """An exception tells by its message: the numbers that went wrong, or a sentence."""
    _, message = got
    return any(c.isdigit() for c in message) or len(message.split()) >= _SENTENCE


def is_finite(seen: Seen) -> bool:
    """Whether there are finite numbers only: of others a check itself knows why."""
    return bool(np.isfinite(list_numbers(seen.got)).all())


def count_bits(value: object) -> float:
    """About how many bits somebody needs to hit upon the value by chance."""
    if type(value) in (list, tuple):
        return _sum_bits(value)  # type: ignore[arg-type]
    if type(value) in DICTS:
        return _sum_bits(value.values())  # type: ignore[attr-defined]
    if type(value) in (str, bytes):
        text: Any = value
        return _CHARACTER * len(text)
    array = convert_to_array(value)
    return _count_array_bits(array) if array is not None else 0.0


def _sum_bits(values: Iterable[object]) -> float:
    return sum(count_bits(v) for v in values)


def _count_array_bits(array: Array) -> float:
    """Bits of the different numbers, and of their arrangement."""
    if array.dtype.kind not in "biufc" or not array.size:
        return 0.0
    numbers = np.real(array).astype(np.float64).ravel()
    counts = Counter(v if math.isfinite(v) else str(v) for v in numbers.tolist())
    shares = [n / numbers.size for n in counts.values()]
    arrangement = -numbers.size * sum(p * math.log2(p) for p in shares)
    return arrangement + sum(map(_count_number_bits, counts))


def _count_number_bits(number: float | str) -> float:
    """Bits of a number: of how many units it is, wholes or halves or thirds..."""
    if isinstance(number, str):  # nan, or infinity
        return 0.0
    for parts in _PARTS:
        units = abs(number) * parts
        if abs(units - round(units)) < 1e-9 * max(1.0, units):
            return min(_IRREGULAR, math.log2(2 * units + 1))
    return _IRREGULAR

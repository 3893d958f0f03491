"""Drawing from a student's iterator without trusting it to end."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from unrolled.lab.checks.call import call
from unrolled.lab.checks.describe import describe_value
from unrolled.lab.checks.errors import fail


def drain(name: str, items: Iterable[Any] | None, most: int = 50) -> list[Any]:
    """The first `most` items of what the student's function `name` returned.

    Raises CheckFailed if nothing can be drawn from it, or drawing raises.
    """
    if items is None:
        fail(f"{name} returned None; is a yield (or a return) missing?")

    def draw() -> list[Any]:
        return list(islice(items, most))

    draw.__name__ = name
    return list(call(draw))


def pairs(name: str, items: Iterable[Any] | None, most: int = 50) -> list[Any]:
    """As `drain`, for an iterator of pairs; CheckFailed if an item is no pair."""
    drawn = drain(name, items, most)
    for number, item in enumerate(drawn):
        if type(item) not in (tuple, list) or len(item) != 2:
            fail(f"{name}: item {number} is {describe_value(item)}, expected a pair")
    return drawn

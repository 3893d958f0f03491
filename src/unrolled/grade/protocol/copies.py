"""Copies of the values that travel, and what a call has changed in them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

_IMMUTABLE_TYPES = frozenset({type(None), bool, int, float, complex, str, bytes})


def copy_value(value: Any) -> Any:
    """A deep copy in which no two parts are one, as after a journey by value.

    Raises RecursionError for a value that holds itself.
    """
    kind = type(value)
    if kind in _IMMUTABLE_TYPES or isinstance(value, np.generic):
        return value
    if kind is np.ndarray and not value.dtype.hasobject:
        return value.copy(order="K")
    if kind is list or kind is tuple:
        return kind(map(copy_value, value))
    if kind is dict:
        return {key: copy_value(inner) for key, inner in value.items()}
    return copy.deepcopy(value)


def find_changed_arrays(
    before: list[Any], after: list[Any]
) -> list[tuple[list[Any], Any]]:
    """Paths and new contents of the arrays that differ between two argument lists."""
    return list(_find_changes([], before, after))


def _find_changes(
    path: list[Any], old: Any, new: Any
) -> Iterator[tuple[list[Any], Any]]:
    if type(old) is not type(new):
        return
    if type(old) is np.ndarray:
        if old.shape != new.shape or old.tobytes() != new.tobytes():
            yield path, new
    elif type(old) in (list, tuple):
        for index, (a, b) in enumerate(zip(old, new, strict=False)):
            yield from _find_changes([*path, index], a, b)
    elif type(old) is dict:
        for key in old.keys() & new.keys():
            yield from _find_changes([*path, key], old[key], new[key])

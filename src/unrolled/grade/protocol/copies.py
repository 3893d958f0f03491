"""Quick copies of the values that travel between a student and the judge."""

from __future__ import annotations

import copy
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

"""Float32 where float64 belongs; this text goes into a sample notebook, whole."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np


def single(right: Any) -> Any:
    """A function whose arrays come back in float32; anything else as it is."""
    if not callable(right) or isinstance(right, type):
        return right

    @functools.wraps(right)
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        return narrowed(right(*args, **kwargs))

    return stand_in


def narrowed(value: Any) -> Any:
    """The value with float32 in the place of NumPy's float64."""
    if isinstance(value, np.ndarray | np.float64) and value.dtype == np.float64:
        return value.astype(np.float32)
    if type(value) in (tuple, list):
        return type(value)(map(narrowed, value))
    if type(value) is dict:
        return {key: narrowed(item) for key, item in value.items()}
    return value

"""Comparing plain values exactly: text, numbers, None, and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from unrolled.lab.checks.array import convert_to_array
from unrolled.lab.checks.containers import check_dict, check_sequence, suggest_return
from unrolled.lab.checks.describe import (
    DICTS,
    NUMPY_NUMBERS,
    describe_value,
    format_short,
    get_type_name,
    quote_text,
)
from unrolled.lab.checks.errors import fail, format_cause

_PLAIN = (str, bool, int, float, complex, bytes, type(None))
_WINDOW = 12


def compare_plain(name: str, got: object, want: Any, cause: str | None) -> None:
    """Compare plain values, type and content, item by item.

    NumPy numbers count as the Python numbers that they hold.
    """
    if type(want) in (list, tuple):
        items = check_sequence(name, got, want, (type(want),))
        for index, value in enumerate(want):
            compare_plain(f"{name}[{index}]", items[index], value, cause)
    elif type(want) in DICTS:
        values = check_dict(name, got, want)
        for key, value in want.items():
            compare_plain(f"{name}[{key!r}]", values[key], value, cause)
    elif type(want) in _PLAIN:
        _compare_one(name, _unwrap(got), want, cause)
    else:
        raise TypeError(
            f"{name}: cannot expect {describe_value(want)}; use check.close"
        )


def _unwrap(value: Any) -> Any:
    if type(value) in NUMPY_NUMBERS:
        return value.item()
    return str(value) if type(value) is np.str_ else value


def _compare_one(name: str, got: Any, want: Any, cause: str | None) -> None:
    if type(got) is not type(want):
        message = f"{name}: expected {describe_value(want)}, got {describe_value(got)}"
        if type(want) in (list, tuple, str) and convert_to_array(got) is not None:
            # Sure enough to be said even where a hint is known.
            kind = get_type_name(want)
            message += f"\nA {kind} is asked for, no number and no array."
        elif type(want) is int and type(got) is float:
            cause = "/ makes a float; // divides whole numbers"
        fail(message, guess=suggest_return(got) + format_cause(cause))
    if got == want or (got != got and want != want):
        return
    if type(want) is str and len(want) > 2 * _WINDOW:
        fail(_describe_texts(name, got, want), guess=format_cause(cause))
    fail(
        f"{name}: got {format_short(got)}, expected {format_short(want)}",
        guess=format_cause(cause),
    )


def _describe_texts(name: str, got: str, want: str) -> str:
    """Long texts: their lengths, or the place where they part."""
    pairs = zip(got, want, strict=False)
    start = next((i for i, (a, b) in enumerate(pairs) if a != b), None)
    if start is None:
        return f"{name}: {len(got)} characters, expected {len(want)}"
    parts = [
        quote_text(t[max(0, start - _WINDOW) : start + _WINDOW]) for t in (got, want)
    ]
    return f"{name}: from character {start} on: got {parts[0]}, expected {parts[1]}"


def is_same_content(before: Any, after: Any) -> bool:
    """Whether two values of plain types are bit for bit the same."""
    if type(before) is not type(after):
        return False
    if type(before) in DICTS:
        before, after = list(before.items()), list(after.items())
    if type(before) in (list, tuple):
        pairs = zip(before, after, strict=False)
        return len(before) == len(after) and all(is_same_content(*p) for p in pairs)
    first, second = convert_to_array(before), convert_to_array(after)
    if first is not None and second is not None:
        alike = first.dtype == second.dtype and first.shape == second.shape
        return bool(alike and first.tobytes() == second.tobytes())
    if type(before) in _PLAIN:
        return bool(before == after)
    raise TypeError(f"cannot tell whether {describe_value(before)} was changed")

"""Comparing lists, tuples and dicts of arrays, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from unrolled.lab.checks.array import convert_to_array, split_axes
from unrolled.lab.checks.describe import (
    DICTS,
    NUMBERS,
    describe_value,
    format_short,
    get_type_name,
)
from unrolled.lab.checks.errors import fail
from unrolled.lab.checks.values import ComparisonRule, compare_array

AxesOf = str | tuple[Any, ...] | list[Any] | Mapping[Any, Any] | None
_KEYS = {str, int}


def compare(
    name: str, got: object, want: Any, *, axes: AxesOf, rule: ComparisonRule
) -> None:
    """Compare `got` with an array, a number, or a list, tuple or dict of these."""
    is_list = type(want) in (list, tuple)
    if type(want) in DICTS:
        items, wanted = check_dict(name, got, want), want.items()
    # A list of numbers stands for an array where one came back.
    elif is_list and not (convert_to_array(got) is not None and _is_all_numbers(want)):
        items, wanted = check_sequence(name, got, want, (list, tuple)), enumerate(want)
    else:
        array = convert_to_array(np.array(want) if is_list else want)
        if array is None:
            raise TypeError(f"{name}: cannot expect {describe_value(want)}")
        names = split_axes(axes) if isinstance(axes, str) else ()
        compare_array(name, got, array, axes=names, rule=rule)
        return
    for key, value in wanted:
        part, inner = f"{name}[{key!r}]", _select_axes(axes, key, value)
        compare(part, items[key], value, axes=inner, rule=rule)


def _is_all_numbers(want: Any) -> bool:
    if type(want) in (list, tuple):
        return all(_is_all_numbers(w) for w in want)
    return type(want) in NUMBERS


def _select_axes(axes: AxesOf, key: Any, value: Any) -> AxesOf:
    """The axes of one item; one string for all goes to the items that it fits."""
    if isinstance(axes, Mapping):
        return cast(AxesOf, axes.get(key))
    if axes is None or not isinstance(axes, str):
        return axes[key] if axes else None
    array = convert_to_array(value)
    return axes if array is None or array.ndim == len(split_axes(axes)) else None


def check_dict(name: str, got: object, want: Any) -> dict[Any, Any]:
    """The items of a dict with the keys of `want`; keys are compared by exact type."""
    if type(got) not in DICTS:
        facts = f"{name}: expected a dict, got {describe_value(got)}"
        fail(facts, guess=suggest_return(got))
    kinds = _KEYS & {type(key) for key in want}
    pairs: list[tuple[Any, Any]] = list(dict.items(cast(dict[Any, Any], got)))
    items = {k: v for k, v in pairs if type(k) in kinds}
    for key in want:
        if key not in items:
            fail(f"{name}: the key {key!r} is missing")
    strange = [k for k, _ in pairs if type(k) not in kinds or k not in want]
    if strange:
        fail(f"{name}: the key {format_short(strange[0])} is not expected")
    return items


def suggest_return(got: object) -> str:
    return "; is the return statement missing?" if got is None else ""


def check_sequence(name: str, got: Any, want: Any, allowed: tuple[type, ...]) -> Any:
    """`got` if it is one of the allowed sequences, as long as `want`."""
    expected = f"{name}: expected a {get_type_name(want)} of {len(want)}"
    if type(got) not in allowed:
        fail(f"{expected}, got {describe_value(got)}", guess=suggest_return(got))
    if len(got) != len(want):
        fail(f"{expected}, got {describe_value(got)}")
    return got

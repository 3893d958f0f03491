"""The ladder of a check, up to its last rung: array, axes, shape, dtype, finite.

The first miss stops; whether the values are right is asked in `values`.

The values under test are not trusted: only exact types are looked into, and no
method of an unknown object is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unrolled.lab.checks.causes import guess_shape_cause
from unrolled.lab.checks.describe import (
    NUMBERS,
    Array,
    Shape,
    describe_value,
    format_index,
    format_named_shape,
    format_number,
    format_shape,
    is_tensor,
)
from unrolled.lab.checks.errors import fail, format_cause

_KINDS = {"float": "f", "int": "iub", "bool": "b", "complex": "fc", "number": "fiub"}
_WORDS = {
    "float": "floats",
    "int": "whole numbers (an integer dtype)",
    "bool": "True and False (dtype bool)",
    "complex": "complex numbers",
    "number": "numbers",
}


@dataclass(frozen=True)
class ArraySpec:
    """What an array must be: its shape, the kind of its numbers, its axes' names."""

    shape: Shape
    kind: str
    axes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"kind={self.kind!r}: use one of {', '.join(_KINDS)}")
        if self.axes and len(self.axes) != len(self.shape):
            raise ValueError(f"axes {self.axes} do not fit the shape {self.shape}")


def split_axes(axes: str | None) -> tuple[str, ...]:
    """The names in an axes string: "N T H" gives ("N", "T", "H")."""
    return tuple(axes.split()) if axes else ()


def convert_to_array(value: object) -> Array | None:
    """An array of a plain array, number or tensor; None for anything else."""
    if type(value) is np.ndarray:
        return value
    if type(value) in NUMBERS:
        return np.asarray(value)
    return _convert_tensor(value) if is_tensor(value) else None


def _convert_tensor(value: Any) -> Array | None:
    try:
        plain = value.detach().cpu().resolve_conj().resolve_neg().numpy()
    except (RuntimeError, TypeError, NotImplementedError):
        return None
    return plain if type(plain) is np.ndarray else None


def get_kind(array: Array) -> str:
    """The kind of numbers that an expected array asks for."""
    kinds = {"f": "float", "i": "int", "u": "int", "b": "bool", "c": "complex"}
    if array.dtype.kind not in kinds:
        raise TypeError(f"cannot expect an array of dtype {array.dtype}")
    return kinds[array.dtype.kind]


def check_array(name: str, got: object, want: ArraySpec) -> Array:
    """The rungs from "an array" to its dtype; the array, or CheckFailed."""
    array = convert_to_array(got)
    if array is None:
        expected = "a number" if not want.shape else "a NumPy array"
        facts = f"{name}: expected {expected}, got {describe_value(got)}"
        fail(facts, guess=_guess_no_array(got, want))
    _check_shape(name, array.shape, want)
    _check_kind(name, array, want)
    return array


def _guess_no_array(got: object, want: ArraySpec) -> str:
    if got is None:
        return "; is the return statement missing?"
    if got is Ellipsis or got is NotImplemented:
        return "; is it written yet?"
    if type(got) is tuple:
        return "; return one value only?"
    if type(got) is list and want.shape:
        return "; np.stack or np.array makes one array of it"
    if issubclass(type(got), np.ndarray):
        return ", a special kind of array; np.asarray makes it a plain one"
    return ""


def _check_shape(name: str, shape: Shape, want: ArraySpec) -> None:
    if shape == want.shape:
        return
    expected = format_named_shape(want.shape, want.axes)
    cause = guess_shape_cause(shape, want.shape, want.axes)
    got = f"shape {format_shape(shape)}" if shape else "one number"
    if len(shape) != len(want.shape) and shape and want.shape:
        got = f"{_format_axes_count(len(shape))}, {got}"
        expected = f"{_format_axes_count(len(want.shape))}, {expected}"
    fail(f"{name}: {got}, expected {expected}", guess=f"; {cause}" if cause else "")


def _format_axes_count(count: int) -> str:
    return "1 axis" if count == 1 else f"{count} axes"


def _check_kind(name: str, array: Array, want: ArraySpec) -> None:
    code = array.dtype.kind
    whole_number = array.ndim == 0 and code in "iu" and want.kind == "float"
    if code in _KINDS[want.kind] or whole_number:
        return
    cause = _explain_kind(code, want.kind)
    facts = f"{name}: dtype {array.dtype}, expected {_WORDS[want.kind]}"
    fail(facts, guess=f"; {cause}")


def _explain_kind(code: str, kind: str) -> str:
    if code == "O":
        return "rows of different lengths, or objects that are no numbers?"
    if code == "c":
        return "complex numbers come from eigenvalues or roots: their size, np.abs?"
    if code == "b":
        return "True and False come from a comparison"
    if code in "iu" and kind == "float":
        return "an integer array cuts off decimals: was it made from integers?"
    if code == "f":
        return "/ and np.zeros make floats"
    return "these are no numbers"


def check_finite(
    name: str, got: Array, want: ArraySpec, where: Array | None = None
) -> None:
    """Refuse nan and infinity, where `where` is true (everywhere by default)."""
    if got.dtype.kind not in "fc":
        return
    bad = ~np.isfinite(got)
    if where is not None:
        bad &= where
    if not bad.any():
        return
    index = find_first(bad)
    count = f"; {int(bad.sum())} of {got.size} values" if got.size > 1 else ""
    why = "an overflow (exp of a large number?), or a division by 0?"
    if bool((np.real(got[bad]) == -np.inf).all()):
        why = "the logarithm of 0?"
    fail(
        f"{name}: {format_number(got[index])}, not a finite number,"
        f"{format_index(index, want.axes)}{count}",
        guess=format_cause(why),
    )


def find_first(mask: Array) -> Shape:
    """The index of the first true entry of `mask`."""
    return tuple(int(i) for i in np.argwhere(mask)[0])

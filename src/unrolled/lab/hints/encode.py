"""What a check asked and what it saw, as bytes that are the same on every machine.

Numbers are put into the cells of a grid: fine and even near 0, finer than a part in a
thousand everywhere. A grid is chosen so that no number of a known result lies near the
edge of its cell; then rounding errors of another machine change nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from unrolled.lab.checks.array import convert_to_array
from unrolled.lab.checks.describe import DICTS, Array, get_type_name
from unrolled.lab.checks.errors import Seen

SHIFTS = 32
_EDGE = 0.0314  # so that no shift puts a round number on an edge
_DEPTH = 8
_NAN, _ENDLESS = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True)
class Grid:
    """How numbers are rounded: `scale` and `step` are powers of ten.

    A number v lies in the cell asinh(v / scale) / step, moved by `shift` of SHIFTS:
    near 0 a cell is scale * step wide, far from 0 a cell is `step` of its number.
    """

    scale: int
    step: int
    shift: int = 0

    def place(self, numbers: Array) -> Array:
        """Where the numbers lie, in cells: whole numbers are edges."""
        with np.errstate(all="ignore"):
            spread = np.arcsinh(numbers.astype(np.float64) / 10.0**self.scale)
            return np.asarray(spread / 10.0**self.step + self.shift / SHIFTS + _EDGE)

    def quantise(self, numbers: Array) -> Array:
        """The cell of each number; nan and infinity have cells of their own."""
        cells = np.floor(self.place(numbers))
        finite = np.isfinite(cells)
        whole = np.where(finite, cells, 0).astype(np.int64)
        ends = np.where(cells < 0, -_ENDLESS, _ENDLESS)
        whole = np.where(finite, whole, ends)
        return np.asarray(np.where(np.isnan(cells), _NAN, whole))


FINE = Grid(scale=-3, step=-5)  # for the question, whose numbers are written down


def identify_question(seen: Seen) -> str:
    """A name for what a check asked: the same wherever the same is asked."""
    want = _describe_forms(seen.want) if seen.kind == "call" else seen.want
    text = encode_value((seen.kind, seen.name, want), FINE)
    return hashlib.sha256(text).hexdigest()[:32]


def encode_value(value: object, grid: Grid, depth: int = _DEPTH) -> bytes:
    """Bytes that tell a value from others: type, shape, and numbers up to the grid.

    A number, an array without axes and a tensor without axes are the same. Of objects
    that are no plain data only the name of the class counts.
    """
    kind = type(value)
    if depth == 0:
        return b"..."
    if kind in (list, tuple):
        parts = [encode_value(v, grid, depth - 1) for v in value]  # type: ignore[attr-defined]
        return _frame(b"L" if kind is list else b"T", parts)
    if kind in DICTS:
        items: Any = value
        pairs = [
            encode_value(key, grid, depth - 1) + encode_value(item, grid, depth - 1)
            for key, item in dict.items(items)
        ]
        return _frame(b"D", sorted(pairs))
    array = convert_to_array(value)
    if array is not None and array.dtype.kind in "biufc":
        return _frame(b"A", [str(array.shape).encode(), _encode_numbers(array, grid)])
    if kind in (str, bytes, type(None)):
        return _frame(b"S", [repr(value).encode("utf-8", "backslashreplace")])
    return _frame(b"O", [get_type_name(value).encode("utf-8", "backslashreplace")])


def _frame(tag: bytes, parts: list[bytes]) -> bytes:
    return tag + b"".join(len(p).to_bytes(4, "big") + p for p in (*parts, b""))


def _encode_numbers(array: Array, grid: Grid) -> bytes:
    kind = array.dtype.kind
    if kind == "c":
        cells = grid.quantise(np.stack([array.real, array.imag]))
    elif kind == "f":
        cells = grid.quantise(array)
    else:
        kind = "b" if kind == "b" else "i"
        cells = array.astype(np.int64)
    return kind.encode() + cells.astype(">i8").tobytes()


def _describe_forms(value: object) -> object:
    """Arguments by type and shape only: an exception is no matter of digits."""
    if type(value) in (list, tuple):
        return [_describe_forms(v) for v in value]  # type: ignore[attr-defined]
    array = convert_to_array(value)
    if array is not None:
        return ("numbers", list(array.shape))
    return get_type_name(value)


def list_numbers(value: object) -> Array:
    """All floating-point numbers in a value, in one row: what a grid rounds."""
    if type(value) in (list, tuple):
        parts = [list_numbers(v) for v in value]  # type: ignore[attr-defined]
    elif type(value) in DICTS:
        parts = [list_numbers(v) for v in value.values()]  # type: ignore[attr-defined]
    else:
        array = convert_to_array(value)
        if array is None or array.dtype.kind not in "fc":
            return np.zeros(0)
        parts = [array.real.ravel()]
        if array.dtype.kind == "c":
            parts.append(array.imag.ravel())
    return np.concatenate([p.astype(np.float64) for p in parts] or [np.zeros(0)])

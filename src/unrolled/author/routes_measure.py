"""How far two results differ, and how far one moves when its arguments do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unrolled.lab.describe import NUMBERS, Array, is_tensor
from unrolled.lab.ladder import to_array
from unrolled.lab.values import Tolerance

STEP = 1e-8  # the relative change of an argument; small enough for probabilities
INF = float("inf")


@dataclass(frozen=True)
class Gap:
    """How far two results differ.

    `relative`: the largest difference in an array over the largest size in it, for
    the worst array. `share`: the largest difference of one number over what the
    tolerance allows for that number.
    """

    relative: float = 0.0
    share: float = 0.0

    def worst(self, other: Gap) -> Gap:
        """The larger one of each figure."""
        return Gap(max(self.relative, other.relative), max(self.share, other.share))


def gap(want: Any, other: Any, tolerance: Tolerance | None) -> Gap:
    """How far `other` is from `want`; a tolerance of None is that of equality.

    Arrays, tensors, numbers, text, None, and lists, tuples and dicts of these. Where
    they cannot be compared the gap is infinite.
    """
    pairs = flat(want), flat(other)
    if len(pairs[0]) != len(pairs[1]):
        return Gap(INF, INF)
    worst = Gap()
    for a, b in zip(*pairs, strict=True):
        worst = worst.worst(_gap_of_two(a, b, tolerance))
    return worst


def flat(value: Any) -> list[Any]:
    """The arrays and plain values that a result is made of, in a fixed order."""
    array = to_array(value)
    if array is None and isinstance(value, list | tuple):
        array = _as_array(value)
    if array is not None:
        return [array]
    if isinstance(value, list | tuple):
        return [part for item in value for part in flat(item)]
    if isinstance(value, Mapping):
        keys = sorted(value, key=repr)
        return keys + [part for key in keys for part in flat(value[key])]
    return [value]


def _as_array(value: list[Any] | tuple[Any, ...]) -> Array | None:
    """A list of numbers as an array: one route may keep a list, the other not."""
    if value and all(type(item) in NUMBERS for item in value):
        return np.asarray(value)
    return None


def _gap_of_two(a: Any, b: Any, tolerance: Tolerance | None) -> Gap:
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        plain = type(a) is type(b) and isinstance(a, str | bytes | type(None))
        return Gap() if plain and a == b else Gap(INF, INF)
    if a.shape != b.shape or {a.dtype.kind, b.dtype.kind} - set("biufc"):
        return Gap(INF, INF)
    apart = _apart(a, b)
    largest = float(apart.max(initial=0.0))
    if largest == 0.0:
        return Gap()
    size = float(np.abs(a[np.isfinite(a)]).max(initial=0.0))
    with np.errstate(all="ignore"):
        shares = apart[apart > 0] / _allowed(a, b, tolerance)[apart > 0]
    return Gap(largest / size if size else INF, float(shares.max()))


def _apart(a: Array, b: Array) -> Array:
    """|a - b|; 0 where both are the same infinity or nan, inf where only one is."""
    kind = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
    a, b = a.astype(kind), b.astype(kind)
    with np.errstate(all="ignore"):
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        apart = np.where(same, 0.0, np.abs(a - b))
    return np.where(np.isnan(apart), INF, apart)


def _allowed(want: Array, other: Array, tolerance: Tolerance | None) -> Array:
    """What a tolerance allows for each number; whole numbers must be equal."""
    whole = want.dtype.kind in "iub" and other.dtype.kind in "iub"
    if tolerance is None or whole:
        return np.zeros(want.shape)
    rtol, atol = tolerance.bounds(other, want)
    return np.asarray(atol + rtol * np.abs(want))


def perturbed(value: Any, rng: np.random.Generator) -> Any:
    """A value whose double-precision numbers are changed by a relative STEP.

    Each number goes up or down, by chance. Whole numbers, text, functions and
    numbers in single precision stay as they are.
    """
    if type(value) is np.ndarray and value.dtype.char in "dD":
        return value * _factors(value.shape, rng)
    if type(value) in (float, np.float64, complex, np.complex128):
        return type(value)(value * _factors((), rng))
    if is_tensor(value):
        return _perturbed_tensor(value, rng)
    if type(value) in (list, tuple):
        return type(value)(perturbed(item, rng) for item in value)
    if type(value) is dict:
        return {key: perturbed(item, rng) for key, item in value.items()}
    return value


def _factors(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    return np.asarray(1.0 + STEP * rng.choice([-1.0, 1.0], size=shape))


def _perturbed_tensor(value: Any, rng: np.random.Generator) -> Any:
    import torch

    if value.dtype not in (torch.float64, torch.complex128):
        return value
    changed = value.detach() * torch.tensor(_factors(tuple(value.shape), rng))
    return changed.requires_grad_(value.requires_grad)

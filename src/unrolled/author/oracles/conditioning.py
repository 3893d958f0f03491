"""How far two results differ, and how far one moves when its arguments do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unrolled.lab.checks.array import convert_to_array
from unrolled.lab.checks.describe import NUMBERS, Array, is_tensor
from unrolled.lab.checks.values import Tolerance

STEP = 1e-8  # the relative change of an argument; small enough for probabilities
STEP_SINGLE = 1e-5  # the same in single precision, where 1e-8 is nothing
INF = float("inf")


@dataclass(frozen=True)
class Limit:
    """What a test allows: a tolerance, or None for equality.

    `single`: the result under test is in single precision, so that check.close
    applies a looser tolerance.
    """

    tolerance: Tolerance | None
    single: bool = False

    @property
    def eps(self) -> float:
        """The rounding unit of the result under test."""
        return float(np.finfo(np.float32 if self.single else np.float64).eps)

    @property
    def rounding_share(self) -> float:
        """How much of the tolerance rounding may take."""
        return 0.1 if self.single else 0.01

    def allowed(self, want: Array, other: Array) -> Array:
        """What is allowed for each number; whole numbers must be equal."""
        whole = want.dtype.kind in "iub" and other.dtype.kind in "iub"
        if self.tolerance is None or whole:
            return np.zeros(want.shape)
        got = want.astype(np.float32) if self.single else other
        rtol, atol = self.tolerance.bounds(got, want)
        return np.asarray(atol + rtol * np.abs(want))


@dataclass(frozen=True)
class Gap:
    """How far two results differ.

    `relative`: the largest difference in an array over the largest size in it, for
    the worst array. `share`: the largest difference of one number over what the
    tolerance allows for that number.
    """

    relative: float = 0.0
    share: float = 0.0

    def take_worst(self, other: Gap) -> Gap:
        """The larger one of each figure."""
        return Gap(max(self.relative, other.relative), max(self.share, other.share))


def measure_gap(want: Any, other: Any, limit: Limit) -> Gap:
    """How far `other` is from `want`.

    Arrays, tensors, numbers, text, None, and lists, tuples and dicts of these. Where
    they cannot be compared the gap is infinite.
    """
    pairs = flatten(want), flatten(other)
    if len(pairs[0]) != len(pairs[1]):
        return Gap(INF, INF)
    worst = Gap()
    for a, b in zip(*pairs, strict=True):
        worst = worst.take_worst(_measure_pair(a, b, limit))
    return worst


def flatten(value: Any) -> list[Any]:
    """The arrays and plain values that a result is made of, in a fixed order."""
    array = convert_to_array(value)
    if array is not None:
        return [array]
    if isinstance(value, list | tuple):
        if value and all(type(item) in NUMBERS for item in value):
            return [np.asarray(value)]  # the witness may return a list, the oracle not
        return [part for item in value for part in flatten(item)]
    if isinstance(value, Mapping):
        items = sorted(value.items(), key=lambda item: repr(item[0]))
        return [part for item in items for part in flatten(item)]
    return [value]


def _measure_pair(a: Any, b: Any, limit: Limit) -> Gap:
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        plain = type(a) is type(b) and isinstance(a, str | bytes | type(None))
        return Gap() if plain and a == b else Gap(INF, INF)
    if a.shape != b.shape or {a.dtype.kind, b.dtype.kind} - set("biufc"):
        return Gap(INF, INF)
    apart = _measure_distance(a, b)
    largest = float(apart.max(initial=0.0))
    if largest == 0.0:
        return Gap()
    size = float(np.abs(a[np.isfinite(a)]).max(initial=0.0))
    with np.errstate(all="ignore"):
        shares = apart[apart > 0] / limit.allowed(a, b)[apart > 0]
    return Gap(largest / size if size else INF, float(shares.max()))


def _measure_distance(a: Array, b: Array) -> Array:
    """|a - b|; 0 where both are the same infinity or nan, inf where only one is."""
    kind = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
    a, b = a.astype(kind), b.astype(kind)
    with np.errstate(all="ignore"):
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        apart = np.where(same, 0.0, np.abs(a - b))
    return np.where(np.isnan(apart), INF, apart)


class Perturbation:
    """Changes numbers by a relative step, up or down by chance.

    Whole numbers, text, functions and other objects stay as they are. `step` is the
    largest relative change made so far; 0 if there was nothing to change.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.step = rng, 0.0

    def __call__(self, value: Any) -> Any:
        """The value, with all numbers in it changed."""
        if type(value) is np.ndarray and value.dtype.char in "fdFD":
            factors = self._draw_factors(value, value.dtype.char)
            return (value * factors).astype(value.dtype)
        if type(value) in (float, np.float64, complex, np.complex128):
            return type(value)(value * self._draw_factors(value, "d"))
        if is_tensor(value):
            return self._change_tensor(value)
        if type(value) in (list, tuple):
            return type(value)(map(self, value))
        if type(value) is dict:
            return {key: self(item) for key, item in value.items()}
        return value

    def _draw_factors(self, value: Any, char: str) -> Array:
        step = STEP_SINGLE if char in "fF" else STEP
        self.step = max(self.step, step)
        signs = self.rng.choice([-1.0, 1.0], size=np.shape(value))
        return np.asarray(1.0 + step * signs)

    def _change_tensor(self, value: Any) -> Any:
        import torch

        chars = {torch.float32: "f", torch.float64: "d", torch.complex128: "D"}
        if value.dtype not in chars:
            return value
        factors = torch.tensor(self._draw_factors(value.detach(), chars[value.dtype]))
        changed = (value.detach() * factors).to(value.dtype)
        return changed.requires_grad_(value.requires_grad)

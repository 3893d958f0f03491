"""Objects that lie: none of them may pass a check, or run code in one."""

from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import torch

from unrolled.lab import check


class Liar:
    """Equal to everything, true to every question, an array by its own word."""

    __class__: Any = np.ndarray
    shape = (2,)
    dtype = np.dtype(float)
    ndim = 1

    def __eq__(self, other: Any) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("A")

    def __bool__(self) -> bool:
        return True

    def __array__(self, *_: Any, **__: Any) -> Any:
        return np.ones(2)

    def __array_ufunc__(self, *_: Any, **__: Any) -> Any:
        return np.array(True)

    def __abs__(self) -> Any:
        return 0.0

    def __float__(self) -> float:
        return 1.0


class LyingArray(np.ndarray):
    """An array that compares equal to everything."""

    def __array_ufunc__(self, *_: Any, **__: Any) -> Any:
        return np.ones((2,), bool)


class LyingTensor(torch.Tensor):
    """A tensor that turns into whatever is wanted."""

    def detach(self) -> Any:
        return torch.ones(2)


class Bomb:
    """Raises at every question."""

    def _boom(self, *_: Any) -> Any:
        raise RuntimeError("boom")

    __repr__ = __str__ = __eq__ = __bool__ = __len__ = __hash__ = _boom

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("boom")


class Str(str):
    """A text equal to every other."""

    __slots__ = ()

    def __eq__(self, other: Any) -> bool:
        return True

    __hash__ = str.__hash__


class Int(int):
    """A number equal to every other."""

    def __eq__(self, other: Any) -> bool:
        return True

    __hash__ = int.__hash__


class Dict(dict[str, Any]):
    """A dict that has everything."""

    def __getitem__(self, key: Any) -> Any:
        return np.ones(2)

    def items(self) -> Any:
        return [("A", np.ones(2))]


class Meta(type):
    """A class of classes that lies about its instances' names."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("boom")


class Nameless(metaclass=Meta):
    """Its class refuses to be named."""


FakeTensor = type("Tensor", (), {"detach": lambda s: s, "cpu": lambda s: s})
FakeTensor.__module__ = "torch"

HOSTILE = [
    Liar(),
    Bomb(),
    Nameless(),
    np.ones(2).view(LyingArray),
    torch.ones(2).as_subclass(LyingTensor),
    FakeTensor(),
    np.array([Liar(), Liar()]),
    [Liar(), Liar()],
    Str("A"),
    Int(1),
    Dict(),
    OrderedDict([(Liar(), np.ones(2))]),
    {Liar(): np.ones(2)},
]
EXPECTED = [np.ones(2), 1.0, (np.ones(2),), [1.0, 1.0], {"A": np.ones(2)}]


@pytest.mark.parametrize("expected", EXPECTED, ids=str)
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_lie_passes_close(number: int, expected: Any) -> None:
    """Does every hostile object fail in plain words, whatever is expected?"""
    with pytest.raises(check.CheckFailed):
        check.close("x", HOSTILE[number], expected)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_lie_passes_array(number: int) -> None:
    """Does every hostile object fail the ladder?"""
    with pytest.raises(check.CheckFailed):
        check.array("x", HOSTILE[number], (2,), kind="number")


@pytest.mark.parametrize("expected", ["A", 1, None, True, [1, 1], {"A": 1}], ids=str)
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_lie_passes_equal(number: int, expected: Any) -> None:
    """Does no object pass that only says it is equal?"""
    with pytest.raises(check.CheckFailed):
        check.equal("x", HOSTILE[number], expected)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_lie_passes_unchanged(number: int) -> None:
    """Does no hostile object count as unchanged?"""
    with pytest.raises((check.CheckFailed, TypeError)):
        check.unchanged("x", np.ones(2), HOSTILE[number])


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_lie_passes_that(number: int) -> None:
    """Is no hostile object a condition?"""
    with pytest.raises(TypeError):
        check.that(HOSTILE[number], "no")


def test_messages_stay_short_and_printable() -> None:
    """Do endless and unprintable texts of a student leave a short message?"""
    for got in ("\x1b[31m" * 1000, "a\nb" * 1000, {"k" * 10_000: 1}):
        with pytest.raises(check.CheckFailed) as caught:
            check.close("x", got, {"A": np.ones(2)})
        assert len(str(caught.value)) < 150
        assert str(caught.value).isprintable()
    with pytest.raises(check.CheckFailed) as caught:
        check.that(False, "long " * 1000)
    assert len(str(caught.value)) == 600

"""Values cross by value, exactly; everything else stays a reference."""

from __future__ import annotations

import contextlib
import json
import math
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unrolled.grade.protocol.codec import CodecError, Decoder, Encoder


def travel(value: object) -> Any:
    """Encode, through JSON as on the wire, and decode."""
    encoder = Encoder(_no_reference)
    node = json.loads(json.dumps(encoder.encode(value)))
    return Decoder(_no_object, tuple(encoder.buffers)).decode(node)


def _no_reference(value: object) -> Any:
    raise CodecError(f"by reference: {type(value).__name__}")


def _no_object(node: list[Any]) -> object:
    raise CodecError("no reference")


leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(max_size=20)
    | st.complex_numbers(allow_nan=False)
)
keys = st.none() | st.booleans() | st.integers() | st.text()
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(keys, inner, max_size=4)
        | st.tuples(inner, inner)
        | st.sets(st.integers() | st.text(), max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(values)
def test_plain_values_arrive_as_they_were(value: Any) -> None:
    """Do equal values of the same types come out, whatever is nested in what?"""
    there = travel(value)
    assert there == value
    assert repr(there) == repr(value) or isinstance(value, set | dict | list | tuple)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3).T,
        np.array([], dtype=np.int64),
        np.zeros((0, 3)),
        np.array(3.5, dtype=np.float32),
        np.array([1 + 2j]),
        np.array([True, False]),
        np.array([np.nan, np.inf, -0.0]),
        np.array(["h", "ello"]),
        np.arange(5, dtype=">i4"),
    ],
    ids=str,
)
def test_arrays_keep_shape_dtype_and_bits(array: np.ndarray[Any, Any]) -> None:
    """Does an array arrive with its shape, dtype and every bit?"""
    there = travel(array)
    assert there.dtype == array.dtype and there.shape == array.shape
    assert there.tobytes() == np.ascontiguousarray(array).tobytes()
    assert there.flags.writeable


def test_numpy_scalars_and_tensors_keep_their_type() -> None:
    """Are NumPy scalars and torch tensors still what they were?"""
    assert type(travel(np.float32(1.5))) is np.float32
    tensor = torch.tensor([[1.0, 2.0]], dtype=torch.float64, requires_grad=True)
    there = travel(tensor)
    assert torch.equal(there, tensor) and there.requires_grad
    assert travel(OrderedDict(w=torch.ones(2)))["w"].tolist() == [1.0, 1.0]


def test_nan_travels() -> None:
    """Is a NaN still a NaN?"""
    assert math.isnan(travel(float("nan")))


class Liar(float):
    """Claims to be equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = float.__hash__


class ArrayLiar(np.ndarray):
    """An array of another mind."""


@pytest.mark.parametrize(
    "value",
    [
        Liar(1.0),
        np.zeros(2).view(ArrayLiar),
        np.array([object()]),
        np.zeros(2, dtype=[("a", "f8")]),
        object(),
        len,
        type("D", (dict,), {})(),
        type("S", (str,), {})("a"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_subclasses_and_objects_never_go_by_value(value: object) -> None:
    """Does anything but an exact plain type get through by value?"""
    with pytest.raises(CodecError, match="by reference"):
        travel(value)


def test_bottomless_values_are_refused() -> None:
    """Does a list inside itself, or a giant number, end in a clear refusal?"""
    endless: list[Any] = []
    endless.append(endless)
    for value in (endless, 10**100_000):
        with pytest.raises(CodecError):
            travel(value)


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=25,
)
tags = st.sampled_from(
    ["a", "g", "T", "i", "c", "y", "l", "t", "s", "z", "d", "r", "?"]
)


@settings(max_examples=500, deadline=None)
@given(st.tuples(tags, json_values, json_values, json_values).map(list), st.binary())
def test_nonsense_never_gets_past_the_decoder(node: list[Any], data: bytes) -> None:
    """Does any nonsense from the wire do more than raise CodecError?"""
    with contextlib.suppress(CodecError):
        Decoder(_no_object, (data,)).decode(node)


@pytest.mark.parametrize(
    "node",
    [
        ["a", "|O8", [1], 0],
        ["a", "<f8", [-1], 0],
        ["a", "<f8", [10**12], 0],
        ["a", "<f8", [True], 0],
        ["a", "<f8", [1], 7],
        ["y", -1],
        ["d", [[["l", []], 1]]],
        ["i", "0x" + "f" * 30_000],
    ],
    ids=str,
)
def test_malformed_values_are_refused(node: list[Any]) -> None:
    """Are object arrays, false shapes, missing buffers and bad keys refused?"""
    with pytest.raises(CodecError):
        Decoder(_no_object, (b"12345678",)).decode(node)

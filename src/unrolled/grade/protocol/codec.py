"""Values by value: the only things that cross between a student and the judge.

None, bool, int, float, complex, str, bytes, list, tuple, dict, set, NumPy arrays
and scalars, and torch tensors go by value, judged by their *exact* type: an
instance of a subclass may lie about everything, so it goes by reference like any
other object. Nothing is ever pickled. The tree is JSON; the numbers of arrays
travel as raw bytes beside it.
"""

from __future__ import annotations

import re
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

Node = Any
MAX_DEPTH = 64
MAX_NODES = 400_000
MAX_DIGITS = 20_000
_SMALL_INT = 2**53
_DTYPE = re.compile(r"[<>|](b1|[iu][1248]|f[248]|c(8|16)|U\d{1,4})\Z")
_TORCH_DTYPE_NAMES = """
bool uint8 int8 int16 int32 int64 float16 float32 float64 complex64 complex128
"""
_TORCH_DTYPES = frozenset(_TORCH_DTYPE_NAMES.split())


class CodecError(Exception):
    """A value cannot travel, or what came is no value."""


@dataclass
class Encoder:
    """Turns one value into a JSON tree and a list of buffers.

    `refer` is called with every object that does not go by value and returns the
    node that stands for it, or raises CodecError.
    """

    refer: Callable[[object], Node]
    buffers: list[bytes] = field(default_factory=list)
    nodes: int = 0

    def encode(self, value: object, depth: int = 0) -> Node:
        """The node for `value`; CodecError if it is too deep or too large."""
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise CodecError("the value is too deep or too large to travel")
        kind = type(value)
        if value is None or kind in (bool, float, str):
            return value
        simple = _SCALAR_ENCODERS.get(kind)
        if simple is not None:
            return simple(self, value)
        inner = _CONTAINER_ENCODERS.get(kind)
        if inner is not None:
            return inner(self, value, depth + 1)
        return self._encode_array_like(value, kind)

    def _encode_array_like(self, value: Any, kind: type) -> Node:
        if kind is np.ndarray and _is_supported_dtype(value.dtype.str):
            return ["a", value.dtype.str, list(value.shape), self._add_array(value)]
        if kind in _NUMPY_SCALARS:
            return ["g", value.dtype.str, self._add_array(np.asarray(value))]
        torch = sys.modules.get("torch")
        if torch and (kind is torch.Tensor or kind is torch.nn.Parameter):
            return self._encode_tensor(value)
        return self.refer(value)

    def _encode_tensor(self, value: Any) -> Node:
        name = str(value.dtype).removeprefix("torch.")
        strided = value.layout is sys.modules["torch"].strided
        if name not in _TORCH_DTYPES or not strided:
            return self.refer(value)
        array = value.detach().cpu().resolve_conj().resolve_neg().numpy()
        shape, index = list(array.shape), self._add_array(array)
        return ["T", name, shape, index, value.requires_grad]

    def _add_array(self, array: np.ndarray[Any, Any]) -> int:
        return self._add_buffer(array.tobytes())

    def _add_buffer(self, data: bytes) -> int:
        self.buffers.append(data)
        return len(self.buffers) - 1

    def _encode_int(self, value: int) -> Node:
        if -_SMALL_INT <= value <= _SMALL_INT:
            return value
        if value.bit_length() > 4 * MAX_DIGITS:
            raise CodecError("the number is too large to travel")
        return ["i", hex(value)]

    def _encode_items(self, tag: str, values: Any, depth: int) -> Node:
        return [tag, [self.encode(v, depth) for v in values]]

    def _encode_dict(self, value: Any, depth: int) -> Node:
        pairs = list(dict.items(value))
        return ["d", [[self.encode(k, depth), self.encode(v, depth)] for k, v in pairs]]


_SCALAR_ENCODERS: dict[type, Callable[[Encoder, Any], Node]] = {
    int: Encoder._encode_int,
    complex: lambda _, v: ["c", v.real, v.imag],
    bytes: lambda e, v: ["y", e._add_buffer(v)],
}
_CONTAINER_ENCODERS: dict[type, Callable[[Encoder, Any, int], Node]] = {
    list: lambda e, v, d: e._encode_items("l", list(v), d),
    tuple: lambda e, v, d: e._encode_items("t", v, d),
    set: lambda e, v, d: e._encode_items("s", list(v), d),
    frozenset: lambda e, v, d: e._encode_items("z", list(v), d),
    dict: Encoder._encode_dict,
    OrderedDict: Encoder._encode_dict,
}
_NUMPY_SCALARS = frozenset(
    np.dtype(code).type for code in ("?", *"bhilqBHILQ", *"efd", *"FD")
)


@dataclass
class Decoder:
    """Turns a JSON tree and its buffers back into a value.

    `resolve` is called with the node of each reference ("r" or "o"). Everything
    else is checked: tags, depths, shapes against bytes, hashable keys.
    """

    resolve: Callable[[list[Any]], object]
    buffers: tuple[bytes, ...] = ()
    nodes: int = 0

    def decode(self, node: Node, depth: int = 0) -> Any:
        """The value of `node`; CodecError if it is not well formed."""
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise CodecError("the value is too deep or too large")
        if node is None or type(node) in (bool, int, float, str):
            return node
        if type(node) is not list or not node or type(node[0]) is not str:
            raise CodecError("not a value")
        reader = _DECODERS.get(node[0])
        try:
            if reader is not None:
                return reader(self, node, depth + 1)
            return self.resolve(node)
        except (IndexError, TypeError, ValueError, KeyError, OverflowError) as error:
            raise CodecError("not a well-formed value") from error

    def _decode_items(self, node: list[Any], depth: int) -> list[Any]:
        if type(node[1]) is not list:
            raise CodecError("not a sequence")
        return [self.decode(n, depth) for n in node[1]]

    def _get_buffer(self, index: Any) -> bytes:
        if type(index) is not int or index < 0:
            raise CodecError("no such buffer")
        return self.buffers[index]

    def _make_array(self, dtype: np.dtype[Any], shape: Any, index: Any) -> Any:
        if type(shape) is not list or len(shape) > 32:
            raise CodecError("not a shape")
        for size in shape:
            if type(size) is not int or size < 0:
                raise CodecError("not a shape")
        data = self._get_buffer(index)
        if not data:
            if 0 not in shape:
                raise CodecError("no bytes")
            return np.zeros(shape, dtype)
        return np.frombuffer(data, dtype).reshape(shape).copy()

    def _decode_tensor(self, node: list[Any], _: int) -> Any:
        import torch

        if node[1] not in _TORCH_DTYPES or type(node[4]) is not bool:
            raise CodecError("not a tensor")
        array = self._make_array(np.dtype(node[1]), node[2], node[3])
        return torch.from_numpy(array).requires_grad_(node[4])

    def _decode_int(self, node: list[Any], _: int) -> int:
        if type(node[1]) is not str or len(node[1]) > MAX_DIGITS + 4:
            raise CodecError("not a number")
        return int(node[1], 16)

    def _decode_complex(self, node: list[Any], _: int) -> complex:
        if type(node[1]) is not float or type(node[2]) is not float:
            raise CodecError("not a complex number")
        return complex(node[1], node[2])


_DECODERS: dict[str, Callable[[Decoder, list[Any], int], Any]] = {
    "a": lambda d, n, _: d._make_array(_parse_dtype(n[1]), n[2], n[3]),
    "g": lambda d, n, _: d._make_array(_parse_dtype(n[1]), [], n[2])[()],
    "T": Decoder._decode_tensor,
    "i": Decoder._decode_int,
    "c": Decoder._decode_complex,
    "y": lambda d, n, _: d._get_buffer(n[1]),
    "l": Decoder._decode_items,
    "t": lambda d, n, depth: tuple(d._decode_items(n, depth)),
    "s": lambda d, n, depth: set(d._decode_items(n, depth)),
    "z": lambda d, n, depth: frozenset(d._decode_items(n, depth)),
    "d": lambda d, n, depth: {d.decode(k, depth): d.decode(v, depth) for k, v in n[1]},
}


@lru_cache(64)
def _is_supported_dtype(text: str) -> bool:
    return _DTYPE.match(text) is not None


def _parse_dtype(text: Any) -> np.dtype[Any]:
    if type(text) is not str or not _is_supported_dtype(text):
        raise CodecError("not a dtype that travels")
    return np.dtype(text)

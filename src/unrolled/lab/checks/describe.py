"""Short words for values that are not trusted: nothing of theirs is called.

Only exact types are asked for their content. Of any other object only the name
of its class is told.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import Any

import numpy as np

from unrolled.lab.checks.errors import clip, make_printable

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]

TEXT_LIMIT = 40
_CODES = ("?", *"bhilqBHILQ", *"efdg", *"FDG")
NUMPY_NUMBERS = frozenset(np.dtype(code).type for code in _CODES)
NUMBERS = frozenset((bool, int, float, complex)) | NUMPY_NUMBERS
DICTS = (dict, OrderedDict)
_FUNCTIONS = ("function", "builtin_function_or_method", "method", "StudentCallable")
_OPAQUE = "StudentObject"


def get_type_name(value: object) -> str:
    """The name of the class of `value`, at most 40 characters."""
    name = type.__dict__["__name__"].__get__(type(value))
    return clip(make_printable(name), TEXT_LIMIT)


def is_tensor(value: object) -> bool:
    """Whether `value` is a torch tensor or parameter; torch is not imported."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    return type(value) in (torch.Tensor, torch.nn.Parameter)


def quote_text(text: str) -> str:
    """`text` as Python writes it, at most 40 characters of it."""
    return repr(clip(text, TEXT_LIMIT))


def describe_value(value: object) -> str:
    """What `value` is, in a few words: "None", "a list of 3", "an int (7)"."""
    kind = type(value)
    if value is None or value is Ellipsis or value is NotImplemented:
        return repr(value)
    if kind is str:
        return f"the text {quote_text(value)}"  # type: ignore[arg-type]
    if kind in NUMBERS:
        return f"{_add_article(get_type_name(value))} ({_format_typed(value)})"
    if kind in (list, tuple, set, frozenset, *DICTS):
        return f"{_add_article(get_type_name(value))} of {len(value)}"  # type: ignore[arg-type]
    if kind is np.ndarray:
        return f"an array of shape {format_shape(value.shape)}"  # type: ignore[attr-defined]
    return _describe_other(value)


def _format_typed(value: object) -> str:
    """A number that shows its type: 3.0 for a float."""
    text = format_number(value)
    whole = type(value) is float and text.lstrip("-").isdigit()
    return text + ".0" if whole else text


def _describe_other(value: object) -> str:
    name = get_type_name(value)
    if is_tensor(value):
        return "a tensor"
    if name in _FUNCTIONS:
        return "a function"
    if name == _OPAQUE:
        return "an object that is no plain value"
    if issubclass(type(value), type):
        return "a class"
    return _add_article(name)


def _add_article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def format_short(value: object) -> str:
    """A plain value in a few characters: text in quotes, numbers as they are."""
    if type(value) is str:
        return quote_text(value)
    return format_number(value) if type(value) in NUMBERS else describe_value(value)


def format_number(value: object, digits: int = 6) -> str:
    """A number of an exact numeric type, with `digits` significant digits."""
    plain: Any = value.item() if type(value) in NUMPY_NUMBERS else value  # type: ignore[attr-defined]
    if type(plain) is int:
        return clip(str(plain), TEXT_LIMIT) if abs(plain) < 10**60 else "a huge number"
    if type(plain) in (float, complex):
        return format(plain, f".{digits}g")
    return clip(str(plain), TEXT_LIMIT)


def format_pair(got: object, expected: object) -> tuple[str, str]:
    """Two numbers as text, with as many digits as it takes to tell them apart."""
    for digits in (6, 9, 13):
        texts = format_number(got, digits), format_number(expected, digits)
        if texts[0] != texts[1]:
            return texts
    return format_number(got, 17), format_number(expected, 17)


def format_shape(shape: Shape) -> str:
    """A shape as Python writes it: "(2, 3)", "(4,)", "()"."""
    return str(tuple(int(n) for n in shape))


def format_named_shape(shape: Shape, axes: tuple[str, ...]) -> str:
    """A shape with the names of its axes: "(N, H) = (2, 4)"."""
    if not shape:
        return "one number"
    if not axes:
        return format_shape(shape)
    names = ", ".join(axes) + ("," if len(axes) == 1 else "")
    return f"({names}) = {format_shape(shape)}"


def format_index(index: Shape, axes: tuple[str, ...]) -> str:
    """Where in an array: " at [1, 0] (N=1, H=0)"; nothing for a single number."""
    if not index:
        return ""
    spots = [f"{a}={i}" for a, i in zip(axes, index, strict=False)]
    return f" at {list(index)}" + (f" ({', '.join(spots)})" if spots else "")

"""Stand-ins for a solution that do nothing; their text goes into a sample notebook.

This module is pasted into the notebook whole, so it imports the standard library
and NumPy only. A stand-in asks the right solution, on copies of the arguments, what
its result looks like, and returns something of the same look.
"""

from __future__ import annotations

import copy
import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

KINDS = ("None", "zeros", "ones", "first argument", "matching argument")
_SCALARS: Mapping[type, tuple[Any, Any]] = {
    bool: (False, True),
    int: (0, 1),
    float: (0.0, 1.0),
    complex: (0j, 1 + 0j),
}


def lazy(kind: str, right: Any) -> Any:
    """A stand-in of a kind for a function, a class or data."""
    if isinstance(right, type):
        return _lazy_class(kind, right)
    if callable(right):
        return _lazy_function(kind, right)
    return None if "None" in kind else filled(right, one="ones" in kind)


def filled(value: Any, *, one: bool) -> Any:
    """Zeros, or ones if `one` (text: blanks, or the letter a) in the form of `value`.

    None stays None, and every object that is no data becomes None.
    """
    kind = type(value)
    if kind in _SCALARS:
        return _SCALARS[kind][one]
    if isinstance(value, np.ndarray | np.generic):
        return (np.ones_like if one else np.zeros_like)(value)
    if kind is str:
        return "a" * len(value) if one else " " * len(value)
    if isinstance(value, tuple | list):
        return kind(filled(item, one=one) for item in value)
    if isinstance(value, dict):
        return {key: filled(item, one=one) for key, item in value.items()}
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return (torch.ones_like if one else torch.zeros_like)(value.detach())
    if isinstance(value, Iterator):
        return (filled(item, one=one) for item in value)
    return None


def matching(given: list[Any], value: Any) -> Any:
    """The first argument of the form of `value`, item by item; zeros if none is."""
    if isinstance(value, tuple):
        left, items = list(given), []
        for item in value:
            items.append(matching(left, item))
            left = [g for g in left if g is not items[-1]]
        return tuple(items)
    form = _form(value)
    return next((g for g in given if _form(g) == form), filled(value, one=False))


def _form(value: Any) -> Any:
    """What must agree for two values to look alike: type and shape, or keys."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number or isinstance(value, np.number):
        return "a number"
    if isinstance(value, dict):
        return sorted(map(str, value))
    if isinstance(value, list):
        return "a list", len(value)
    return type(value), tuple(getattr(value, "shape", ()))


def _copied(value: Any) -> Any:
    """A copy, or the object itself where it cannot be copied."""
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def _result(right: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What the right solution returns for copies of the arguments; None if it fails."""
    try:
        return right(*map(_copied, args), **{k: _copied(v) for k, v in kwargs.items()})
    except Exception:
        return None


def _lazy_function(kind: str, right: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(right)

    @functools.wraps(right)
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        given = list(signature.bind(*args, **kwargs).arguments.values())
        if kind in ("None", "first argument"):
            return given[0] if given and kind != "None" else None
        result = _result(right, args, kwargs)
        if kind == "matching argument":
            return matching(given, result)
        return filled(result, one=kind == "ones")

    return stand_in


def _lazy_class(kind: str, right: type) -> type:
    """A class with the methods of `right`, each of them lazy.

    It keeps an object of the right class, made of copies, to ask it.
    """

    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        for base in right.__bases__:
            parent: Any = base  # a class of the lesson's, of whatever arguments
            if base is not object:
                parent.__init__(self)
        self.__dict__["_right"] = (
            None if kind == "None" else _result(right, args, kwargs)
        )

    def method(name: str) -> Callable[..., Any]:
        def stand_in(self: Any, *args: Any, **kwargs: Any) -> Any:
            if name == "__iter__":
                return self
            if kind == "None":
                return None
            asked = getattr(self.__dict__["_right"], name, None)
            if name == "__next__" and asked is not None:
                return filled(asked(), one=kind == "ones")  # and its StopIteration
            return _lazy_function(kind, asked)(*args, **kwargs) if asked else None

        return stand_in

    own = [n for n, v in vars(right).items() if inspect.isfunction(v)]
    methods = {name: method(name) for name in own if name != "__init__"}
    return type(right.__name__, right.__bases__, {**methods, "__init__": begin})

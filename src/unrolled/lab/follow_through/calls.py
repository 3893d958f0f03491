"""What a function of the notebook calls, read from its code: nothing is run."""

from __future__ import annotations

import dis
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

from unrolled.lab.hints.encode import FINE, encode_value

Names = Mapping[str, Any]
_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")


def list_names(code: CodeType) -> set[str]:
    """The names that code looks up in the notebook, also inside of inner functions."""
    found = {i.argval for i in dis.get_instructions(code) if i.opname in _GLOBAL}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= list_names(constant)
    return found


def list_reached(start: Iterable[str], names: Names) -> set[str]:
    """`start`, and all names of the notebook that functions behind them look up."""
    reached: set[str] = set()
    waiting = [name for name in start if name in names]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            codes = list_code(names[name], names)
            waiting += [n for code in codes for n in list_names(code) if n in names]
    return reached


def list_code(value: object, names: Names) -> list[CodeType]:
    """The code of a function or of the methods of a class, if the notebook has it."""
    if type(value) is FunctionType:
        return [value.__code__] if value.__globals__ is names else []
    if isinstance(value, type) and value.__module__ == names.get("__name__"):
        return [f.__code__ for f in _list_methods(value) if f.__globals__ is names]
    return []


def _list_methods(value: type) -> Iterator[FunctionType]:
    for member in vars(value).values():
        method = getattr(member, "__func__", getattr(member, "fget", member))
        if type(method) is FunctionType:
            yield method


@dataclass(frozen=True)
class State:
    """What an exercise amounts to: its own data, and all code that it leads to."""

    code: tuple[tuple[str, tuple[CodeType, ...]], ...]
    data: tuple[bytes, ...]


def describe_state(defines: Iterable[str], names: Names) -> State:
    """The state of an exercise: equal as long as nothing that it calls was changed."""
    own = [name for name in defines if name in names]
    code = {name: tuple(list_code(names[name], names)) for name in own}
    for name in list_reached(own, names):
        code[name] = tuple(list_code(names[name], names))
    data = [encode_value(names[name], FINE) for name in own if not code[name]]
    return State(tuple(sorted((n, c) for n, c in code.items() if c)), tuple(data))

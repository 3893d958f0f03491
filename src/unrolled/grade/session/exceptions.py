"""What may be told of an exception that the student's code has raised.

The text of an exception is made in the student's process, so it is a claim, and it
could carry anything. What is told are sentences of ours, filled with what can be held
against the student's own source: names that stand in it, and small whole numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

CODE_LIMIT = 60
MAX_SHAPES, MAX_AXES, MAX_SIZE = 4, 6, 9999
MAX_LINE = 100_000
_TYPES = frozenset(
    (
        *("NoneType", "bool", "int", "float", "complex", "str", "bytes", "list"),
        *("tuple", "dict", "set", "range", "generator", "function", "method", "map"),
        *("zip", "type", "module", "ndarray", "numpy.ndarray", "Tensor", "slice"),
        *("numpy", "torch", "math", "builtin_function_or_method", "dict_values"),
    )
)
_SHAPE = r"\([\d, ]*\)"


@dataclass(frozen=True)
class SourceLine:
    """A line of the rebuilt notebook: whose cell it is in, its text, and all text."""

    whose: str = ""
    code: str = ""
    source: str = ""


@dataclass(frozen=True)
class ReportedError:
    """An exception as the student's process tells it."""

    text: str = ""
    shapes: tuple[tuple[int, ...], ...] = ()
    cell: int = -1
    line: int = 0

    @classmethod
    def read(cls, error: Any) -> ReportedError:
        """What of a message has the right form; the rest is left out."""
        if type(error) is not dict:
            return cls()
        text, places = error.get("message"), error.get("places")
        last = places[-1] if type(places) is list and places else None
        cell, line = -1, 0
        if type(last) is list and [type(n) for n in last] == [int, int]:
            cell, line = last if 0 < last[1] <= MAX_LINE else (-1, 0)
        text = text[:500] if type(text) is str else ""
        return cls(text, _read_shapes(error.get("shapes")), cell, line)


def _read_shapes(claimed: Any) -> tuple[tuple[int, ...], ...]:
    if type(claimed) is not list or len(claimed) > MAX_SHAPES:
        return ()
    shapes = [tuple(s) if type(s) is list else None for s in claimed]
    fair = all(s is not None and _is_shape(s) for s in shapes)
    return tuple(s for s in shapes if s is not None) if fair else ()


def _is_shape(sizes: tuple[Any, ...]) -> bool:
    small = all(type(n) is int and 0 <= n <= MAX_SIZE for n in sizes)
    return small and len(sizes) <= MAX_AXES


def describe_error(claim: ReportedError, place: SourceLine | None) -> str:
    """What is safe to tell, and where: `... (line 9 of your cell of f: `code`)`."""
    source = place.source if place else ""
    detail = _format_detail(claim, source)
    where = _format_location(claim, place)
    if not detail or not where:
        return detail or where
    return f"{detail} ({where})"


def _format_location(claim: ReportedError, place: SourceLine | None) -> str:
    if not claim.line:
        return ""
    if place is None or not place.code:
        return f"line {claim.line}"
    code = place.code.strip()
    code = code if len(code) <= CODE_LIMIT else code[: CODE_LIMIT - 3] + "..."
    return f"line {claim.line} of {place.whose}: {code}"


def _format_detail(claim: ReportedError, source: str) -> str:
    words = _find_words(source)
    for pattern, tell in _PATTERNS:
        match = pattern.match(claim.text)
        if match:
            return tell(_MessageMatch(match, words, claim.shapes)) or ""
    return ""


@lru_cache(maxsize=64)
def _find_words(source: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d]\w*", source))


@dataclass(frozen=True)
class _MessageMatch:
    """A known sentence, whose parts are only given out if they can be believed."""

    match: re.Match[str]
    words: frozenset[str]
    claimed: tuple[tuple[int, ...], ...]

    def name(self, group: int = 1) -> str:
        """A name that the student's source holds; all parts, if it has dots."""
        text = self.match[group] or ""
        return text if text and set(text.split(".")) <= self.words else ""

    def type(self, group: int = 1) -> str:
        """The name of a type that is known, or stands in the source."""
        text = self.match[group] or ""
        return text if text in _TYPES else self.name(group)

    def number(self, group: int) -> str:
        """A whole number of at most six digits."""
        text = self.match[group]
        return text if len(text.lstrip("-")) <= 6 else "..."

    def shapes(self) -> list[str]:
        """All shapes that the sentence names."""
        found = [
            tuple(int(n[:9]) for n in re.findall(r"\d+", shape))
            for shape in re.findall(_SHAPE, self.match.group())
        ][:MAX_SHAPES]
        return list(map(format_shape, found)) if all(map(_is_shape, found)) else []

    def names(self, group: int) -> str:
        """Names in quotation marks, if all of them stand in the source."""
        found = re.findall(r"'(\w+)'", self.match[group])
        return ", ".join(found) if set(found) <= self.words else ""


def format_shape(shape: tuple[int, ...]) -> str:
    """A shape as Python writes it."""
    return str(shape)


def _join_shapes(shapes: list[str]) -> str:
    return " and ".join([", ".join(shapes[:-1]), shapes[-1]] if shapes[1:] else shapes)


def _format_mismatch(said: _MessageMatch) -> str:
    shapes = said.shapes()
    return f"the shapes {_join_shapes(shapes)} do not fit together" if shapes else ""


def _format_numpy_product(said: _MessageMatch) -> str:
    """A wrong `@` tells two sizes only; the shapes come from the variables."""
    if len(said.claimed) == 2:
        shapes = _join_shapes(list(map(format_shape, said.claimed)))
        return f"the shapes {shapes} do not fit in @"
    two, one = said.number(1), said.number(2)
    return f"the shapes do not fit in @: {one} against {two}"


def _format_torch_product(said: _MessageMatch) -> str:
    rows = [said.number(n) for n in (1, 2, 3, 4)]
    return "the shapes ({}, {}) and ({}, {}) do not fit in @".format(*rows)


def _format_attribute(said: _MessageMatch) -> str:
    owner, name = said.type(1), said.name(2)
    return f"{owner or 'the object'} has no attribute {name}" if name else ""


def _format_missing(said: _MessageMatch) -> str:
    function, names = said.name(1), said.names(2)
    return f"{function or 'the call'} is missing {names}" if names else ""


def _format_operands(said: _MessageMatch) -> str:
    left, right = said.type(2), said.type(3)
    return f"{said.match[1]} between {left} and {right}" if left and right else ""


def _format_key(said: _MessageMatch) -> str:
    return f"there is no key {said.match[1]!r}" if said.name() else ""


def _make_name_formatter(sentence: str) -> Callable[[_MessageMatch], str]:
    return lambda said: sentence.format(said.name()) if said.name() else ""


def _make_type_formatter(sentence: str) -> Callable[[_MessageMatch], str]:
    return lambda said: sentence.format(
        said.type() or "the object", *said.match.groups()[1:]
    )


def _make_number_formatter(sentence: str) -> Callable[[_MessageMatch], str]:
    return lambda said: sentence.format(
        *(said.number(n + 1) for n in range(len(said.match.groups())))
    )


def _keep_message(said: _MessageMatch) -> str:
    return said.match.group()


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[_MessageMatch], str]], ...] = tuple(
    (re.compile(pattern), tell)
    for pattern, tell in (
        (
            r"name '(\w+)' is not defined",
            _make_name_formatter("name '{}' is not defined"),
        ),
        (
            r"cannot access \w+ variable '(\w+)' where",
            _make_name_formatter("{} is read before it has a value"),
        ),
        (r"(\w+) is not written yet", _make_name_formatter("{} is not written yet")),
        (r"No module named '([\w.]+)'", _make_name_formatter("there is no module {}")),
        (
            r"cannot import name '(\w+)' from",
            _make_name_formatter("the module has no {} to import"),
        ),
        (
            r"(?:module )?'([\w.]+)'(?: object)? has no attribute '(\w+)'",
            _format_attribute,
        ),
        (r"'(\w+)'$", _format_key),
        (
            rf"operands could not be broadcast together with shapes "
            rf"(?:{_SHAPE} ?)+",
            _format_mismatch,
        ),
        (rf"shapes {_SHAPE} and {_SHAPE} not aligned", _format_mismatch),
        (
            rf"could not broadcast input array from shape {_SHAPE} into shape {_SHAPE}",
            _format_mismatch,
        ),
        (
            rf"cannot reshape array of size (\d+) into shape ({_SHAPE})",
            lambda said: (
                f"{said.number(1)} numbers do not make the shape {said.shapes()[0]}"
                if said.shapes()
                else ""
            ),
        ),
        (r"matmul: .*\(size (\d+) is different from (\d+)\)", _format_numpy_product),
        (
            r"mat1 and mat2 shapes cannot be multiplied "
            r"\((\d{1,5})x(\d{1,5}) and (\d{1,5})x(\d{1,5})\)",
            _format_torch_product,
        ),
        (
            r"The size of tensor a \((\d+)\) must match the size of tensor b "
            r"\((\d+)\) at non-singleton dimension (\d+)",
            _make_number_formatter("sizes {} and {} do not fit together in axis {}"),
        ),
        (
            r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)",
            _make_number_formatter(
                "index {} is out of bounds for axis {} with size {}"
            ),
        ),
        (
            r"axis (-?\d+) is out of bounds for array of dimension (\d+)",
            _make_number_formatter("there is no axis {} in an array of {} axes"),
        ),
        (
            r"too many indices for array: array is (\d+)-dimensional, "
            r"but (\d+) were indexed",
            _make_number_formatter(
                "too many indices: the array has {} axes, {} were indexed"
            ),
        ),
        (
            r"all the input array dimensions except for the concatenation axis must "
            r"match exactly, but along dimension (\d+), the array at index \d+ has "
            r"size (\d+) and the array at index \d+ has size (\d+)",
            lambda said: (
                f"along axis {said.number(1)} the sizes {said.number(2)} and "
                f"{said.number(3)} do not fit together"
            ),
        ),
        (r"all input arrays must have the same shape", _keep_message),
        (
            r"The truth value of an array with more than one element is ambiguous",
            _keep_message,
        ),
        (
            r"[\w.]*?(\w+)\(\) missing \d+ required [\w-]+ arguments?: (.*)",
            _format_missing,
        ),
        (
            r"[\w.]*?(\w+)\(\) takes (\d+) positional arguments? but (\d+) w",
            lambda said: (
                f"{said.name() or 'the function'} takes {said.number(2)} arguments, "
                f"not {said.number(3)}"
            ),
        ),
        (
            r"[\w.]*?\w+\(\) got an unexpected keyword argument '(\w+)'",
            _make_name_formatter("no argument is called {}"),
        ),
        (
            r"'([\w.]+)' object is not (callable|subscriptable|iterable)",
            _make_type_formatter("{} is not {}"),
        ),
        (
            r"unsupported operand type\(s\) for (\S{1,3})(?: or \w+\(\))?: "
            r"'([\w.]+)' and '([\w.]+)'",
            _format_operands,
        ),
        (
            r"too many values to unpack \(expected (\d+)",
            _make_number_formatter("more than {} values to unpack"),
        ),
        (
            r"not enough values to unpack \(expected (\d+), got (\d+)\)",
            _make_number_formatter("{} values to unpack were expected, there are {}"),
        ),
        (r"(?:list|tuple|string) index out of range", _keep_message),
        (r"(?:float )?division by zero", _keep_message),
        (r"maximum recursion depth exceeded", _keep_message),
    )
)

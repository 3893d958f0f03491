"""What may be said of an exception that the student's code has raised.

The text of an exception is made in the student's process, so it is a claim, and it
could carry anything. What is said are sentences of ours, filled with what can be
checked in the student's own source: names that stand in it, and small whole numbers.
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
_TYPE_NAMES = """
NoneType bool int float complex str bytes list tuple dict set range generator function
method map zip type module ndarray numpy.ndarray Tensor slice numpy torch math
builtin_function_or_method dict_values
"""
_TYPES = frozenset(_TYPE_NAMES.split())
_SHAPE = r"\([\d, ]*\)"


@dataclass(frozen=True)
class SourceLine:
    """A line of the rebuilt notebook: whose cell it is in, its text, and all text."""

    whose: str = ""
    code: str = ""
    source: str = ""


@dataclass(frozen=True)
class ReportedError:
    """An exception as the student's process reports it."""

    text: str = ""
    shapes: tuple[tuple[int, ...], ...] = ()
    cell: int = -1
    line: int = 0

    @classmethod
    def read(cls, error: Any) -> ReportedError:
        """What of a message has the right form; the rest is left out."""
        if type(error) is not dict:
            return cls()
        text, lines = error.get("message"), error.get("lines")
        last = lines[-1] if type(lines) is list and lines else None
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


def describe_error(claim: ReportedError, line: SourceLine | None) -> str:
    """What is safe to say, and where: `... (line 9 of your cell of f: `code`)`."""
    detail = _format_detail(claim, line.source if line else "")
    where = _format_location(claim, line)
    if not detail or not where:
        return detail or where
    return f"{detail} ({where})"


def _format_location(claim: ReportedError, line: SourceLine | None) -> str:
    if not claim.line:
        return ""
    if line is None or not line.code:
        return f"line {claim.line}"
    code = line.code.strip()
    code = code if len(code) <= CODE_LIMIT else code[: CODE_LIMIT - 3] + "..."
    return f"line {claim.line} of {line.whose}: {code}"


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
        shapes = [
            tuple(int(n[:9]) for n in re.findall(r"\d+", shape))
            for shape in re.findall(_SHAPE, self.match.group())
        ][:MAX_SHAPES]
        return list(map(str, shapes)) if all(map(_is_shape, shapes)) else []

    def names(self, group: int) -> str:
        """Names in quotation marks, if all of them stand in the source."""
        names = re.findall(r"'(\w+)'", self.match[group])
        return ", ".join(names) if set(names) <= self.words else ""


def _join_shapes(shapes: list[str]) -> str:
    return " and ".join([", ".join(shapes[:-1]), shapes[-1]] if shapes[1:] else shapes)


def _format_mismatch(match: _MessageMatch) -> str:
    shapes = match.shapes()
    return f"the shapes {_join_shapes(shapes)} do not fit together" if shapes else ""


def _format_numpy_product(match: _MessageMatch) -> str:
    """A wrong `@` tells two sizes only; the shapes come from the variables."""
    if len(match.claimed) == 2:
        shapes = _join_shapes(list(map(str, match.claimed)))
        return f"the shapes {shapes} do not fit in @"
    two, one = match.number(1), match.number(2)
    return f"the shapes do not fit in @: {one} against {two}"


def _format_torch_product(match: _MessageMatch) -> str:
    rows = [match.number(n) for n in (1, 2, 3, 4)]
    return "the shapes ({}, {}) and ({}, {}) do not fit in @".format(*rows)


def _format_attribute(match: _MessageMatch) -> str:
    owner, name = match.type(1), match.name(2)
    return f"{owner or 'the object'} has no attribute {name}" if name else ""


def _format_missing(match: _MessageMatch) -> str:
    function, names = match.name(1), match.names(2)
    return f"{function or 'the call'} is missing {names}" if names else ""


def _format_operands(match: _MessageMatch) -> str:
    left, right = match.type(2), match.type(3)
    return f"{match.match[1]} between {left} and {right}" if left and right else ""


def _format_key(match: _MessageMatch) -> str:
    return f"there is no key {match.match[1]!r}" if match.name() else ""


def _make_name_formatter(sentence: str) -> Callable[[_MessageMatch], str]:
    return lambda match: sentence.format(match.name()) if match.name() else ""


def _make_type_formatter(sentence: str) -> Callable[[_MessageMatch], str]:
    return lambda match: sentence.format(
        match.type() or "the object", *match.match.groups()[1:]
    )


def _make_number_formatter(sentence: str) -> Callable[[_MessageMatch], str]:
    return lambda match: sentence.format(
        *(match.number(n + 1) for n in range(len(match.match.groups())))
    )


def _keep_message(match: _MessageMatch) -> str:
    return match.match.group()


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
            lambda match: (
                f"{match.number(1)} numbers do not make the shape {match.shapes()[0]}"
                if match.shapes()
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
            lambda match: (
                f"along axis {match.number(1)} the sizes {match.number(2)} and "
                f"{match.number(3)} do not fit together"
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
            lambda match: (
                f"{match.name() or 'the function'} takes {match.number(2)} arguments, "
                f"not {match.number(3)}"
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

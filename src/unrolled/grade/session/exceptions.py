"""What may be said of an exception that the student's code has raised.

The text of an exception is made in the student's process, so it is a claim, and it
could carry anything. What is said are sentences of ours, filled with what can be
checked in the student's own source: names that stand in it, and small whole numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
    for pattern, sentence in _SENTENCES.items():
        if match := re.match(pattern, claim.text):
            return _MessageMatch(match, words, claim.shapes).fill(sentence)
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

    def name(self, group: int) -> str:
        """A name that the student's source holds; all parts, if it has dots."""
        text = self.match[group] or ""
        return text if text and set(text.split(".")) <= self.words else ""

    def type(self, group: int) -> str:
        """The name of a type that is known, or stands in the source."""
        text = self.match[group] or ""
        return text if text in _TYPES else self.name(group)

    def number(self, group: int) -> str:
        """A whole number of at most six digits."""
        text = self.match[group]
        return text if len(text.lstrip("-")) <= 6 else "..."

    def names(self, group: int) -> str:
        """Names in quotation marks, if all of them stand in the source."""
        names = re.findall(r"'(\w+)'", self.match[group])
        return ", ".join(names) if set(names) <= self.words else ""

    def text(self, group: int) -> str:
        """One of a few words, as the pattern has it."""
        return self.match[group]

    def shapes(self, group: int) -> str:
        """All shapes in a part of the sentence, if they are small enough."""
        return _join_fair_shapes(re.findall(_SHAPE, self.match[group]))

    def originals(self, group: int) -> str:
        """The shapes that stand first in `(2, 3)->(2, 3, newaxis)`."""
        return _join_fair_shapes(re.findall(rf"({_SHAPE})->", self.match[group]))

    def sides(self, _: int) -> str:
        """Both sides of an `@`; numpy tells two sizes only, variables have shapes."""
        if len(self.claimed) == 2:
            return f"the shapes {_join_shapes(self.claimed)} do not fit in @"
        two, one = self.number(1), self.number(2)
        return f"the shapes do not fit in @: {one} against {two}"

    def fill(self, sentence: str) -> str:
        """A sentence of ours with its parts; "" if one of them cannot be believed."""
        parts = []
        for kind, group, other in _PART.findall(sentence):
            parts.append(getattr(self, kind)(int(group)) or other)
        return _PART.sub("{}", sentence).format(*parts) if all(parts) else ""


def _join_fair_shapes(claimed: Sequence[str]) -> str:
    """Shapes as they are written, the first few; "" if one is not small."""
    shapes = [tuple(int(n[:9]) for n in re.findall(r"\d+", s)) for s in claimed]
    shapes = shapes[:MAX_SHAPES]
    return _join_shapes(shapes) if all(map(_is_shape, shapes)) else ""


def _join_shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    *most, last = map(str, shapes) if shapes else [""]
    return f"{', '.join(most)} and {last}" if most else last


# A part of a sentence: what is said (a method of `_MessageMatch`), which group of the
# pattern holds it, and after a bar what stands there if it cannot be believed.
_PART = re.compile(r"\{([a-z]+)(\d)(?:\|([^}]*))?\}")
_SENTENCES = {
    r"name '(\w+)' is not defined": "name '{name1}' is not defined",
    r"cannot access \w+ variable '(\w+)' where": "{name1} is read before it has a "
    "value",
    r"(\w+) is not written yet": "{name1} is not written yet",
    r"No module named '([\w.]+)'": "there is no module {name1}",
    r"cannot import name '(\w+)' from": "the module has no {name1} to import",
    r"(?:module )?'([\w.]+)'(?: object)? has no attribute "
    r"'(\w+)'": "{type1|the object} has no attribute {name2}",
    r"'(\w+)'$": "there is no key '{name1}'",
    rf"operands could not be broadcast together with shapes "
    rf"(?:{_SHAPE} ?)+": "the shapes {shapes0} do not fit together",
    r"operands could not be broadcast together with remapped shapes "
    rf"\[original->remapped\]: ((?:{_SHAPE}->\([\w, ]*\) ?){{2,4}})": "the shapes "
    "{originals1} do not fit together",
    r"all the input arrays must have same number of dimensions, but the array at index "
    r"\d+ has (\d+) dimension\(s\) and the array at index \d+ has "
    r"(\d+) ": "an array of {number1} axes and one of {number2} cannot be joined",
    r"cannot reshape array of size (\d+) into shape \(.*newaxis": "{number1} numbers "
    "do not make such a shape",
    r"shape '\[[-\d, ]*\]' is invalid for input of size (\d+)": "{number1} numbers do "
    "not make such a shape",
    r"Sizes of tensors must match except in dimension (\d+)\. Expected size (\d+) but "
    r"got size (\d+)": "sizes {number2} and {number3} do not fit, where tensors are "
    "joined along axis {number1}",
    r"einsum\(\): subscript \w+ has size (\d+) for operand \d+ which does not "
    r"broadcast with previously seen size (\d+)": "sizes {number1} and {number2} do "
    "not fit together in einsum",
    r"size mismatch, got input \(\d+\), mat \((\d+)x(\d+)\), vec "
    r"\((\d+)\)": "the shapes ({number1}, {number2}) and ({number3},) do not fit in @",
    r"input\.size\(-1\) must be equal to input_size\. Expected (\d+), got "
    r"(\d+)": "the last axis of the input has size {number2}, and the layer takes "
    "{number1}",
    r"Expected input batch_size \((\d+)\) to match target batch_size "
    r"\((\d+)\)": "there are {number1} rows, but {number2} targets",
    rf"shapes {_SHAPE} and {_SHAPE} not aligned": "the shapes {shapes0} do not fit "
    "together",
    rf"could not broadcast input array from shape {_SHAPE} into shape "
    rf"{_SHAPE}": "the shapes {shapes0} do not fit together",
    rf"cannot reshape array of size (\d+) into shape ({_SHAPE})": "{number1} numbers "
    "do not make the shape {shapes2}",
    r"matmul: .*\(size (\d+) is different from (\d+)\)": "{sides0}",
    r"mat1 and mat2 shapes cannot be multiplied "
    r"\((\d{1,5})x(\d{1,5}) and (\d{1,5})x(\d{1,5})\)": "the shapes ({number1}, "
    "{number2}) and ({number3}, {number4}) do not fit in @",
    r"The size of tensor a \((\d+)\) must match the size of tensor b "
    r"\((\d+)\) at non-singleton dimension (\d+)": "sizes {number1} and {number2} do "
    "not fit together in axis {number3}",
    r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)": "index {number1} "
    "is out of bounds for axis {number2} with size {number3}",
    r"axis (-?\d+) is out of bounds for array of dimension (\d+)": "there is no axis "
    "{number1} in an array of {number2} axes",
    r"too many indices for array: array is (\d+)-dimensional, but (\d+) were "
    r"indexed": "too many indices: the array has {number1} axes, {number2} were "
    "indexed",
    r"all the input array dimensions except for the concatenation axis must match "
    r"exactly, but along dimension (\d+), the array at index \d+ has size (\d+) and "
    r"the array at index \d+ has size (\d+)": "along axis {number1} the sizes "
    "{number2} and {number3} do not fit together",
    r"all input arrays must have the same shape": "{text0}",
    r"The truth value of an array with more than one element is ambiguous": "{text0}",
    r"[\w.]*?(\w+)\(\) missing \d+ required [\w-]+ arguments?: "
    r"(.*)": "{name1|the call} is missing {names2}",
    r"[\w.]*?(\w+)\(\) takes (\d+) positional arguments? but (\d+) "
    r"w": "{name1|the function} takes {number2} arguments, not {number3}",
    r"[\w.]*?\w+\(\) got an unexpected keyword argument "
    r"'(\w+)'": "no argument is called {name1}",
    r"'([\w.]+)' object is not "
    r"(callable|subscriptable|iterable)": "{type1|the object} is not {text2}",
    r"unsupported operand type\(s\) for (\S{1,3})(?: or \w+\(\))?: "
    r"'([\w.]+)' and '([\w.]+)'": "{text1} between {type2} and {type3}",
    r"too many values to unpack \(expected (\d+)": "more than {number1} values to "
    "unpack",
    r"not enough values to unpack \(expected (\d+), got (\d+)\)": "{number1} values to "
    "unpack were expected, there are {number2}",
    r"'(\w+)' is an invalid keyword argument": "no argument is called {name1}",
    r"object of type '(\w+)' has no len\(\)": "{type1|the object} has no length",
    r"(list|tuple|string) indices must be integers(?: or slices)?, not "
    r"'?(\w+)'?": "{text1} indices must be whole numbers, not {type2}",
    r"only 0-dimensional arrays can be converted to Python scalars": "{text0}",
    r"can't multiply sequence by non-int of type '(\w+)'": "a list, or a text, times "
    "{type1}",
    r"element 0 of tensors does not require grad": "no tensor here requires a gradient",
    r"(?:list|tuple|string) index out of range": "{text0}",
    r"(?:float )?division by zero": "{text0}",
    r"maximum recursion depth exceeded": "{text0}",
}

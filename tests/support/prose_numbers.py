r"""Finds the numbers in a lesson's prose that a reader would take as a result.

The rules, each for a reason:

- Counted are decimals, percentages, whole numbers from 10 on, smaller ones before a
  unit or after "a factor of" ("5 times", "2 ms"), and "twelve times" in words. Smaller
  numbers without a unit are mostly places, gates and ends of intervals.
- Of a formula only its result is counted: what stands after the last "=" or "\approx",
  and a formula that is nothing but a power of ten.
- Left out is what is no prose: code, the rest of formulas, addresses, headings, the
  numbers of lists, how long an exercise takes; references to sections; numbers inside
  a name ("i7-7700K", "P40"); and the marking scheme of a question, whose points other
  tests add up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from support.lesson import LessonCell

_SCALES = {"million": 1e6, "billion": 1e9, "trillion": 1e12}
_UNITS = (
    *(*_SCALES, "times", "percent", "degrees?", "nats", "bits", "GB", "GHz", "ms"),
    *("microseconds?", "seconds?", "minutes?", "hours?", "months?", "years?"),
    *("kilobytes?", "megabytes?", "gigabytes?", "terabytes?"),
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_UNDER_TWENTY = """
two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
"""
_WORDS: dict[str, float] = {
    **{word: k + 2.0 for k, word in enumerate(_UNDER_TWENTY.split())},
    **{word: 10.0 * k for k, word in enumerate(_TENS.split(), start=2)},
    "hundred": 100.0,
    "thousand": 1000.0,
    "million": 1e6,
    "billion": 1e9,
}
_NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\.\d+|\d+"
_DIGITS = re.compile(
    rf"(?:(?<=[\s(~])-)?(?<![\w.,/])(?<!\w-)(?:{_NUMBER})(?!\w|\.\d|/\d|-\d)"
)
_RANGE = rf"(?:\s+(?:to|and|or)\s+(?:{_NUMBER}))?"  # "5 to 13 times"
_UNIT = re.compile(rf"{_RANGE}(?:\s*%|\s+(?:{'|'.join(_UNITS)})\b)")
_WORD = rf"(?:{'|'.join(_WORDS)})"
_SPELLED = re.compile(rf"\b{_WORD}(?: {_WORD})*(?= times\b)", re.IGNORECASE)
_POWER = re.compile(r"\$10\^\{?(-?\d+)\}?\$")
_RESULT = re.compile(rf"\$(?:[^$]*(?:=|\\approx)\s*)?(-?(?:{_NUMBER}))\$")
_NO_PROSE = re.compile(
    r"```.*?```|`[^`]*`"  # code
    r"|\$\$.*?\$\$|(?<!\\)\$[^$]*(?<!\\)\$"  # formulas
    r"|https?://\S+"
    r"|^\#+ .*?$|^ *\d\d?\. "  # headings, and the numbers of lists
    r"|^\*About \d+ minutes, \w+\.\*"  # how long an exercise takes
    r"|\bsections? \d+(?:(?:,| and) \d+)*"
    r"|^\*\*Marking scheme\*\*.*\Z",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True)
class ProseNumber:
    """A number in the prose: as written, where, and what it says.

    It is written to a `unit` in the last place. A power of ten says only the order
    of magnitude.
    """

    written: str
    start: int
    end: int
    value: float
    unit: float = 1.0
    power: bool = False

    def fits(self, value: float, within: float = 0.0) -> bool:
        """Whether a measured value is written so, or is off by the share `within`."""
        if self.power:
            return value > 0 and abs(math.log10(value / self.value)) <= 0.5
        most = max(self.unit / 2 * (1 + 1e-9), within * abs(self.value))
        return abs(value - self.value) <= most


@dataclass(frozen=True, kw_only=True)
class ProseCell:
    """A cell's prose on one line, with its numbers in order."""

    text: str
    numbers: tuple[ProseNumber, ...]


def read_prose(cells: list[LessonCell]) -> Iterator[ProseCell]:
    """Every Markdown cell of a lesson, model answers too, as it is read."""
    for cell in cells:
        if cell.kind in ("markdown", "answer"):
            lines = (line.removeprefix("#") for line in cell.source.splitlines())
            yield find_numbers("\n".join(line.removeprefix(" ") for line in lines))


def find_numbers(markdown: str) -> ProseCell:
    """The numbers of a text, by the rules above, and the text with single spaces."""
    text = _join(markdown)
    masked = _join(_NO_PROSE.sub(_blank, markdown))  # every place stays where it is
    found = [_read_digits(m) for m in _DIGITS.finditer(masked) if _counts(m)]
    found += [_read_words(match) for match in _SPELLED.finditer(masked)]
    found += [_read_power(match) for match in _POWER.finditer(text)]
    numbers = sorted(found, key=lambda number: number.start)
    return ProseCell(text=text, numbers=tuple(numbers))


def _join(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _blank(match: re.Match[str]) -> str:
    hidden = re.sub(r"\S", "~", match[0])
    if result := _RESULT.fullmatch(match[0]):
        a, b = result.span(1)
        return hidden[:a] + result[1] + hidden[b:]
    return hidden


def _counts(match: re.Match[str]) -> bool:
    """Whether these digits stand for a result: see the rules above."""
    if len(match[0].removeprefix("-")) > 1:
        return True
    before, after = match.string[: match.start()], match.string[match.end() :]
    return bool(_UNIT.match(after)) or before.endswith("a factor of ")


def _read_digits(match: re.Match[str]) -> ProseNumber:
    scaled = re.match(rf"\s+({'|'.join(_SCALES)})\b", match.string[match.end() :])
    scale = _SCALES[scaled[1]] if scaled else 1.0
    decimals = len(match[0].partition(".")[2])
    return ProseNumber(
        written=match[0],
        start=match.start(),
        end=match.end(),
        value=float(match[0].replace(",", "")) * scale,
        unit=scale * 10.0**-decimals,
    )


def _read_words(match: re.Match[str]) -> ProseNumber:
    value = math.prod(_WORDS[word] for word in match[0].lower().split())
    start, end = match.span()
    return ProseNumber(written=match[0], start=start, end=end, value=value)


def _read_power(match: re.Match[str]) -> ProseNumber:
    return ProseNumber(
        written=match[0][1:-1],
        start=match.start() + 1,
        end=match.end() - 1,
        value=10.0 ** int(match[1]),
        power=True,
    )

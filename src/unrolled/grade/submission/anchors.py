"""Where each cell of a submission stands, told by the released cells around it.

A released cell is known by its grade id, by its cell id, by its text, or at last by
its heading: a notebook that went through Colab or Kaggle has lost the first two.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from unrolled.assignment import Cell
from unrolled.assignment.cells import normalize_text

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class SubmittedCell:
    """A cell of the submitted file, read with no trust in it."""

    kind: str
    source: str
    grade_id: str = ""
    cell_id: str = ""
    attachments: Any = None


def find_headings(text: str) -> list[str]:
    """The headings of a Markdown text."""
    return _HEADING.findall(text)


def find_anchors(
    released: Sequence[Cell], cells: Sequence[SubmittedCell]
) -> list[int | None]:
    """For each submitted cell the number of the released cell that it is, or None."""
    by_name = {c.grade_id: c.index for c in released if c.grade_id}
    by_id = {c.id: c.index for c in released}
    found = [by_name.get(c.grade_id, by_id.get(c.cell_id)) for c in cells]
    _match_by_text(released, cells, found)
    titles = {
        title: cell.index
        for cell in reversed(released)
        if cell.cell_type == "markdown" and cell.index not in found
        for title in find_headings(cell.source)[:1]
    }
    for index, cell in enumerate(cells):
        if found[index] is None and cell.kind == "markdown":
            title = next(iter(find_headings(cell.source)), "")
            found[index] = titles.pop(title, None)
    return found


@dataclass(frozen=True)
class CellPositions:
    """Where submitted cells stand among the released ones, by their numbers.

    `behind` has for each cell the released one that it is or stands behind, -1 for
    none; `ahead` the next released one below it.
    """

    behind: Sequence[int]
    ahead: Sequence[float]

    def is_at(self, index: int, number: int) -> bool:
        """Whether a submitted cell stands where the released cell `number` belongs."""
        above = self.behind[index - 1] if index else -1
        return above < number < self.ahead[index]


def find_positions(anchors: Sequence[int | None]) -> CellPositions:
    """The places of submitted cells, from the released cells that some of them are."""
    behind: list[int] = []
    for anchor in anchors:
        last = behind[-1] if behind else -1
        behind.append(last if anchor is None else anchor)
    ahead: list[float] = []
    following: float = math.inf
    for anchor in reversed(anchors):
        ahead.append(following)
        following = following if anchor is None else anchor
    return CellPositions(behind, ahead[::-1])


def _match_by_text(
    released: Sequence[Cell], cells: Sequence[SubmittedCell], found: list[int | None]
) -> None:
    """Texts that stand more than once, as empty answers, are told by their order."""
    places: dict[str, list[int]] = {}
    for cell in released:
        places.setdefault(normalize_text(cell.source), []).append(cell.index)
    last = -1
    for index, own in enumerate(cells):
        if found[index] is None and normalize_text(own.source):
            same = places.get(normalize_text(own.source), [])
            below = [n for n in same if n > last]
            found[index] = next(iter(below or same), None)
        last = last if (here := found[index]) is None else here

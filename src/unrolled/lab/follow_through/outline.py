"""The outline of a notebook: which cell is a check of what, and which needs what.

It lies in `hints.json` beside the notebook. A cell is known by a digest of its text, so
a cell that the student has edited is none of ours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unrolled.lab.hints.table import FILE


@dataclass(frozen=True)
class KnownCell:
    """A cell of the notebook as it was handed out.

    `checks` is the exercise that it is a check of, "" for a demonstration; `needs` are
    the exercises without which a demonstration has nothing to show.
    """

    checks: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outline:
    """The cells by their digest, and the names that each exercise defines, in order."""

    cells: Mapping[str, KnownCell] = field(default_factory=dict)
    exercises: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def find_cell(self, source: str) -> KnownCell | None:
        """The cell with this text; None if it is the student's own."""
        return self.cells.get(digest_cell(source))

    def list_checks(self, exercise: str) -> list[str]:
        """The digests of the checks of an exercise."""
        return [d for d, cell in self.cells.items() if cell.checks == exercise]

    def list_earlier(self, exercise: str) -> list[str]:
        """The exercises before this one."""
        order = list(self.exercises)
        return order[: order.index(exercise)]


def digest_cell(source: str) -> str:
    """A name for a cell's text, whatever its empty lines and blanks at line ends."""
    lines = [line.rstrip() for line in source.split("\n")]
    text = "\n".join(line for line in lines if line)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def read_outline() -> Outline:
    """The outline that lies in the working folder; an empty one if there is none."""
    try:
        return parse_outline(json.loads(Path(FILE).read_bytes()))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return Outline()


def parse_outline(document: Mapping[str, Any]) -> Outline:
    """The outline of a table of hints. LookupError or TypeError if it holds none."""
    outline = document["outline"]
    cells = {
        str(digest): KnownCell(str(cell.get("checks", "")), _read_names(cell, "needs"))
        for digest, cell in outline["cells"].items()
    }
    exercises = {
        str(e["name"]): _read_names(e, "defines") for e in outline["exercises"]
    }
    if not {c.checks for c in cells.values() if c.checks} <= set(exercises):
        raise LookupError("a check of an exercise that isn't there")
    return Outline(cells, exercises)


def _read_names(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(str(name) for name in entry.get(key, ()))

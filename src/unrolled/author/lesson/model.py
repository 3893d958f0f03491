"""What a lesson text is made of, and the list of what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unrolled.errors import UserError

# What a lesson text can mark; assignment/cells.py knows these, and what students add.
Role = Literal["prose", "given", "helper", "show", "exercise", "check", "answer"]

MARKERS = ("exercise", "check", "answer", "points", "show", "helper")
MAX_WIDTH = 79  # columns of a line of code
TOTAL_POINTS = 100.0


@dataclass(frozen=True, kw_only=True)
class LessonCell:
    """One cell; `line` is that of its marker, `exercise` the one a check is for."""

    kind: Literal["markdown", "code"]
    role: Role
    source: str
    line: int
    name: str | None = None
    points: float | None = None
    exercise: str | None = None


@dataclass(frozen=True)
class Lesson:
    """A lesson text that has been read and found in order."""

    path: Path
    assignment: str
    cells: tuple[LessonCell, ...]


class Problems:
    """Collects what is wrong, so that an author sees all of it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.messages: list[str] = []

    def add(self, line: int, marker: str, what: str) -> None:
        """Note a problem at a line of the file."""
        self.messages.append(f"{self.path}:{line}: {marker}: {what}")

    def raise_any(self) -> None:
        """UserError with all problems, if there are any."""
        if self.messages:
            raise UserError("\n".join(self.messages))

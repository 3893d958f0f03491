"""What had to be mended in a submission, in plain words: one line a kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

MAX_LISTED = 6


class RepairKind(Enum):
    """What was mended: in words for one cell, and for several."""

    CHECK_CHANGED = (
        "Check {} was changed; the released one was used.",
        "{n} checks were changed; the released ones were used: {}.",
    )
    CHECK_MISSING = (
        "Check {} was missing; the released one was used.",
        "{n} checks were missing; the released ones were used: {}.",
    )
    GIVEN_CHANGED = (
        "Given cell {} was changed; the released one was used.",
        "{n} given cells were changed; the released ones were used: {}.",
    )
    DOUBLED = (
        "Cell {}: the written one was taken.",
        "{n} cells are doubled; the written ones were taken: {}.",
    )
    MERGED = (
        "Cell {} is missing; another cell defines it.",
        "{n} cells are missing; other cells define them: {}.",
    )
    MISSING = (
        "Cell {} is missing; the empty one was put back.",
        "{n} cells are missing; the empty ones were put back: {}.",
    )
    RENAMED = (
        "Cell {} had lost its name; found by its content.",
        "{n} cells had lost their names; found by their content: {}.",
    )
    ANSWER_BESIDE = (
        "The answer to {} was not in its cell; what was written beside it stands "
        "there now, and waits for a mark.",
        "{n} answers were not in their cells; what was written beside them stands "
        "there now, and waits for marks: {}.",
    )
    ANSWER_ELSEWHERE = (
        "The answer cell {} is empty; text from elsewhere in the notebook may belong "
        "to it: it stands there now, and waits for a mark.",
        "{n} answer cells are empty; text from elsewhere in the notebook may belong to "
        "them: it stands there now, and waits for marks: {}.",
    )
    ANSWER_IN_QUESTION = (
        "What was written into the question of {} stands below its answer.",
        "What was written into {n} questions stands below their answers: {}.",
    )
    CONFLICT = (
        "Cell {} holds the marks of a merge in git that was not finished (<<<<<<<).",
        "{n} cells hold the marks of a merge in git that was not finished (<<<<<<<): "
        "{}.",
    )


@dataclass
class Repairs:
    """Collects what was mended, by kind, in the order in which it was found."""

    found: dict[RepairKind, list[str]] = field(default_factory=dict)

    def note(self, kind: RepairKind, name: str) -> None:
        """Remember that the cell `name` was mended."""
        self.found.setdefault(kind, []).append(name)

    def lines(self) -> list[str]:
        """One sentence for each kind; of many cells the first few are named."""
        return [_format_line(kind, names) for kind, names in self.found.items()]


def _format_line(kind: RepairKind, names: list[str]) -> str:
    one, several = kind.value
    if len(names) == 1:
        return one.format(names[0])
    more = len(names) - MAX_LISTED
    shown = names if more <= 1 else [*names[:MAX_LISTED], f"and {more} more"]
    return several.format(", ".join(shown), n=len(names))

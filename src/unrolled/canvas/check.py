"""What Canvas would do with any gradebook CSV, cell by cell, by our own model of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from unrolled.canvas.importer import (
    CanvasAssignment,
    CanvasState,
    CanvasStudent,
    CellEffect,
    ImportRefusedError,
    reading_of,
)
from unrolled.canvas.importer_table import read_sheet, score_in, title_and_id
from unrolled.canvas.state import state_of
from unrolled.canvas.template import read_template
from unrolled.errors import UserError

Fate = Literal[
    "no change",
    "new score",
    "higher score",
    "lower score",
    "excused",
    "cleared",
    "clears a grade, if there is one",
    "ignored",
    "new column",
]
LOSSES: tuple[Fate, ...] = (
    "lower score",
    "cleared",
    "clears a grade, if there is one",
    "new column",
)


@dataclass(frozen=True)
class CheckedCell:
    """One cell of the file, and what becomes of it."""

    row: int
    student: str
    column: str
    cell: str
    canvas: str
    fate: Fate
    score: float | None


@dataclass(frozen=True)
class CheckReport:
    """The fate of every cell; `refused` is why Canvas would not take the file."""

    file: str
    against: str
    refused: str
    cells: tuple[CheckedCell, ...] = ()
    passed_over: Mapping[str, str] | None = None

    @property
    def safe(self) -> bool:
        """Whether Canvas takes the file and no grade is lost, no column made."""
        return not self.refused and not any(c.fate in LOSSES for c in self.cells)

    @property
    def counts(self) -> Mapping[Fate, int]:
        """How many cells have which fate."""
        return Counter(c.fate for c in self.cells)

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return {"safe": self.safe, "counts": dict(self.counts)} | asdict(self)


def check_file(file: Path, template: Path | None = None) -> CheckReport:
    """Read a CSV as Canvas would.

    `template` is a fresh export: it tells what Canvas has now. Without it every
    student and every numbered column of the file is taken to be known to Canvas, and
    no grade is. Raises UserError if a file cannot be read.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}.") from error
    against = str(template) if template else ""
    try:
        state = state_of(read_template(template)) if template else _own_state(data)
        reading = reading_of(data, state)
    except ImportRefusedError as error:
        return CheckReport(str(file), against, str(error))
    names = {s.id: s.name for s in state.students}
    cells = tuple(_checked(e, names) for e in reading.effects)
    return CheckReport(str(file), against, "", cells, dict(reading.passed_over))


def _own_state(data: bytes) -> CanvasState:
    """What the file itself tells of Canvas: who and what, but no present grade."""
    sheet = read_sheet(data)
    students = []
    for line, row in sheet.rows:
        digits = re.match(r"\s*0*(\d+)", row[1])
        sis = row[sheet.sis] if sheet.sis else ""
        login = row[sheet.login] if sheet.login else ""
        number = digits[1] if digits else f"row {line}"
        if digits or sis or login:
            students.append(CanvasStudent(number, row[0], row[0], sis, login))
    assignments = []
    for index, header in sheet.columns.items():
        title, number = title_and_id(header)
        points = score_in(sheet.points[index].strip(), 100.0) or 0.0
        if number:
            assignments.append(CanvasAssignment(number, title, points))
    return CanvasState(students, assignments, {}, known=False)


def _checked(effect: CellEffect, names: Mapping[str, str]) -> CheckedCell:
    old = effect.old
    return CheckedCell(
        effect.row,
        names.get(effect.student or "", "") or "nobody in Canvas",
        effect.header,
        effect.cell,
        "" if old is None else f"{old:.2f}" if isinstance(old, float) else str(old),
        _fate(effect),
        effect.score,
    )


def _fate(effect: CellEffect) -> Fate:
    if effect.assignment.startswith("new: "):
        return "new column"
    match effect.effect:
        case "nothing":
            return "no change"
        case "may clear":
            return "clears a grade, if there is one"
        case "scored":
            old, new = effect.old, effect.score or 0.0
            if not isinstance(old, float | int):
                return "new score"
            return "lower score" if new < old else "higher score"
        case other:
            return other

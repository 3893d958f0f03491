"""What goes into the CSV for Canvas, and what is left out and why.

The plan is made before anything is written. A cell is filled only with a grade
that is ready; everything else keeps what Canvas shows now.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from unrolled.canvas.matching import (
    Exported,
    Filled,
    Pupil,
    Work,
    match_columns,
    match_people,
)
from unrolled.canvas.template import Column, Row, Template, number_in


@dataclass(frozen=True)
class Grade:
    """A result in points of Canvas, after the late penalty; None if not handed in."""

    points: float | None
    waits: bool = False


@dataclass(frozen=True)
class ExportPlan:
    """The table to write, the cells that get a grade, and all that was left out."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    filled: tuple[Filled, ...]
    left_out: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_csv(self) -> bytes:
        """UTF-8 without BOM, minimal quoting, one kind of line end."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([self.header, *self.rows])
        return text.getvalue().encode("utf-8")

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return asdict(self)

    def as_text(self) -> str:
        """The counts, then every cell that was left out and every warning."""
        changed = sum(f.old is None or abs(f.old - f.new) >= 0.005 for f in self.filled)
        lines = [f"{len(self.filled)} grades, {changed} of them new or changed"]
        lines += [f"left out: {text}" for text in self.left_out]
        lines += [f"warning: {text}" for text in self.warnings]
        return "\n".join(lines)


Grades = Mapping[tuple[str, str], Grade]


def plan_export(
    template: Template,
    pupils: Sequence[Pupil],
    assignments: Sequence[Exported],
    grades: Grades,
    allow_lower: bool = False,
) -> ExportPlan:
    """Fill an exported gradebook in.

    `grades` are by (student, assignment). Rows and columns without a match are
    left out and said so; nothing is guessed.
    """
    work = Work([], [], [])
    columns = match_columns(template, assignments, work)
    people = match_people(template, pupils, work)
    rows = []
    if template.points_row:
        rows.append(_points_row(template, list(columns)))
    for row in template.rows:
        pupil = people.get(row.line)
        cells = [
            _cell(row, column, pupil, wanted, grades, allow_lower, work)
            for column, wanted in columns.items()
        ]
        if pupil is not None:
            rows.append((*row.identity, *cells))
    header = (*template.identity, *(c.header for c in columns))
    return _plan(header, rows, work)


def _plan(header: tuple[str, ...], rows: list[Any], work: Work) -> ExportPlan:
    return ExportPlan(
        header,
        tuple(rows),
        tuple(work.filled),
        tuple(work.left_out),
        tuple(work.warnings),
    )


def _points_row(template: Template, columns: list[Column]) -> tuple[str, ...]:
    width = len(template.identity)
    return (
        *template.points_row[:width],
        *("" if c.points is None else f"{c.points:.2f}" for c in columns),
    )


def _cell(
    row: Row,
    column: Column,
    pupil: Pupil | None,
    wanted: Exported,
    grades: Grades,
    allow_lower: bool,
    work: Work,
) -> str:
    """The cell: a grade that is ready, else what Canvas shows now."""
    present = row.cells[column.index].strip()
    old = number_in(present)
    keep = present if old is None else f"{old:.2f}"
    if pupil is None:
        return keep
    grade = grades.get((pupil.name, wanted.name), Grade(None))
    why = _not_ready(grade, old, present, allow_lower)
    if why or grade.points is None:
        if why:
            work.left_out.append(f"{pupil.name}, {wanted.name}: {why}")
        return keep
    new = round(grade.points, 2)
    work.filled.append(Filled(pupil.name, wanted.name, old, new))
    return f"{new:.2f}"


def _not_ready(grade: Grade, old: float | None, present: str, allow_lower: bool) -> str:
    if grade.waits:
        return "waits for marks"
    if grade.points is None:
        return "nothing handed in; Canvas keeps what it has"
    if not math.isfinite(grade.points):
        return f"the score is {grade.points}"
    if present.upper() == "EX":
        return "excused in Canvas"
    if old is not None and round(grade.points, 2) < round(old, 2) and not allow_lower:
        return f"would be lowered from {old:g} to {grade.points:.2f} (--allow-lower)"
    return ""


def plan_starter(
    pupils: Iterable[Pupil], assignments: Sequence[Exported], grades: Grades
) -> ExportPlan:
    """A file without a template: only students whose Canvas id is known."""
    work = Work([], [], [])
    identity = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
    header = (*identity, *(a.title for a in assignments))
    points = ("    Points Possible", "", "", "", "")
    rows = [(*points, *(f"{a.points:.2f}" for a in assignments))]
    for pupil in pupils:
        if not pupil.canvas_id:
            work.left_out.append(f"student {pupil.name}: no Canvas id (lms_user_id)")
            continue
        cells = [_starter_cell(pupil, a, grades, work) for a in assignments]
        name = f"{pupil.last_name}, {pupil.first_name}".strip(", ") or pupil.name
        rows.append((name, pupil.canvas_id, "", pupil.name, "", *cells))
    work.warnings.append(
        "without --template Canvas makes a new assignment for every title it does not "
        "know; export the gradebook from Canvas and give it with --template"
    )
    return _plan(header, rows, work)


def _starter_cell(pupil: Pupil, wanted: Exported, grades: Grades, work: Work) -> str:
    grade = grades.get((pupil.name, wanted.name), Grade(None))
    why = _not_ready(grade, None, "", True)
    if why or grade.points is None:
        work.left_out.append(f"{pupil.name}, {wanted.name}: {why}")
        return ""
    new = round(grade.points, 2)
    work.filled.append(Filled(pupil.name, wanted.name, None, new))
    return f"{new:.2f}"

"""What goes to Canvas, and what is left out and why.

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

from unrolled.canvas.grades_csv.exported_csv import (
    NO_GRADES,
    CanvasGradebook,
    Column,
    Row,
    parse_number,
)
from unrolled.canvas.grades_csv.match import (
    FilledCell,
    KeptCell,
    LeftOut,
    PlanDraft,
    group_left_out,
    match_columns,
    match_students,
)
from unrolled.canvas.model import (
    ExportedAssignment,
    Grade,
    Student,
)


@dataclass(frozen=True)
class ExportPlan:
    """The table to write, the cells that get a grade, and all that was left out.

    `unscaled` are assignments left out because Canvas gives other points for them,
    `kept` the cells of matched students that keep what Canvas has.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    filled: tuple[FilledCell, ...]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...]
    unscaled: tuple[str, ...] = ()
    kept: tuple[KeptCell, ...] = ()

    def to_csv(self) -> bytes:
        """UTF-8 without BOM, minimal quoting, one kind of line end."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([self.header, *self.rows])
        return text.getvalue().encode("utf-8")

    @property
    def changed(self) -> tuple[FilledCell, ...]:
        """The grades that Canvas does not have yet."""
        return tuple(f for f in self.filled if f.changes)

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return asdict(self)

    def as_text(self) -> str:
        """The counts, then every cell that was left out and every warning."""
        count = f"{len(self.filled)} grades, {len(self.changed)} of them new or changed"
        lines = [f"left out: {text}" for text in group_left_out(self.left_out)]
        lines += [f"warning: {text}" for text in self.warnings]
        return "\n".join([count, *lines])


Grades = Mapping[tuple[str, str], Grade]


def plan_export(
    template: CanvasGradebook,
    pupils: Sequence[Student],
    assignments: Sequence[ExportedAssignment],
    grades: Grades,
    allow_lower: bool = False,
    scale: bool = False,
) -> ExportPlan:
    """Fill an exported gradebook in, with `grades` by (student, assignment).

    Rows and columns without a match are left out and said so; nothing is guessed.
    Nor does a column get grades that is worth other points in Canvas, unless `scale`.
    """
    work = PlanDraft()
    columns = match_columns(template, assignments, work, scale)
    people = match_students(template, pupils, work)
    rows = _make_points_rows(template, list(columns))
    for row in template.rows:
        pupil = people.get(row.line)
        if pupil is not None:
            cells = [
                _fill_cell(row, column, pupil, wanted, grades, allow_lower, work)
                for column, wanted in columns.items()
            ]
            rows.append((*row.identity, *cells))
    header = (*template.identity, *(c.header for c in columns))
    return _make_plan(header, rows, work)


def _make_plan(header: tuple[str, ...], rows: list[Any], work: PlanDraft) -> ExportPlan:
    return ExportPlan(
        header,
        tuple(rows),
        tuple(work.filled),
        tuple(work.left_out),
        tuple(work.warnings),
        tuple(work.unscaled),
        tuple(work.kept),
    )


def _make_points_rows(
    template: CanvasGradebook, columns: list[Column]
) -> list[tuple[str, ...]]:
    """The row of points possible, if the template has one."""
    if not template.points_row:
        return []
    points = ("" if c.points is None else f"{c.points:.2f}" for c in columns)
    return [(*template.points_row[: len(template.identity)], *points)]


def _fill_cell(
    row: Row,
    column: Column,
    pupil: Student,
    wanted: ExportedAssignment,
    grades: Grades,
    allow_lower: bool,
    work: PlanDraft,
) -> str:
    """The cell: a grade that is ready, else what Canvas shows now."""
    present = row.cells[column.index].strip()
    old = parse_number(present)
    keep = present if old is None else f"{old:.2f}"
    grade = grades.get((pupil.name, wanted.name), Grade(None))
    why = _explain_not_ready(grade, present)
    ids = row.canvas_id, column.canvas_id
    kept = [] if present in NO_GRADES else [KeptCell(pupil.name, wanted.name, *ids)]
    if why or grade.points is None:
        work.leave_out("cell", pupil.name, why, wanted.name)
        work.kept.extend(kept)
        return keep
    new = round(grade.points * wanted.factor, 2)
    filled = FilledCell(pupil.name, wanted.name, old, new, *ids, column.points)
    if _note_lowering(filled, allow_lower, work) and not allow_lower:
        work.kept.extend(kept)
        return keep
    work.filled.append(filled)
    return f"{new:.2f}"


def _explain_not_ready(grade: Grade, present: str) -> str:
    """Why a cell gets no grade; "" if it does."""
    if grade.waits:
        return "waits for marks"
    if grade.points is None:
        return "nothing handed in; Canvas keeps what it has"
    if not math.isfinite(grade.points):
        return f"the score is {grade.points}"
    if present.upper() in ("EX", "EXCUSED"):
        return "excused in Canvas"
    if present in NO_GRADES:
        return NO_GRADES[present]
    if present not in ("", "-") and parse_number(present) is None:
        return f"Canvas shows {present!r}, which is no number of points"
    return ""


def _note_lowering(cell: FilledCell, allowed: bool, work: PlanDraft) -> bool:
    """Whether it lowers a grade; then it is said, as a warning or as left out."""
    if cell.old is None or cell.new >= round(cell.old, 2):
        return False
    change = f"lowered from {cell.old:.2f} to {cell.new:.2f}"
    if allowed:
        work.warnings.append(f"{cell.student}, {cell.assignment}: {change}")
    else:
        why = f"would be {change} (--allow-lower does it)"
        work.leave_out("cell", cell.student, why, cell.assignment)
    return True


def plan_starter(
    pupils: Iterable[Student], assignments: Sequence[ExportedAssignment], grades: Grades
) -> ExportPlan:
    """A file without a template: only students whose Canvas id is known."""
    work = PlanDraft()
    identity = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
    header = (*identity, *(a.title for a in assignments))
    points = ("    Points Possible", "", "", "", "")
    rows = [(*points, *(f"{a.points:.2f}" for a in assignments))]
    for pupil in pupils:
        if not pupil.canvas_id:
            why = "no Canvas id (lms_user_id); see unrolled canvas roster"
            work.leave_out("student", pupil.name, why)
            continue
        cells = [_fill_starter_cell(pupil, a, grades, work) for a in assignments]
        name = f"{pupil.last_name}, {pupil.first_name}".strip(", ") or pupil.name
        login = pupil.login or pupil.name
        rows.append((name, pupil.canvas_id, pupil.sis_id, login, "", *cells))
    work.warnings.append(
        "without --template Canvas makes a new assignment for every title it does not "
        "know, takes our points whatever an assignment is worth there, and clears "
        "grades under blank cells; export the gradebook from Canvas and give it with "
        "--template"
    )
    return _make_plan(header, rows, work)


def _fill_starter_cell(
    pupil: Student, wanted: ExportedAssignment, grades: Grades, work: PlanDraft
) -> str:
    grade = grades.get((pupil.name, wanted.name), Grade(None))
    why = _explain_not_ready(grade, "")
    if why or grade.points is None:
        work.leave_out("cell", pupil.name, why, wanted.name)
        return ""
    new = round(grade.points, 2)
    work.filled.append(
        FilledCell(pupil.name, wanted.name, None, new, pupil.canvas_id, "")
    )
    return f"{new:.2f}"

"""What goes to Canvas, and what is left out and why.

The plan is made before anything is written. A cell is filled only with a grade
that is ready; everything else keeps what Canvas shows now.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from unrolled.canvas.grades_csv.exported_csv import (
    NO_GRADES,
    CanvasGradebook,
    Column,
    Row,
    is_excused,
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
from unrolled.canvas.records import ExportedAssignment, Grade, Student


@dataclass(frozen=True, kw_only=True)
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

    def as_text(self) -> str:
        """The counts, then every cell that was left out and every warning."""
        count = f"{len(self.filled)} grades, {len(self.changed)} of them new or changed"
        lines = [f"left out: {text}" for text in group_left_out(self.left_out)]
        lines += [f"warning: {text}" for text in self.warnings]
        return "\n".join([count, *lines])


Grades = Mapping[tuple[str, str], Grade]


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What the instructor allows: to lower grades, to scale them to Canvas's points."""

    allow_lower: bool = False
    scale: bool = False


NOTHING_ALLOWED = ExportOptions()


def plan_export(
    template: CanvasGradebook,
    students: Sequence[Student],
    assignments: Sequence[ExportedAssignment],
    grades: Grades,
    options: ExportOptions = NOTHING_ALLOWED,
) -> ExportPlan:
    """Fill an exported gradebook in, with `grades` by (student, assignment).

    Rows and columns without a match are left out and said so; nothing is guessed.
    Nor does a column get grades that is worth other points in Canvas, unless `options`
    allow to scale them.
    """
    draft = PlanDraft()
    columns = match_columns(template, assignments, draft, scale=options.scale)
    matched = match_students(template, students, draft)
    rows = _make_points_rows(template, list(columns))
    for row in template.rows:
        student = matched.get(row.line)
        if student is not None:
            cells = []
            for column, assignment in columns.items():
                grade = grades.get((student.name, assignment.name), Grade(None))
                cell = _Cell(row, column, student, assignment)
                lower = options.allow_lower
                cells.append(_fill_cell(cell, grade, draft, allow_lower=lower))
            rows.append((*row.identity, *cells))
    header = (*template.identity, *(c.header for c in columns))
    return _make_plan(header, rows, draft)


def _make_plan(
    header: tuple[str, ...], rows: list[tuple[str, ...]], draft: PlanDraft
) -> ExportPlan:
    gathered = {name: tuple(items) for name, items in vars(draft).items()}
    return ExportPlan(header=header, rows=tuple(rows), **gathered)


def _make_points_rows(
    template: CanvasGradebook, columns: list[Column]
) -> list[tuple[str, ...]]:
    """The row of points possible, if the template has one."""
    if not template.points_row:
        return []
    points = ("" if c.points is None else f"{c.points:.2f}" for c in columns)
    return [(*template.points_row[: len(template.identity)], *points)]


@dataclass(frozen=True)
class _Cell:
    """Where a student's row meets an assignment's column."""

    row: Row
    column: Column
    student: Student
    assignment: ExportedAssignment


def _fill_cell(
    cell: _Cell, grade: Grade, draft: PlanDraft, *, allow_lower: bool
) -> str:
    """The text of a cell: a grade that is ready, else what Canvas shows now."""
    student, assignment = cell.student.name, cell.assignment.name
    ids = cell.row.canvas_id, cell.column.canvas_id
    present = cell.row.cells[cell.column.index].strip()
    old = parse_number(present)
    why = _explain_not_ready(grade, present)
    if why or grade.points is None:
        draft.leave_out("cell", student, why, assignment=assignment)
    else:
        filled = FilledCell(
            student=student,
            assignment=assignment,
            old=old,
            new=round(grade.points * cell.assignment.factor, 2),
            canvas_student=ids[0],
            canvas_assignment=ids[1],
            out_of=cell.column.points,
        )
        if _may_fill(filled, draft, allow_lower=allow_lower):
            draft.filled.append(filled)
            return f"{filled.new:.2f}"
    if present not in NO_GRADES:
        draft.kept.append(KeptCell(student, assignment, *ids))
    return present if old is None else f"{old:.2f}"


def _explain_not_ready(grade: Grade, present: str) -> str:
    """Why a cell gets no grade; "" if it does."""
    if grade.waits:
        return "waits for marks"
    if grade.points is None:
        return "nothing was handed in; Canvas keeps what it has"
    if not math.isfinite(grade.points):
        return f"the score is {grade.points}"
    if is_excused(present):
        return "excused in Canvas"
    if present in NO_GRADES:
        return NO_GRADES[present]
    if present not in ("", "-") and parse_number(present) is None:
        return f"Canvas shows {present!r}, which is not a number of points"
    return ""


def _may_fill(cell: FilledCell, draft: PlanDraft, *, allow_lower: bool) -> bool:
    """Whether a grade may go; one that lowers Canvas's is said in any case."""
    if cell.old is None or cell.new >= round(cell.old, 2):
        return True
    change = f"lowered from {cell.old:.2f} to {cell.new:.2f}"
    if allow_lower:
        draft.warnings.append(f"{cell.student}, {cell.assignment}: {change}")
    else:
        why = f"would be {change}; --allow-lower allows it"
        draft.leave_out("cell", cell.student, why, assignment=cell.assignment)
    return allow_lower


def plan_starter(
    students: Iterable[Student],
    assignments: Sequence[ExportedAssignment],
    grades: Grades,
) -> ExportPlan:
    """A file without a template: only students whose Canvas id is known."""
    draft = PlanDraft()
    identity = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
    header = (*identity, *(a.title for a in assignments))
    points = ("    Points Possible", "", "", "", "")
    rows = [(*points, *(f"{a.points:.2f}" for a in assignments))]
    for student in students:
        if not student.canvas_id:
            why = "no Canvas id (lms_user_id); see unrolled canvas roster"
            draft.leave_out("student", student.name, why)
            continue
        cells = [_fill_starter_cell(student, a, grades, draft) for a in assignments]
        name = f"{student.last_name}, {student.first_name}".strip(", ") or student.name
        login = student.login or student.name
        rows.append((name, student.canvas_id, student.sis_id, login, "", *cells))
    draft.warnings.append(
        "without --template, Canvas adds an assignment for every title that it does "
        "not know, imports our points even if an assignment is worth other points "
        "there, and clears grades where a cell is blank. Export the gradebook from "
        "Canvas and use it as the --template"
    )
    return _make_plan(header, rows, draft)


def _fill_starter_cell(
    student: Student, assignment: ExportedAssignment, grades: Grades, draft: PlanDraft
) -> str:
    grade = grades.get((student.name, assignment.name), Grade(None))
    why = _explain_not_ready(grade, "")
    if why or grade.points is None:
        draft.leave_out("cell", student.name, why, assignment=assignment.name)
        return ""
    filled = FilledCell(
        student=student.name,
        assignment=assignment.name,
        old=None,
        new=round(grade.points, 2),
        canvas_student=student.canvas_id,
    )
    draft.filled.append(filled)
    return f"{filled.new:.2f}"

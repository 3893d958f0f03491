"""Refuse a file with which Canvas would do anything else than what was planned."""

from __future__ import annotations

from typing import Any

from unrolled.canvas.grades_csv.exported_csv import (
    NOT_ASSIGNED,
    CanvasGradebook,
    is_excused,
    parse_number,
)
from unrolled.canvas.grades_csv.import_model import (
    CanvasAssignment,
    CanvasState,
    CanvasStudent,
    CellEffect,
    simulate_import,
)
from unrolled.canvas.grades_csv.import_parser import ImportRefusedError
from unrolled.canvas.grades_csv.plan import ExportPlan
from unrolled.errors import UserError


def build_canvas_state(template: CanvasGradebook) -> CanvasState:
    """Students, assignments and scores of an export."""
    students = [
        CanvasStudent(
            id=row.canvas_id or f"row {row.line}",
            name=row.full_name,
            sortable_name=row.name,
            sis_id=row.sis_id,
            login=row.login,
        )
        for row in template.rows
    ]
    assigned = [c for c in template.columns if c.canvas_id]
    columns = [
        CanvasAssignment(c.canvas_id, c.title, c.points or 0.0) for c in assigned
    ]
    scores: dict[tuple[str, str], Any] = {}
    unassigned = set()
    notes = {}
    for row, student in zip(template.rows, students, strict=True):
        for column in assigned:
            cell = row.cells[column.index].strip()
            present = "EX" if is_excused(cell) else parse_number(cell)
            if present is not None:
                scores[student.id, column.canvas_id] = present
            elif cell == NOT_ASSIGNED:
                unassigned.add((student.id, column.canvas_id))
        for column in template.columns:
            notes[student.id, column.header] = row.cells[column.index]
    return CanvasState(
        students=students,
        assignments=columns,
        scores=scores,
        custom=[c.header for c in template.columns if c.custom],
        notes=notes,
        locked=[c.header for c in template.columns if c.read_only],
        unassigned=unassigned,
    )


def refuse_surprises(data: bytes, plan: ExportPlan, template: CanvasGradebook) -> None:
    """The planned grades and no other change, by our model of the importer.

    Raises UserError, naming the first surprise.
    """
    try:
        outcome = simulate_import(data, build_canvas_state(template))
    except ImportRefusedError as error:
        raise UserError(
            f"{template.path}: Canvas would refuse the file: {error}."
        ) from error
    planned = {
        (f.canvas_student, f.canvas_assignment): f.new
        for f in plan.changed
        if f.canvas_student
    }
    effects = [*outcome.effects, *outcome.others]
    surprise = next(iter(outcome.doubled), "")
    surprise = surprise or _find_surprise(effects, planned, len(plan.changed))
    if surprise:
        raise UserError(
            f"{template.path}: nothing was written, because Canvas would not import "
            f"what is intended ({surprise}). Export the gradebook from Canvas again "
            "and retry."
        )


def _find_surprise(
    effects: list[CellEffect], planned: dict[tuple[str, str], float], count: int
) -> str:
    """The first effect that is not planned, in words; "" if there is none."""
    scored = 0
    for effect in effects:
        new = effect.assignment.startswith("new: ")
        if effect.effect in ("nothing", "ignored") and not new:
            continue
        key = (effect.student or "", effect.assignment)
        good = effect.effect == "scored" and not new
        if not good or planned.get(key, effect.score) != effect.score:
            return f"row {effect.row}, {effect.header}: {effect.effect}"
        scored += 1
    return "" if scored == count else f"{scored} grades instead of {count}"

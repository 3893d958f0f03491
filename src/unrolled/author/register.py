"""Tell the gradebook about an assignment: its cells, points, tests and due date."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry

from unrolled.assignment.cells import is_check, is_exercise, read_nbgrader_meta
from unrolled.assignment.load import load_material
from unrolled.converters import generate_release
from unrolled.course.model import Assignment, Course
from unrolled.errors import UserError
from unrolled.gradebook.cell_changes import CellChanges, apply_changes
from unrolled.gradebook.open import (
    backup_gradebook,
    has_gradebook,
    open_gradebook,
    set_journal_mode,
)


def register(
    course: Course, assignment: str, changes: CellChanges | None = None
) -> bool:
    """Register an assignment; whether anything had to be changed.

    `changes` are those of the cells under submissions, which somebody has agreed to.
    What fails on the way is completed by the next build.
    """
    settings = course.assignments[assignment]
    if _is_registered(course, settings):
        return False
    backup_gradebook(course)
    if changes is not None:
        cells = load_material(course, assignment).source["cells"]
        apply_changes(course, settings, cells, changes)
    try:
        with tempfile.TemporaryDirectory(prefix="unrolled-") as scratch:
            root = Path(scratch)
            for name in ("course.toml", "nbgrader_config.py"):
                shutil.copyfile(course.root / name, root / name)
            shutil.copytree(course.source / assignment, root / "source" / assignment)
            generate_release(root, assignment, course.db_url)
    except UserError as error:
        raise UserError(
            f"{course.gradebook_place}: {assignment} could not be registered: {error}"
        ) from error
    with open_gradebook(course) as gradebook:
        due = _convert_to_utc(settings.due)
        gradebook.update_or_create_assignment(assignment, duedate=due)
    set_journal_mode(course)
    return True


def _convert_to_utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def _is_registered(course: Course, assignment: Assignment) -> bool:
    """Whether the gradebook has the very cells of source/, and the due date."""
    if not has_gradebook(course):
        return False
    cells = load_material(course, assignment.name).source["cells"]
    points = {
        read_nbgrader_meta(c)["grade_id"]: _read_points(c)
        for c in cells
        if read_nbgrader_meta(c)
    }
    tests = {
        read_nbgrader_meta(c)["grade_id"]: c["source"] for c in cells if is_check(c)
    }
    with open_gradebook(course) as gradebook:
        try:
            entry = gradebook.find_notebook(assignment.notebook, assignment.name)
        except MissingEntry:
            return False
        stored = {c.name: float(c.max_score) for c in entry.grade_cells}
        stored |= {c.name: 0.0 for c in entry.solution_cells if c.name not in stored}
        texts = {c.name: c.source for c in entry.source_cells if c.name in tests}
        due = entry.assignment.duedate
    return (stored, texts, due) == (points, tests, _convert_to_utc(assignment.due))


def _read_points(cell: dict[str, Any]) -> float:
    return 0.0 if is_exercise(cell) else float(read_nbgrader_meta(cell)["points"])

"""Tell the gradebook about an assignment: its cells, points, tests and due date."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry

from unrolled.author.convert import generate
from unrolled.course import Assignment, Course
from unrolled.errors import UserError
from unrolled.grade.material import load_material
from unrolled.grade.reference import is_check, is_exercise, meta
from unrolled.gradebook import (
    backup_gradebook,
    gradebook_exists,
    open_gradebook,
    set_mode,
)


def register(course: Course, assignment: str) -> bool:
    """Register an assignment; whether anything had to be changed.

    Raises UserError if submissions stand in the way of new cells; the gradebook
    is as it was then. What fails on the way is completed by the next build.
    """
    found = course.assignments[assignment]
    if _is_registered(course, found):
        return False
    backup_gradebook(course)
    _refuse_new_cells(course, found)
    try:
        with tempfile.TemporaryDirectory(prefix="unrolled-") as scratch:
            root = Path(scratch)
            for name in ("course.toml", "nbgrader_config.py"):
                shutil.copyfile(course.root / name, root / name)
            shutil.copytree(course.source / assignment, root / "source" / assignment)
            generate(root, assignment, course.db_url)
    except UserError as error:
        place = course.gradebook_place
        why = f"{place}: {assignment} could not be registered: {error}"
        raise UserError(why) from error
    _set_due(course, found)
    set_mode(course)
    return True


def _refuse_new_cells(course: Course, assignment: Assignment) -> None:
    """nbgrader cannot add or remove cells under submissions: say so beforehand.

    Nothing is undone later on: marks that others give meanwhile would go with it.
    """
    if not gradebook_exists(course):
        return
    wanted = _kinds(load_material(course, assignment.name).source["cells"])
    with open_gradebook(course) as gradebook:
        try:
            found = gradebook.find_notebook(assignment.notebook, assignment.name)
        except MissingEntry:
            return
        stored = {(c.name, "grade") for c in found.grade_cells}
        stored |= {(c.name, "solution") for c in found.solution_cells}
        if not found.submissions or stored == wanted:
            return
    raise UserError(
        f"{course.gradebook_place}: cells of {assignment.name} were added or removed, "
        "but students' submissions are graded already. Keep the grade ids as they "
        f"were, or remove the grades with `nbgrader db assignment remove "
        f"{assignment.name} --force` (a copy is in build/backups/), build, and grade "
        "again."
    )


def _kinds(cells: list[Any]) -> set[tuple[str, str]]:
    """What nbgrader makes of each cell: something to grade, to solve, or both."""
    both = ((meta(c), kind) for c in cells for kind in ("grade", "solution"))
    return {(m["grade_id"], kind) for m, kind in both if m.get(kind)}


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def _is_registered(course: Course, assignment: Assignment) -> bool:
    """Whether the gradebook has the very cells of source/, and the due date."""
    if not gradebook_exists(course):
        return False
    cells = load_material(course, assignment.name).source["cells"]
    points = {meta(c)["grade_id"]: _points(c) for c in cells if meta(c)}
    tests = {meta(c)["grade_id"]: c["source"] for c in cells if is_check(c)}
    with open_gradebook(course) as gradebook:
        try:
            found = gradebook.find_notebook(assignment.notebook, assignment.name)
        except MissingEntry:
            return False
        stored = {c.name: float(c.max_score) for c in found.grade_cells}
        stored |= {c.name: 0.0 for c in found.solution_cells if c.name not in stored}
        texts = {c.name: c.source for c in found.source_cells if c.name in tests}
        due = found.assignment.duedate
    return (stored, texts, due) == (points, tests, _utc(assignment.due))


def _points(cell: dict[str, Any]) -> float:
    return 0.0 if is_exercise(cell) else float(meta(cell)["points"])


def _set_due(course: Course, assignment: Assignment) -> None:
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_assignment(
            assignment.name, duedate=_utc(assignment.due)
        )

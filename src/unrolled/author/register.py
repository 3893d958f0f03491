"""Tell the gradebook about an assignment: its cells, points, tests and due date."""

from __future__ import annotations

from datetime import UTC, datetime

from unrolled.assignment import load_material, read_sources
from unrolled.course import Assignment, Course
from unrolled.errors import UserError
from unrolled.gradebook import (
    CellChanges,
    apply_cell_changes,
    backup_gradebook,
    has_gradebook,
    open_gradebook,
)
from unrolled.gradebook.open import set_journal_mode
from unrolled.gradebook.queries import ReleasedNotebook, read_notebook, write_release


def register(
    course: Course,
    assignment: str,
    release: ReleasedNotebook,
    changes: CellChanges | None = None,
) -> bool:
    """Register an assignment; whether anything had to be changed.

    `release` is what the build has made of source/; `changes` are those of the cells
    under submissions, which somebody has agreed to. What fails on the way is completed
    by the next build.
    """
    settings = course.assignments[assignment]
    if is_registered(course, settings):
        return False
    backup_gradebook(course)
    if changes is not None:
        cells = load_material(course, assignment).source_cells
        apply_cell_changes(course, settings, cells, changes)
    try:
        with open_gradebook(course) as gradebook:
            write_release(gradebook, assignment, release, _convert_to_utc(settings.due))
    except UserError as error:
        raise UserError(
            f"{course.gradebook_place}: {assignment} could not be registered: {error}"
        ) from error
    set_journal_mode(course)
    return True


def _convert_to_utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def is_registered(course: Course, assignment: Assignment) -> bool:
    """Whether the gradebook has the very cells of source/, and the due date."""
    if not has_gradebook(course):
        return False
    cells = load_material(course, assignment.name).source_cells
    points = {c.grade_id: c.points for c in cells if c.grade_id}
    tests = read_sources(cells, "check")
    with open_gradebook(course) as gradebook:
        notebook = read_notebook(gradebook, assignment.name, assignment.notebook)
    if notebook is None:
        return False
    stored = {**dict.fromkeys(notebook.solutions, 0.0), **notebook.max_scores}
    texts = {name: text for name, text in notebook.sources.items() if name in tests}
    due = _convert_to_utc(assignment.due)
    return (stored, texts, notebook.due) == (points, tests, due)

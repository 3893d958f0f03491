"""Results as they stand in the gradebook and in the autograded notebook."""

from __future__ import annotations

import json
from typing import Any

from nbgrader.api import Gradebook, MissingEntry

from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.grade.results import CellResult, SubmissionResult


def registered_tests(course: Course, assignment: str) -> dict[str, str]:
    """The texts of the grade cells in the gradebook; empty if it has none."""
    if not course.gradebook.exists():
        return {}
    with Gradebook(course.db_url, course.id) as gradebook:
        try:
            name = course.assignments[assignment].notebook
            found = gradebook.find_notebook(name, assignment)
        except MissingEntry:
            return {}
        graded = {cell.name for cell in found.grade_cells}
        return {c.name: c.source for c in found.source_cells if c.name in graded}


def stored_result(
    course: Course, assignment: str, student: str, repairs: tuple[str, ...] = ()
) -> SubmissionResult:
    """The result of a graded submission; UserError if the gradebook has none."""
    notes = _autograded_notes(course, assignment, student)
    with Gradebook(course.db_url, course.id) as gradebook:
        try:
            name = course.assignments[assignment].notebook
            found = gradebook.find_submission_notebook(name, assignment, student)
        except MissingEntry as error:
            raise UserError(
                f"{course.gradebook}: no grades of {student} for {assignment}; "
                "grade with --force."
            ) from error
        return result_of(student, found, notes, repairs)


def result_of(
    student: str, found: Any, notes: dict[str, Any], repairs: tuple[str, ...] = ()
) -> SubmissionResult:
    """The result of a submitted notebook's row; `notes` are from its metadata."""
    verdicts = {c["grade_id"]: c for c in notes.get("verdict", {}).get("cells", [])}
    return SubmissionResult(
        student,
        "graded",
        repairs=(*repairs, *notes.get("repairs", []), *_notes(notes)),
        score=float(found.score),
        max_score=float(found.max_score),
        late_penalty=float(found.late_submission_penalty or 0.0),
        needs_manual=bool(found.needs_manual_grade),
        cells=tuple(_cell(g, verdicts.get(g.name, {})) for g in found.grades),
    )


def _notes(notes: dict[str, Any]) -> list[str]:
    found: list[str] = notes.get("verdict", {}).get("notes", [])
    return found


def _cell(grade: Any, verdict: dict[str, Any]) -> CellResult:
    waits = grade.manual_score is None and grade.auto_score is None
    return CellResult(
        grade.name,
        None if waits else float(grade.score),
        float(grade.max_score),
        verdict.get("passed"),
        bool(verdict.get("follow_through", False)),
        verdict.get("message", ""),
        verdict.get("hint", ""),
        tuple(verdict.get("misconception", ())),
    )


def _autograded_notes(course: Course, assignment: str, student: str) -> dict[str, Any]:
    name = f"{course.assignments[assignment].notebook}.ipynb"
    path = course.autograded / student / assignment / name
    if not path.exists():
        return {}
    document = json.loads(path.read_text(encoding="utf-8"))
    found: dict[str, Any] = document.get("metadata", {}).get("unrolled", {})
    return found

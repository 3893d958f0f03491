"""Results as they stand in the gradebook and in the autograded notebook."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from unrolled.assignment import load_material
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.grade.results import CellResult, SubmissionResult
from unrolled.gradebook import SubmissionRows
from unrolled.gradebook.tables import AssignmentRows, GradeRow, open_assignment_rows


def open_rows(
    course: Course, assignment: str
) -> AbstractContextManager[AssignmentRows]:
    """An assignment in nbgrader's tables, its cells in the notebook's order."""
    order: list[str] = []
    with contextlib.suppress(UserError):  # results are there without the notebook, too
        cells = load_material(course, assignment).source_cells
        order = [c.grade_id for c in cells if c.grade_id]
    return open_assignment_rows(course, assignment, order)


def read_stored_result(
    course: Course, assignment: str, student: str, repairs: tuple[str, ...] = ()
) -> SubmissionResult:
    """The result of a graded submission; UserError if the gradebook has none."""
    notes = _read_autograded_notes(course, assignment, student)
    with open_rows(course, assignment) as table:
        rows = table.find(student)
    if rows is None:
        raise UserError(
            f"{course.gradebook_place}: no grades of {student} for {assignment}; "
            "grade with --force."
        )
    return build_result(student, rows, table.max_scores, notes=notes, repairs=repairs)


def build_result(
    student: str,
    rows: SubmissionRows,
    max_scores: Mapping[str, float],
    *,
    notes: Mapping[str, Any],
    repairs: tuple[str, ...] = (),
) -> SubmissionResult:
    """The result that a submission's rows hold; `notes` are of its notebook."""
    verdict = notes.get("verdict", {})
    verdicts = {c["grade_id"]: c for c in verdict.get("cells", [])}
    return SubmissionResult(
        student=student,
        status="graded",
        repairs=(*repairs, *notes.get("repairs", []), *verdict.get("notes", [])),
        score=float(rows.score),
        max_score=float(sum(max_scores.values())),
        late_penalty=float(rows.penalty or 0.0),
        needs_manual=any(g.waits for g in rows.grades.values()),
        cells=tuple(
            _build_cell_result(name, grade, max_scores[name], verdicts.get(name, {}))
            for name, grade in rows.grades.items()
        ),
    )


def _build_cell_result(
    name: str, grade: GradeRow, max_score: float, verdict: Mapping[str, Any]
) -> CellResult:
    unknown = grade.manual is None and grade.auto is None
    return CellResult(
        grade_id=name,
        score=None if unknown else float(grade.score),
        max_score=float(max_score),
        passed=verdict.get("passed"),
        follow_through=bool(verdict.get("follow_through", False)),
        message=verdict.get("message", ""),
        hint=verdict.get("hint", ""),
        misconception=tuple(verdict.get("misconception", ())),
    )


def _read_autograded_notes(
    course: Course, assignment: str, student: str
) -> dict[str, Any]:
    path = course.autograded_notebook(student, assignment)
    if not path.exists():
        return {}
    document = json.loads(path.read_text(encoding="utf-8"))
    notes: dict[str, Any] = document.get("metadata", {}).get("unrolled", {})
    return notes

"""Grading: rebuild a submission, run it in a process of its own, judge it outside."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.grade.inspect_submission import Inspection, inspect_result
    from unrolled.grade.results import CellResult, GradeReport, SubmissionResult
    from unrolled.grade.run import grade, list_submitted_students
    from unrolled.grade.stored_results import read_stored_result
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "CellResult",
    "GradeReport",
    "Inspection",
    "SubmissionResult",
    "grade",
    "inspect_result",
    "list_submitted_students",
    "read_stored_result",
]

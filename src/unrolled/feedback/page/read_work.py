"""Reads a graded submission: its rows in the gradebook, and the notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from unrolled.assignment import Cell, Notebook, load_material, read_cells, read_sources
from unrolled.assignment.cells import find_defined_names
from unrolled.course import Course
from unrolled.deadlines import OwnDeadlines, read_own_deadlines
from unrolled.errors import UserError
from unrolled.grade import SubmissionResult
from unrolled.grade.stored_results import build_result, open_rows
from unrolled.gradebook import StudentRow, SubmissionRows
from unrolled.gradebook.read import read_student_rows
from unrolled.gradebook.tables import AssignmentRows


@dataclass(frozen=True, kw_only=True)
class Work:
    """One student's graded submission; `cells` are those of `notebook`."""

    student: StudentRow
    rows: SubmissionRows
    result: SubmissionResult
    notebook: Notebook
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class WorkReader:
    """Reads the submissions of one assignment.

    `stubs` are the exercises as they are released, `homes` says in which exercise a
    name is to be defined. `shows_schemes`: whether students may see model answers.
    """

    course: Course
    assignment: str
    table: AssignmentRows
    people: Mapping[str, StudentRow]
    stubs: Mapping[str, str]
    homes: Mapping[str, str]
    deadlines: OwnDeadlines
    shows_schemes: bool

    @property
    def due(self) -> datetime | None:
        """When the class is due, in UTC without a zone."""
        return _read_due(self.course, self.assignment)

    def read(self, student: str, notebook: Notebook | None = None) -> Work:
        """What is graded of a student, from `notebook` if it has been read already.

        Raises UserError if it cannot be read, or if the gradebook has no grades.
        """
        rows = self.table.find(student)
        if rows is None:
            raise UserError(
                f"{self.course.gradebook_place}: no grades of {student} for "
                f"{self.assignment}; grade with --force."
            )
        if notebook is None:
            notebook = self._read_notebook(student)
        notes = notebook["metadata"].get("unrolled", {})
        return Work(
            student=self.people.get(student, StudentRow(id=student)),
            rows=rows,
            result=build_result(student, rows, self.table.max_scores, notes=notes),
            notebook=notebook,
            cells=read_cells(notebook),
        )

    def _read_notebook(self, student: str) -> Notebook:
        path = self.course.autograded_notebook(student, self.assignment)
        try:
            document: Notebook = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(
                f"{path}: cannot be read; grade {student} again with --force."
            ) from error
        return document


@contextmanager
def open_reader(course: Course, assignment: str) -> Iterator[WorkReader]:
    """A reader of an assignment's submissions.

    Raises LookupError if the gradebook does not know the assignment.
    """
    stubs: dict[str, str] = {}
    homes: dict[str, str] = {}
    with suppress(UserError):  # grades are there without the notebooks, too
        material = load_material(course, assignment)
        stubs = read_sources(material.release_cells, "exercise")
        homes = {
            name: exercise
            for exercise, text in read_sources(
                material.source_cells, "exercise"
            ).items()
            for name in find_defined_names(text)
        }
    deadlines = read_own_deadlines(course)
    with open_rows(course, assignment) as table:
        yield WorkReader(
            course=course,
            assignment=assignment,
            table=table,
            people={row.id: row for row in read_student_rows(course)},
            stubs={name: text.strip() for name, text in stubs.items()},
            homes=homes,
            deadlines=deadlines,
            shows_schemes=course.feedback_schemes == "after-deadline"
            and _is_over(course, assignment, table, deadlines),
        )


def _read_due(course: Course, assignment: str) -> datetime | None:
    due = course.assignments[assignment].due
    return due.astimezone(UTC).replace(tzinfo=None) if due else None


def _is_over(
    course: Course, assignment: str, table: AssignmentRows, deadlines: OwnDeadlines
) -> bool:
    """Whether nobody has time left, by the list of extensions or by nbgrader's rows."""
    due = _read_due(course, assignment)
    named = [student for student, name in deadlines.standing if name == assignment]
    ends = [deadlines.find(student, assignment, due).at for student in named]
    more = table.find_longest_extension()
    ends.append(deadlines.find("", assignment, due, more).at)
    now = datetime.now(UTC).replace(tzinfo=None)
    return all(end is not None and now > end for end in ends)

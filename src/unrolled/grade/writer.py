"""The one writer: results into nbgrader's gradebook, a transaction for each.

It leaves the rows that nbgrader's own autograde would leave: student, submission,
grades, comments, late penalty. The notebook takes its place just before the
transaction is committed; a run that is killed in between is found and mended by
the next one, which compares both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy.exc
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.utils import parse_utc

from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.grade.job import Graded
from unrolled.grade.late import penalty
from unrolled.grade.results import SubmissionResult
from unrolled.grade.stored import result_of


@dataclass(frozen=True)
class Paper:
    """What goes beside the notebook: time of submission, the assignment's files."""

    timestamp: str | None
    files: dict[str, bytes]


class Writer:
    """Writes results of one assignment; use as a context manager.

    Raises UserError if the gradebook cannot be written: nothing is half written.
    """

    def __init__(self, course: Course, assignment: str) -> None:
        self.course = course
        self.assignment = assignment
        self.notebook = course.assignments[assignment].notebook
        self.stage = course.build / "stage" / f"{assignment}-{os.getpid()}"

    def __enter__(self) -> Writer:
        self.gradebook = Gradebook(self.course.db_url, self.course.id)
        return self

    def __exit__(self, *_: object) -> None:
        self.gradebook.close()
        shutil.rmtree(self.stage, ignore_errors=True)

    def write(self, graded: Graded, paper: Paper) -> None:
        """Write one result, all of it or nothing; what is written already stays."""
        session = self.gradebook.db
        try:
            submission = self._submission(graded.student, paper)
            part = self._part(submission)
            if self._is_written(part, graded, paper):
                self._penalise(submission, part)
                session.commit()
                return
            self._fill(part, graded)
            self._penalise(submission, part)
            session.flush()
            undo = self._put(graded, paper)
            try:
                session.commit()
            except BaseException:
                undo()
                raise
        except (sqlalchemy.exc.SQLAlchemyError, OSError) as error:
            session.rollback()
            raise UserError(
                f"{self.course.gradebook}: the result of {graded.student} could not "
                f"be written, and was not: {_first_line(error)}"
            ) from error

    def result(self, graded: Graded, repairs: tuple[str, ...]) -> SubmissionResult:
        """The result as it stands in the gradebook now."""
        found = self.gradebook.find_submission_notebook(
            self.notebook, self.assignment, graded.student
        )
        return result_of(graded.student, found, graded.details(), repairs)

    def _part(self, submission: SubmittedAssignment) -> SubmittedNotebook:
        (part,) = (p for p in submission.notebooks if p.name == self.notebook)
        return part

    def _is_written(self, part: Any, graded: Graded, paper: Paper) -> bool:
        """Whether gradebook and folder hold this very result."""
        scores = {g.name: g.auto_score for g in part.grades}
        if any(scores.get(n, "none") != s for n, s in graded.scores.items()):
            return False
        place = self._place(graded.student)
        stamp = place / "timestamp.txt"
        try:
            text = (place / f"{self.notebook}.ipynb").read_text(encoding="utf-8")
            time = stamp.read_text(encoding="utf-8") if stamp.exists() else None
        except (OSError, UnicodeDecodeError):
            return False
        return text == graded.notebook and time == paper.timestamp

    def _submission(self, student: str, paper: Paper) -> SubmittedAssignment:
        """The submission's rows, made as nbgrader makes them if there are none."""
        book = self.gradebook
        try:
            found = book.find_submission(self.assignment, student)
        except MissingEntry:
            found = self._new_submission(student)
        if paper.timestamp is not None:
            found.timestamp = parse_utc(paper.timestamp)
        return found

    def _new_submission(self, student: str) -> SubmittedAssignment:
        book = self.gradebook
        try:
            pupil = book.find_student(student)
        except MissingEntry:
            pupil = Student(id=student)
            book.db.add(pupil)
        made = SubmittedAssignment(
            assignment=book.find_assignment(self.assignment), student=pupil
        )
        for notebook in made.assignment.notebooks:
            part = SubmittedNotebook(notebook=notebook, assignment=made)
            for cell in (*notebook.grade_cells, *notebook.task_cells):
                Grade(cell_id=cell.id, cell=cell, notebook=part)
            for cell in (*notebook.solution_cells, *notebook.task_cells):
                Comment(cell_id=cell.id, cell=cell, notebook=part)
        book.db.add(made)
        book.db.flush()
        return made

    def _fill(self, part: Any, graded: Graded) -> None:
        """Scores and comments, by nbgrader's rules."""
        for grade in part.grades:
            if grade.name in graded.scores:
                grade.auto_score = graded.scores[grade.name]
                waits = grade.manual_score is not None or grade.auto_score is None
                grade.needs_manual_grade = waits
        for comment in part.comments:
            if comment.name in graded.comments:
                comment.auto_comment = graded.comments[comment.name]

    def _penalise(self, submission: SubmittedAssignment, part: Any) -> None:
        """The late penalty, from the present score: marks may have changed it."""
        late, now = submission.total_seconds_late, None
        if late > 0:
            self.gradebook.db.flush()
            self.gradebook.db.refresh(part, ["score"])
            policy = self.course.assignments[self.assignment].late
            now = penalty(policy, part.score, late)
        if part.late_submission_penalty != now:
            part.late_submission_penalty = now

    def _put(self, graded: Graded, paper: Paper) -> Callable[[], None]:
        """Put the notebook in its place; how to take it back."""
        fresh = self.stage / "new" / graded.student
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        notebook = fresh / f"{self.notebook}.ipynb"
        notebook.write_text(graded.notebook, encoding="utf-8")
        if paper.timestamp is not None:
            (fresh / "timestamp.txt").write_text(paper.timestamp, encoding="utf-8")
        for name, content in paper.files.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_bytes(content)
        for path in fresh.rglob("*"):
            if path.is_file():
                path.chmod(0o444)
        return _swap(fresh, self._place(graded.student), self.stage / "old")

    def _place(self, student: str) -> Path:
        return self.course.autograded / student / self.assignment


def _swap(new: Path, place: Path, aside: Path) -> Callable[[], None]:
    """Move a folder to its place; the returned function undoes it."""
    shutil.rmtree(aside, ignore_errors=True)
    aside.parent.mkdir(parents=True, exist_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    had = place.exists()
    if had:
        place.rename(aside)
    new.rename(place)

    def undo() -> None:
        place.rename(new)
        if had:
            aside.rename(place)

    return undo


def _first_line(error: BaseException) -> str:
    return str(error).split("\n")[0][:300]

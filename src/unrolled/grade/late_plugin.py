"""nbgrader's step for late penalties, with ours: for stock `nbgrader autograde`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from unrolled.course import Course, load_course
from unrolled.deadlines import settle_student
from unrolled.gradebook import begin_write
from unrolled.gradebook.queries import Gradebook, set_timestamp
from unrolled.gradebook.tables import open_assignment_rows
from unrolled.timestamps import parse_timestamp, read_stamp


class LatePenalties(NbGraderPreprocessor):  # type: ignore[misc]
    """Stands where nbgrader's AssignLatePenalties would.

    That one counts hours, knows one policy for all assignments, no deadline before
    something is handed in, and no free late days.
    """

    course: Course

    def preprocess(
        self, nb: NotebookNode, resources: Mapping[str, Any]
    ) -> tuple[NotebookNode, Mapping[str, Any]]:
        """Put deadline and penalty into the gradebook."""
        self.course = load_course(Path.cwd())  # converters work in the course folder
        names = resources["nbgrader"]
        self._correct_time(names)
        student, assignment = names["student"], names["assignment"]
        with open_assignment_rows(self.course, assignment) as table:
            begin_write(table.connection, self.course.database.lock_seconds)
            penalty = settle_student(self.course, table, student, assignment)
            table.connection.commit()
        if penalty is not None:
            self.log.warning("%s is late; late penalty: %g", student, penalty)
        return nb, resources

    def _correct_time(self, names: Mapping[str, str]) -> None:
        """nbgrader has read timestamp.txt already, in its own way."""
        student, assignment = names["student"], names["assignment"]
        folder = self.course.submitted_folder(student, assignment)
        stamp, wrong = read_stamp(folder, self.course.timezone)
        if not (stamp or wrong):
            return
        if wrong:
            self.log.warning("%s", wrong)
        moment = parse_timestamp(stamp, self.course.timezone) if stamp else None
        with Gradebook(names["db_url"]) as gradebook:
            set_timestamp(gradebook, assignment, student, moment)

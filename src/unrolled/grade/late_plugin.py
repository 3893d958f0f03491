"""nbgrader's step for late penalties, with ours: for stock `nbgrader autograde`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties

from unrolled.course import Course, load_course
from unrolled.grade.late_penalty import Lateness, compute_lateness, compute_penalty
from unrolled.gradebook.queries import Gradebook, read_submission_facts, set_timestamp
from unrolled.timestamps import parse_timestamp, read_stamp


class AssignmentPolicy(LateSubmissionPlugin):  # type: ignore[misc]
    """nbgrader's plug-in, told by its preprocessor how late which assignment is."""

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """The penalty in points; nbgrader's own seconds know nothing of the clock."""
        del student_id, total_seconds_late
        policy = self.parent.course.assignments[self.parent.assignment_id].late
        return compute_penalty(policy, score, self.parent.late)


class LatePenalties(AssignLatePenalties):  # type: ignore[misc]
    """nbgrader's AssignLatePenalties, with a policy per assignment."""

    course: Course

    def preprocess(
        self, nb: NotebookNode, resources: Mapping[str, Any]
    ) -> tuple[NotebookNode, Any]:
        """Put the penalty into the gradebook."""
        self.course = load_course(Path.cwd())  # converters work in the course folder
        self._correct_time(resources["nbgrader"])
        done: tuple[NotebookNode, Any] = super().preprocess(nb, resources)
        return done

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

    def init_plugin(self) -> None:
        """Make the plug-in; the names of assignment and student are set by then."""
        self.plugin_inst: Any = AssignmentPolicy(parent=self)

    @property
    def late(self) -> Lateness:
        """How late the submission is that is being graded."""
        submission = read_submission_facts(
            self.gradebook, self.assignment_id, self.student_id
        )
        return compute_lateness(
            submission.due,
            submission.extension,
            submission.timestamp,
            self.course.timezone,
        )

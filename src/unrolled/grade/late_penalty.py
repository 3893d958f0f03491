"""Late penalties by the policy of each assignment in course.toml.

Days are the calendar's, in the course's time zone: what is due on Saturday at 23:59 and
comes on Sunday by 23:59 is one day late, also when the clocks change in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties

from unrolled.course import Course, LatePolicy, load_course
from unrolled.gradebook.open import Gradebook
from unrolled.gradebook.queries import read_submission_facts, set_timestamp
from unrolled.timestamps import parse_timestamp, read_stamp


@dataclass(frozen=True)
class Lateness:
    """How late something is: elapsed seconds, and days that have begun on the clock."""

    seconds: float = 0.0
    days: int = 0


def compute_lateness(
    due: datetime | None,
    extension: timedelta | None,
    handed_in: datetime | None,
    zone: tzinfo,
) -> Lateness:
    """How late it is; `due` and `handed_in` are in UTC without a zone, as in nbgrader.

    `zone` is the course's. An extension by days ends at the same time of day as the
    due date, or after as many hours, whichever is later.
    """
    if due is None or handed_in is None:
        return Lateness()
    more = extension or timedelta()
    wall = _convert_time(due, UTC, zone) + more
    now = _convert_time(handed_in, UTC, zone)
    end = max(due + more, _convert_time(wall, zone, UTC))
    seconds = (handed_in - end).total_seconds()
    if seconds <= 0:
        return Lateness()
    return Lateness(seconds, max(1, -((wall - now) // timedelta(days=1))))


def compute_penalty(policy: LatePolicy, score: float, late: Lateness) -> float:
    """Points that a submission loses.

    `per_day` percent of `score` for each started day, at most `max` percent; nothing
    within the grace time, nor of a score below 0 (by negative extra credit).
    """
    if late.seconds <= 60 * policy.grace_minutes:
        return 0.0
    percent = min(policy.max, policy.per_day * late.days)
    return float(round(max(score, 0.0) * percent / 100, 2))


def _convert_time(moment: datetime, zone: tzinfo, to: tzinfo) -> datetime:
    """The same moment by the clocks of another zone; both times carry no zone."""
    try:
        return moment.replace(tzinfo=zone).astimezone(to).replace(tzinfo=None)
    except OverflowError:  # somebody's clock stands at the end of time
        return moment


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

"""Late penalties by the policy of each assignment in course.toml."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties

from unrolled.course import LatePolicy, load_course

DAY = 24 * 60 * 60


def penalty(policy: LatePolicy, score: float, seconds_late: float) -> float:
    """Points that a submission loses.

    `per_day` percent of `score` for each started day after the grace time, at
    most `max` percent; `seconds_late` counts from the due date.
    """
    late = seconds_late - 60 * policy.grace_minutes
    if late <= 0:
        return 0.0
    percent = min(policy.max, policy.per_day * math.ceil(seconds_late / DAY))
    return float(round(score * percent / 100, 2))


class AssignmentPolicy(LateSubmissionPlugin):  # type: ignore[misc]
    """nbgrader's plug-in, told by its preprocessor which assignment it is for."""

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """The penalty in points, or None if there is no policy."""
        del student_id
        assignment = load_course(Path.cwd()).assignments[self.parent.assignment_id]
        return penalty(assignment.late, score, total_seconds_late)


class LatePenalties(AssignLatePenalties):  # type: ignore[misc]
    """nbgrader's AssignLatePenalties, with a policy per assignment."""

    def init_plugin(self) -> None:
        """Make the plug-in; `self.assignment_id` is set by then."""
        self.plugin_inst: Any = AssignmentPolicy(parent=self)

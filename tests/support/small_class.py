"""The students of the small class, and the class when it was graded."""

from __future__ import annotations

from dataclasses import dataclass

from unrolled.course.model import Course
from unrolled.samples.demo_report import DemoReport

STUDENTS = (
    *("blank", "edited_test", "not_a_notebook", "perfect", "several_misconceptions"),
    *("two_days_late", "waits_for_marks", "wrong_step_right_rest"),
)


@dataclass(frozen=True)
class SmallClass:
    """A demo class that was graded: its report and its course folder."""

    report: DemoReport
    course: Course

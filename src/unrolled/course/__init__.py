"""course.toml: what it says, and the paths of a course folder."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.course.dates import CourseDates, read_dates
    from unrolled.course.limits import Limits
    from unrolled.course.model import (
        Assignment,
        Course,
        LatePolicy,
        find_course,
        load_course,
    )
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "Assignment",
    "Course",
    "CourseDates",
    "LatePolicy",
    "Limits",
    "find_course",
    "load_course",
    "read_dates",
]

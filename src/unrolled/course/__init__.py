"""course.toml: what it says, and the paths of a course folder."""

from unrolled.course.dates import CourseDates, read_dates
from unrolled.course.limits import Limits
from unrolled.course.model import (
    Assignment,
    Course,
    LatePolicy,
    find_course,
    load_course,
)

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

"""Canvas over its REST API."""

from unrolled.canvas.api.course import CourseConnection, connect
from unrolled.canvas.api.http import CanvasFailedError
from unrolled.canvas.api.push import (
    PushOptions,
    PushPlan,
    PushReport,
    plan_push,
    push_grades,
)
from unrolled.canvas.api.token import read_token

__all__ = [
    "CanvasFailedError",
    "CourseConnection",
    "PushOptions",
    "PushPlan",
    "PushReport",
    "connect",
    "plan_push",
    "push_grades",
    "read_token",
]

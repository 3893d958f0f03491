"""Canvas over its REST API."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.canvas.api.course import CourseConnection, connect
    from unrolled.canvas.api.errors import CanvasFailedError
    from unrolled.canvas.api.push import (
        PushOptions,
        PushPlan,
        PushReport,
        plan_push,
        push_grades,
    )
    from unrolled.canvas.api.token import read_token
else:
    __getattr__ = open_late(__name__)

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

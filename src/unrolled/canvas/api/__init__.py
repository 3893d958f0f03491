"""Canvas over its REST API; what is sent to a course is planned in `push`."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.canvas.api.course import connect
    from unrolled.canvas.api.errors import CanvasFailedError
    from unrolled.canvas.api.token import read_token
else:
    __getattr__ = open_late(__name__)

__all__ = ["CanvasFailedError", "connect", "read_token"]

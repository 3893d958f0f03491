"""What students and markers wrote, made safe to show: on feedback pages and beyond."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.feedback.markup.mathml import comment2html, render
    from unrolled.feedback.markup.policy import FEEDBACK
    from unrolled.feedback.markup.sanitize import sanitize
else:
    __getattr__ = open_late(__name__)

__all__ = ["FEEDBACK", "comment2html", "render", "sanitize"]

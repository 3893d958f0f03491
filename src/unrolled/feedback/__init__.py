"""Feedback pages: mistakes, not cells; made safe, with formulas, without a script."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.feedback.generate import generate_feedback, read_feedback
else:
    __getattr__ = open_late(__name__)

__all__ = ["generate_feedback", "read_feedback"]

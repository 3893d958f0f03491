"""Feedback pages: made safe, with formulas, with the facts at their head."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.feedback.generate import generate_feedback
else:
    __getattr__ = open_late(__name__)

__all__ = ["generate_feedback"]

"""One student's feedback: what it says, and its page."""

from unrolled.feedback.page.build import build_feedback
from unrolled.feedback.page.model import Feedback
from unrolled.feedback.page.read_work import Work, WorkReader, open_reader
from unrolled.feedback.page.render import render_feedback

__all__ = [
    "Feedback",
    "Work",
    "WorkReader",
    "build_feedback",
    "open_reader",
    "render_feedback",
]

"""Views of results for people: tables and progress."""

from unrolled.report.diagnosis import render_diagnosis
from unrolled.report.listing import Listing
from unrolled.report.progress import show_grading, show_progress
from unrolled.report.tables import render_grades, render_verification
from unrolled.report.talk import StatusLine

__all__ = [
    "Listing",
    "StatusLine",
    "render_diagnosis",
    "render_grades",
    "render_verification",
    "show_grading",
    "show_progress",
]

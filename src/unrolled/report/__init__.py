"""Views of results for people: tables and progress."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.report.class_report import render_mistakes, render_term
    from unrolled.report.inspection import render_inspection
    from unrolled.report.listing import Listing
    from unrolled.report.progress import show_grading, show_progress
    from unrolled.report.status_line import StatusLine
    from unrolled.report.tables import render_grades, render_verification
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "Listing",
    "StatusLine",
    "render_grades",
    "render_inspection",
    "render_mistakes",
    "render_term",
    "render_verification",
    "show_grading",
    "show_progress",
]

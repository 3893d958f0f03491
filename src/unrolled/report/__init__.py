"""Views of results for people: tables and progress."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.report.class_report import render_mistakes, render_term
    from unrolled.report.listing import Listing
    from unrolled.report.progress import (
        StatusLine,
        has_bar,
        print_grading,
        print_progress,
        show_grading,
        show_progress,
    )
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "Listing",
    "StatusLine",
    "has_bar",
    "print_grading",
    "print_progress",
    "render_mistakes",
    "render_term",
    "show_grading",
    "show_progress",
]

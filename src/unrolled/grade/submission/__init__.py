"""From what was handed in to a notebook that can be graded, and back."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.grade.submission.notebook import (
        fill_tests,
        format_notebook,
        parse_submission,
        write_verdict,
    )
    from unrolled.grade.submission.rebuild import rebuild_submission
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "fill_tests",
    "format_notebook",
    "parse_submission",
    "rebuild_submission",
    "write_verdict",
]

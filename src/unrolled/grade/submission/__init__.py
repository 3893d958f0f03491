"""From what was handed in to a notebook that can be graded, and back."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.grade.submission.identify import NotebookIdentifier
    from unrolled.grade.submission.notebook import (
        fill_tests,
        read_submitted_notebook,
        write_verdict,
    )
    from unrolled.grade.submission.rebuild import rebuild_submission
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "NotebookIdentifier",
    "fill_tests",
    "read_submitted_notebook",
    "rebuild_submission",
    "write_verdict",
]

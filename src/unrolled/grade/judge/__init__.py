"""Every check against a student's functions, and why one fails."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.grade.judge.diagnose import BrokenCatalogueError
    from unrolled.grade.judge.judge import Examination, judge_submission
    from unrolled.grade.judge.verdict import CellVerdict, JudgeInput
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "BrokenCatalogueError",
    "CellVerdict",
    "Examination",
    "JudgeInput",
    "judge_submission",
]

"""What grading says of each submission; tables, HTML and JSON are views of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["graded", "ungraded"]


@dataclass(frozen=True, kw_only=True)
class CellResult:
    """One graded cell; `score` is None while it waits for a mark."""

    grade_id: str
    score: float | None
    max_score: float
    passed: bool | None
    follow_through: bool = False
    message: str = ""
    hint: str = ""
    misconception: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SubmissionResult:
    """One submission: graded with its cells, or ungraded with the reason."""

    student: str
    status: Status
    reason: str = ""
    repairs: tuple[str, ...] = ()
    score: float | None = None
    max_score: float | None = None
    late_penalty: float = 0.0
    needs_manual: bool = False
    cells: tuple[CellResult, ...] = ()

    @property
    def failed(self) -> int:
        """How many automatic checks did not pass."""
        return sum(cell.passed is False for cell in self.cells)


@dataclass(frozen=True)
class GradeReport:
    """All submissions of one assignment that a run looked at."""

    assignment: str
    seconds: float
    submissions: tuple[SubmissionResult, ...]

    @property
    def ungraded(self) -> tuple[SubmissionResult, ...]:
        """The submissions that could not be graded."""
        return tuple(s for s in self.submissions if s.status == "ungraded")

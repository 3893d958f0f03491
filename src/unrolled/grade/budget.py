"""What one student's process may still use, and how the judge learns of its end."""

from __future__ import annotations

from dataclasses import dataclass, field

from unrolled.grade.task import Limits


class StudentLost(BaseException):
    """The student's process is gone; a test's `except Exception` cannot hide it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class StudentMissing(NameError):
    """The notebook defines no such name."""


@dataclass
class Budget:
    """Deadlines, in seconds of time.monotonic, and the round trips that are left."""

    limits: Limits
    end: float
    cell_end: float = 0.0
    call_end: float = 0.0
    trips: int = 0
    patience: float = field(init=False)

    def __post_init__(self) -> None:
        self.patience = self.limits.call_seconds

    def deadline(self) -> float:
        """The next moment at which something is over time."""
        self.trips += 1
        if self.trips > self.limits.round_trips:
            raise StudentLost("protocol", "the code asked too many times")
        return min(self.end, self.cell_end, self.call_end)

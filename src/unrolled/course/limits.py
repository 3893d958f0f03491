"""What one submission may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one submission may take. Seconds are wall-clock time."""

    call_seconds: float = 10.0
    cell_seconds: float = 20.0
    check_seconds: float = 60.0
    submission_seconds: float = 120.0
    start_seconds: float = 60.0
    round_trips: int = 50_000
    memory_bytes: int = 2 * 2**30
    file_bytes: int = 64 * 2**20

    @property
    def cpu_seconds(self) -> int:
        """Seconds of CPU that the processes of a submission may take, each."""
        return int(2 * self.submission_seconds)

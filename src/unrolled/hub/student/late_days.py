"""What a student is told of free late days: how many are spent on what, and are left.

It is worked out by the grader's own rule, from when the student has handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from unrolled.course import CourseDates
from unrolled.deadlines import HandIn, spend_late_days
from unrolled.hub.student.exchange_client import AssignmentStatus


@dataclass(frozen=True)
class FreeDays:
    """A student's free late days of the term; `spent` by the assignment's name."""

    total: int = 0
    spent: Mapping[str, int] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """Those that are not spent yet."""
        return self.total - sum(self.spent.values())

    def describe(self) -> str:
        """One line for the page; empty where the course has none."""
        if not self.total:
            return ""
        return f"Free late days: {self.left} of {self.total} left"

    def describe_spent(self, name: str) -> str:
        """What one assignment has cost; empty if nothing."""
        count = self.spent.get(name, 0)
        return f"{count_days(count)} spent" if count else ""


def count_days(count: int) -> str:
    """1 free late day, 2 free late days."""
    return f"{count} free late day{'' if count == 1 else 's'}"


def compute_free_days(
    work: Mapping[str, AssignmentStatus], dates: CourseDates
) -> FreeDays:
    """What a student's submissions have spent; the last of an assignment counts."""
    hand_ins = [
        HandIn(
            assignment=name,
            deadline=_drop_zone(dates.assignments[name].due),
            handed_in=_drop_zone(status.submissions[-1].time),
            policy=dates.assignments[name].policy,
        )
        for name, status in work.items()
        if status.submissions and name in dates.assignments
    ]
    spent = spend_late_days(hand_ins, dates.late_days, dates.timezone)
    return FreeDays(dates.late_days, spent)


def describe_late_hand_in(
    name: str, work: Mapping[str, AssignmentStatus], dates: CourseDates
) -> str:
    """What is said to somebody who has just handed in late, and what it costs."""
    assignment = dates.assignments[name]
    whose = "your own due date" if assignment.extended else "the due date"
    free = compute_free_days(work, dates)
    if spent := free.spent.get(name, 0):
        days = f"{count_days(spent)} {'is' if spent == 1 else 'are'} spent on it"
        return f" That is after {whose}; {days}, {free.left} of {free.total} left."
    late = f" (course rule: {assignment.late})" if assignment.late else ""
    return f" That is after {whose}{late}."


def _drop_zone(moment: datetime | None) -> datetime | None:
    """A time in UTC without a zone, as nbgrader and the grader have it."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None

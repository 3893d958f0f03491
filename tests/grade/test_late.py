"""Late penalties follow the policy of the assignment, to the minute."""

from __future__ import annotations

import pytest

from unrolled.course import LatePolicy
from unrolled.grade.late import DAY, penalty

POLICY = LatePolicy(per_day=10, max=50, grace_minutes=15)


@pytest.mark.parametrize(
    ("seconds", "points"),
    [
        (-DAY, 0),
        (0, 0),
        (15 * 60, 0),
        (15 * 60 + 1, 8),
        (DAY, 8),
        (DAY + 1, 16),
        (4 * DAY + 1, 40),
        (300 * DAY, 40),
    ],
)
def test_each_started_day_costs_up_to_the_maximum(seconds: float, points: int) -> None:
    """Does a score of 80 lose 8 points a started day, never more than 40?"""
    assert penalty(POLICY, 80, seconds) == points


def test_no_policy_costs_nothing() -> None:
    """Is lateness free where course.toml says nothing about it?"""
    assert penalty(LatePolicy(), 80, 9 * DAY) == 0

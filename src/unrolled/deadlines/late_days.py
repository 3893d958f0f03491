"""Free late days: how many a student has for the term, and on what they are spent.

The rule hangs on what was handed in when, never on the order of grading:

1. Submissions spend in the order in which they were handed in; of each assignment the
   one that counts.
2. A late one spends as many free days as it is late, or as many as are left.
3. Nothing is spent that saves nothing: on what is within the grace time, where lateness
   is free, or where the penalty would stay at its maximum all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from unrolled.course import LatePolicy
from unrolled.deadlines.late_penalty import compute_lateness, compute_percent


@dataclass(frozen=True, kw_only=True)
class HandIn:
    """What was handed in, and by when it was due for this student.

    Times are in UTC without a zone; None: nobody can tell, or never.
    """

    assignment: str
    deadline: datetime | None
    handed_in: datetime | None
    policy: LatePolicy


def spend_late_days(
    hand_ins: Iterable[HandIn], late_days: int, zone: tzinfo
) -> dict[str, int]:
    """How many free days each assignment of one student has spent, by its name."""
    left = late_days
    spent = {}
    known = [one for one in hand_ins if one.handed_in is not None]
    for one in sorted(known, key=lambda one: (one.handed_in, one.assignment)):
        days = _choose_days(one, left, zone)
        spent[one.assignment] = days
        left -= days
    return spent


def _choose_days(one: HandIn, left: int, zone: tzinfo) -> int:
    """The fewest free days that bring the penalty as low as it can be."""
    late = compute_lateness(one.deadline, one.handed_in, zone)
    if late.seconds <= 60 * one.policy.grace_minutes:
        return 0
    possible = range(min(left, late.days) + 1)
    return min(possible, key=lambda n: compute_percent(one.policy, late.days - n))

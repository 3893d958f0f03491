"""Late penalties by the policy of each assignment in course.toml.

Days are the calendar's, in the course's time zone: what is due on Saturday at 23:59 and
comes on Sunday by 23:59 is one day late, also when the clocks change in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from unrolled.course import LatePolicy


@dataclass(frozen=True)
class Lateness:
    """How late something is: elapsed seconds, and days that have begun on the clock."""

    seconds: float = 0.0
    days: int = 0


def compute_lateness(
    due: datetime | None,
    extension: timedelta | None,
    handed_in: datetime | None,
    zone: tzinfo,
) -> Lateness:
    """How late it is; `due` and `handed_in` are in UTC without a zone, as in nbgrader.

    `zone` is the course's. An extension by days ends at the same time of day as the
    due date, or after as many hours, whichever is later.
    """
    if due is None or handed_in is None:
        return Lateness()
    more = extension or timedelta()
    wall = _convert_time(due, UTC, zone) + more
    now = _convert_time(handed_in, UTC, zone)
    end = max(due + more, _convert_time(wall, zone, UTC))
    seconds = (handed_in - end).total_seconds()
    if seconds <= 0:
        return Lateness()
    return Lateness(seconds, max(1, -((wall - now) // timedelta(days=1))))


def compute_penalty(policy: LatePolicy, score: float, late: Lateness) -> float | None:
    """Points that a submission loses, None where it is in time.

    `per_day` percent of `score` for each started day, at most `max` percent; nothing
    within the grace time, nor of a score below 0 (by negative extra credit).
    """
    if not late.seconds:
        return None
    if late.seconds <= 60 * policy.grace_minutes:
        return 0.0
    percent = min(policy.max, policy.per_day * late.days)
    return float(round(max(score, 0.0) * percent / 100, 2))


def _convert_time(moment: datetime, zone: tzinfo, to: tzinfo) -> datetime:
    """The same moment by the clocks of another zone; both times carry no zone."""
    try:
        return moment.replace(tzinfo=zone).astimezone(to).replace(tzinfo=None)
    except OverflowError:  # somebody's clock stands at the end of time
        return moment

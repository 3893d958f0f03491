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


def add_extension(
    due: datetime | None, extension: timedelta | None, zone: tzinfo
) -> datetime | None:
    """The end of an extension as nbgrader keeps it; times are UTC without a zone.

    `zone` is the course's. An extension by days ends at the same time of day as the
    due date, or after as many hours, whichever is later.
    """
    if due is None or not extension:
        return due
    wall = convert_time(due, UTC, zone) + extension
    return max(due + extension, convert_time(wall, zone, UTC))


def compute_lateness(
    deadline: datetime | None, handed_in: datetime | None, zone: tzinfo
) -> Lateness:
    """How late it is; both times are in UTC without a zone, as in nbgrader.

    `deadline` is the student's own, `zone` is the course's.
    """
    if deadline is None or handed_in is None:
        return Lateness()
    seconds = (handed_in - deadline).total_seconds()
    if seconds <= 0:
        return Lateness()
    wall = convert_time(deadline, UTC, zone)
    now = convert_time(handed_in, UTC, zone)
    return Lateness(seconds, max(1, -((wall - now) // timedelta(days=1))))


def compute_penalty(
    policy: LatePolicy, score: float, late: Lateness, free_days: int = 0
) -> float | None:
    """Points that a submission loses, None where it is in time.

    `per_day` percent of `score` for each started day that is not free, at most `max`
    percent; nothing within the grace time, nor of a score below 0 (by negative extra
    credit).
    """
    if not late.seconds:
        return None
    if late.seconds <= 60 * policy.grace_minutes:
        return 0.0
    percent = compute_percent(policy, late.days - free_days)
    return float(round(max(score, 0.0) * percent / 100, 2))


def compute_percent(policy: LatePolicy, days: int) -> float:
    """Percent of the score that so many days cost."""
    return min(policy.max, policy.per_day * days)


def convert_time(moment: datetime, zone: tzinfo, to: tzinfo) -> datetime:
    """The same moment by the clocks of another zone; both times carry no zone."""
    try:
        return moment.replace(tzinfo=zone).astimezone(to).replace(tzinfo=None)
    except OverflowError:  # somebody's clock stands at the end of time
        return moment

"""Reads until when an extension is: a date, a time, or how much more."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from unrolled.errors import UserError
from unrolled.timestamps import format_moment

_MORE = re.compile(r"\+(\d{1,4})([dh])")
_EXAMPLES = "Give 2027-03-20, '2027-03-20 18:00', +2d or +12h"


def parse_until(text: str, due: datetime, zone: ZoneInfo) -> datetime:
    """The end of an extension, with the course's zone.

    `due` is the class's due date in UTC without a zone. A date alone means its last
    minute, `+2d` the same time of day two days later, `+12h` so many hours on any
    clock. An hour that comes twice is the second one. Raises UserError if it is no
    time, a time that the clocks leave out, or not after the due date.
    """
    start = due.replace(tzinfo=UTC)
    more = _MORE.fullmatch(text.strip())
    if more is None:
        try:
            end = parse_local_time(text.strip(), zone)
        except ValueError as error:
            raise UserError(str(error)) from error
    elif more[2] == "d":
        wall = start.astimezone(zone) + timedelta(days=int(more[1]))
        end = wall.replace(fold=1)
    else:
        end = (start + timedelta(hours=int(more[1]))).astimezone(zone)
    if end.astimezone(UTC) <= start:
        raise UserError(
            f"{text}: that is not after the class's due date, "
            f"{format_moment(start, zone)}."
        )
    return end


def parse_local_time(text: str, zone: ZoneInfo) -> datetime:
    """A time on the class's clock, unless it has a zone of its own.

    A date alone is its last minute. Raises ValueError, in words for the user.
    """
    try:
        end = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time. {_EXAMPLES}.") from error
    if end.tzinfo is not None:
        return end.astimezone(zone)
    if len(text) <= len("2027-03-20"):
        end = datetime.combine(end, time_of_day(23, 59))
    end = end.replace(tzinfo=zone, fold=1)
    real = end.astimezone(UTC).astimezone(zone)
    if real.replace(tzinfo=None) != end.replace(tzinfo=None):
        raise ValueError(
            f"{text}: there is no such time, the clocks are put forward then."
        )
    return end

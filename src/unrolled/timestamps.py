"""When something was handed in: the one reader of nbgrader's time stamps.

nbgrader writes `timestamp.txt` with the abbreviation of a time zone (UTC; CST or CDT
once `Exchange.timezone` is set) and reads it back with a parser that takes what it does
not know for UTC. Here an abbreviation is that of the course's zone, or one of the few
that mean the same everywhere, or it is refused.
"""

from __future__ import annotations

import re
import warnings
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dateutil.parser

MAX_STAMP = 200  # characters of a timestamp.txt that are read
_REGION = re.compile(r"(?P<time>.+\d) (?P<region>[A-Za-z_]+/[A-Za-z_/+-]+)")
# nbgrader's zip_collect keeps the time as the file's name has it.
_DASHES = re.compile(r"(\d{4}-\d\d-\d\d)[-_ T](\d\d)-(\d\d)-(\d\d)")
_AHEAD = re.compile(r"\b(?:UTC|GMT)(?=[+-]\d)")  # UTC+2, which dateutil turns around
_UTC = frozenset({"UTC", "GMT", "Z", "z", "UCT"})
# RFC 2822 fixes these; elsewhere in the world some of them mean something else, so the
# course's own zone is asked first.
_AMERICAN = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6}
_AMERICAN |= {"PST": -8, "PDT": -7}


def parse_timestamp(text: str, zone: tzinfo) -> datetime:
    """The time in UTC, without a zone, that a time stamp of nbgrader tells.

    `zone` is the course's: it says what an abbreviation such as CST means. A stamp
    without a zone is in UTC, as nbgrader has it. Raises ValueError, in words for the
    user, if the text is no time or its zone is not known.
    """
    try:
        return _parse_zoned(text.strip(), zone).astimezone(UTC).replace(tzinfo=None)
    except (dateutil.parser.ParserError, OverflowError) as error:
        raise ValueError(f"not a time ({text.strip()[:40]!r})") from error


def _parse_zoned(text: str, zone: tzinfo) -> datetime:
    text = _AHEAD.sub("", _DASHES.sub(r"\1 \2:\3:\4", text))
    region = _REGION.fullmatch(text)
    zones: list[tuple[str | None, int | None]] = []

    def remember(name: str | None, seconds: int | None) -> tzinfo:
        zones.append((name, seconds))
        return UTC

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dateutil.parser.UnknownTimezoneWarning)
        moment = dateutil.parser.parse(
            region["time"] if region else text,
            default=datetime(1, 1, 1),  # the year of what names none
            tzinfos=remember,
        )
    if moment.year == 1:
        raise dateutil.parser.ParserError("no date")
    moment = moment.replace(tzinfo=None)
    if region:
        try:
            return moment.replace(tzinfo=ZoneInfo(region["region"]))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise _make_unknown_error(region["region"], zone) from error
    if not zones:
        return moment.replace(tzinfo=UTC)
    name, seconds = zones[-1]
    return _apply_zone(moment, name, seconds, zone)


def _apply_zone(
    moment: datetime, name: str | None, seconds: int | None, zone: tzinfo
) -> datetime:
    if seconds is not None and (seconds or name is None or name in _UTC):
        if abs(seconds) >= 86400:
            raise ValueError(f"no such time zone: {seconds // 3600:+} hours")
        return moment.replace(tzinfo=timezone(timedelta(seconds=seconds)))
    if name is None or name in _UTC:
        return moment.replace(tzinfo=UTC)
    return _resolve_abbreviation(moment, name, zone)


def _resolve_abbreviation(moment: datetime, name: str, zone: tzinfo) -> datetime:
    """A time with CST, CDT ...: first as the course's zone has it at that time."""
    for fold in (0, 1):  # in autumn one hour comes twice
        local = moment.replace(tzinfo=zone, fold=fold)
        if local.tzname() == name:
            return local
    for days in range(-182, 183, 7):  # its name in the other half of the year
        try:
            other = (moment + timedelta(days=days)).replace(tzinfo=zone)
        except OverflowError:
            continue
        size = other.utcoffset()
        if other.tzname() == name and size is not None:
            return moment.replace(tzinfo=timezone(size))
    if name in _AMERICAN:
        return moment.replace(tzinfo=timezone(timedelta(hours=_AMERICAN[name])))
    raise _make_unknown_error(name, zone)


def _make_unknown_error(name: str, zone: tzinfo) -> ValueError:
    return ValueError(
        f"the time zone {name!r} is not one of the course's ({zone}): write the time "
        "in UTC, or with an offset such as -0500"
    )


def read_stamp(folder: Path, zone: tzinfo) -> tuple[str | None, str]:
    """The text of a folder's timestamp.txt, if it is a time, and what is wrong if not.

    Nothing is wrong where there is none, or an empty one.
    """
    path = folder / "timestamp.txt"
    if path.is_symlink() or not path.is_file():
        return None, ""
    with path.open("rb") as file:
        text = file.read(MAX_STAMP).decode("utf-8", "replace").strip()
    if not text:
        return None, ""
    try:
        parse_timestamp(text, zone)
    except ValueError as error:
        return None, f"{path}: {error}; counted as in time, please check."
    return text, ""


def format_moment(time: datetime, zone: tzinfo) -> str:
    """A time in the course's zone, for example Fri 5 Feb 2027, 23:59 CST."""
    local = time.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {local.tzname()}"

"""The student's page as data: one row for each assignment, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from urllib.parse import quote

from unrolled.course.dates import CourseDates, ReleasedAssignment
from unrolled.hub.student.exchange_client import AssignmentStatus
from unrolled.timestamps import format_moment


@dataclass(frozen=True)
class StudentPageRow:
    """One assignment; `state` is a key for the colour, `told` and `more` are words."""

    name: str
    title: str
    due: str
    due_in: str
    overdue: bool
    soon: bool
    points: str
    late: str
    state: str
    told: str
    more: str
    open_url: str
    can_start: bool
    can_submit: bool
    can_renew: bool
    again: bool
    feedback: bool
    kept: tuple[tuple[str, str], ...]
    withdrawn: bool


def make_rows(
    work: Mapping[str, AssignmentStatus],
    dates: CourseDates,
    files: Path,
    base: str,
    now: datetime,
) -> list[StudentPageRow]:
    """The rows in the order of their due dates; `files` is the server's root."""
    none = datetime.max.replace(tzinfo=now.tzinfo)

    def due(name: str) -> datetime:
        told = dates.assignments.get(name)
        return (told.due if told else None) or none

    names = sorted(work, key=lambda n: (due(n), n))
    return [_make_row(work[n], dates, files, base, now) for n in names]


def _make_row(
    work: AssignmentStatus, dates: CourseDates, files: Path, base: str, now: datetime
) -> StudentPageRow:
    told = dates.assignments.get(work.name) or ReleasedAssignment(
        _make_title(work.name)
    )
    state, words, more = _describe_state(work, told, dates.timezone)
    there = work.notebook or (work.folder if work.folder.is_dir() else None)
    left = told.due - now if told.due else None
    open_ = not work.submissions
    return StudentPageRow(
        work.name,
        told.title,
        format_moment(told.due, dates.timezone) if told.due else "",
        format_distance(left) if left is not None else "",
        open_ and left is not None and left < timedelta(0),
        open_ and left is not None and timedelta(0) <= left < timedelta(days=2),
        f"{told.points:g}" if told.points is not None else "",
        told.late,
        state,
        words,
        more,
        make_lab_url(base, files, there) if there else "",
        can_start=work.released and there is None,
        can_submit=work.released and work.notebook is not None,
        can_renew=work.released and there is not None,
        again=bool(work.submissions),
        feedback=any(s.feedback for s in work.submissions),
        kept=tuple((k.name, make_lab_url(base, files, k)) for k in work.kept),
        withdrawn=not work.released and bool(work.submissions),
    )


def _describe_state(
    work: AssignmentStatus, told: ReleasedAssignment, zone: tzinfo
) -> tuple[str, str, str]:
    """The state's key, its words, and a second line."""
    if work.submissions:
        last = work.submissions[-1]
        late = "late, " if told.due and last.time > told.due else ""
        changed = "; changed since then" if work.changed else ""
        when = f"{late}{format_moment(last.time, zone)}{changed}"
        graded = next((s for s in reversed(work.submissions) if s.feedback), None)
        if graded is None:
            return "handed-in", "Handed in", when
        older = "" if graded is last else ", an earlier submission"
        score = f"Graded: {graded.score}" if graded.score else "Feedback is there"
        return "graded", f"{score}{older}", f"Handed in {when}"
    if not work.released:
        return "gone", "Not released any more", ""
    if work.folder.is_dir():
        return "started", "Started, not handed in", ""
    return "new", "Not started", ""


def make_lab_url(base: str, files: Path, path: Path) -> str:
    """Where JupyterLab opens a file or a folder below the server's root."""
    return f"{base}lab/tree/{_quote_path(files, path)}"


def _quote_path(files: Path, path: Path) -> str:
    return quote(path.relative_to(files).as_posix())


def _make_title(name: str) -> str:
    """A title for an assignment that has none: `02_forward_pass`, Forward pass."""
    return name.split("_", 1)[-1].replace("_", " ").capitalize()


def format_distance(left: timedelta) -> str:
    """How far away: in 3 days, 2 hours ago."""
    seconds = abs(left.total_seconds())
    units = (("day", 86400), ("hour", 3600), ("minute", 60))
    unit, size = next((u for u in units if seconds >= u[1]), units[-1])
    count = max(1, int(seconds // size))
    words = f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{words} ago" if left < timedelta(0) else f"in {words}"

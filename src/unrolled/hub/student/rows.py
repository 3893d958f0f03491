"""The course page as data: one row for each assignment, in the student's words."""

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
class LabLinks:
    """Where JupyterLab opens what is below `root`, the server's folder."""

    base: str
    root: Path

    def make_url(self, path: Path) -> str:
        """The address of a file or a folder."""
        return f"{self.base}lab/tree/{quote(path.relative_to(self.root).as_posix())}"


@dataclass(frozen=True, kw_only=True)
class StudentPageRow:
    """One assignment; `state` is a key for its colour, `status` and `more` are text."""

    name: str
    title: str
    due: str
    due_in: str
    overdue: bool
    soon: bool
    points: str
    late: str
    state: str
    status: str
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
    links: LabLinks,
    now: datetime,
) -> list[StudentPageRow]:
    """The rows in the order of their due dates; those without a due date come last."""
    never = datetime.max.replace(tzinfo=now.tzinfo)

    def get_due_date(name: str) -> datetime:
        assignment = dates.assignments.get(name)
        return (assignment.due if assignment else None) or never

    names = sorted(work, key=lambda n: (get_due_date(n), n))
    return [_make_row(work[n], dates, links, now) for n in names]


def _make_row(
    work: AssignmentStatus, dates: CourseDates, links: LabLinks, now: datetime
) -> StudentPageRow:
    # What was released without our plug-in has no title here.
    untitled = ReleasedAssignment(_make_title(work.name))
    assignment = dates.assignments.get(work.name, untitled)
    state, status, more = _describe_state(work, assignment, dates.timezone)
    there = work.notebook or (work.folder if work.folder.is_dir() else None)
    due, points = assignment.due, assignment.points
    left = due - now if due else None
    pressing = left if not work.submissions else None
    return StudentPageRow(
        name=work.name,
        title=assignment.title,
        due=format_moment(due, dates.timezone) if due else "",
        due_in=format_distance(left) if left is not None else "",
        overdue=pressing is not None and pressing < timedelta(0),
        soon=pressing is not None and timedelta(0) <= pressing < timedelta(days=2),
        points=f"{points:g}" if points is not None else "",
        late=assignment.late,
        state=state,
        status=status,
        more=more,
        open_url=links.make_url(there) if there else "",
        can_start=work.released and there is None,
        can_submit=work.released and work.notebook is not None,
        can_renew=work.released and there is not None,
        again=bool(work.submissions),
        feedback=any(s.feedback for s in work.submissions),
        kept=tuple((folder.name, links.make_url(folder)) for folder in work.kept),
        withdrawn=not work.released and bool(work.submissions),
    )


def _describe_state(
    work: AssignmentStatus, assignment: ReleasedAssignment, zone: tzinfo
) -> tuple[str, str, str]:
    """The state's key, its words, and a second line."""
    due = assignment.due
    if work.submissions:
        last = work.submissions[-1]
        late = "late, " if due and last.time > due else ""
        changed = "; changed since then" if work.changed else ""
        when = f"{late}{format_moment(last.time, zone)}{changed}"
        graded = next((s for s in reversed(work.submissions) if s.feedback), None)
        if graded is None:
            return "handed-in", "Handed in", when
        older = "" if graded is last else ", an earlier submission"
        # The score stands on the feedback page, which may not be fetched yet.
        score = f"Graded: {graded.score}" if graded.score else "Feedback is there"
        return "graded", f"{score}{older}", f"Handed in {when}"
    if not work.released:
        return "gone", "Not released any more", ""
    if work.folder.is_dir():
        return "started", "Started, not handed in", ""
    return "new", "Not started", ""


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

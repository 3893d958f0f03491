"""What `unrolled extend` shows: deadlines that are one student's own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

from rich.console import Group, RenderableType
from rich.text import Text

from unrolled.deadlines import ExtendReport
from unrolled.deadlines.extend import PenaltyChange
from unrolled.deadlines.extensions import Extension
from unrolled.report.listing import Listing
from unrolled.report.tables import format_points
from unrolled.timestamps import format_moment


def render_extend(report: ExtendReport, zone: tzinfo) -> RenderableType:
    """A row for each deadline, a line for each penalty that follows."""
    table = Listing()
    table.add_columns("student", "assignment", "was due", "is due", "handed in")
    for change in report.deadlines:
        there = change.handed_in
        table.add_row(
            change.student,
            change.assignment,
            format_moment(change.before, zone),
            format_moment(change.after, zone),
            format_moment(there, zone) if there else "-",
        )
    lines = [_describe_penalty(change) for change in report.penalties]
    if report.dry_run:
        lines.append(Text("Nothing was written: run it again without --dry-run."))
    elif report.penalties:
        lines.append(Text("Feedback pages show it after `unrolled feedback`."))
    return Group(table, *lines)


def _describe_penalty(change: PenaltyChange) -> Text:
    before, after = (format_points(p or 0.0) for p in (change.before, change.after))
    whose = f"{change.student}, {change.assignment}"
    return Text(f"late penalty of {whose}: {before} points, now {after}")


def render_extensions(entries: Iterable[Extension], zone: tzinfo) -> RenderableType:
    """A row for each extension that stands."""
    table = Listing(title=Text("extensions"))
    table.add_columns("student", "assignment", "until", "why", "by", prose=("why",))
    for entry in entries:
        until = format_moment(entry.until, zone) if entry.until else ""
        words = (entry.student, entry.assignment, until, entry.why, entry.by)
        table.add_row(*map(Text, words))
    return table if table.row_count else Text("no extensions")

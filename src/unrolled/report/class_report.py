"""The class report for a terminal: the mistakes, and the term."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from unrolled.class_report import ClassReport, TermReport
from unrolled.class_report.model import Mistake
from unrolled.marking.cluster import ClusterComment
from unrolled.report.listing import Listing
from unrolled.report.tables import format_points


def render_mistakes(report: ClassReport) -> RenderableType:
    """A line of numbers, a row for each mistake, and the checks to look at."""
    table = Listing(title=f"{report.assignment}: mistakes of the class")
    table.add_columns(
        "students",
        "points",
        "exercise",
        "cluster",
        "what is wrong",
        prose=("what is wrong",),
    )
    for column in table.columns[:2]:
        column.justify = "right"
    for mistake in (*report.mistakes, *report.unexplained):
        table.add_row(*map(Text, _format_mistake(mistake)))
    flags = [
        Text.assemble(("look at ", "yellow"), f"{q.grade_id}: {q.suspect}")
        for q in report.suspects
    ]
    return Group(table, *flags, Text("; ".join(_count(report))))


def _format_mistake(mistake: Mistake) -> tuple[str, ...]:
    what = mistake.hint or f"not explained: {mistake.message}"
    count, points = str(len(mistake.students)), format_points(mistake.points)
    cluster = " or ".join(mistake.names) or f"@{mistake.students[0]}"
    return count, points, mistake.exercise, cluster, " ".join(what.split())


def _count(report: ClassReport) -> Iterator[str]:
    yield f"{report.count('graded') + report.count('waits')} graded"
    yield f"{report.count('waits')} wait for marks"
    yield f"{report.count('ungraded')} could not be graded"
    yield f"{report.count('missing')} not handed in"
    if found := report.distribution:
        yield (
            f"median {format_points(found.median)} of {format_points(found.max_score)}"
            + (" (automatic checks only)" if found.automatic_only else "")
        )


def render_term(report: TermReport) -> RenderableType:
    """A row for each assignment, and who may be falling behind."""
    table = Listing(title="the term")
    table.add_columns("assignment", "graded", "not handed in", "mean", "median")
    for column in table.columns[1:]:
        column.justify = "right"
    for one in report.assignments:
        shares = (
            f"{100 * s:.0f} %" if s is not None else "-" for s in (one.mean, one.median)
        )
        table.add_row(one.name, str(one.graded), str(one.missing), *shares)
    behind = [Text(f"{s.name}: {s.behind}") for s in report.students if s.behind]
    head = [Text("may be falling behind:")] if behind else []
    return Group(table, *head, *behind)


def render_comment(done: ClusterComment) -> RenderableType:
    """Who gets a comment, or loses it, and who has it already."""
    would = "would " if done.dry_run else ""
    verb = f"{would}lose" if done.removes else f"{would}get"
    lines = [f"{len(done.changed)} students {verb} the comment on {done.exercise}"]
    if done.changed:
        lines[0] += ": " + ", ".join(done.changed)
    if done.same and not done.removes:
        lines.append(f"{len(done.same)} have it already: {', '.join(done.same)}")
    if done.dry_run:
        lines.append("Nothing was written: run it again without --dry-run.")
    elif done.changed:
        lines.append(f"Then: unrolled feedback {done.assignment} --force")
    return Group(*map(Text, lines))

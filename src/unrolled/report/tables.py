"""Results as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from unrolled.grade import GradeReport, SubmissionResult
from unrolled.report.listing import Listing

if TYPE_CHECKING:  # `unrolled grade` shall not wait for matplotlib
    from unrolled.author import VerifyReport


def format_points(value: float | None) -> str:
    """Points as people write them: at most two decimals."""
    return "-" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def render_grades(report: GradeReport) -> RenderableType:
    """One row for each submission, and a line with the counts."""
    title = Text(f"{report.assignment}: {len(report.submissions)} submissions")
    table = Listing(title=title)
    table.add_columns("student", "score", "of", "late", "state", prose=("state",))
    for column in table.columns[1:4]:
        column.justify = "right"
    for submission in report.submissions:
        table.add_row(*map(Text, _format_row(submission)))
    ungraded = len(report.ungraded)
    graded = len(report.submissions) - ungraded
    line = f"{graded} graded, {ungraded} ungraded, {report.seconds:.1f} s"
    return Group(table, line)


def _format_row(submission: SubmissionResult) -> tuple[str, ...]:
    if submission.status == "ungraded":
        return submission.student, "-", "-", "", f"UNGRADED: {submission.reason}"
    state = [f"{submission.failed} checks failed"] if submission.failed else []
    state += ["waits for marks"] if submission.needs_manual else []
    state += list(submission.repairs)
    late = format_points(-submission.late_penalty) if submission.late_penalty else ""
    score = format_points(submission.score)
    return (
        submission.student,
        score,
        format_points(submission.max_score),
        late,
        "; ".join(state) or "all checks passed",
    )


def render_verification(report: VerifyReport) -> RenderableType:
    """Counts for each assignment and kind, every miss in words, and what was tried."""
    table = Listing(title=f"verify under {report.seeds} seeds")
    table.add_columns("assignment", "what", "cases", "passed")
    for assignment, kind, cases, good in report.summary():
        mark = Text(str(good), style="" if good == cases else "bold red")
        table.add_row(Text(assignment), Text(kind), str(cases), mark)
    misses = [Text.assemble(("MISS", "red"), f" {case}") for case in report.misses]
    if unseen := report.unseen:
        names = f"no visible check sees {', '.join(unseen)}"
        misses.append(Text(f"{names}: only the hidden ones do"))
    last = Text(f"{_format_verdict(report)}; {report.seconds:.0f} s")
    last.no_wrap, last.overflow = True, "ignore"
    return Group(table, *misses, last)


def _format_verdict(report: VerifyReport) -> str:
    """Whether everything holds, and how much was tried."""
    count, tried = len(report.misses), report.counts()
    if report.passed:
        return f"everything holds: {tried}" if tried else "everything holds"
    misses = "1 miss" if count == 1 else f"{count} misses"
    return f"{misses} (tried: {tried})" if tried else misses

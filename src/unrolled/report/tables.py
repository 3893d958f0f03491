"""Results as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from unrolled.grade import GradeReport, Inspection, SubmissionResult
from unrolled.report.listing import Listing

if TYPE_CHECKING:  # `unrolled grade` shall not wait for matplotlib
    from unrolled.author import VerifyReport
    from unrolled.grade.doctor.doctor import Checkup


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


def render_inspection(inspection: Inspection) -> RenderableType:
    """The result in a line, then findings, failed checks, and the files to open."""
    parts: list[RenderableType] = [_format_headline(inspection)]
    for finding in inspection.findings:
        parts.append(_render_entry(finding.place, finding.what, finding.mend))
    for check in inspection.failed:
        lost = f"{check.grade_id}: 0 of {format_points(check.max_score)} points"
        hint = f"hint: {check.hint}" if check.hint else ""
        parts.append(_render_entry(lost, check.message, hint))
    if not inspection.findings and not inspection.failed:
        parts.append(Text("Nothing is wrong with this submission."))
    for path in inspection.files:
        line = Text.assemble(("open ", "dim"), path)
        line.no_wrap, line.overflow = True, "ignore"
        parts.append(line)
    return Group(*parts)


def _format_headline(inspection: Inspection) -> Text:
    result = inspection.result
    title = Text(f"{result.student}, {inspection.assignment}: ", style="bold")
    if result.status == "ungraded":
        return title.append("not graded", style="red")
    title.append(
        f"{format_points(result.score)} of {format_points(result.max_score)} points"
    )
    if result.late_penalty:
        title.append(f", {format_points(result.late_penalty)} taken off for lateness")
    if result.needs_manual:
        title.append(", written answers still to be marked")
    return title


def _render_entry(where: str, what: str, advice: str) -> RenderableType:
    lines = [
        Text(f"  {line}", style=style)
        for text, style in ((where, "cyan"), (what, ""), (advice, "green"))
        if text
        for line in text.split("\n")
    ]
    return Group(Text(), *lines)


def render_checkups(checkups: Sequence[Checkup]) -> RenderableType:
    """One table for each tier, then the verdict on this machine."""
    from unrolled.grade.doctor.doctor import REQUIRED_PROTECTIONS

    parts = [part for checkup in checkups for part in _render_tier(checkup)]
    good = [c.tier for c in checkups if c.sufficient]
    verdict = (
        "Untrusted work is not graded here: no tier gives the minimum protection "
        f"({', '.join(REQUIRED_PROTECTIONS)}). --allow-weak grades without it, at your "
        "own risk."
    )
    if good:
        verdict = f"Untrusted work is graded here in the tier {good[0]}."
    return Group(*parts, Text(verdict, style="bold" if good else "bold red"))


def _render_tier(checkup: Checkup) -> list[RenderableType]:
    if checkup.trouble:
        return [Text(f"tier {checkup.tier}: {checkup.trouble}\n")]
    table = Listing(title=Text(f"tier {checkup.tier}"), title_justify="left")
    prose = ("what the test saw", "what would help")
    table.add_columns("protection", "holds", *prose, prose=prose)
    for protection in checkup.protections:
        mark = Text("yes") if protection.holds else Text("NO", style="bold red")
        evidence = Text(protection.evidence)
        table.add_row(protection.name, mark, evidence, Text(protection.advice))
    return [table]

"""One submission, opened for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from unrolled.grade import Diagnosis
from unrolled.report.tables import format_points


def render_diagnosis(found: Diagnosis) -> RenderableType:
    """The result in a line, then findings, failed checks, and the files to open."""
    parts: list[RenderableType] = [_format_headline(found)]
    for finding in found.findings:
        parts.append(_render_entry(finding.place, finding.what, finding.mend))
    for check in found.failed:
        lost = f"{check.grade_id}: 0 of {format_points(check.max_score)} points"
        hint = f"hint: {check.hint}" if check.hint else ""
        parts.append(_render_entry(lost, check.message, hint))
    if not found.findings and not found.failed:
        parts.append(Text("Nothing is wrong with it."))
    for path in found.files:
        line = Text.assemble(("open ", "dim"), path)
        line.no_wrap, line.overflow = True, "ignore"
        parts.append(line)
    return Group(*parts)


def _format_headline(found: Diagnosis) -> Text:
    result = found.result
    title = Text(f"{result.student}, {found.assignment}: ", style="bold")
    if result.status == "ungraded":
        return title.append("not graded", style="red")
    title.append(
        f"{format_points(result.score)} of {format_points(result.max_score)} points"
    )
    if result.late_penalty:
        title.append(f", {format_points(result.late_penalty)} off for lateness")
    if result.needs_manual:
        title.append(", written answers wait for marks")
    return title


def _render_entry(place: str, what: str, mend: str) -> RenderableType:
    told = [(place, "cyan"), (what, ""), (mend, "green")]
    lines = [
        Text(f"  {line}", style=style)
        for text, style in told
        if text
        for line in text.split("\n")
    ]
    return Group(Text(), *lines)

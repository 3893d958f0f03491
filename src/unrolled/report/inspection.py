"""One submission, opened for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from unrolled.grade import Inspection
from unrolled.report.tables import format_points


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

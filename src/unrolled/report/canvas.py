"""What the canvas commands show: tables of what would change, then what is left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from rich.console import Group, RenderableType
from rich.text import Text

from unrolled.canvas.api.push import PushPlan, PushReport, SentCounts, WrongGrade
from unrolled.canvas.cartridge import CartridgeReport
from unrolled.canvas.grades_csv import CheckReport
from unrolled.canvas.grades_csv.match import group_left_out
from unrolled.canvas.grades_csv.preview import LOSSES
from unrolled.canvas.roster import RosterPlan
from unrolled.canvas.roster.sync import FIELDS
from unrolled.report.listing import Listing


def _make_table(
    title: str, columns: Iterable[str], rows: Iterable[Sequence[str]]
) -> Listing:
    table = Listing(title=Text(title), title_justify="left")
    table.add_columns(*columns)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def render_roster(plan: RosterPlan) -> RenderableType:
    """Who is added, what changes, who is dropped, who stays and why."""
    parts: list[RenderableType] = []
    if plan.added:
        rows = [(s.name, *(getattr(s, key) for key in FIELDS)) for s in plan.added]
        parts.append(_make_table("add", ("student", *FIELDS.values()), rows))
    if plan.changes:
        rows = [(c.student, c.what, c.old, c.new) for c in plan.changes]
        parts.append(_make_table("change", ("student", "what", "is", "becomes"), rows))
    if plan.dropped:
        parts.append(_make_table("drop", ("student",), [(s,) for s in plan.dropped]))
    parts += [Text(f"kept, although not in the file: {s}") for s in plan.stay]
    parts += [Text(f"left out: {line}") for line in plan.left_out]
    changed = len(plan.changed)
    line = f"{len(plan.added)} to add, {changed} to change, {len(plan.dropped)} to drop"
    return Group(*parts, f"{line}, {plan.same} unchanged")


def render_check(report: CheckReport, *, everything: bool = False) -> RenderableType:
    """One row for each cell that does something, or for all; then the verdict."""
    if report.refused:
        why = f" {report.file}: Canvas would refuse the file: {report.refused}"
        return Text.assemble(("REFUSED", "bold red"), why)
    table = Listing(title=Text(f"{report.file}, as Canvas would read it"))
    names = ("row", "student", "column", "cell", "in Canvas", "what happens")
    table.add_columns(*names, prose=("student", "column", "what happens"))
    shown = [c for c in report.cells if everything or c.fate != "no change"]
    for cell in shown:
        fate = Text(cell.fate, style="bold red" if cell.fate in LOSSES else "")
        if cell.score is not None:
            fate.append(f": {cell.score:.2f}", style="")
        words = (str(cell.row), cell.student, cell.column, cell.cell, cell.canvas)
        table.add_row(*map(Text, words), fate)
    parts: list[RenderableType] = [table] if shown else []
    for header, why in (report.passed_over or {}).items():
        parts.append(Text(f"column {header or '(no name)'}: {why}"))
    return Group(*parts, *_render_verdict(report))


def _render_verdict(report: CheckReport) -> list[RenderableType]:
    counts = ", ".join(f"{n} {fate}" for fate, n in report.counts.items())
    lines: list[RenderableType] = [Text(f"{len(report.cells)} cells: {counts}")]
    if not report.against:
        lines.append(
            Text(
                "The present grades are not known. Use --template with a fresh export "
                "to see what would be changed, lowered or cleared."
            )
        )
    lines += [Text(f"WRONG {line}", style="bold red") for line in report.problems]
    if report.safe:
        promise = "no grade is lowered or cleared, and no column is added"
        return [*lines, Text(f"SAFE: Canvas accepts the file; {promise}.")]
    loss = "a grade would be lowered or cleared, or a column added"
    if report.problems or any(c.fate.startswith("text") for c in report.cells):
        loss = "grades or texts in Canvas would be wrong or lost"
    return [*lines, Text(f"NOT SAFE: {loss}.", style="bold red")]


def render_push_plan(plan: PushPlan, unsent: int) -> RenderableType:
    """Old and new of every grade that would be sent, the comments, what is left out."""
    parts: list[RenderableType] = []
    for name in dict.fromkeys(f.assignment for f in plan.grades.changed):
        rows = [
            (f.student, "-" if f.old is None else f"{f.old:.2f}", f"{f.new:.2f}")
            for f in plan.grades.changed
            if f.assignment == name
        ]
        parts.append(_make_table(name, ("student", "in Canvas", "becomes"), rows))
    lines = plan.grades.as_text().split("\n")
    lines += [f"left out: {text}" for text in group_left_out(plan.left_out)]
    if plan.comments:
        sent = len(plan.comments) - unsent
        lines.append(f"{unsent} comments to send, {sent} already sent")
    return Group(*parts, *map(Text, lines))


def render_push_report(report: PushReport) -> RenderableType:
    """What was sent; every grade that Canvas has otherwise, in red."""
    lines = [
        Text(
            f"{report.sent} grades sent and read back, {report.same} already there; "
            f"{report.notes_sent} comments sent, {report.notes_there} already there"
        )
    ]
    lines += [Text(f"not sent: {line}") for line in report.not_sent]
    lines += [Text(line, style="bold red") for line in report.reasons]
    lines += [
        Text.assemble(("WRONG", "bold red"), f" {line}")
        for line in _format_wrong_grades(report.wrong)
    ]
    lines += [Text(f"warning: {line}") for line in report.warnings]
    return Group(*lines)


def _format_wrong_grades(wrong: Sequence[WrongGrade]) -> list[str]:
    """A line for each grade that Canvas has otherwise, one for all that it has not."""
    refused: dict[str, list[WrongGrade]] = defaultdict(list)
    lines = []
    for item in wrong:
        if item.canvas is None:
            refused[item.assignment].append(item)
        else:
            lines.append(
                f"{item.student}, {item.assignment}: sent {item.sent:.2f}, "
                f"Canvas has {item.canvas:.2f}: {item.why}"
            )
    for assignment, items in refused.items():
        if len(items) == 1:
            sent = f"sent {items[0].sent:.2f}, Canvas has none: {items[0].why}"
            lines.append(f"{items[0].student}, {assignment}: {sent}")
        else:
            names = ", ".join(i.student for i in items)
            lines.append(
                f"{assignment}: Canvas accepted none of {len(items)} grades: {names}"
            )
    return lines


def render_stopped_push(tally: SentCounts, grades: int, notes: int) -> RenderableType:
    """What had been sent when something failed."""
    if tally.empty:
        return Text("STOPPED: nothing was sent", style="bold red")
    proof = "read back" if tally.proved else "not read back"
    return Text(
        f"STOPPED: {tally.grades} of {grades} grades sent ({proof}), {tally.notes} of "
        f"{notes} comments sent. Run the command again; nothing is sent twice",
        style="bold red",
    )


def render_cartridge(report: CartridgeReport) -> RenderableType:
    """What the file holds, and what is not set."""
    table = Listing(title=Text(report.file), title_justify="left")
    names = ("modules", "pages", "assignments")
    table.add_columns(*names, prose=names)
    columns = (report.modules, report.pages, report.assignments)
    for row in zip_longest(*columns, fillvalue=""):
        table.add_row(*map(Text, row))
    lines = [f"no due date in course.toml: {name}" for name in report.without_dates]
    if not report.hub:
        lines.append("no link to the hub: set hub under [canvas] in course.toml")
    lines.append("written" if report.written else "nothing was written (--dry-run)")
    return Group(table, *map(Text, lines))

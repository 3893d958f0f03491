"""A regrade for a terminal: what would change, what was changed, what was undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from unrolled.regrade import RegradePlan, RegradeRecord, UndoReport, describe_rules
from unrolled.regrade.model import CheckChange, StudentChange
from unrolled.report.listing import Listing
from unrolled.report.tables import format_points


def render_plan(plan: RegradePlan) -> RenderableType:
    """The class in a line, the checks that change, the students that change."""
    checks = Listing(title=f"{plan.assignment}: checks that change")
    checks.add_columns("check", "up", "down", "points")
    for found in plan.summarize_checks():
        points = _format_change(found.points)
        checks.add_row(found.grade_id, str(found.up), str(found.down), points)
    students = Listing(title="students whose points change (before the late penalty)")
    students.add_columns(
        "student", "now", "then", "change", "checks", prose=("checks",)
    )
    for student in sorted(plan.changed, key=_sort_key):
        students.add_row(*map(Text, _format_student(student)))
    left = [Text(f"left out: {who}: {why}") for who, why in plan.left_out.items()]
    tables = [checks, students] if plan.changed else []
    return Group(*tables, *left, Text(summarize(plan)))


def summarize(plan: RegradePlan) -> str:
    """How many go up, down and stay, and what the mean does."""
    stay = len(plan.students) - len(plan.up) - len(plan.down)
    line = f"{len(plan.up)} go up, {len(plan.down)} go down, {stay} stay"
    if plan.means:
        old, new = plan.means
        most = format_points(plan.max_score)
        line += f"; the mean goes from {old:.2f} to {new:.2f} of {most}"
        line = line if old != new else f"{line.split(';')[0]}; the mean stays {old:.2f}"
    return line


def _sort_key(student: StudentChange) -> tuple[float, str]:
    return (student.old - student.new, student.student)


def _format_student(student: StudentChange) -> tuple[str, ...]:
    return (
        student.student,
        format_points(student.old),
        format_points(student.new),
        _format_change(student.new - student.old),
        ", ".join(map(_format_check, student.checks)),
    )


def _format_check(check: CheckChange) -> str:
    return f"{check.grade_id} {_format_change(check.points)}"


def _format_change(points: float) -> str:
    return f"{'+' if points > 0 else ''}{format_points(points)}"


def render_records(records: Sequence[RegradeRecord]) -> RenderableType:
    """The regrades of an assignment, a row for each; times are in UTC."""
    table = Listing(title="regrades, the first one first")
    table.add_columns("number", "began (UTC)", "who", "options", "why", "state")
    for record in records:
        began = record.began[:16].replace("T", " ")
        state = _describe_state(record)
        rules = describe_rules(record.rules)
        row = (str(record.number), began, record.who, rules, record.why, state)
        table.add_row(*map(Text, row))
    return table if records else Text("nothing was regraded so far")


def _describe_state(record: RegradeRecord) -> str:
    if record.undone:
        return f"undone by {record.undone_by}"
    return "applied" if record.finished else "stopped in the middle"


def render_undo(report: UndoReport) -> RenderableType:
    """Whose grades are those of before, and what was left."""
    return Group(*map(Text, _list_undone(report)))


def _list_undone(report: UndoReport) -> Iterator[str]:
    many = len(report.restored)
    have = "student has" if many == 1 else "students have"
    yield f"{many} {have} the grades of before"
    for student, checks in report.marked.items():
        yield f"{student}: marked since, and the marks stay: {', '.join(checks)}"
    for student, why in report.left.items():
        yield f"{student}: {why}"

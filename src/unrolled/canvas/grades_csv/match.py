"""Which row and column of a Canvas gradebook is whose, and which assignment's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from unrolled.canvas.grades_csv.exported_csv import CanvasGradebook, Column, Row
from unrolled.canvas.records import ExportedAssignment, Student

HIDDEN = (
    "posted by hand in Canvas: students see new grades, and comments sent with them, "
    "only after you post them there"
)
Kind = Literal["row", "column", "student", "assignment", "cell"]


@dataclass(frozen=True, kw_only=True)
class FilledCell:
    """One cell that gets a grade; Canvas gives it `out_of` points, if that is known."""

    student: str
    assignment: str
    old: float | None
    new: float
    canvas_student: str = ""
    canvas_assignment: str = ""
    out_of: float | None = None

    @property
    def changes(self) -> bool:
        """Whether Canvas has another grade, to two decimals, or none."""
        return self.old is None or round(self.old, 2) != self.new


@dataclass(frozen=True)
class KeptCell:
    """A cell of a matched student that keeps what Canvas has."""

    student: str
    assignment: str
    canvas_student: str
    canvas_assignment: str


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Something that gets no grade, and why; a cell names its assignment too.

    A column is an `other` one if it is no assignment that was asked for.
    """

    kind: Kind
    what: str
    why: str
    assignment: str = ""
    other: bool = False


@dataclass(frozen=True, kw_only=True)
class PlanDraft:
    """What the planner gathers on its way; `unscaled` are wrong scales left out."""

    left_out: list[LeftOut] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    filled: list[FilledCell] = field(default_factory=list)
    unscaled: list[str] = field(default_factory=list)
    kept: list[KeptCell] = field(default_factory=list)

    def leave_out(
        self,
        kind: Kind,
        what: str,
        why: str,
        *,
        assignment: str = "",
        other: bool = False,
    ) -> None:
        """Leave something out, and say so."""
        self.left_out.append(
            LeftOut(kind=kind, what=what, why=why, assignment=assignment, other=other)
        )


def group_left_out(left_out: Iterable[LeftOut]) -> list[str]:
    """One line for each reason, with everything that it holds for.

    Canvas's other columns are only counted: there may be fifty of them.
    """
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    everything = list(left_out)
    others = sum(item.other for item in everything)
    for item in (i for i in everything if not i.other):
        groups[item.kind, item.assignment, item.why].append(item.what)
    lines = []
    for (kind, assignment, why), what in groups.items():
        names = ", ".join(what)
        if kind == "cell":
            lines.append(f"{assignment}, {names}: {why}")
        else:
            lines.append(f"{kind}{'s' if len(what) > 1 else ''} {names}: {why}")
    if others:
        lines.append(f"{others} other column{'s' if others > 1 else ''} of Canvas")
    return lines


def match_columns(
    template: CanvasGradebook,
    assignments: Sequence[ExportedAssignment],
    draft: PlanDraft,
    *,
    scale: bool,
) -> dict[Column, ExportedAssignment]:
    """Our assignments by their column: title or folder name, and nothing twice.

    A column that is worth other points in Canvas is scaled if asked, else left out.
    """
    claims: dict[Column, list[ExportedAssignment]] = defaultdict(list)
    for assignment in assignments:
        titles = {assignment.title, assignment.name}
        same = [c for c in template.columns if titles & {c.title, c.header}]
        if len(same) == 1:
            claims[same[0]].append(assignment)
        else:
            count = "no column" if not same else f"{len(same)} columns"
            why = f"Canvas has {count} titled {assignment.title!r}"
            draft.leave_out("assignment", assignment.name, why)
    matched = {}
    for column in template.columns:
        claimed = claims.get(column, [])
        why = _explain_no_grades(column, claimed)
        if why:
            draft.leave_out("column", column.header, why, other=not claimed)
            continue
        scaled = _scale_assignment(column, claimed[0], draft, scale=scale)
        if scaled is not None:
            matched[column] = scaled
            if column.hidden:
                draft.warnings.append(f"{column.header}: {HIDDEN}")
    return matched


def _explain_no_grades(column: Column, claimed: Sequence[ExportedAssignment]) -> str:
    """Why a column is left out; "" if it is one assignment's and open."""
    if column.closed:
        return column.closed
    if len(claimed) > 1:
        return f"{' and '.join(a.name for a in claimed)} both have this title"
    return "" if claimed else "not among the assignments to export"


def _scale_assignment(
    column: Column, assignment: ExportedAssignment, draft: PlanDraft, *, scale: bool
) -> ExportedAssignment | None:
    """An assignment in Canvas's own points; None, and said so, if they differ."""
    difference = compare_points(column.points, assignment.points)
    if not difference:
        return assignment
    if scale and column.points and assignment.points:
        draft.warnings.append(
            f"{column.header}: {difference}; all grades are scaled to Canvas's points"
        )
        return replace(assignment, factor=column.points / assignment.points)
    advice = "set them in Canvas"
    if column.points and assignment.points:
        advice = "make them equal, or use --scale"
    draft.leave_out("column", column.header, f"{difference}; {advice}")
    draft.unscaled.append(assignment.name)
    return None


def compare_points(canvas: float | None, ours: float) -> str:
    """How Canvas's points differ from those of course.toml; "" if they do not."""
    if canvas is not None and abs(canvas - ours) <= 0.005:
        return ""
    there = "no points possible" if canvas is None else f"{canvas:g} points possible"
    return f"{there} in Canvas, but {ours:g} in course.toml"


def match_students(
    template: CanvasGradebook, students: Sequence[Student], draft: PlanDraft
) -> dict[int, Student]:
    """Students by the line of their row: Canvas id first, then login and SIS id."""
    claims: dict[int, list[Student]] = defaultdict(list)
    index = _RowIndex(template.rows)
    for student in students:
        rows = index.find_rows(student)
        if len(rows) == 1:
            claims[rows[0].line].append(student)
        else:
            count = "no row" if not rows else "more than one row"
            draft.leave_out("student", student.name, f"{count} in Canvas")
    return _select_undisputed(template, claims, draft)


def _select_undisputed(
    template: CanvasGradebook, claims: dict[int, list[Student]], draft: PlanDraft
) -> dict[int, Student]:
    matched = {}
    for row in template.rows:
        what = f"{row.line} ({row.name})"
        match claims.get(row.line, []):
            case []:
                draft.leave_out("row", what, "not a student of the gradebook")
            case [_] if set("".join(row.identity)) & set("\r\n\0"):
                why = "a line break in its identity cells: Canvas would refuse the file"
                draft.leave_out("row", repr(what)[1:-1], why)
            case [student]:
                matched[row.line] = student
            case several:
                names = " and ".join(s.name for s in several)
                why = f"matches both {names}; neither is exported"
                draft.leave_out("row", what, why)
    return matched


class _RowIndex:
    """Rows by each of their keys."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._ids = Counter(r.canvas_id for r in rows)
        self._by: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in rows:
            for kind in ("canvas_id", "login", "sis_id"):
                self._by[kind, getattr(row, kind)].append(row)

    def find_rows(self, student: Student) -> list[Row]:
        """The rows that may be a student's; more than one is a doubt."""
        if student.canvas_id:
            return self._by.get(("canvas_id", student.canvas_id), [])
        keys = {("login", student.login), ("sis_id", student.sis_id)}
        # Without a roster, nbgrader's name of a student is most often one of the two.
        keys |= {("login", student.name), ("sis_id", student.name)}
        rows = {r.line: r for k in keys if k[1] for r in self._by.get(k, [])}
        doubled = any(self._ids[r.canvas_id] > 1 for r in rows.values() if r.canvas_id)
        return list(rows.values()) * (2 if doubled else 1)

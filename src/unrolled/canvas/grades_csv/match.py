"""Which row and column of a Canvas gradebook is whose, and which assignment's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from unrolled.canvas.grades_csv.exported_csv import CanvasGradebook, Column, Row
from unrolled.canvas.model import ExportedAssignment, Student

HIDDEN = (
    "posted by hand in Canvas: students see new grades, and comments sent with them, "
    "when you post them there"
)
Kind = Literal["row", "column", "student", "assignment", "cell"]


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class LeftOut:
    """Something that gets no grade, and why; a cell names its assignment too.

    A column is an `other` one if it is no assignment that was asked for.
    """

    kind: Kind
    what: str
    why: str
    assignment: str = ""
    other: bool = False


@dataclass(frozen=True)
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
        assignment: str = "",
        other: bool = False,
    ) -> None:
        """Leave something out, and say so."""
        self.left_out.append(LeftOut(kind, what, why, assignment, other))


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
    work: PlanDraft,
    scale: bool,
) -> dict[Column, ExportedAssignment]:
    """Our assignments by their column: title or folder name, and nothing twice.

    A column that is worth other points in Canvas is scaled if asked, else left out.
    """
    claims: dict[Column, list[ExportedAssignment]] = defaultdict(list)
    for wanted in assignments:
        same = [c for c in template.columns if _has_title(c, wanted)]
        if len(same) == 1:
            claims[same[0]].append(wanted)
        else:
            count = "no column" if not same else f"{len(same)} columns"
            why = f"Canvas has {count} titled {wanted.title!r}"
            work.leave_out("assignment", wanted.name, why)
    found = {}
    for column in template.columns:
        claimed = claims.get(column, [])
        why = _explain_no_grades(column, claimed)
        fitting = None if why else _scale_assignment(column, claimed[0], work, scale)
        if why:
            work.leave_out("column", column.header, why, other=not claimed)
        elif fitting is not None:
            found[column] = fitting
            if column.hidden:
                work.warnings.append(f"{column.header}: {HIDDEN}")
    return found


def _has_title(column: Column, wanted: ExportedAssignment) -> bool:
    return bool({wanted.title, wanted.name} & {column.title, column.header})


def _explain_no_grades(column: Column, wanted: Sequence[ExportedAssignment]) -> str:
    """Why a column is left out; "" if it is one assignment's and open."""
    if column.closed:
        return column.closed
    if len(wanted) > 1:
        return f"{' and '.join(w.name for w in wanted)} are both titled so"
    return "" if wanted else "not among the assignments to export"


def _scale_assignment(
    column: Column, wanted: ExportedAssignment, work: PlanDraft, scale: bool
) -> ExportedAssignment | None:
    """An assignment in Canvas's own points; None, and said so, if they differ."""
    differ = compare_points(column.points, wanted.points)
    if not differ:
        return wanted
    fits = bool(column.points and wanted.points)
    if scale and column.points and fits:
        work.warnings.append(f"{column.header}: {differ}; all grades are scaled to it")
        return replace(wanted, factor=column.points / wanted.points)
    way = "make them equal, or say --scale" if fits else "set them there"
    work.leave_out("column", column.header, f"{differ}; {way}")
    work.unscaled.append(wanted.name)
    return None


def compare_points(canvas: float | None, ours: float) -> str:
    """How Canvas's points differ from those of course.toml; "" if they do not."""
    if canvas is not None and abs(canvas - ours) <= 0.005:
        return ""
    there = "no points possible" if canvas is None else f"{canvas:g} points possible"
    return f"{there} in Canvas, {ours:g} in course.toml"


def match_students(
    template: CanvasGradebook, pupils: Sequence[Student], work: PlanDraft
) -> dict[int, Student]:
    """Students by the line of their row: Canvas id first, then login and SIS id."""
    claims: dict[int, list[Student]] = defaultdict(list)
    index = _RowIndex(template.rows)
    for pupil in pupils:
        rows = index.find_rows(pupil)
        if len(rows) == 1:
            claims[rows[0].line].append(pupil)
        else:
            count = "no row" if not rows else "more than one row"
            work.leave_out("student", pupil.name, f"{count} in Canvas")
    return _select_undisputed(template, claims, work)


def _select_undisputed(
    template: CanvasGradebook, claims: dict[int, list[Student]], work: PlanDraft
) -> dict[int, Student]:
    found = {}
    for row in template.rows:
        what = f"{row.line} ({row.name})"
        match claims.get(row.line, []):
            case []:
                work.leave_out("row", what, "nobody of the gradebook")
            case [_] if _has_line_break(row):
                why = "a line break in its identity cells: Canvas would refuse the file"
                work.leave_out("row", repr(what)[1:-1], why)
            case [pupil]:
                found[row.line] = pupil
            case several:
                names = " and ".join(p.name for p in several)
                work.leave_out(
                    "row", what, f"both {names} match it; neither is exported"
                )
    return found


def _has_line_break(row: Row) -> bool:
    return any(set(cell) & set("\r\n\0") for cell in row.identity)


class _RowIndex:
    """Rows by each of their keys."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._ids = Counter(r.canvas_id for r in rows)
        self._by: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in rows:
            for kind in ("canvas_id", "login", "sis_id"):
                self._by[kind, getattr(row, kind)].append(row)

    def find_rows(self, pupil: Student) -> list[Row]:
        """The rows that may be a student's; more than one is a doubt."""
        if pupil.canvas_id:
            return self._by.get(("canvas_id", pupil.canvas_id), [])
        keys = {("login", pupil.login), ("sis_id", pupil.sis_id)}
        keys |= {("login", pupil.name), ("sis_id", pupil.name)}
        found = {r.line: r for k in keys if k[1] for r in self._by.get(k, [])}
        doubled = any(self._ids[r.canvas_id] > 1 for r in found.values() if r.canvas_id)
        return list(found.values()) * (2 if doubled else 1)

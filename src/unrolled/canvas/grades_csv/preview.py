"""What Canvas would do with any gradebook CSV, cell by cell, by our own model of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from unrolled.canvas.grades_csv import import_parser as parser
from unrolled.canvas.grades_csv.exported_csv import parse_number, read_exported_csv
from unrolled.canvas.grades_csv.import_model import (
    CanvasAssignment,
    CanvasState,
    CanvasStudent,
    CellEffect,
    ImportOutcome,
    simulate_import,
)
from unrolled.canvas.grades_csv.match import compare_points
from unrolled.canvas.grades_csv.verify import build_canvas_state
from unrolled.course import Course
from unrolled.errors import UserError

# Extra credit may go a little beyond the points possible; half as much again is none.
EXCESS_FACTOR = 1.5
Fate = Literal[
    "no change",
    "new score",
    "higher score",
    "lower score",
    "excused",
    "no longer excused",
    "cleared",
    "clears a grade, if there is one",
    "ignored",
    "new column",
    "no number, no score",
    "new text",
    "text replaced",
    "text emptied",
]
LOSSES: tuple[Fate, ...] = (
    "lower score",
    "no longer excused",
    "cleared",
    "clears a grade, if there is one",
    "new column",
    "text replaced",
    "text emptied",
)
_FATES: Mapping[str, Fate] = {
    "may clear": "clears a grade, if there is one",
    "excused": "excused",
    "cleared": "cleared",
    "ignored": "ignored",
    "written": "new text",
    "replaced": "text replaced",
    "emptied": "text emptied",
}


@dataclass(frozen=True, kw_only=True)
class CheckedCell:
    """One cell of the file, and what becomes of it."""

    row: int
    student: str
    column: str
    cell: str
    canvas: str
    fate: Fate
    score: float | None


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """The fate of every cell; `refused` is why Canvas would not take the file.

    `problems` are what makes whole columns or rows wrong: another scale than Canvas's,
    two columns of one assignment, two rows of one student.
    """

    file: str
    against: str
    refused: str = ""
    cells: tuple[CheckedCell, ...] = ()
    passed_over: Mapping[str, str] | None = None
    problems: tuple[str, ...] = ()

    @property
    def safe(self) -> bool:
        """Whether Canvas takes the file, nothing is lost, no column made or wrong."""
        lost = any(c.fate in LOSSES for c in self.cells)
        return not (self.refused or self.problems or lost)

    @property
    def counts(self) -> Mapping[Fate, int]:
        """How many cells have which fate."""
        return Counter(c.fate for c in self.cells)

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return {"safe": self.safe, "counts": dict(self.counts)} | asdict(self)


def check_file(
    file: Path,
    template: Path | None = None,
    course: Course | None = None,
    *,
    scaled: bool = False,
) -> CheckReport:
    """Read a CSV as Canvas would.

    `template` is a fresh export: it tells what Canvas has now. Without it every
    student and every numbered column of the file is taken to be known to Canvas, and
    no grade is. The points of `course` are held against Canvas's, unless the file was
    `scaled` to those. Raises UserError if a file cannot be read.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}.") from error
    against = str(template) if template else ""
    try:
        state = (
            build_canvas_state(read_exported_csv(template))
            if template
            else _infer_state(data)
        )
        outcome = simulate_import(data, state)
        sheet = parser.read_sheet(data, state.custom)
    except parser.ImportRefusedError as error:
        return CheckReport(file=str(file), against=against, refused=str(error))
    compared = None if scaled else course
    problems = (*outcome.doubled, *_find_wrong_scales(sheet, outcome, state, compared))
    return CheckReport(
        file=str(file),
        against=against,
        cells=tuple(_list_cells(outcome, state)),
        passed_over=dict(outcome.passed_over),
        problems=problems,
    )


def _infer_state(data: bytes) -> CanvasState:
    """What the file itself tells of Canvas: who and what, but no present grade."""
    sheet = parser.read_sheet(data)
    assignments = []
    for index, header in sheet.columns.items():
        title, number = parser.split_header(header)
        points = parser.parse_score(sheet.points[index].strip(), 100.0) or 0.0
        if number:
            assignments.append(CanvasAssignment(number, title, points))
    return CanvasState(
        students=list(_infer_students(sheet)),
        assignments=assignments,
        scores={},
        known=False,
    )


def _infer_students(sheet: parser.Sheet) -> Iterator[CanvasStudent]:
    """One for each student: a second row of somebody is nobody else."""
    seen = set()
    for line, row in sheet.rows:
        number = sheet.canvas_id(row)
        sis = row[sheet.sis] if sheet.sis else ""
        login = row[sheet.login] if sheet.login else ""
        key = number or sis or login
        if key and key not in seen:
            seen.add(key)
            name = sheet.name(row)
            yield CanvasStudent(
                id=number or f"row {line}",
                name=name,
                sortable_name=name,
                sis_id=sis,
                login=login,
            )


def _list_cells(outcome: ImportOutcome, state: CanvasState) -> Iterator[CheckedCell]:
    names = {s.id: s.name for s in state.students}
    for effect in (*outcome.effects, *outcome.others):
        old = effect.old
        canvas = f"{old:.2f}" if isinstance(old, float) else str(old)
        yield CheckedCell(
            row=effect.row,
            student=names.get(effect.student or "", "") or "nobody in Canvas",
            column=effect.header,
            cell=effect.cell,
            canvas="" if old is None else canvas,
            fate=_classify_effect(effect),
            score=effect.score,
        )


def _classify_effect(effect: CellEffect) -> Fate:
    if effect.assignment.startswith("new: "):
        return "new column"
    if effect.effect == "nothing":
        grade = not effect.assignment.startswith("custom: ")
        text = effect.cell.strip() not in ("", "-")
        lost = grade and text and effect.score is None and effect.old is None
        return "no number, no score" if lost else "no change"
    if effect.effect == "scored":
        old, new = effect.old, effect.score or 0.0
        if old == "EX":
            return "no longer excused"
        if not isinstance(old, float | int):
            return "new score"
        return "lower score" if new < old else "higher score"
    return _FATES[effect.effect]


def _find_wrong_scales(
    sheet: parser.Sheet,
    outcome: ImportOutcome,
    state: CanvasState,
    course: Course | None,
) -> Iterator[str]:
    """A line for each sign that a column's grades are on another scale.

    Signs are the file's own points, those of `course`, and the grades themselves.
    """
    for assignment in state.assignments:
        effects = [e for e in outcome.effects if e.assignment == assignment.id]
        if not any(e.effect == "scored" for e in effects):
            continue
        header, top = effects[0].header, assignment.points
        points = parse_number(
            parser.strip_blanks(sheet.points[sheet.header.index(header)])
        )
        if state.known and points is not None and abs(points - top) > 0.005:
            yield (
                f"{header}: {top:g} points possible in Canvas, but {points:g} in this "
                "file: its grades are on another scale"
            )
        if course and (state.known or points is not None):
            yield from _find_point_differences(header, assignment, course)
        yield from _find_excessive_grades(header, effects, assignment)


def _find_point_differences(
    header: str, assignment: CanvasAssignment, course: Course
) -> Iterator[str]:
    """Points that the course has otherwise than Canvas."""
    for ours in course.assignments.values():
        if {ours.title, ours.name} & {assignment.title, header}:
            difference = compare_points(assignment.points, ours.points)
            if difference:
                yield (
                    f"{header}: {difference}. If the file was written with --scale, "
                    "use --scale here as well"
                )


def _find_excessive_grades(
    header: str, effects: list[CellEffect], assignment: CanvasAssignment
) -> Iterator[str]:
    """Grades far above the points possible; where none are, all is extra credit."""
    top = assignment.points
    high = [e for e in effects if top > 0 and (e.score or 0.0) > EXCESS_FACTOR * top]
    if high:
        rows = ", ".join(str(e.row) for e in high[:5])
        rows += f" and {len(high) - 5} more" if len(high) > 5 else ""
        yield (
            f"{header}: {max(e.score or 0.0 for e in high):.2f} of {top:g} points (row "
            f"{rows}): the grades are on another scale than Canvas's"
        )

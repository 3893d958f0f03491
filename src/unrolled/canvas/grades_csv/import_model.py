"""A model of what Canvas's gradebook import does with a CSV; shares no code with ours.

Written from the rules of the importer, not from the exporter, so that it can
judge the exporter's files: cell by cell, what would change in Canvas.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from unrolled.canvas.grades_csv import import_parser as parser

Effect = Literal[
    "nothing",
    "scored",
    "excused",
    "cleared",
    "may clear",
    "ignored",
    "written",
    "replaced",
    "emptied",
]


@dataclass(frozen=True, kw_only=True)
class CanvasStudent:
    """A student as Canvas knows one; who is not active has a concluded enrolment."""

    id: str
    name: str
    sortable_name: str = ""
    sis_id: str = ""
    login: str = ""
    active: bool = True


@dataclass(frozen=True)
class CanvasAssignment:
    """An assignment as Canvas knows one."""

    id: str
    title: str
    points: float
    published: bool = True


@dataclass(frozen=True, kw_only=True)
class CanvasState:
    """A course in Canvas; scores by (student id, assignment id), "EX" if excused.

    `custom` are the titles of custom columns, `locked` those that are read only;
    `notes` are what they and the overrides of final grades hold, by (student id,
    header). Where grades are not `known`, a blank may clear one. `unassigned` are
    (student id, assignment id) of those to whom an assignment is not assigned.
    """

    students: Sequence[CanvasStudent]
    assignments: Sequence[CanvasAssignment]
    scores: Mapping[tuple[str, str], float | Literal["EX"]]
    custom: Sequence[str] = ()
    known: bool = True
    notes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    locked: Collection[str] = ()
    unassigned: Collection[tuple[str, str]] = ()


@dataclass(frozen=True, kw_only=True)
class CellEffect:
    """What one cell does; `assignment` is "new: title" for one Canvas would add.

    It is "custom: title" for a column that is no assignment; there `old` is its text.
    """

    row: int
    student: str | None
    assignment: str
    effect: Effect
    score: float | None = None
    header: str = ""
    cell: str = ""
    old: float | str | None = None


@dataclass(frozen=True)
class ImportOutcome:
    """All effects, and the columns that are no grades for Canvas, with the reason.

    `others` are the effects on custom columns and overrides, `doubled` what stands
    twice in the file, so that Canvas reads only one of the two.
    """

    effects: tuple[CellEffect, ...]
    passed_over: Mapping[str, str]
    others: tuple[CellEffect, ...] = ()
    doubled: tuple[str, ...] = ()


def simulate_import(data: bytes, state: CanvasState) -> ImportOutcome:
    """The effects, and what becomes of the other columns."""
    sheet = parser.read_sheet(data, state.custom)
    students = _match_rows(sheet, state)
    last = {s.id: line for line, s in students.items() if s is not None}
    # Canvas leaves read-only columns out only if it knows the students of all rows.
    skips_read_only = None not in students.values()
    assignments = {i: _find_assignment(h, state) for i, h in sheet.columns.items()}
    # Of two headers alike Canvas reads the first, of two of one assignment the later.
    sources = {
        _make_key(a, i): sheet.header.index(sheet.header[i])
        for i, a in assignments.items()
    }
    passed = _explain_other_columns(sheet)
    effects: list[CellEffect] = []
    for index, assignment in assignments.items():
        header, source = sheet.columns[index], sources[_make_key(assignment, index)]
        if source in sheet.read_only and skips_read_only:
            passed[header] = "read only"
            continue
        for line, student in students.items():
            # Of two rows of one student Canvas reads the last, for both.
            cell = sheet.raw[line if student is None else last[student.id]][source]
            effect = _find_effect(student, assignment, cell, state)
            effects.append(replace(effect, row=line, header=header))
    others = _list_other_effects(sheet, students, state, skips=skips_read_only)
    doubled = (
        *_find_repeated_columns(sheet, assignments, sources),
        *_find_repeated_students(students, last),
    )
    return ImportOutcome(tuple(effects), passed, tuple(others), doubled)


def _explain_other_columns(sheet: parser.Sheet) -> dict[str, str]:
    why = "Canvas ignores columns with this title"
    passed = dict.fromkeys(sheet.dropped.values(), why)
    passed |= dict.fromkeys(sheet.custom.values(), "a custom column")
    why = "overrides the final grade: Canvas imports it where the course allows that"
    return passed | dict.fromkeys(sheet.overrides.values(), why)


def _find_assignment(header: str, state: CanvasState) -> CanvasAssignment:
    title, number = parser.split_header(header)
    published = [a for a in state.assignments if a.published]
    for known in published:
        if number and known.id == number:
            return known
    for known in published:
        if known.title == header:
            return known
    return CanvasAssignment(f"new: {title}", title, 0.0)


def _make_key(assignment: CanvasAssignment, index: int) -> str:
    """One for each assignment: a new one is another one in each column."""
    new = assignment.id.startswith("new: ")
    return f"{assignment.id} of column {index}" if new else assignment.id


def _match_rows(
    sheet: parser.Sheet, state: CanvasState
) -> dict[int, CanvasStudent | None]:
    """Who each row is: by Canvas id, SIS id, login, then name."""
    by_id = {s.id: s for s in state.students}
    by_sis = {s.sis_id: s for s in state.students if s.sis_id}
    by_login = {s.login: s for s in state.students if s.login}
    by_name: dict[str, CanvasStudent] = {}
    for student in state.students:
        by_name.setdefault(student.name, student)
        by_name.setdefault(student.sortable_name, student)
    return {
        line: (
            by_id.get(sheet.canvas_id(row))
            or (by_sis.get(row[sheet.sis]) if sheet.sis else None)
            or (by_login.get(row[sheet.login]) if sheet.login else None)
            or by_name.get(sheet.name(row))
        )
        for line, row in sheet.rows
    }


def _find_repeated_columns(
    sheet: parser.Sheet,
    assignments: Mapping[int, CanvasAssignment],
    sources: Mapping[str, int],
) -> Iterator[str]:
    for index, assignment in assignments.items():
        source = sources[_make_key(assignment, index)]
        if source != index:
            yield (
                f"Canvas does not read column {index + 1} ({sheet.header[index]}): it "
                f"reads column {source + 1} ({sheet.header[source]}) for that "
                "assignment"
            )


def _find_repeated_students(
    students: Mapping[int, CanvasStudent | None], last: Mapping[str, int]
) -> Iterator[str]:
    for line, student in students.items():
        if student is not None and last[student.id] != line:
            yield (
                f"Canvas does not read row {line} ({student.name}): row "
                f"{last[student.id]} is of the same student"
            )


def _list_other_effects(
    sheet: parser.Sheet,
    students: Mapping[int, CanvasStudent | None],
    state: CanvasState,
    *,
    skips: bool,
) -> Iterator[CellEffect]:
    """What happens to custom columns and overrides: any text is taken as it is."""
    if not state.known:
        return
    for index, header in (sheet.custom | sheet.overrides).items():
        if skips and header in state.locked:
            continue
        for line, row in sheet.rows:
            student = students[line]
            if student is None:
                continue
            old = state.notes.get((student.id, header), "")
            if index in sheet.overrides:  # a number, however Canvas's export shows it
                old = parser.normalise_decimal(old)
            yield CellEffect(
                row=line,
                student=student.id,
                assignment=f"custom: {header}",
                effect=_classify_text(old, row[index]),
                header=header,
                cell=sheet.raw[line][index],
                old=old,
            )


def _classify_text(old: str, new: str) -> Effect:
    """What a text does to another one; two blanks are alike."""
    if old == new or not (old.strip() or new.strip()):
        return "nothing"
    if not new.strip():
        return "emptied"
    return "replaced" if old.strip() else "written"


def _find_effect(
    student: CanvasStudent | None,
    assignment: CanvasAssignment,
    raw: str,
    state: CanvasState,
) -> CellEffect:
    """What a grade cell does, still without its row and header."""
    ignored = CellEffect(
        row=0,
        student=student.id if student else None,
        assignment=assignment.id,
        effect="ignored",
        cell=raw,
    )
    key = (student.id if student else "", assignment.id)
    if student is None or not student.active or key in state.unassigned:
        return ignored
    old = state.scores.get(key)
    cell = parser.strip_blanks(parser.normalise_decimal(raw))
    effect, score = _classify_grade(cell, old, assignment, known=state.known)
    return replace(ignored, effect=effect, score=score, old=old)


def _classify_grade(
    cell: str, present: float | str | None, assignment: CanvasAssignment, *, known: bool
) -> tuple[Effect, float | None]:
    if cell.upper() in ("EX", "EXCUSED"):
        return ("nothing" if present == "EX" else "excused"), None
    score = None if cell in ("", "-") else parser.parse_score(cell, assignment.points)
    if score is None:
        if not known and not assignment.id.startswith("new: "):
            return "may clear", None
        return ("nothing" if present is None else "cleared"), None
    same = isinstance(present, float | int) and round(present, 2) == round(score, 2)
    return ("nothing" if same else "scored"), score

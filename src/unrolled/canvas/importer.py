"""A model of what Canvas's gradebook import does with a CSV; shares no code with ours.

Written from the rules of the importer, not from the exporter, so that it can
judge the exporter's files: cell by cell, what would change in Canvas.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Effect = Literal["nothing", "scored", "excused", "cleared", "ignored"]
_IGNORED = re.compile(
    r"Current Score|Current Points|Current Grade|Final Score|Final Points|Final Grade"
    r"|Override Score|Override Grade|Override Status"
)


@dataclass(frozen=True)
class CanvasStudent:
    """A student as Canvas knows one."""

    id: str
    name: str
    sortable_name: str = ""
    sis_id: str = ""
    login: str = ""


@dataclass(frozen=True)
class CanvasAssignment:
    """A published assignment as Canvas knows one."""

    id: str
    title: str
    points: float


@dataclass(frozen=True)
class CanvasState:
    """A course in Canvas; scores by (student id, assignment id), "EX" if excused."""

    students: Sequence[CanvasStudent]
    assignments: Sequence[CanvasAssignment]
    scores: Mapping[tuple[str, str], float | Literal["EX"]]


@dataclass(frozen=True)
class CellEffect:
    """What one cell does; `assignment` is "new: title" for one Canvas would add."""

    row: int
    student: str | None
    assignment: str
    effect: Effect
    score: float | None = None


class ImportRefusedError(Exception):
    """Canvas would refuse the whole file."""


def read_as_canvas(data: bytes, state: CanvasState) -> list[CellEffect]:
    """The effect of every grade cell; ImportRefusedError if the import fails."""
    table = _parse(data)
    header = table[0]
    first = _first_assignment(header)
    columns = {i: _assignment(h, state) for i, h in enumerate(header) if i >= first}
    columns = {i: a for i, a in columns.items() if not _IGNORED.search(header[i])}
    columns = _without_read_only(table, columns)
    rows = [(n, r) for n, r in enumerate(table[1:], 2) if not _is_special(r)]
    people = {n: _student(header, r, state) for n, r in rows}
    weed = all(p is not None for p in people.values())
    effects: list[CellEffect] = []
    for index, assignment in columns.items():
        column = [
            _effect(n, people[n], assignment, r[index], state, weed) for n, r in rows
        ]
        effects += _settled(column, state)
    return effects


def _parse(data: bytes) -> list[list[str]]:
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        if data.startswith(b'"'):
            raise ImportRefusedError("a BOM before a quoted header")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ImportRefusedError("not UTF-8") from error
    if "\r\n" in text and re.search(r"(?<!\r)\n", text):
        raise ImportRefusedError("mixed line ends")
    lines = text.splitlines()[:3]
    semicolons, commas = (sum(x.count(c) for x in lines) for c in ";,")
    separator = ";" if semicolons > commas else ","
    table = list(csv.reader(io.StringIO(text), delimiter=separator))
    if not table or len(table[0]) < 4:
        raise ImportRefusedError("fewer than four columns")
    if any(len(r) != len(table[0]) for r in table[:3]):
        raise ImportRefusedError("ragged first lines")
    return [r + [""] * (len(table[0]) - len(r)) for r in table if r]


def _first_assignment(header: list[str]) -> int:
    """The number of identity columns, read by position."""
    if header[0] != "Student" or header[1] not in ("ID", "SIS User ID"):
        raise ImportRefusedError("Invalid header row")
    at = 2
    if header[1] == "ID" and header[at] == "SIS User ID":
        if header[at + 1] != "SIS Login ID":
            raise ImportRefusedError("Invalid header row")
        at += 2
        at += header[at] == "Integration ID"
        at += header[at] == "Root Account"
    elif header[at] == "SIS Login ID":
        at += 1
    if header[at] != "Section":
        raise ImportRefusedError("Invalid header row: no Section")
    return at + 1


def _assignment(header: str, state: CanvasState) -> CanvasAssignment:
    match = re.match(r"(.*) \((\d+)\)$", header, re.DOTALL)
    if match:
        for known in state.assignments:
            if known.id == match[2]:
                return known
    for known in state.assignments:
        if known.title == header:
            return known
    title = match[1] if match else header
    return CanvasAssignment(f"new: {title}", title, 0.0)


def _without_read_only(
    table: list[list[str]], columns: dict[int, CanvasAssignment]
) -> dict[int, CanvasAssignment]:
    for row in table[1:]:
        if "Points Possible" in row[0]:
            return {i: a for i, a in columns.items() if "read only" not in row[i]}
    return columns


def _is_special(row: list[str]) -> bool:
    if "Points Possible" in row[0]:
        return True
    return all(c.strip() in ("", "Manual Posting", "Muted") for c in row)


def _student(
    header: list[str], row: list[str], state: CanvasState
) -> CanvasStudent | None:
    cell = dict(zip(header, row, strict=True))
    digits = re.match(r"\s*(\d+)", row[1])
    if digits:
        for student in state.students:
            if student.id == digits[1]:
                return student
    for key, kind in (("SIS User ID", "sis_id"), ("SIS Login ID", "login")):
        for student in state.students:
            if cell.get(key) and getattr(student, kind) == cell[key]:
                return student
    name = re.sub(r'\A="(.*)"\Z', r"\1", row[0])
    for student in state.students:
        if name in (student.name, student.sortable_name):
            return student
    return None


def _effect(
    row: int,
    student: CanvasStudent | None,
    assignment: CanvasAssignment,
    cell: str,
    state: CanvasState,
    weed: bool,
) -> CellEffect:
    if student is None:
        return CellEffect(row, None, assignment.id, "ignored")
    present = state.scores.get((student.id, assignment.id))
    text = cell.strip()
    if text in ("", "-"):
        effect: Effect = "nothing" if present is None else "cleared"
        return CellEffect(row, student.id, assignment.id, effect)
    if text.upper() == "EX":
        effect = "nothing" if present == "EX" and weed else "excused"
        return CellEffect(row, student.id, assignment.id, effect)
    score = _score(text, assignment)
    if score is None:
        effect = "nothing" if present is None else "cleared"
        return CellEffect(row, student.id, assignment.id, effect)
    same = isinstance(present, float | int) and round(present, 2) == round(score, 2)
    return CellEffect(
        row, student.id, assignment.id, "nothing" if same else "scored", score
    )


def _score(text: str, assignment: CanvasAssignment) -> float | None:
    percent = text.endswith("%")
    text = text.removesuffix("%").strip()
    if "," in text or "." in text:
        last = max(text.rfind(","), text.rfind("."))
        whole = re.sub(r"[.,]", "", text[:last])
        text = f"{whole}.{text[last + 1 :]}"
    if not re.fullmatch(r"[+-]?\d*\.?\d+", text):
        return None
    return float(text) * (assignment.points / 100 if percent else 1)


def _settled(column: list[CellEffect], state: CanvasState) -> list[CellEffect]:
    """Blanks over grades clear them only when another cell of the column changed."""
    changed = any(e.effect in ("scored", "excused") for e in column)
    if changed:
        return column
    return [
        CellEffect(e.row, e.student, e.assignment, "nothing")
        if e.effect == "cleared"
        else e
        for e in column
    ]

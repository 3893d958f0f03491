"""The CSV that an instructor has just exported from Canvas's gradebook, read.

Canvas may write a BOM, semicolons and decimal commas; what is filled in is
written back as Canvas wants to read it. The identity cells stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from unrolled.errors import UserError

# What Canvas writes where an assignment is not assigned to a student, and what we write
# where Canvas says that a grading period is over.
NOT_ASSIGNED, OVER = "N/A", "closed"


class NoGrade(StrEnum):
    """Why Canvas takes no grade into a cell."""

    NOT_ASSIGNED = "not assigned to the student in Canvas"
    OVER = "in a closed grading period, for which Canvas accepts no more grades"


NO_GRADES = {NOT_ASSIGNED: NoGrade.NOT_ASSIGNED, OVER: NoGrade.OVER}
_NAMES = (["Student", "ID"], ["LastName", "FirstName", "ID"])
_ID = re.compile(r" \(([0-9]+)\)\Z")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?\Z")
_POLICY = re.compile(r"\s*(Muted|Manual Posting.*)?\s*\Z", re.IGNORECASE)
_GROUPED = re.compile(
    r"[+-]?[0-9]{1,3}(?:([.,\u00a0\u202f'])[0-9]{3})+(?!\1)[.,][0-9]{1,2}\Z"
)
_READ_ONLY = "read only in Canvas"
_DROPPED = re.compile(
    r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)"
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """An assignment column: its header, title, Canvas id and points possible.

    `closed` is the reason why it takes no grades, "" if it does; `hidden` says that
    new grades are seen by students only when somebody posts them.
    """

    index: int
    header: str
    title: str
    canvas_id: str
    points: float | None
    closed: str = ""
    hidden: bool = False

    @property
    def read_only(self) -> bool:
        """Whether Canvas lets no import write to it."""
        return self.closed == _READ_ONLY

    @property
    def custom(self) -> bool:
        """Whether it is a column of notes: no assignment, none of Canvas's totals."""
        return not self.canvas_id and not _DROPPED.search(self.header)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A student's row; `identity` are the cells up to and with Section.

    `name` begins with the last name; `full_name` is as Canvas shows it, if known.
    """

    line: int
    name: str
    canvas_id: str
    sis_id: str
    login: str
    identity: tuple[str, ...]
    cells: tuple[str, ...]
    full_name: str = ""


@dataclass(frozen=True, kw_only=True)
class CanvasGradebook:
    """An exported gradebook: identity headers, assignment columns, students."""

    path: Path
    identity: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    points_row: tuple[str, ...]


def read_exported_csv(path: Path) -> CanvasGradebook:
    """Read an exported gradebook; UserError names the file, the row, the column."""
    table = _read_table(path)
    header = table[0]
    if not is_export(header) or "Section" not in header:
        raise UserError(
            f"{path}: row 1: this is not a gradebook exported from Canvas: it begins "
            f"with {', '.join(header[:3])!r}, not with Student, ID, ... Section. "
            "Export it in Canvas with Grades > Export."
        )
    width = header.index("Section") + 1
    points = next((r for r in table[1:4] if "Points Possible" in r[0]), [])
    policy = next((r for r in table[1:4] if _is_note(r)), [])
    return CanvasGradebook(
        path=path,
        identity=tuple(header[:width]),
        columns=tuple(_parse_columns(header, width, points, policy)),
        rows=tuple(_parse_rows(path, table, header, width)),
        points_row=tuple(points),
    )


def is_export(header: list[str]) -> bool:
    """Whether a header is that of Canvas's export, names in one column or in two."""
    return any(header[: len(names)] == names for names in _NAMES)


def _read_table(path: Path) -> list[list[str]]:
    advice = (
        "Use the file as Canvas wrote it; a spreadsheet program may have saved it in "
        "another encoding."
    )
    text = read_text(path, advice)
    first = text.split("\n", 1)[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    table = [r for r in csv.reader(io.StringIO(text), delimiter=separator) if any(r)]
    if not table:
        raise UserError(f"{path}: the file is empty.")
    return table


def read_text(path: Path, advice: str) -> str:
    """The text of a UTF-8 file, with or without a BOM; else UserError with advice."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        message = f"{path}: not UTF-8 (byte {error.start}). {advice}"
        raise UserError(message) from error


def _parse_columns(
    header: list[str], width: int, points: list[str], policies: list[str]
) -> Iterator[Column]:
    for index, name in enumerate(header[width:], width):
        match = _ID.search(name)
        canvas_id = match[1] if match else ""
        cell = points[index].strip() if index < len(points) else ""
        policy = policies[index].strip() if index < len(policies) else ""
        yield Column(
            index=index,
            header=name,
            title=name[: match.start()] if match else name,
            canvas_id=canvas_id,
            points=parse_number(cell),
            closed=_explain_closed(name, cell, canvas_id, policy),
            hidden=bool(policy),
        )


def _explain_closed(header: str, points: str, canvas_id: str, policy: str) -> str:
    """Why Canvas takes no grades into a column; "" if it does."""
    if _DROPPED.search(header):
        return "Canvas ignores columns with this title"
    if "read only" in points.lower():
        return _READ_ONLY
    if "(" in policy:  # Manual Posting (scores hidden from instructors)
        return (
            "graded anonymously in Canvas, which accepts no grades until all are posted"
        )
    return "" if canvas_id else "it has no Canvas id, so it is not an assignment"


def _parse_rows(
    path: Path, table: list[list[str]], header: list[str], width: int
) -> Iterator[Row]:
    for line, cells in enumerate(table[1:], 2):
        if "Points Possible" in cells[0] or _is_note(cells):
            continue
        if len(cells) != len(header):
            raise UserError(
                f"{path}: row {line} has {len(cells)} cells, but the header has "
                f"{len(header)}. Use the file as Canvas wrote it."
            )
        by_name = dict(zip(header, cells, strict=True))
        digits = re.match(r"\s*0*([0-9]+)", by_name.get("ID", ""))
        name, full = cells[0], cells[0]
        if header[0] == "LastName":
            name = ", ".join(c for c in cells[:2] if c)
            full = f"{cells[1]} {cells[0]}".strip()
        yield Row(
            line=line,
            name=name,
            canvas_id=digits[1] if digits else "",
            sis_id=by_name.get("SIS User ID", ""),
            login=by_name.get("SIS Login ID", ""),
            identity=tuple(cells[:width]),
            cells=tuple(cells),
            full_name=full,
        )


def _is_note(cells: list[str]) -> bool:
    """Canvas's row of posting policies: nothing but these words and blanks."""
    return all(_POLICY.match(c) for c in cells)


def is_excused(cell: str) -> bool:
    """Whether a cell excuses the student: Canvas writes EX, and takes both words."""
    return cell.upper() in ("EX", "EXCUSED")


def parse_number(cell: str) -> float | None:
    """The number that a cell of an export shows, with a decimal point or comma."""
    text = cell.strip()
    if _GROUPED.match(text):
        whole, decimals = re.split(r"[.,](?=\d{1,2}\Z)", text)
        text = f"{re.sub(r'[^0-9+-]', '', whole)}.{decimals}"
    if not _NUMBER.match(text):
        return None
    return float(text.replace(",", "."))

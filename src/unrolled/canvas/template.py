"""The CSV that an instructor has just exported from Canvas's gradebook, read.

Canvas may write a BOM, semicolons and decimal commas; what is filled in is
written back as Canvas wants to read it. The identity cells stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from unrolled.errors import UserError

IDENTITY = (
    "Student",
    "ID",
    "SIS User ID",
    "SIS Login ID",
    "Integration ID",
    "Root Account",
    "Section",
)
_ID = re.compile(r" \((\d+)\)\Z")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?\Z")


@dataclass(frozen=True)
class Column:
    """An assignment column: its header, title, Canvas id and points possible.

    `read_only` columns are switched off by Canvas itself.
    """

    index: int
    header: str
    title: str
    canvas_id: str
    points: float | None
    read_only: bool


@dataclass(frozen=True)
class Row:
    """A student's row; `identity` are the cells up to and with Section."""

    line: int
    name: str
    canvas_id: str
    sis_id: str
    login: str
    identity: tuple[str, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Template:
    """An exported gradebook: identity headers, assignment columns, students."""

    path: Path
    identity: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    points_row: tuple[str, ...]


def read_template(path: Path) -> Template:
    """Read an exported gradebook; UserError names the file, the row, the column."""
    table = _table(path)
    header = table[0]
    if header[:2] != ["Student", "ID"] or "Section" not in header:
        raise UserError(
            f"{path}: row 1: not a gradebook exported from Canvas (it begins with "
            f"{', '.join(header[:3])!r}, not with Student, ID, ... Section). "
            "Export it in Canvas with Grades > Export."
        )
    width = header.index("Section") + 1
    points = next((r for r in table[1:4] if "Points Possible" in r[0]), [])
    columns = tuple(_columns(header, width, points))
    rows = tuple(_rows(path, table, header, width))
    return Template(path, tuple(header[:width]), columns, rows, tuple(points))


def _table(path: Path) -> list[list[str]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: not UTF-8 (byte {error.start}). Take the file as Canvas wrote "
            "it; a spreadsheet program may have saved it in another encoding."
        ) from error
    first = text.split("\n", 1)[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    table = [r for r in csv.reader(io.StringIO(text), delimiter=separator) if any(r)]
    if not table:
        raise UserError(f"{path}: the file is empty.")
    return table


def _columns(header: list[str], width: int, points: list[str]) -> list[Column]:
    found = []
    for index, name in enumerate(header[width:], width):
        match = _ID.search(name)
        cell = points[index].strip() if index < len(points) else ""
        title = name[: match.start()] if match else name
        read_only = "read only" in cell.lower()
        number = None if read_only else number_in(cell)
        found.append(
            Column(index, name, title, match[1] if match else "", number, read_only)
        )
    return found


def _rows(
    path: Path, table: list[list[str]], header: list[str], width: int
) -> list[Row]:
    rows = []
    for line, cells in enumerate(table[1:], 2):
        if "Points Possible" in cells[0] or _is_note(cells):
            continue
        if len(cells) != len(header):
            raise UserError(
                f"{path}: row {line}: has {len(cells)} cells, the header "
                f"{len(header)}. Take the file as Canvas wrote it."
            )
        by_name = dict(zip(header, cells, strict=True))
        rows.append(
            Row(
                line,
                cells[0],
                _leading_digits(by_name.get("ID", "")),
                by_name.get("SIS User ID", ""),
                by_name.get("SIS Login ID", ""),
                tuple(cells[:width]),
                tuple(cells),
            )
        )
    return rows


def _is_note(cells: list[str]) -> bool:
    """Canvas's row of posting policies: nothing but these words and blanks."""
    words = {c.strip() for c in cells}
    return words <= {"", "Manual Posting", "Muted"}


def _leading_digits(cell: str) -> str:
    match = re.match(r"\s*(\d+)", cell)
    return match[1] if match else ""


def number_in(cell: str) -> float | None:
    """The number that a cell of an export shows, with a decimal point or comma."""
    text = cell.strip()
    if not _NUMBER.match(text):
        return None
    return float(text.replace(",", "."))

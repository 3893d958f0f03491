"""How Canvas's importer takes the bytes, the header and the numbers of a CSV.

Part of the independent model: it shares no code with the exporter.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

_DROPPED = re.compile(
    r"Current Score|Current Points|Current Grade|Final Score|Final Points|Final Grade"
    r"|Override Score|Override Grade|Override Status"
)
_PURE_NUMBER = re.compile(r"-?[0-9.,]+%?\Z")
_NUMBER = re.compile(r"[+-]?\d*\.?\d+\Z")
_NOTE = re.compile(r"\s*(Muted|Manual Posting.*)?\s*\Z", re.IGNORECASE)
_ID = re.compile(r"(.*)\s\((\d+)\)\Z", re.DOTALL)


class ImportRefusedError(Exception):
    """Canvas would refuse the whole file."""


@dataclass(frozen=True)
class Sheet:
    """A parsed file: where identity ends, its grade columns, its rows by line."""

    header: list[str]
    login: int | None
    sis: int | None
    columns: dict[int, str]
    dropped: dict[int, str]
    custom: dict[int, str]
    read_only: frozenset[int]
    points: list[str]
    rows: list[tuple[int, list[str]]]
    raw: dict[int, list[str]]


def read_sheet(data: bytes, custom: Sequence[str] = ()) -> Sheet:
    """Parse a file as Canvas does; ImportRefusedError if the import fails."""
    raw = _parse(data)
    table = [(n, [_decimal(c) for c in r]) for n, r in raw]
    header = table[0][1]
    own = {i: h for i, h in enumerate(header) if h in custom and h != "Section"}
    login, sis, width = _identity(header)
    width += len(own)
    after = {i: h for i, h in enumerate(header) if i >= width and i not in own}
    dropped = {i: h for i, h in after.items() if _DROPPED.search(h)}
    points = [r for _, r in table[1:] if "Points Possible" in r[0]]
    closed = {i for i in after for r in points if re.search(r"read\s+only", r[i])}
    return Sheet(
        header,
        login,
        sis,
        {i: h for i, h in after.items() if i not in dropped},
        dropped,
        own,
        frozenset(closed),
        points[0] if points else [""] * len(header),
        [(n, r) for n, r in table[1:] if not _is_special(r)],
        dict(raw),
    )


def _parse(data: bytes) -> list[tuple[int, list[str]]]:
    """Rows by the line of the file that they begin on."""
    text = _text(data)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=_separator(text), strict=True
    )
    table, line = [], 1
    try:
        for row in reader:
            if row and not all(re.fullmatch(r"[;, ]*", c) for c in row):
                table.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ImportRefusedError(f"it does not parse: {error}") from error
    if not table or len(table[0][1]) < 4:
        raise ImportRefusedError("Invalid header row: fewer than four columns")
    width = len(table[0][1])
    return [(n, r + [""] * (width - len(r))) for n, r in table]


def _text(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        if data.startswith(b'"'):
            raise ImportRefusedError("a BOM before a quoted header")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ImportRefusedError("not UTF-8") from error
    if len(set(re.findall(r"\r\n|\r|\n", text))) > 1:
        raise ImportRefusedError("mixed line ends")
    return text


def _separator(text: str) -> str:
    """The one that cuts the first three lines into most cells, as many in each."""
    counts = {}
    for separator in ",;":
        try:
            widths = {
                len(next(csv.reader([line], delimiter=separator, strict=True), []))
                for line in re.split(r"\r\n|\r|\n", text)[:3]
                if line
            }
        except csv.Error:
            widths = set()
        counts[separator] = widths.pop() if len(widths) == 1 else 0
    if counts[";"] > counts[","]:
        if counts[";"] == 1:
            raise ImportRefusedError("ragged first three lines")
        return ";"
    return ","


def _decimal(cell: str) -> str:
    """A pure number: its last comma or point is the decimal mark, others go."""
    if not _PURE_NUMBER.match(cell):
        return cell
    parts = re.split(r"[.,]", cell)
    while parts and not parts[-1]:
        parts.pop()
    if len(parts) < 2:
        return "".join(parts)
    return "".join(parts[:-1]) + "." + parts[-1]


def _identity(header: list[str]) -> tuple[int | None, int | None, int]:
    """The columns of login and SIS id, and how many identity columns there are."""
    if "Student" not in header[0] or "ID" not in header[1]:
        raise ImportRefusedError("Invalid header row")
    cells = [*header, "", "", ""]
    login, sis, width = None, None, 3
    if re.search(r"SIS\s+Login\s+ID", cells[2]):
        login, width = 2, 4
    elif re.search(r"SIS\s+User\s+ID", cells[2]) and re.search(
        r"SIS\s+Login\s+ID", cells[3]
    ):
        sis, login, width = 2, 3, 5
        width += bool(re.search(r"Integration\s+ID", cells[width - 1]))
        width += bool(re.search(r"Root\s+Account", cells[width - 1]))
    if "Section" not in cells[width - 1]:
        raise ImportRefusedError("Invalid header row: no Section where it must be")
    return login, sis, width


def _is_special(row: list[str]) -> bool:
    return "Points Possible" in row[0] or all(_NOTE.match(c) for c in row)


def title_and_id(header: str) -> tuple[str, str]:
    """A header's title and the Canvas id at its end, "" if there is none."""
    match = _ID.match(header)
    return (match[1], match[2]) if match else (header, "")


def score_in(cell: str, points: float) -> float | None:
    """What a grade cell that is no EX is worth; None if it is no number."""
    percent = cell.endswith("%")
    number = cell.removesuffix("%").strip()
    if not _NUMBER.match(number):
        return None
    return float(number) * (points / 100 if percent else 1)

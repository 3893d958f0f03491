"""How Canvas's importer takes the header, the special rows and the numbers of a CSV.

Part of the independent model: it shares no code with the exporter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# How a file is cut into cells.
_SKIPPED = re.compile(r"[;, ]+")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_BARE = {s: re.compile(rf'[^"\r\n{s}]*') for s in ",;"}

# What a cell says. Ruby's \d and \s know ASCII only, and its ^ and $ stand at every
# line of a cell.
_RUBY = re.ASCII | re.MULTILINE
_PURE_NUMBER = re.compile(r"^-?[0-9.,]+%?$", re.MULTILINE)
_DROPPED = re.compile(
    r"Current Score|Current Points|Current Grade|Final Score|Final Points|Final Grade"
    r"|Override Score|Override Grade|Override Status"
)
_OVERRIDE = re.compile(r"Override (Score|Status)(\s*\(.*\))?\Z", re.ASCII)
_RESERVED = re.compile(
    r"Student|LastName|FirstName|ID|SIS User ID|SIS Login ID|Section|Integration ID"
    r"|Root Account"
)
_PERCENT = re.compile(r"^[+-]?\d*\.?\d+%$", _RUBY)
_NUMBER = re.compile(r"^[+-]?\d*\.?\d+$", _RUBY)
_TO_F = re.compile(r"\s*([+-]?(?:\d+(?:\.\d+)?|\.\d+))", re.ASCII)
_TO_I = re.compile(r"\s*\+?(\d+(?:_\d+)*)", re.ASCII)
_NOTE = re.compile(r"^\s*(Muted|Manual Posting.*)?\s*$", _RUBY | re.IGNORECASE)
_ID = re.compile(r"(.*)\s\((\d+)\)\Z", re.ASCII)
_BLANKS = "\0\t\n\v\f\r "


class ImportRefusedError(Exception):
    """Canvas would refuse the whole file."""


def parse_rows(data: bytes) -> list[tuple[int, list[str]]]:
    """Rows by the line of the file that they begin on; no row is an empty file.

    Raises ImportRefusedError where Ruby's library gives up.
    """
    try:
        text = data.decode("utf-8")  # with its BOM: Ruby leaves that in the first cell
    except UnicodeDecodeError as error:
        raise ImportRefusedError("it is not UTF-8") from error
    return list(_split_rows(text, _detect_separator(text)))


def _detect_separator(text: str) -> str:
    """The one that cuts each of the first three lines into the same, higher count."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)[:3]
    counts = {separator: _count_cells(lines, separator) for separator in ",;"}
    if counts[";"] == 1 > counts[","]:
        raise ImportRefusedError(
            "the first three lines differ in their number of cells"
        )
    return ";" if counts[";"] > counts[","] else ","


def _count_cells(lines: list[str], separator: str) -> int:
    """How many cells each line has; 0 if they differ or do not parse."""
    try:
        rows = [next(_split_rows(x, separator, skip=False), (0, [])) for x in lines]
    except ImportRefusedError:
        return 0
    widths = {len(cells) for _, cells in rows}
    return widths.pop() if len(widths) == 1 else 0


def _split_rows(
    text: str, separator: str, *, skip: bool = True
) -> Iterator[tuple[int, list[str]]]:
    first = re.search(r"\r\n|\r|\n", text)  # its kind is that of the whole file
    end = first[0] if first else "\n"
    place, line = 0, 1
    cells: list[str] | None
    while place < len(text):
        stop = text.find(end, place)
        raw = text[place:] if stop < 0 else text[place:stop]
        if skip and _SKIPPED.fullmatch(raw):
            stop, cells = place + len(raw), None
        elif not raw:
            stop, cells = place, []
        else:
            stop, cells = _parse_row(text, place, line, marks=(separator, end))
        if cells is not None:
            yield line, cells
        line += text.count(end, place, stop) + 1
        place = stop + len(end)


def _parse_row(
    text: str, place: int, line: int, *, marks: tuple[str, str]
) -> tuple[int, list[str]]:
    """Where a row ends, and its cells; `marks` end a cell and a line."""
    separator, end = marks
    cells: list[str] = []
    while True:
        quoted = _QUOTED.match(text, place)
        cell = quoted or _BARE[separator].match(text, place)
        assert cell is not None  # a bare cell may be empty
        cells.append(cell[1].replace('""', '"') if quoted else cell[0])
        place = cell.end()
        if text.startswith(separator, place):
            place += 1
        elif place == len(text) or text.startswith(end, place):
            return place, cells
        else:
            why = _explain_error(text, place, is_quoted=bool(quoted))
            raise ImportRefusedError(f"line {line} cannot be parsed: {why}")


def _explain_error(text: str, place: int, *, is_quoted: bool) -> str:
    """Why a row does not parse."""
    if text[place] in "\r\n":
        return "mixed line ends"
    if is_quoted:
        return "there is text after a quoted cell"
    if text[place - 1 : place] in ("", ",", ";", "\n", "\r"):
        return "a quote is not closed"
    return "a quote inside an unquoted cell"


def normalise_decimal(cell: str) -> str:
    """A pure number: its last comma or point is the decimal mark, others go."""
    if not _PURE_NUMBER.search(cell):
        return cell
    parts = re.split(r"[.,]", cell)
    while parts and not parts[-1]:
        parts.pop()
    if len(parts) < 2:
        return "".join(parts)
    return "".join(parts[:-1]) + "." + parts[-1]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A parsed file: where identity ends, its grade columns, its rows by line.

    `apart` says whether last and first name have a column each; `raw` are the cells as
    they stand in the file; `overrides` are columns of overrides of the final grade.
    """

    header: list[str]
    apart: bool
    login: int | None
    sis: int | None
    columns: dict[int, str]
    dropped: dict[int, str]
    custom: dict[int, str]
    overrides: dict[int, str]
    read_only: frozenset[int]
    points: list[str]
    rows: list[tuple[int, list[str]]]
    raw: dict[int, list[str]]

    def name(self, row: list[str]) -> str:
        """A student's name as Canvas would look for it."""
        return f"{row[1]} {row[0]}".strip(_BLANKS) if self.apart else row[0]

    def canvas_id(self, row: list[str]) -> str:
        """The digits that a row's ID begins with, "" if it does with none."""
        digits = _TO_I.match(row[2 if self.apart else 1])
        return str(int(digits[1])) if digits else ""


def read_sheet(data: bytes, custom: Sequence[str] = ()) -> Sheet:
    """Parse a file as Canvas does; ImportRefusedError if the import fails."""
    raw = _pad_rows(parse_rows(data))
    table = [(n, [normalise_decimal(c) for c in r]) for n, r in raw]
    header = table[0][1]
    names = {h for h in custom if not _RESERVED.fullmatch(h)}
    own = {h: i for i, h in enumerate(header) if h in names}
    apart, login, sis, width = _find_identity_columns(header, len(own))
    after = {i: h for i, h in enumerate(header) if i >= width and h not in own}
    dropped = {i: h for i, h in after.items() if _DROPPED.search(h)}
    points = [r for _, r in table[1:] if "Points Possible" in r[0]]
    last = points[-1] if points else [""] * len(header)
    locked = (i for i, c in enumerate(last) if re.search(r"read\s+only", c, _RUBY))
    return Sheet(
        header=header,
        apart=apart,
        login=login,
        sis=sis,
        columns={i: h for i, h in after.items() if i not in dropped},
        dropped=dropped,
        custom={i: h for h, i in own.items()},
        overrides={i: h for i, h in dropped.items() if _OVERRIDE.match(h)},
        read_only=frozenset(locked),
        points=last,
        rows=[(n, row) for n, row in table[1:] if not _is_special(row)],
        raw=dict(raw),
    )


def _pad_rows(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Rows as long as the header: what is missing is empty."""
    if not rows:
        raise ImportRefusedError("it is empty")
    if not rows[0][1]:
        raise ImportRefusedError("the header row is not valid: the first line is blank")
    width = len(rows[0][1])
    return [(n, r + [""] * (width - len(r))) for n, r in rows]


def _find_identity_columns(
    header: list[str], custom: int
) -> tuple[bool, int | None, int | None, int]:
    """Whether names are apart, the columns of login and SIS id, the first one after."""
    cells = [*header, *[""] * 6]
    one = len(header) > 3 and "Student" in cells[0] and "ID" in cells[1]
    two = "LastName" in cells[0] and "FirstName" in cells[1] and "ID" in cells[2]
    if len(header) < 4:
        raise ImportRefusedError("the header row is not valid: fewer than four columns")
    if not one and not (two and len(header) > 4):
        raise ImportRefusedError(
            "the header row is not valid: it must begin with Student, ID or with "
            "LastName, FirstName, ID"
        )
    apart = cells[:2] == ["LastName", "FirstName"]
    login, sis, width = None, None, 4 if apart else 3
    if _has_words("SIS Login ID", cells[width - 1]):
        login, width = width - 1, width + 1
    elif _has_words("SIS User ID", cells[width - 1]) and _has_words(
        "SIS Login ID", cells[width]
    ):
        sis, login, width = width - 1, width, width + 2
        width += _has_words("Integration ID", cells[width - 1])
        width += _has_words("Root Account", cells[width - 1])
    if "Section" not in cells[width - 1]:
        raise ImportRefusedError(
            "the header row is not valid: Section is missing or in the wrong place"
        )
    return apart, login, sis, width + custom


def _has_words(words: str, cell: str) -> bool:
    return bool(re.search(words.replace(" ", r"\s+"), cell, re.ASCII))


def _is_special(row: list[str]) -> bool:
    return "Points Possible" in row[0] or all(_NOTE.search(c) for c in row)


def split_header(header: str) -> tuple[str, str]:
    """A header's title and the Canvas id at its end, "" if there is none."""
    match = _ID.match(header)
    return (match[1], str(int(match[2]))) if match else (header, "")


def strip_blanks(cell: str) -> str:
    """A cell without the blanks that Ruby knows: a no-break space is none."""
    return cell.strip(_BLANKS)


def parse_score(cell: str, points: float) -> float | None:
    """What a grade cell that is no EX is worth; None if it is no grade."""
    if cell in ("pass", "complete"):
        return points
    if cell in ("fail", "incomplete"):
        return 0.0
    percent = bool(_PERCENT.search(cell))
    if not percent and not _NUMBER.search(cell):
        return None
    number = _TO_F.match(cell)
    return (float(number[1]) if number else 0.0) * (points / 100 if percent else 1)

"""How Canvas's importer parses the bytes of a CSV: as Ruby's own CSV library does.

Part of the independent model: it shares no code with the exporter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Ruby's \d and \s know ASCII only, and its ^ and $ stand at every line of a cell.
_PURE_NUMBER = re.compile(r"^-?[0-9.,]+%?$", re.MULTILINE)
_SKIPPED = re.compile(r"[;, ]+")


class ImportRefusedError(Exception):
    """Canvas would refuse the whole file."""


def rows_of(data: bytes) -> list[tuple[int, list[str]]]:
    """Rows by the line of the file that they begin on; no row is an empty file.

    Raises ImportRefusedError where Ruby's library gives up.
    """
    text = _text(data)
    return list(_rows(text, _separator(text)))


def _text(data: bytes) -> str:
    """The text, with its BOM: Ruby leaves that in the first cell."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ImportRefusedError("not UTF-8") from error


def _separator(text: str) -> str:
    """The one that cuts each of the first three lines into the same, higher count."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)[:3]
    counts = {separator: _width(lines, separator) for separator in ",;"}
    if counts[";"] == 1 > counts[","]:
        raise ImportRefusedError("ragged first three lines")
    return ";" if counts[";"] > counts[","] else ","


def _width(lines: list[str], separator: str) -> int:
    """How many cells each line has; 0 if they differ or do not parse."""
    try:
        rows = [next(_rows(x, separator, skip=False), (0, [])) for x in lines]
    except ImportRefusedError:
        return 0
    widths = {len(cells) for _, cells in rows}
    return widths.pop() if len(widths) == 1 else 0


def _rows(
    text: str, separator: str, skip: bool = True
) -> Iterator[tuple[int, list[str]]]:
    end = _line_end(text)
    place, line = 0, 1
    cells: list[str] | None
    while place < len(text):
        raw = _raw(text, place, end)
        if skip and _SKIPPED.fullmatch(raw):
            stop, cells = place + len(raw), None
        elif not raw:
            stop, cells = place, []
        else:
            stop, cells = _row(text, place, separator, end, line)
        if cells is not None:
            yield line, cells
        line += text.count(end, place, stop) + 1
        place = stop + len(end)


def _raw(text: str, place: int, end: str) -> str:
    """The rest of a line."""
    stop = text.find(end, place)
    return text[place:] if stop < 0 else text[place:stop]


def _line_end(text: str) -> str:
    """The kind of line end of the whole file: that of its first one."""
    first = re.search(r"\r\n|\r|\n", text)
    return first[0] if first else "\n"


_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_BARE = {s: re.compile(rf'[^"\r\n{s}]*') for s in ",;"}


def _row(
    text: str, place: int, separator: str, end: str, line: int
) -> tuple[int, list[str]]:
    """A row's cells, and where it ends."""
    cells: list[str] = []
    while True:
        quoted = _QUOTED.match(text, place)
        found = quoted or _BARE[separator].match(text, place)
        assert found is not None  # a bare cell may be empty
        cells.append(found[1].replace('""', '"') if quoted else found[0])
        place = found.end()
        if text.startswith(separator, place):
            place += 1
        elif place == len(text) or text.startswith(end, place):
            return place, cells
        else:
            raise ImportRefusedError(_trouble(text, place, bool(quoted), line))


def _trouble(text: str, place: int, quoted: bool, line: int) -> str:
    """Why a row does not parse."""
    where = f"it does not parse: line {line}: "
    if text[place] in "\r\n":
        return where + "mixed line ends"
    if quoted:
        return where + "something stands after a quoted cell"
    if text[place - 1 : place] in ("", ",", ";", "\n", "\r"):
        return where + "a quote is not closed"
    return where + "a quote inside an unquoted cell"


def decimal(cell: str) -> str:
    """A pure number: its last comma or point is the decimal mark, others go."""
    if not _PURE_NUMBER.search(cell):
        return cell
    parts = re.split(r"[.,]", cell)
    while parts and not parts[-1]:
        parts.pop()
    if len(parts) < 2:
        return "".join(parts)
    return "".join(parts[:-1]) + "." + parts[-1]

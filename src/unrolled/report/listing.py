"""Tables that cut no name: drawn where they fit, plain lines where they do not."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

LEAST_PROSE = 24  # a column of prose is read down to this width


class Listing(Table):
    """A table for people at a terminal; elsewhere a line for each row.

    A column is whole, never broken, unless it is added with `prose`. Where the output
    is a pipe or a file, or the whole columns do not fit beside each other, each row
    becomes one plain line of any length, which a terminal breaks and a program reads.
    """

    prose: frozenset[int] = frozenset()

    def add_columns(self, *headers: str, prose: tuple[str, ...] = ()) -> None:
        """Add columns; those named in `prose` may be broken between words."""
        for header in headers:
            if header in prose:
                self.prose |= {len(self.columns)}
                self.add_column(header, overflow="fold")
            else:
                self.add_column(header, no_wrap=True, overflow="ignore")

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        """Draw the table, or write its rows as lines."""
        if console.is_terminal and self._fit_columns(options.max_width):
            yield from super().__rich_console__(console, options)
        else:
            yield from self._lines()

    def _fit_columns(self, width: int) -> bool:
        """Whether no word is broken in this width; then prose gets what is left."""
        frame = 3 * len(self.columns) + 1 if self.box else 2 * len(self.columns)
        full, least = [], []
        for index, column in enumerate(self.columns):
            cells = [_convert_to_text(c) for c in (column.header, *column.cells)]
            whole = max((_measure_longest_line(c) for c in cells), default=0)
            words = [Text(w).cell_len for c in cells for w in c.plain.split()]
            narrow = max(max(words, default=0), min(whole, LEAST_PROSE))
            full.append(whole)
            least.append(narrow if index in self.prose else whole)
        left = width - frame - sum(least)
        if left < 0:
            return False
        prose = sorted(self.prose, key=lambda i: full[i] - least[i])
        for number, index in enumerate(prose):
            more = min(full[index] - least[index], left // (len(prose) - number))
            self.columns[index].width = least[index] + more
            left -= more
        return True

    def _lines(self) -> Iterator[Text]:
        """The title, and a line for each row: its first cell, then `name value`."""
        if self.title:
            yield _forbid_wrapping(_convert_to_text(self.title))
        heads = [_convert_to_text(c.header).plain for c in self.columns]
        rows = zip(*(c.cells for c in self.columns), strict=True)
        for row in rows:
            cells = [_convert_to_text(cell) for cell in row]
            named = [
                Text.assemble(f"{head} " if head else "", _join_lines(cell))
                for head, cell in zip(heads[1:], cells[1:], strict=True)
                if cell.plain.strip()
            ]
            rest = Text("; ").join(named)
            first = _join_lines(cells[0])
            line = Text(": ").join([x for x in (first, rest) if x.plain])
            yield _forbid_wrapping(line)
        if self.caption:
            yield _forbid_wrapping(_convert_to_text(self.caption))


def _convert_to_text(cell: RenderableType) -> Text:
    """A cell's text; cells of these tables are strings or texts."""
    return cell.copy() if isinstance(cell, Text) else Text.from_markup(str(cell))


def _measure_longest_line(cell: Text) -> int:
    return max((line.cell_len for line in cell.split("\n")), default=0)


def _join_lines(cell: Text) -> Text:
    lines = [line for line in cell.split("\n") if line.plain.strip()]
    return Text(", ").join(lines)


def _forbid_wrapping(line: Text) -> Text:
    """A line that is not broken, whatever the width."""
    line.no_wrap, line.overflow = True, "ignore"
    return line

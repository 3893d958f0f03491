"""Written answers that do not stand in their own cells.

Students paste an answer into a new cell, type below the empty one, write into the
question, or hand in a copy that has lost all names. What was written in the section
of a question is put into its answer cell and waits for a mark; an automatic 0 is left
only where nothing was written.
"""

from __future__ import annotations

import ast
import base64
import binascii
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from PIL import Image, UnidentifiedImageError

from unrolled.assignment import Cell
from unrolled.assignment.cells import normalize_text, parse_code
from unrolled.grade.submission.anchors import (
    SubmittedCell,
    find_headings,
    find_positions,
)
from unrolled.grade.submission.match_cells import CellMatch
from unrolled.grade.submission.repairs import RepairKind

MAX_BYTES = 4 * 2**20
MAX_PIXELS = 40_000_000
MAX_PICTURES = 10
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}
_NAME = re.compile(r"[\w. ()-]{1,80}\Z")


def filter_attachments(attachments: Any) -> dict[str, dict[str, str]]:
    """The attachments that are real pictures of a bounded size, by name."""
    if not isinstance(attachments, dict):
        return {}
    kept: dict[str, dict[str, str]] = {}
    for name, bundle in list(attachments.items())[:MAX_PICTURES]:
        if isinstance(name, str) and _NAME.match(name) and isinstance(bundle, dict):
            pictures = {k: bundle[k] for k in _FORMATS if is_picture(bundle.get(k), k)}
            kept |= {name: pictures} if pictures else {}
    return kept


def is_picture(content: Any, kind: str) -> bool:
    """Whether base64 text is a picture of the kind it claims."""
    if not isinstance(content, str) or len(content) > 4 * MAX_BYTES // 3 + 4:
        return False
    try:
        data = base64.b64decode("".join(content.split()), validate=True)
        with Image.open(io.BytesIO(data), formats=[_FORMATS[kind]]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return False
            picture.verify()
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return False
    except Image.DecompressionBombError:
        return False
    return True


WRITTEN_ELSEWHERE = "*(written elsewhere in the notebook; does it belong here?)*"
WRITTEN_IN_QUESTION = "*(written into the cell of the question)*"
_NUMBERED = re.compile(r"(\w+)\s+(\d+)\b")
_TICKS = re.compile(r"`{3,}")
_COMMENT = re.compile(r"#\s*\w+\W+\w+\W+\w+")


@dataclass(frozen=True)
class Section:
    """An answer cell and the released cells around it, by their numbers.

    `start` is the first cell of the question, `end` the first one behind the section.
    """

    answer: Cell
    start: int
    end: int
    titles: tuple[str, ...]


@dataclass
class _AnswerParts:
    """What was found for one answer."""

    texts: list[str] = field(default_factory=list)
    attachments: dict[str, Any] = field(default_factory=dict)

    def add(self, cell: SubmittedCell, text: str) -> None:
        """A cell's text, with its pictures under names that are free."""
        given = cell.attachments if isinstance(cell.attachments, dict) else {}
        for name, bundle in given.items():
            free = name
            while free in self.attachments:
                free = f"also-{free}"
            self.attachments[free] = bundle
            if free != name:
                text = text.replace(f"attachment:{name}", f"attachment:{free}")
        self.texts.append(text)


def find_answers(
    released: Sequence[Cell], cells: Sequence[SubmittedCell], match: CellMatch
) -> None:
    """Fill answer cells that are empty or missing with what was written for them."""
    finder = _Finder(released, cells, match)
    sections = [_find_section(released, c) for c in released if c.role == "answer"]
    for section in sections:
        finder.pictures(section)
        finder.take_from_question(section)
    empty = [
        s for s in sections if finder.is_empty(s) and not finder.take_from_section(s)
    ]
    empty = [s for s in empty if not finder.take_by_title(s)]
    empty = [s for s in empty if not finder.take_from_above(s)]
    finder.take_from_edges(empty)
    for name in (section.answer.grade_id for section in empty):
        if name not in match.taken:
            match.repairs.note(RepairKind.MISSING, name)


def _find_section(released: Sequence[Cell], answer: Cell) -> Section:
    """From the heading of the question to the next heading or graded cell."""
    start = max(answer.index - 1, 0)
    while start > 0 and _is_text(released[start]) and not _find_titles(released[start]):
        if not _is_text(released[start - 1]):
            break
        start -= 1
    behind = released[answer.index + 1 :]
    ends = (c.index for c in behind if c.grade_id or _find_titles(c))
    question = released[start : answer.index]
    titles = tuple(t for c in question for t in _find_titles(c))
    return Section(answer, start, next(ends, len(released)), titles)


def _is_text(cell: Cell) -> bool:
    return cell.cell_type == "markdown" and not cell.grade_id


def _find_titles(cell: Cell) -> list[str]:
    return find_headings(cell.source) if _is_text(cell) else []


@dataclass
class _Finder:
    """Looks for the answers of one submission."""

    released: Sequence[Cell]
    cells: Sequence[SubmittedCell]
    match: CellMatch

    def __post_init__(self) -> None:
        self.places = find_positions(self.match.anchors)
        names = {c.grade_id for c in self.released if c.role == "answer"}
        self.written = {n: c for n, c in self.match.taken.items() if n in names}

    def is_empty(self, section: Section) -> bool:
        """Whether nothing but the released text stands in the answer's cell."""
        taken = self.match.taken.get(section.answer.grade_id)
        written = normalize_text(taken.source) if taken else ""
        return written in ("", normalize_text(section.answer.source))

    def pictures(self, section: Section) -> None:
        """Show pictures that are attached to an answer whose text is untouched."""
        name = section.answer.grade_id
        taken = self.match.taken.get(name)
        attached = filter_attachments(taken.attachments) if taken else {}
        if taken and attached and self.is_empty(section):
            shown = [f"![{picture}](attachment:{picture})" for picture in attached]
            text = "\n\n".join([taken.source, *shown])
            self.match.taken[name] = replace(taken, source=text)

    def take_from_question(self, section: Section) -> None:
        """Take over what was typed into the given cells of the section."""
        writing = _AnswerParts()
        if not self.is_empty(section):
            own = self.match.taken[section.answer.grade_id]
            writing.add(own, own.source)
        before = len(writing.texts)
        for index, cell in enumerate(self.cells):
            number = self.match.anchors[index]
            if number is None or not section.start <= number < section.end:
                continue
            released = self.released[number]
            if released.grade_id or not (_is_text(released) or self.is_empty(section)):
                continue
            if added := _find_added_lines(released, cell):
                writing.add(cell, f"{WRITTEN_IN_QUESTION}\n\n{added}")
        if len(writing.texts) > before:
            kind = RepairKind.ANSWER_IN_QUESTION if before else RepairKind.ANSWER_BESIDE
            self._fill(section, writing, kind)

    def take_from_section(self, section: Section) -> bool:
        """Take over the student's own cells that stand in the section."""
        found = list(self._find_own_cells(section))
        writing = _AnswerParts()
        for index in found:
            self._move(index, writing)
        return self._fill(section, writing, RepairKind.ANSWER_BESIDE)

    def take_by_title(self, section: Section) -> bool:
        """Take over own text that names the question, wherever it stands."""
        writing = _AnswerParts()
        for index, cell in self._list_own_texts():
            if _has_question_name(cell.source, section.titles):
                self._move(index, writing, WRITTEN_ELSEWHERE)
        for name, cell in self.written.items():  # one answer may hold them all
            other = name != section.answer.grade_id
            if other and _has_question_name(cell.source, section.titles, in_list=True):
                writing.add(cell, f"{WRITTEN_ELSEWHERE}\n\n{cell.source}")
        return self._fill(section, writing, RepairKind.ANSWER_ELSEWHERE)

    def take_from_above(self, section: Section) -> bool:
        """Take over own text that stands right above the question."""
        writing = _AnswerParts()
        for index, _ in self._list_own_texts():
            if self.places.behind[index] == section.start - 1:
                self._move(index, writing, WRITTEN_ELSEWHERE)
        return self._fill(section, writing, RepairKind.ANSWER_ELSEWHERE)

    def take_from_edges(self, sections: list[Section]) -> None:
        """Show text before or behind all released cells with each missing answer."""
        known = [i for i, a in enumerate(self.match.anchors) if a is not None]
        first, last = min(known, default=0), max(known, default=-1)
        edges = [i for i, _ in self._list_own_texts() if i < first or i > last]
        used = set(self.match.used)
        for section in sections:
            self.match.used = set(used)  # the same text is shown with each of them
            writing = _AnswerParts()
            for index in edges:
                self._move(index, writing, WRITTEN_ELSEWHERE)
            self._fill(section, writing, RepairKind.ANSWER_ELSEWHERE)

    def _find_own_cells(self, section: Section) -> Iterator[int]:
        """The student's own cells of a section: code only close to the answer."""
        known = bool(self.cells) and self.places.behind[-1] >= 0
        for index, cell in enumerate(self.cells):
            if index in self.match.used or not cell.source.strip():
                continue
            place = self.places.behind[index]
            close = section.start <= place <= section.answer.index
            # It may stand where question and answer stood that are both gone.
            gap = known and self.places.is_at(index, section.answer.index)
            inside = gap or section.start <= place < section.end
            if close or (inside and cell.kind == "markdown"):
                yield index

    def _list_own_texts(self) -> list[tuple[int, SubmittedCell]]:
        """Text of the student's own, also in cells that were meant for code."""
        return [(i, self.cells[i]) for i in self._texts if i not in self.match.used]

    @cached_property
    def _texts(self) -> list[int]:
        return [
            i
            for i, c in enumerate(self.cells)
            if c.source.strip() and (c.kind == "markdown" or _is_text_as_code(c.source))
        ]

    def _move(self, index: int, writing: _AnswerParts, lead: str = "") -> None:
        """Own text moves into the answer; own code is quoted there and stays."""
        cell = self.cells[index]
        text = cell.source
        if cell.kind == "code" and _is_program(text):
            longest = max((len(t) for t in _TICKS.findall(text)), default=2)
            fence = "`" * (longest + 1)
            text = f"{fence}python\n{text}\n{fence}"
        else:
            self.match.used.add(index)
        writing.add(cell, f"{lead}\n\n{text}" if lead else text)

    def _fill(self, section: Section, writing: _AnswerParts, kind: RepairKind) -> bool:
        """Put what was found into the answer's cell; whether anything was."""
        if not writing.texts:
            return False
        name = section.answer.grade_id
        text, pictures = "\n\n".join(writing.texts), writing.attachments
        self.match.taken[name] = SubmittedCell(
            kind="markdown", source=text, grade_id=name, attachments=pictures
        )
        self.match.repairs.note(kind, name)
        return True


def _is_program(text: str) -> bool:
    """Python, or a command of IPython; all else in a code cell is meant as text."""
    commands = any(line.lstrip()[:1] in ("%", "!") for line in text.split("\n"))
    return commands or parse_code(text) is not None


def _is_text_as_code(text: str) -> bool:
    """Whether a code cell says something and does nothing: comments, strings, prose."""
    if not _is_program(text):
        return True
    tree = parse_code(text)
    if tree is None:
        return False
    values = [n.value for n in tree.body if isinstance(n, ast.Expr | ast.Assign)]
    words = [v for v in values if isinstance(v, ast.Constant)]
    said = any(isinstance(v.value, str) for v in words) or _COMMENT.search(text)
    return bool(said) and len(words) == len(tree.body)


def _has_question_name(
    text: str, titles: tuple[str, ...], *, in_list: bool = False
) -> bool:
    """Whether a text says which question it answers: "Question 2", "answer 2", "Q2".

    In a list ("1. ... 2. ...") the number alone is enough.
    """
    for title in titles:
        found = _NUMBERED.search(title)
        if found is None:
            named = re.escape(title)
        else:
            word, number = found.groups()
            named = rf"({re.escape(word)}|answer|{word[0]})\s*(to\s+)?#?{number}"
            item = rf"^\W*{number}\s*[.):]"
            if in_list and re.search(item, text, re.MULTILINE):
                return True
        if re.search(rf"(?<!\w){named}(?!\w)", text, re.IGNORECASE):
            return True
    return False


def _find_added_lines(released: Cell, cell: SubmittedCell) -> str:
    """The lines of a given cell that the student wrote: text, or comments in code."""
    before = {line.strip() for line in released.source.split("\n")}
    lines = [x for x in cell.source.split("\n") if x.strip() not in before]
    if released.cell_type != "markdown":
        lines = [x for x in lines if _COMMENT.search(x)]
    return normalize_text("\n".join(lines))

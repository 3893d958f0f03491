"""Written answers out of the graded notebooks, and which of them are equal."""

from __future__ import annotations

import hashlib
import html
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unrolled.assignment import Cell, read_cells
from unrolled.course import Course
from unrolled.grade.marks import list_answer_cells

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer: its cell and the student's own cells beside it, none if it is lost.

    Answers with one `key` are equal: blanks and line ends do not count.
    """

    key: str
    cells: tuple[Cell, ...]


class AnswerBook:
    """The answers of one assignment; a notebook is read again when it has changed."""

    def __init__(self, course: Course, assignment: str) -> None:
        self.course = course
        self.assignment = assignment
        self._read: dict[str, tuple[_Stamp, Mapping[str, Answer]]] = {}

    def get(self, student: str, question: str) -> Answer:
        """A student's answer as it lies in autograded/ now."""
        path = self.course.autograded_notebook(student, self.assignment)
        try:
            about = path.stat()
            stamp = (about.st_mtime_ns, about.st_size, about.st_ino)
            known = self._read.get(student)
            if known is None or known[0] != stamp:
                known = self._read[student] = stamp, _read_answers(path)
            return known[1][question]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            key = _compute_key(question, f"no notebook of {student}")
            return Answer(key=key, cells=())


def _read_answers(path: Path) -> dict[str, Answer]:
    cells = read_cells(json.loads(path.read_text(encoding="utf-8")))
    return {
        cell.grade_id: _make_answer(cell.grade_id, list_answer_cells(cells, cell.index))
        for cell in cells
        if cell.role == "answer"
    }


def _make_answer(question: str, cells: list[Cell]) -> Answer:
    texts = [_normalize(cell) for cell in cells]
    shown = tuple(c for c, text in zip(cells, texts, strict=True) if text)
    key = _compute_key(question, json.dumps([text for text in texts if text]))
    return Answer(key=key, cells=shown)


def _normalize(cell: Cell) -> str:
    """What two equal answers have in common; case counts, as it does in formulas."""
    text = unicodedata.normalize("NFC", html.unescape(cell.source))
    pictures = json.dumps(cell.attachments, sort_keys=True) if cell.attachments else ""
    return " ".join(text.split()) + pictures


def _compute_key(question: str, text: str) -> str:
    """A name for an answer that says nothing about whose it is."""
    data = f"{question}\0{text}".encode("utf-8", "replace")
    return hashlib.sha256(data).hexdigest()[:16]

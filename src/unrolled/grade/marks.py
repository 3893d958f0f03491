"""Marks in a regrade: whether one by hand is still of the same work, what was decided.

A mark stays final as long as the text that it was given for stays: the answer, or for
a check that was marked over by hand the student's code. nbgrader keeps the marks in a
regrade, but would have each of them looked at again. A decision of `unrolled regrade`
(points that a student keeps, a check that counts for everybody) is a mark, too, where
nobody has given one.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from unrolled.assignment import Cell, read_cells
from unrolled.assignment.cells import normalize_text
from unrolled.assignment.decisions import Decisions, KeptPoints
from unrolled.gradebook.tables import GradeRow

Fingerprints = dict[str, str]


def compute_fingerprints(notebook: Mapping[str, Any]) -> Fingerprints:
    """A digest of what a mark is given for, by grade id, of an autograded notebook."""
    cells = read_cells(notebook)
    code = _compute_digest(
        _read_source(c)
        for c in cells
        if c.role == "exercise" or (c.is_own and c.cell_type == "code")
    )
    found = {c.grade_id: code for c in cells if c.role == "check"}
    for cell in cells:
        if cell.role == "answer":
            parts = _list_answer_parts(cells, cell.index)
            found[cell.grade_id] = _compute_digest(parts)
    return found


def read_fingerprints(path: Path) -> Fingerprints:
    """Those of a notebook file; none if it is not there, or not as we write it."""
    try:
        return compute_fingerprints(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def find_changed_work(before: Fingerprints, now: Fingerprints) -> set[str]:
    """The graded cells whose work is another one, or is not known to be the same."""
    return {name for name, digest in now.items() if before.get(name) != digest}


def apply_decisions(
    decisions: Decisions,
    student: str,
    grades: Mapping[str, GradeRow],
    *,
    max_scores: Mapping[str, float],
    changed: Collection[str] = (),
) -> dict[str, GradeRow]:
    """The grades that decisions change, as they are then.

    `grades` have the new automatic scores; points kept for work that has `changed` are
    kept no longer. A mark that a person gave, or has changed since, stays.
    """
    kept, found = decisions.kept.get(student, {}), {}
    for name, grade in grades.items():
        mine = kept.get(name)
        if grade.manual is not None and (mine is None or grade.manual != mine.points):
            continue
        mark = None
        if mine and name not in changed:
            mark = _get_kept_points(mine, grade.auto)
        if name in decisions.given and (mark or grade.auto or 0.0) < max_scores[name]:
            mark = max_scores[name]
        if mark != grade.manual:
            waits = mark is None and grade.auto is None
            found[name] = replace(grade, manual=mark, waits=waits)
    return found


def _get_kept_points(kept: KeptPoints, auto: float | None) -> float | None:
    """The mark that keeps points, None where the automatic score needs none."""
    enough = (auto or 0.0) >= kept.points if kept.at_least else auto == kept.points
    return None if enough else kept.points


def list_answer_cells(cells: Sequence[Cell], index: int) -> list[Cell]:
    """The cell of an answer, and the student's own cells right beside it."""
    first, last = index, index
    while first > 0 and _is_neighbour(cells[first - 1]):
        first -= 1
    while last + 1 < len(cells) and _is_neighbour(cells[last + 1]):
        last += 1
    return [c for c in cells[first : last + 1] if c.index == index or c.is_own]


def _list_answer_parts(cells: Sequence[Cell], index: int) -> Iterator[str]:
    """The text and pictures of an answer, and the own cells right beside it."""
    for cell in list_answer_cells(cells, index):
        yield _read_source(cell)
        yield json.dumps(cell.attachments, sort_keys=True)


def _is_neighbour(cell: Cell) -> bool:
    return cell.is_own or cell.role == "scheme"


def _read_source(cell: Cell) -> str:
    """What the student wrote, however the grader has kept markup from working."""
    return normalize_text(html.unescape(cell.source))


def _compute_digest(parts: Iterator[str]) -> str:
    told = hashlib.sha256()
    for part in parts:
        told.update(part.encode("utf-8", "replace") + b"\0")
    return told.hexdigest()

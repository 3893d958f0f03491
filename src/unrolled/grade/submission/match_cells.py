"""Which cell of a submission belongs to which cell of the release."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from unrolled.assignment import Cell
from unrolled.assignment.cells import find_defined_names, normalize_text, parse_code
from unrolled.grade.submission.anchors import (
    SubmittedCell,
    find_anchors,
    find_positions,
)
from unrolled.grade.submission.repairs import RepairKind, Repairs

MAX_CELLS = 2000
MAX_SOURCE = 200_000
_CONFLICT = re.compile(r"^<{7} .*?^={7}$.*?^>{7} ", re.MULTILINE | re.DOTALL)


@dataclass
class CellMatch:
    """Which submitted cells belong to which released cells.

    `anchors` has for each submitted cell the number of the released cell that it is,
    or None; `used` are those that are not the student's own.
    """

    anchors: list[int | None] = field(default_factory=list)
    taken: dict[str, SubmittedCell] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    repairs: Repairs = field(default_factory=Repairs)


def parse_cells(notebook: Any) -> list[SubmittedCell]:
    """The cells of an untrusted notebook document; what is malformed is skipped."""
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return []
    return [_parse_cell(c) for c in cells[:MAX_CELLS] if isinstance(c, dict)]


def _parse_cell(cell: dict[str, Any]) -> SubmittedCell:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    text = source[:MAX_SOURCE] if isinstance(source, str) else ""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return SubmittedCell(
        # Jupyter doesn't run raw cells: what stands in them is text.
        kind="markdown" if cell.get("cell_type") in ("markdown", "raw") else "code",
        source=text.encode("utf-8", "replace").decode("utf-8"),
        grade_id=grade_id if isinstance(grade_id, str) else "",
        cell_id=cell["id"] if isinstance(cell.get("id"), str) else "",
        attachments=cell.get("attachments"),
    )


def match_cells(
    released: Sequence[Cell],
    cells: Sequence[SubmittedCell],
    defines: Mapping[str, tuple[str, ...]],
) -> CellMatch:
    """Find the submitted cell of each released one, and say what had to be mended.

    `defines` has the names that each exercise defines: a cell that lost its grade
    id is found by them. Written answers that are not in their cells are left to
    `answers.find_answers`.
    """
    matcher = _Matcher(cells, CellMatch(find_anchors(released, cells)))
    for cell in released:
        if cell.is_solution:
            matcher.match_solution(cell, set(defines.get(cell.grade_id, ())))
    matcher.match_given(released)
    return matcher.match


@dataclass
class _Matcher:
    """Finds the cells of one submission; `names` are those that an exercise defines."""

    cells: Sequence[SubmittedCell]
    match: CellMatch

    def match_solution(self, cell: Cell, names: set[str]) -> None:
        """Take the best copy of a solution cell, wherever it stands."""
        cells, match, grade_id = self.cells, self.match, cell.grade_id
        same = [i for i, c in enumerate(cells) if c.grade_id == grade_id]
        same = same or self._find_lost(cell, names)
        if not same:
            if cell.role == "exercise":  # an answer may stand beside its place
                self._note_missing(grade_id, names)
            return
        chosen = max(same, key=lambda i: (_rank_copy(cells[i], cell, names), i))
        match.taken[grade_id] = cells[chosen]
        match.used.add(chosen)
        match.anchors[chosen] = cell.index
        if _CONFLICT.search(cells[chosen].source):
            match.repairs.note(RepairKind.CONFLICT, grade_id)
        if len(same) > 1:
            copies = f"{grade_id} (there {len(same)} times)"
            match.repairs.note(RepairKind.DOUBLED, copies)
            match.used |= {i for i in same if _is_same_text(cells[i], cell)}

    def _note_missing(self, grade_id: str, names: set[str]) -> None:
        """An exercise that is not there: merged into another cell, or deleted."""
        code = (c for c in self.cells if c.kind == "code")
        if any(names & set(find_defined_names(c.source)) for c in code):
            text = "# Defined in another cell."
            merged = SubmittedCell(kind="code", source=text, grade_id=grade_id)
            self.match.taken[grade_id] = merged
            self.match.repairs.note(RepairKind.MERGED, grade_id)
        else:
            self.match.repairs.note(RepairKind.MISSING, grade_id)

    def _find_lost(self, cell: Cell, names: set[str]) -> list[int]:
        """The cell that is, or defines, what a lost cell should: the best, if any."""
        cells, used = self.cells, self.match.used
        free = [i for i, c in enumerate(cells) if i not in used and not c.grade_id]
        found = [i for i in free if cells[i].cell_id == cell.id]
        if not found:
            found = [
                i for i in free if names & set(find_defined_names(cells[i].source))
            ]
        if not found:
            return []
        places = find_positions(self.match.anchors)

        kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)

        def rate(i: int) -> tuple[int, bool, int]:
            """A definition before a mere assignment, in its place before elsewhere."""
            tree = parse_code(cells[i].source)
            found = (
                {n.name for n in tree.body if isinstance(n, kinds)} if tree else set()
            )
            return len(found & names), places.is_at(i, cell.index), i

        self.match.repairs.note(RepairKind.RENAMED, cell.grade_id)
        return [max(found, key=rate)]

    def match_given(self, released: Sequence[Cell]) -> None:
        """Submitted copies of given cells and checks; they are not taken over."""
        match = self.match
        for index, cell in enumerate(self.cells):
            if index in match.used:
                continue
            anchor = match.anchors[index]
            original = None if anchor is None else released[anchor]
            if original is None:
                if not cell.source.strip():
                    match.used.add(index)
            elif _is_same_text(cell, original):
                match.used.add(index)
            elif not original.is_solution:
                match.used.add(index)
                if original.role == "check":
                    match.repairs.note(RepairKind.CHECK_CHANGED, original.grade_id)
                elif original.role == "given":
                    match.repairs.note(RepairKind.GIVEN_CHANGED, original.id)
        for original in released:
            if original.role == "check" and original.index not in match.anchors:
                match.repairs.note(RepairKind.CHECK_MISSING, original.grade_id)


def _is_same_text(cell: SubmittedCell, released: Cell) -> bool:
    return normalize_text(cell.source) == normalize_text(released.source)


def _rank_copy(cell: SubmittedCell, released: Cell, names: set[str]) -> int:
    """How much a copy looks like the student's work."""
    defines = bool(names & set(find_defined_names(cell.source)))
    return 2 * int(not _is_same_text(cell, released)) + int(defines)

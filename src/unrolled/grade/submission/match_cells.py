"""Which cell of a submission belongs to which cell of the release."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

from unrolled.assignment.cells import (
    find_defined_names,
    is_answer,
    is_check,
    is_exercise,
    normalize_text,
    read_nbgrader_meta,
)
from unrolled.assignment.material import Notebook
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


def read_cells(notebook: Any) -> list[SubmittedCell]:
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
        "markdown" if cell.get("cell_type") in ("markdown", "raw") else "code",
        text.encode("utf-8", "replace").decode("utf-8"),
        grade_id if isinstance(grade_id, str) else "",
        cell["id"] if isinstance(cell.get("id"), str) else "",
        cell.get("attachments"),
    )


def match_cells(
    release: Notebook, cells: list[SubmittedCell], defines: dict[str, tuple[str, ...]]
) -> CellMatch:
    """Find the submitted cell of each released one, and say what had to be mended.

    `defines` has the names that each exercise defines: a cell that lost its grade
    id is found by them. Written answers that are not in their cells are left to
    `answers.find_answers`.
    """
    match = CellMatch(find_anchors(release, cells))
    for number, cell in enumerate(release["cells"]):
        if is_exercise(cell) or is_answer(cell):
            _match_solution(number, cell, cells, defines, match)
    _match_given(release, cells, match)
    return match


def _match_solution(
    number: int,
    cell: Notebook,
    cells: list[SubmittedCell],
    defines: dict[str, tuple[str, ...]],
    match: CellMatch,
) -> None:
    grade_id = read_nbgrader_meta(cell)["grade_id"]
    names = defines.get(grade_id, ())
    same = [i for i, c in enumerate(cells) if c.grade_id == grade_id]
    if not same:
        same = _find_lost(number, cell, cells, names, match)
    if not same:
        if is_exercise(cell):  # an answer may stand beside its place
            _note_missing(grade_id, cells, names, match)
        return
    chosen = max(same, key=lambda i: (_rank_copy(cells[i], cell, names), i))
    match.taken[grade_id] = cells[chosen]
    match.used.add(chosen)
    match.anchors[chosen] = number
    if _CONFLICT.search(cells[chosen].source):
        match.repairs.note(RepairKind.CONFLICT, grade_id)
    if len(same) > 1:
        match.repairs.note(RepairKind.DOUBLED, f"{grade_id} (there {len(same)} times)")
        match.used |= {i for i in same if _is_same_text(cells[i], cell)}


def _note_missing(
    grade_id: str, cells: list[SubmittedCell], names: tuple[str, ...], match: CellMatch
) -> None:
    """An exercise that is not there: merged into another cell, or deleted."""
    wanted = set(names)
    if any(
        wanted & set(find_defined_names(c.source)) for c in cells if c.kind == "code"
    ):
        merged = SubmittedCell("code", "# Defined in another cell.", grade_id, "")
        match.taken[grade_id] = merged
        match.repairs.note(RepairKind.MERGED, grade_id)
    else:
        match.repairs.note(RepairKind.MISSING, grade_id)


def _find_lost(
    number: int,
    cell: Notebook,
    cells: list[SubmittedCell],
    names: tuple[str, ...],
    match: CellMatch,
) -> list[int]:
    """The cell that is, or defines, what a lost cell should: the best one, if any."""
    free = [i for i, c in enumerate(cells) if i not in match.used and not c.grade_id]
    found = [i for i in free if cells[i].cell_id == cell["id"]]
    if not found and names:
        found = [
            i for i in free if set(names) & set(find_defined_names(cells[i].source))
        ]
    if not found:
        return []

    places = find_positions(match.anchors)

    def merit(i: int) -> tuple[int, bool, int]:
        """A definition before a mere assignment, in its place before elsewhere."""
        return _count_definitions(cells[i].source, names), places.is_at(i, number), i

    match.repairs.note(RepairKind.RENAMED, read_nbgrader_meta(cell)["grade_id"])
    return [max(found, key=merit)]


def _count_definitions(source: str, names: tuple[str, ...]) -> int:
    """How many of the names a cell defines as functions or classes."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0
    kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
    return len({n.name for n in body if isinstance(n, kinds)} & set(names))


def _is_same_text(cell: SubmittedCell, released: Notebook) -> bool:
    return normalize_text(cell.source) == normalize_text(released["source"])


def _rank_copy(cell: SubmittedCell, released: Notebook, names: tuple[str, ...]) -> int:
    """How much a copy looks like the student's work."""
    defines = bool(set(names) & set(find_defined_names(cell.source)))
    return 2 * int(not _is_same_text(cell, released)) + int(defines)


def _match_given(
    release: Notebook, cells: list[SubmittedCell], match: CellMatch
) -> None:
    """Submitted copies of given and grade cells; they are not taken over."""
    for index, cell in enumerate(cells):
        if index in match.used:
            continue
        anchor = match.anchors[index]
        original = None if anchor is None else release["cells"][anchor]
        if original is None:
            if not cell.source.strip():
                match.used.add(index)
        elif _is_same_text(cell, original):
            match.used.add(index)
        elif not (is_exercise(original) or is_answer(original)):
            match.used.add(index)
            _note_change(original, match)
    _note_missing_checks(release, match)


def _note_change(original: Notebook, match: CellMatch) -> None:
    if is_check(original):
        match.repairs.note(
            RepairKind.CHECK_CHANGED, read_nbgrader_meta(original)["grade_id"]
        )
    elif original["cell_type"] == "code" and not original["metadata"].get("unrolled"):
        match.repairs.note(RepairKind.GIVEN_CHANGED, original["id"])


def _note_missing_checks(release: Notebook, match: CellMatch) -> None:
    for number, cell in enumerate(release["cells"]):
        if is_check(cell) and number not in match.anchors:
            match.repairs.note(
                RepairKind.CHECK_MISSING, read_nbgrader_meta(cell)["grade_id"]
            )

"""Which cell of a submission belongs to which cell of the release."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from unrolled.grade.reference import (
    defined_names,
    is_answer,
    is_check,
    is_exercise,
    meta,
)
from unrolled.grade.task import Notebook

MAX_CELLS = 2000


MAX_SOURCE = 200_000


@dataclass(frozen=True)
class Submitted:
    """A cell of the submitted file, read with no trust in it."""

    kind: str
    source: str
    grade_id: str
    cell_id: str
    attachments: Any = None


@dataclass
class Match:
    """Which submitted cells belong to which released cells."""

    taken: dict[str, Submitted] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    repairs: list[str] = field(default_factory=list)


def read_cells(notebook: Any) -> list[Submitted]:
    """The cells of an untrusted notebook document; what is malformed is skipped."""
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return []
    return [_read(c) for c in cells[:MAX_CELLS] if isinstance(c, dict)]


def _read(cell: dict[str, Any]) -> Submitted:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    text = source[:MAX_SOURCE] if isinstance(source, str) else ""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return Submitted(
        "markdown" if cell.get("cell_type") == "markdown" else "code",
        text.encode("utf-8", "replace").decode("utf-8"),
        grade_id if isinstance(grade_id, str) else "",
        cell["id"] if isinstance(cell.get("id"), str) else "",
        cell.get("attachments"),
    )


def match_cells(
    release: Notebook, cells: list[Submitted], defines: dict[str, tuple[str, ...]]
) -> Match:
    match = Match()
    for cell in release["cells"]:
        if is_exercise(cell) or is_answer(cell):
            _match_solution(cell, cells, defines, match)
    _match_given(release, cells, match)
    return match


def _match_solution(
    cell: Notebook,
    cells: list[Submitted],
    defines: dict[str, tuple[str, ...]],
    match: Match,
) -> None:
    grade_id = meta(cell)["grade_id"]
    names = defines.get(grade_id, ())
    same = [i for i, c in enumerate(cells) if c.grade_id == grade_id]
    if not same:
        same = _lost(cell, cells, names, match)
    if not same:
        _missing(grade_id, cells, names, match)
        return
    chosen = max(same, key=lambda i: (_merit(cells[i], cell, names), i))
    match.taken[grade_id] = cells[chosen]
    match.used.add(chosen)
    if len(same) > 1:
        match.repairs.append(
            f"Cell {grade_id} is there {len(same)} times; the written one was taken."
        )
        match.used |= {i for i in same if cells[i].source == cell["source"]}


def _missing(
    grade_id: str, cells: list[Submitted], names: tuple[str, ...], match: Match
) -> None:
    """A solution cell that is not there: merged into another one, or deleted."""
    wanted = set(names)
    if any(wanted & set(defined_names(c.source)) for c in cells if c.kind == "code"):
        merged = Submitted("code", "# Defined in another cell.", grade_id, "")
        match.taken[grade_id] = merged
        match.repairs.append(f"Cell {grade_id} is missing; another cell defines it.")
    else:
        match.repairs.append(f"Cell {grade_id} is missing; the empty one was put back.")


def _lost(
    cell: Notebook, cells: list[Submitted], names: tuple[str, ...], match: Match
) -> list[int]:
    """Submitted cells that define what a lost cell should; or hold its cell id."""
    free = [i for i in range(len(cells)) if i not in match.used]
    by_id = [
        i for i in free if cells[i].cell_id == cell["id"] and not cells[i].grade_id
    ]
    by_name = [
        i
        for i in free
        if names and cells[i].kind == "code"
        if set(names) & set(defined_names(cells[i].source)) and not cells[i].grade_id
    ]
    found = by_id or by_name
    if found:
        grade_id = meta(cell)["grade_id"]
        match.repairs.append(
            f"Cell {grade_id} had lost its name; found by its content."
        )
    return found[-1:]


def _merit(cell: Submitted, released: Notebook, names: tuple[str, ...]) -> int:
    """How much a copy looks like the student's work."""
    written = cell.source.strip() != released["source"].strip()
    defines = bool(set(names) & set(defined_names(cell.source)))
    return 2 * int(written) + int(defines)


def _match_given(release: Notebook, cells: list[Submitted], match: Match) -> None:
    """Submitted copies of given and grade cells; they are not taken over."""
    by_id = {c["id"]: c for c in release["cells"]}
    by_grade_id = {meta(c)["grade_id"]: c for c in release["cells"] if meta(c)}
    texts = {c["source"].strip() for c in release["cells"]}
    for index, cell in enumerate(cells):
        if index in match.used:
            continue
        original = by_grade_id.get(cell.grade_id) or by_id.get(cell.cell_id)
        if original is not None and (is_exercise(original) or is_answer(original)):
            continue
        if original is not None:
            match.used.add(index)
            _note_change(cell, original, match)
        elif cell.source.strip() in texts or not cell.source.strip():
            match.used.add(index)
    _note_missing_checks(release, cells, match)


def _note_change(cell: Submitted, original: Notebook, match: Match) -> None:
    if cell.source.strip() == original["source"].strip():
        return
    if is_check(original):
        name = meta(original)["grade_id"]
        match.repairs.append(f"Check {name} was changed; the released one was used.")
    elif original["cell_type"] == "code" and not original["metadata"].get("unrolled"):
        name = original["id"]
        match.repairs.append(
            f"Given cell {name} was changed; the released one was used."
        )


def _note_missing_checks(
    release: Notebook, cells: list[Submitted], match: Match
) -> None:
    there = {c.grade_id for c in cells} | {c.cell_id for c in cells}
    for cell in release["cells"]:
        if is_check(cell) and not {meta(cell)["grade_id"], cell["id"]} & there:
            name = meta(cell)["grade_id"]
            match.repairs.append(
                f"Check {name} was missing; the released one was used."
            )

"""Rebuild a submission: the released notebook, with the student's own text in it.

Nothing of the submitted file counts but the source of the solution cells and of
the cells that the student added. Metadata, tags, outputs, given and grade cells
are those of the release, whatever the file says.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from unrolled.grade.attachments import safe_attachments
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
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)


@dataclass(frozen=True)
class Submitted:
    """A cell of the submitted file, read with no trust in it."""

    kind: str
    source: str
    grade_id: str
    cell_id: str
    attachments: Any = None


@dataclass(frozen=True)
class Rebuilt:
    """The rebuilt notebook and, in plain words, what had to be mended."""

    notebook: Notebook
    repairs: tuple[str, ...]


@dataclass
class _Match:
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


def rebuild(release: Notebook, source: Notebook, submitted: Any) -> Rebuilt:
    """Put the student's work into a copy of the release.

    `source` is the instructor's notebook: its solution cells tell which names an
    exercise defines, so that a cell that lost its grade id can be found.
    """
    known = {meta(c)["grade_id"] for c in release["cells"] if meta(c)}
    cells = [
        c if c.grade_id in known else replace(c, grade_id="")
        for c in read_cells(submitted)
    ]
    defines = {
        meta(c)["grade_id"]: defined_names(c["source"])
        for c in source["cells"]
        if is_exercise(c)
    }
    match = _match(release, cells, defines)
    rebuilt = {**copy.deepcopy(release), "cells": list(_cells(release, cells, match))}
    rebuilt["metadata"]["unrolled"] = {"repairs": match.repairs}
    return Rebuilt(rebuilt, tuple(match.repairs))


def _match(
    release: Notebook, cells: list[Submitted], defines: dict[str, tuple[str, ...]]
) -> _Match:
    match = _Match()
    for cell in release["cells"]:
        if is_exercise(cell) or is_answer(cell):
            _match_solution(cell, cells, defines, match)
    _match_given(release, cells, match)
    return match


def _match_solution(
    cell: Notebook,
    cells: list[Submitted],
    defines: dict[str, tuple[str, ...]],
    match: _Match,
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
    grade_id: str, cells: list[Submitted], names: tuple[str, ...], match: _Match
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
    cell: Notebook, cells: list[Submitted], names: tuple[str, ...], match: _Match
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


def _match_given(release: Notebook, cells: list[Submitted], match: _Match) -> None:
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


def _note_change(cell: Submitted, original: Notebook, match: _Match) -> None:
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
    release: Notebook, cells: list[Submitted], match: _Match
) -> None:
    there = {c.grade_id for c in cells} | {c.cell_id for c in cells}
    for cell in release["cells"]:
        if is_check(cell) and not {meta(cell)["grade_id"], cell["id"]} & there:
            name = meta(cell)["grade_id"]
            match.repairs.append(
                f"Check {name} was missing; the released one was used."
            )


def _cells(
    release: Notebook, cells: list[Submitted], match: _Match
) -> Iterator[Notebook]:
    """Released cells in order, each followed by the own cells that stood there."""
    own = _own_after(release, cells, match)
    yield from own.get(None, [])
    for cell in release["cells"]:
        yield _filled(cell, match)
        yield from own.get(cell["id"], [])


def _filled(cell: Notebook, match: _Match) -> Notebook:
    filled = copy.deepcopy(cell)
    taken = match.taken.get(meta(cell).get("grade_id", ""))
    if taken is None or not (is_exercise(cell) or is_answer(cell)):
        return filled
    filled["source"] = taken.source if is_exercise(cell) else harmless(taken.source)
    if is_answer(cell):
        pictures = safe_attachments(taken.attachments)
        if pictures:
            filled["attachments"] = pictures
    return filled


def _own_after(
    release: Notebook, cells: list[Submitted], match: _Match
) -> dict[str | None, list[Notebook]]:
    """The student's own cells, by the id of the released cell they stand behind."""
    home = {meta(c)["grade_id"]: c["id"] for c in release["cells"] if meta(c)}
    ids = {c["id"] for c in release["cells"]}
    taken = {id(c): home[g] for g, c in match.taken.items()}
    last: str | None = None
    own: dict[str | None, list[Notebook]] = {}
    for index, cell in enumerate(cells):
        here = taken.get(id(cell)) or home.get(cell.grade_id) or cell.cell_id
        last = here if here in ids else last
        if index not in match.used:
            own.setdefault(last, []).append(_own(cell, index))
    return own


def _own(cell: Submitted, index: int) -> Notebook:
    digest = hashlib.sha256(f"{index}\0{cell.source}".encode()).hexdigest()[:12]
    made: Notebook = {
        "cell_type": cell.kind,
        "id": f"own-{digest}",
        "metadata": {"unrolled": {"own": True}},
        "source": cell.source if cell.kind == "code" else harmless(cell.source),
    }
    if cell.kind == "code":
        made |= {"outputs": [], "execution_count": None}
    return made


def harmless(markdown: str) -> str:
    """Markdown whose HTML tags are shown as text; code spans stay as they are."""
    parts = _CODE.split(markdown)
    return "".join(p if i % 2 else _TAG.sub("&lt;", p) for i, p in enumerate(parts))

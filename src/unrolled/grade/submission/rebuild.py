"""Rebuild a submission: the released notebook, with the student's own text in it.

Nothing of the submitted file counts but the source of the solution cells and of
the cells that the student added. Metadata, tags, outputs, given cells and checks
are those of the release, whatever the file says. Where a solution needs what the
student has written into a given cell (an import, say), that text stands beside it.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from unrolled.assignment import Cell, Material, Notebook, read_sources
from unrolled.assignment.cells import find_defined_names
from unrolled.grade.judge.plan import BEFORE_ALL, drop_unneeded
from unrolled.grade.submission.anchors import SubmittedCell
from unrolled.grade.submission.answers import filter_attachments, find_answers
from unrolled.grade.submission.match_cells import CellMatch, match_cells, parse_cells


@dataclass(frozen=True)
class RebuiltNotebook:
    """The rebuilt notebook and, in plain words, what had to be mended."""

    notebook: Notebook
    repairs: tuple[str, ...]


def rebuild_submission(material: Material, submitted: Any) -> RebuiltNotebook:
    """Put the student's work into a copy of the release.

    The source's solution cells tell which names an exercise defines, so that a cell
    that lost its grade id can be found.
    """
    known = {c.grade_id for c in material.release_cells}
    cells = [
        c if c.grade_id in known else replace(c, grade_id="")
        for c in parse_cells(submitted)
    ]
    match = match_cells(material.release_cells, cells, _read_definitions(material))
    find_answers(material.release_cells, cells, match)
    made = drop_unneeded(list(_merge_cells(material, cells, match)), material)
    rebuilt = copy.deepcopy({**material.release, "cells": []})
    rebuilt["cells"] = made
    repairs = match.repairs.lines()
    rebuilt["metadata"]["unrolled"] = {"repairs": repairs}
    return RebuiltNotebook(rebuilt, tuple(repairs))


@lru_cache(8)
def _read_definitions(material: Material) -> Mapping[str, tuple[str, ...]]:
    """The names that each exercise defines."""
    solutions = read_sources(material.source_cells, "exercise")
    return {name: find_defined_names(text) for name, text in solutions.items()}


def _merge_cells(
    material: Material, cells: Sequence[SubmittedCell], match: CellMatch
) -> Iterator[Notebook]:
    """Released cells in order, each followed by the own cells that stood there."""
    own = _group_own_cells(cells, match)
    changed = _find_changed_cells(material.release_cells, cells, match)
    yield from own.get(BEFORE_ALL, [])
    for cell in material.release_cells:
        spare = changed.get(cell.index, [])
        filled = copy.deepcopy(material.release["cells"][cell.index])
        if cell.is_solution and cell.grade_id in match.taken:
            taken = match.taken[cell.grade_id]
            filled["source"] = taken.source
            pictures = filter_attachments(taken.attachments)
            if cell.role == "answer" and pictures:
                filled["attachments"] = pictures
        # What is given counts as it was given: it has the last word. What is only shown
        # has no say in grading, so that the student's own text may have it there.
        yield from [filled, *spare] if cell.role == "show" else [*spare, filled]
        yield from own.get(cell.index, [])


def _find_changed_cells(
    released: Sequence[Cell], cells: Sequence[SubmittedCell], match: CellMatch
) -> dict[int, list[Notebook]]:
    """Given cells as the student has changed them, by the number of the released."""
    changed: dict[int, list[Notebook]] = {}
    for index in sorted(match.used):
        anchor, cell = match.anchors[index], cells[index]
        given = None if anchor is None else released[anchor]
        if given is None or not cell.kind == given.cell_type == "code":
            continue
        same = cell.source.strip() == given.source.strip()
        if same or given.role in ("exercise", "check"):
            continue
        made = _make_own_cell(cell, index)
        made["metadata"]["unrolled"]["spare"] = True
        changed.setdefault(given.index, []).append(made)
    return changed


def _group_own_cells(
    cells: Sequence[SubmittedCell], match: CellMatch
) -> dict[int, list[Notebook]]:
    """The student's own cells, by the number of the released one they stand behind."""
    last = BEFORE_ALL
    own: dict[int, list[Notebook]] = {}
    for index, cell in enumerate(cells):
        anchor = match.anchors[index]
        if index not in match.used:
            # A second written copy stands before the one that was taken, as it did:
            # behind it, it would have the last word.
            own.setdefault(last, []).append(_make_own_cell(cell, index))
        elif anchor is not None:
            last = anchor
    return own


def _make_own_cell(cell: SubmittedCell, index: int) -> Notebook:
    digest = hashlib.sha256(f"{index}\0{cell.source}".encode()).hexdigest()[:12]
    made: Notebook = {
        "cell_type": cell.kind,
        "id": f"own-{digest}",
        "metadata": {"unrolled": {"own": True}},
        "source": cell.source,
    }
    if cell.kind == "code":
        made |= {"outputs": [], "execution_count": None}
    return made

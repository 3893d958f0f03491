"""Rebuild a submission: the released notebook, with the student's own text in it.

Nothing of the submitted file counts but the source of the solution cells and of
the cells that the student added. Metadata, tags, outputs, given and grade cells
are those of the release, whatever the file says. Where a solution needs what the
student has written into a given cell (an import, say), that text stands beside it.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from unrolled.assignment.cells import (
    find_defined_names,
    is_answer,
    is_check,
    is_exercise,
    read_nbgrader_meta,
    read_unrolled_meta,
)
from unrolled.assignment.material import Notebook
from unrolled.grade.judge.plan import drop_unneeded
from unrolled.grade.submission.anchors import SubmittedCell
from unrolled.grade.submission.answers import filter_attachments, find_answers
from unrolled.grade.submission.match_cells import CellMatch, match_cells, read_cells


@dataclass(frozen=True)
class RebuiltNotebook:
    """The rebuilt notebook and, in plain words, what had to be mended."""

    notebook: Notebook
    repairs: tuple[str, ...]


def rebuild_submission(
    release: Notebook, source: Notebook, submitted: Any
) -> RebuiltNotebook:
    """Put the student's work into a copy of the release.

    `source` is the instructor's notebook: its solution cells tell which names an
    exercise defines, so that a cell that lost its grade id can be found.
    """
    known = {
        read_nbgrader_meta(c)["grade_id"]
        for c in release["cells"]
        if read_nbgrader_meta(c)
    }
    cells = [
        c if c.grade_id in known else replace(c, grade_id="")
        for c in read_cells(submitted)
    ]
    defines = {
        read_nbgrader_meta(c)["grade_id"]: find_defined_names(c["source"])
        for c in source["cells"]
        if is_exercise(c)
    }
    match = match_cells(release, cells, defines)
    find_answers(release, cells, match)
    made = drop_unneeded(list(_merge_cells(release, cells, match)), release)
    rebuilt = {**copy.deepcopy(release), "cells": made}
    repairs = match.repairs.lines()
    rebuilt["metadata"]["unrolled"] = {"repairs": repairs}
    return RebuiltNotebook(rebuilt, tuple(repairs))


def _merge_cells(
    release: Notebook, cells: list[SubmittedCell], match: CellMatch
) -> Iterator[Notebook]:
    """Released cells in order, each followed by the own cells that stood there."""
    own = _group_own_cells(release, cells, match)
    changed = _find_changed_cells(release, cells, match)
    yield from own.get(None, [])
    for cell in release["cells"]:
        spare = changed.get(cell["id"], [])
        if not read_unrolled_meta(cell).get(
            "show"
        ):  # what is given counts as it was given
            yield from spare
        yield _fill_cell(cell, match)
        if read_unrolled_meta(cell).get("show"):
            yield from spare
        yield from own.get(cell["id"], [])


def _find_changed_cells(
    release: Notebook, cells: list[SubmittedCell], match: CellMatch
) -> dict[str, list[Notebook]]:
    """Given cells as the student has changed them, by the id of the released cell."""
    changed: dict[str, list[Notebook]] = {}
    for index in sorted(match.used):
        anchor, cell = match.anchors[index], cells[index]
        given = None if anchor is None else release["cells"][anchor]
        if given is None or not cell.kind == given["cell_type"] == "code":
            continue
        same = cell.source.strip() == given["source"].strip()
        if same or is_exercise(given) or is_check(given):
            continue
        made = _make_own_cell(cell, index)
        made["metadata"]["unrolled"]["spare"] = True
        changed.setdefault(given["id"], []).append(made)
    return changed


def _fill_cell(cell: Notebook, match: CellMatch) -> Notebook:
    filled = copy.deepcopy(cell)
    taken = match.taken.get(read_nbgrader_meta(cell).get("grade_id", ""))
    if taken is None or not (is_exercise(cell) or is_answer(cell)):
        return filled
    filled["source"] = taken.source
    if is_answer(cell):
        pictures = filter_attachments(taken.attachments)
        if pictures:
            filled["attachments"] = pictures
    return filled


def _group_own_cells(
    release: Notebook, cells: list[SubmittedCell], match: CellMatch
) -> dict[str | None, list[Notebook]]:
    """The student's own cells, by the id of the released cell they stand behind."""
    last: str | None = None
    own: dict[str | None, list[Notebook]] = {}
    for index, cell in enumerate(cells):
        anchor = match.anchors[index]
        if index not in match.used:
            # A second written copy stands before the one that was taken, as it did:
            # behind it, it would have the last word.
            own.setdefault(last, []).append(_make_own_cell(cell, index))
        elif anchor is not None:
            last = release["cells"][anchor]["id"]
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

"""What of a notebook is run in the student's process, and where each check stands.

Cells marked `show`, and the checks themselves, are not run there, unless a cell of
the student's asks for a name that one of them makes: in Jupyter it is there. The same
holds for given cells as the student has changed them (`spare` in a rebuilt notebook).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from unrolled.assignment.cells import (
    is_check,
    is_exercise,
    read_nbgrader_meta,
    read_unrolled_meta,
    runs_in_grading,
    split_check,
)
from unrolled.assignment.material import Notebook
from unrolled.grade.judge.cell_names import CellNames, read_cell_names
from unrolled.grade.judge.verdict import Task

BEFORE_ALL = -1
MAX_READ = 200_000
_read_given_names = lru_cache(maxsize=1024)(read_cell_names)


@dataclass(frozen=True)
class PlannedCell:
    """A code cell: its place in the rebuilt notebook, and what it is."""

    index: int
    source: str
    names: CellNames
    own: bool
    runs: bool
    exercise: str = ""


@dataclass(frozen=True)
class Plan:
    """The cells that are run, in order, and the place of each check.

    A place is the index of the last cell that is run before the check, `BEFORE_ALL`
    if there is none. `checks` are the indices of those cells that are checks.
    """

    cells: tuple[PlannedCell, ...]
    places: Mapping[str, int]
    checks: frozenset[int]

    def is_disturbed(self, place: int) -> bool:
        """Whether cells behind a place can change more than what names stand for.

        Such a cell calls something, or writes into something. A given cell does that
        to what is the student's only if it names it.
        """
        theirs = {n for cell in self.cells if cell.own for n in cell.names.binds}
        return any(
            (cell.own or cell.names.now & theirs) and not cell.names.quiet
            for cell in self.cells
            if cell.index > place
        )

    def reads(self, names: Collection[str], place: int) -> bool:
        """Whether a cell up to a place reads one of the names while it runs."""
        return any(
            not cell.names.now.isdisjoint(names)
            for cell in self.cells
            if cell.index <= place
        )


def make_plan(task: Task) -> Plan:
    """The plan of a task; the student's code is read for it, and not run."""
    known = _plan_code_cells(task.rebuilt["cells"], task.material.release)
    needed = _find_needed(known)
    cells = tuple(c for c in known if c.runs or c.index in needed)
    checks = {
        read_nbgrader_meta(cell)["grade_id"]: (
            index,
            read_unrolled_meta(cell).get("exercise", ""),
        )
        for index, cell in enumerate(task.rebuilt["cells"])
        if is_check(cell)
    }
    defines = {
        read_nbgrader_meta(cell)["grade_id"]: _read_given_names(cell["source"]).binds
        for cell in task.material.source["cells"]
        if is_exercise(cell)
    }
    places = {
        name: _find_place(cells, _find_check_index(cells, index, exercise, defines))
        for name, (index, exercise) in checks.items()
    }
    indices = {index for index, _ in checks.values()}
    return Plan(cells, places, frozenset(indices & needed))


def drop_unneeded(cells: list[Notebook], release: Notebook) -> list[Notebook]:
    """The cells of a rebuilt notebook, but of those `spare` that nothing asks for."""
    if not any(read_unrolled_meta(cell).get("spare") for cell in cells):
        return cells
    needed = _find_needed(_plan_code_cells(cells, release))
    return [
        cell
        for index, cell in enumerate(cells)
        if index in needed or not read_unrolled_meta(cell).get("spare")
    ]


def _plan_code_cells(rebuilt: list[Notebook], release: Notebook) -> list[PlannedCell]:
    """All code cells; what is beyond `MAX_READ` characters is not read."""
    shown = {
        read_nbgrader_meta(c)["grade_id"]: split_check(c["source"])[0]
        for c in release["cells"]
        if is_check(c)
    }
    cells, room = [], MAX_READ
    for index, cell in enumerate(rebuilt):
        if cell["cell_type"] != "code":
            continue
        planned = _plan_cell(index, cell, shown)
        room -= len(planned.source) if planned.own else 0
        if not planned.own:
            planned = replace(planned, names=_read_given_names(planned.source))
        elif room > 0:
            planned = replace(planned, names=read_cell_names(planned.source))
        cells.append(planned)
    return cells


def _plan_cell(
    index: int, cell: Mapping[str, Any], shown: Mapping[str, str]
) -> PlannedCell:
    """A check is known by what students see of it: the rest never leaves the judge."""
    source = (
        shown.get(read_nbgrader_meta(cell)["grade_id"], "")
        if is_check(cell)
        else cell["source"]
    )
    exercise = read_nbgrader_meta(cell)["grade_id"] if is_exercise(cell) else ""
    own = bool(exercise) or bool(read_unrolled_meta(cell).get("own"))
    runs = runs_in_grading(cell) and not read_unrolled_meta(cell).get("spare")
    return PlannedCell(index, source, CellNames(), own, runs, exercise)


def _find_needed(cells: list[PlannedCell]) -> set[int]:
    """The cells that are run only because the student's, or these in turn, need them.

    What a cell reads while it runs is made by the last cell before it that binds it;
    what its functions read may be made by later ones, too.
    """
    needed: set[int] = set()
    asking = [cell for cell in cells if cell.own and cell.runs]
    while asking:
        cell = asking.pop()
        made_by = [_find_maker(cells, cell, n) for n in cell.names.from_above]
        made_by += [
            other
            for other in cells
            if other.index > cell.index and other.names.binds & cell.names.late
        ]
        for other in made_by:
            if other and not other.runs and other.index not in needed:
                needed.add(other.index)
                asking.append(other)
    return needed


def _find_maker(
    cells: list[PlannedCell], asking: PlannedCell, name: str
) -> PlannedCell | None:
    """The last cell before one that binds a name."""
    before = (c for c in reversed(cells) if c.index < asking.index)
    return next((c for c in before if name in c.names.binds), None)


def _find_place(cells: tuple[PlannedCell, ...], index: int) -> int:
    return max((c.index for c in cells if c.index < index), default=BEFORE_ALL)


def _find_check_index(
    cells: tuple[PlannedCell, ...],
    index: int,
    exercise: str,
    defines: Mapping[str, frozenset[str]],
) -> int:
    """Where a check stands: at its own index, or behind the cell that it waits for.

    A solution that the student has moved into another cell stands where that cell is,
    which in the rebuilt notebook may be behind the check.
    """
    wanted = defines.get(exercise, frozenset())
    home = any(c.exercise == exercise for c in cells)
    if not home or any(c.names.binds & wanted for c in cells if c.index < index):
        return index
    behind = (c.index for c in cells if c.own and c.names.binds & wanted)
    return next(behind, index - 1) + 1

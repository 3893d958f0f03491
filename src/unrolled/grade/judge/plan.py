"""What of a notebook is run in the student's process, and where each check stands.

Cells marked `show`, and the checks themselves, are not run there, unless a cell of
the student's asks for a name that one of them makes: in Jupyter it is there. The same
holds for given cells as the student has changed them (`spare` in a rebuilt notebook).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from unrolled.assignment import Cell, Material, Notebook, read_cells, read_sources
from unrolled.assignment.cells import split_check
from unrolled.grade.judge.cell_names import CellNames, read_cell_names
from unrolled.grade.judge.verdict import JudgeInput

BEFORE_ALL = -1
MAX_READ = 200_000
_read_given_names = lru_cache(maxsize=1024)(read_cell_names)


@dataclass(frozen=True, kw_only=True)
class PlannedCell:
    """A code cell: its place in the rebuilt notebook, and what it is."""

    index: int
    source: str
    names: CellNames
    own: bool
    runs: bool
    exercise: str


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


def make_plan(submission: JudgeInput) -> Plan:
    """The plan of a submission; the student's code is read for it, and not run."""
    known = _plan_code_cells(submission.cells, submission.material)
    needed = _find_needed(known)
    cells = tuple(c for c in known if c.runs or c.index in needed)
    solutions = read_sources(submission.material.source_cells, "exercise")
    defines = {name: _read_given_names(text).binds for name, text in solutions.items()}
    checks = [cell for cell in submission.cells if cell.role == "check"]
    places = {c.grade_id: _find_place(cells, c, defines) for c in checks}
    indices = {cell.index for cell in checks}
    return Plan(cells, places, frozenset(indices & needed))


def drop_unneeded(cells: list[Notebook], material: Material) -> list[Notebook]:
    """The cells of a rebuilt notebook, but of those `spare` that nothing asks for."""
    known = read_cells({"cells": cells})
    spare = {cell.index for cell in known if cell.role == "spare"}
    if spare:
        spare -= _find_needed(_plan_code_cells(known, material))
    return [cell for index, cell in enumerate(cells) if index not in spare]


def _plan_code_cells(rebuilt: Sequence[Cell], material: Material) -> list[PlannedCell]:
    """All code cells; what is beyond `MAX_READ` characters is not read."""
    released = read_sources(material.release_cells, "check")
    cells, room = [], MAX_READ
    for cell in rebuilt:
        if cell.cell_type != "code":
            continue
        source = cell.source
        if cell.role == "check":
            # It is known by what students see of it: the rest never leaves the judge.
            source = split_check(released.get(cell.grade_id, ""))[0]
        own = cell.is_own or cell.role == "exercise"
        room -= len(source) if own else 0
        if not own:
            names = _read_given_names(source)
        else:
            names = read_cell_names(source) if room > 0 else CellNames()
        planned = PlannedCell(
            index=cell.index,
            source=source,
            names=names,
            own=own,
            runs=cell.runs,
            exercise=cell.grade_id if cell.role == "exercise" else "",
        )
        cells.append(planned)
    return cells


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


def _find_place(
    cells: tuple[PlannedCell, ...], check: Cell, defines: Mapping[str, frozenset[str]]
) -> int:
    """The last cell before a check, or before where the cell stands that it waits for.

    A solution that the student has moved into another cell stands where that cell is,
    which in the rebuilt notebook may be behind the check.
    """
    index = check.index
    wanted = defines.get(check.exercise, frozenset())
    home = any(c.exercise == check.exercise for c in cells)
    if home and not any(c.names.binds & wanted for c in cells if c.index < index):
        behind = (c.index + 1 for c in cells if c.own and c.names.binds & wanted)
        index = next(behind, index)
    return max((c.index for c in cells if c.index < index), default=BEFORE_ALL)

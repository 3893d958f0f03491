"""What visible checks see of the catalogue's wrong solutions, as in a notebook.

The cells of an exercise and behind it, up to its last check, are run once more with a
wrong function in the place of the right one; all cells before are the reference's.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from unrolled.assignment import Cell, Check, Material, Misconception, Reference
from unrolled.author.lesson.replace import replace_function
from unrolled.lab.checks.call import silence_output
from unrolled.lab.checks.errors import CheckFailed, Seen

Names = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Miss:
    """A visible check that fails: what it said, and what it saw if that is known.

    `reason` is the end of the message that says why: a hint, a guess, or nothing.
    """

    grade_id: str
    message: str
    reason: str = ""
    seen: Seen | None = None


@dataclass(frozen=True)
class Stage:
    """The notebook of the reference: its cells, and the names before each exercise."""

    cells: Sequence[Cell]
    checks: dict[str, Check]
    before: dict[str, Names]

    def play(self, m: Misconception) -> list[Miss]:
        """The visible checks of its exercise that fail with this wrong solution."""
        names = copy_names(self.before[m.exercise])
        found = []
        for cell in self._list_cells(m.exercise):
            if cell.role == "check":
                found += self._try(self.checks[cell.grade_id], names)
                continue
            source = cell.source
            if cell.grade_id == m.exercise:
                source = replace_function(source, m.exercise, m.source)
            _run(source, names)
        return found

    def _list_cells(self, exercise: str) -> Iterator[Cell]:
        """The cells from an exercise to its last check."""
        ids = [c.grade_id for c in self.cells]
        own = [n for n, c in enumerate(self.cells) if c.exercise == exercise]
        yield from self.cells[ids.index(exercise) : max(own) + 1]

    def _try(self, check: Check, names: Names) -> list[Miss]:
        """What the visible part says, on copies of the notebook's data."""
        used = {n: _copy_data(names[n]) for n in check.names if n in names}
        try:
            with silence_output():
                exec(check.visible, {**names, **used})
        except CheckFailed as failure:
            text = str(failure)
            miss = Miss(
                grade_id=check.grade_id,
                message=text,
                reason=text[len(failure.facts) :],
                seen=failure.seen,
            )
            return [miss]
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            return [Miss(grade_id=check.grade_id, message=text)]
        return []


def set_stage(material: Material, reference: Reference) -> Stage:
    """Run the reference notebook, and note the names before each exercise."""
    cells = [c for c in material.source_cells if c.runs or c.role == "check"]
    names: Names = {"__name__": "__main__"}
    before: dict[str, Names] = {}
    for cell in cells:
        if cell.role == "check":
            continue
        if cell.role == "exercise":
            before[cell.grade_id] = dict(names)
        _run(cell.source, names)
    return Stage(cells, {c.grade_id: c for c in reference.checks}, before)


def _run(source: str, names: Names) -> None:
    with silence_output():
        exec(compile(source, "<cell>", "exec"), names)


def copy_names(names: Names) -> Names:
    """The names with copies of their data; functions and modules as they are."""
    return {name: _copy_data(value) for name, value in names.items()}


def _copy_data(value: Any) -> Any:
    if isinstance(value, types.ModuleType | types.FunctionType | type):
        return value
    try:
        return copy.deepcopy(value)
    except Exception:
        return value

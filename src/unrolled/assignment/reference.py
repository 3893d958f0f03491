"""The trusted side of an assignment: its reference notebook and its checks."""

from __future__ import annotations

import ast
import copy
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unrolled.assignment.catalogue import Catalogue, load_catalogue
from unrolled.assignment.cells import (
    Cell,
    find_defined_names,
    read_sources,
    split_check,
)
from unrolled.assignment.material import Material
from unrolled.assignment.workdir import open_workdir
from unrolled.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check, compiled: what students see of it, and the rest."""

    grade_id: str
    exercise: str
    points: float
    visible: types.CodeType
    hidden: types.CodeType | None
    names: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The reference notebook after it was run.

    `names` are its globals, `defines` the names that each exercise defines, in
    the order of the notebook; `helpers` are the texts of its helper cells, and
    `helper_names` what these define, which checks take from the student's process.
    """

    names: Mapping[str, Any]
    defines: Mapping[str, tuple[str, ...]]
    checks: tuple[Check, ...]
    catalogue: Catalogue
    oracle: types.ModuleType
    expected: types.SimpleNamespace = field(repr=False)
    helpers: tuple[str, ...] = ()
    helper_names: frozenset[str] = frozenset()

    def list_earlier(self, exercise: str) -> tuple[str, ...]:
        """The exercises before `exercise`."""
        order = list(self.defines)
        return tuple(order[: order.index(exercise)])

    def find_graded_names(self) -> frozenset[str]:
        """All names that exercises define: these the judge never takes from here."""
        return frozenset(n for names in self.defines.values() for n in names)

    def fresh(self, names: frozenset[str]) -> dict[str, Any]:
        """Globals for a check: given names, data copied, nothing graded."""
        graded = self.find_graded_names()
        bound = {n: v for n, v in self.names.items() if n not in graded}
        return {n: _copy_data(v) if n in names else v for n, v in bound.items()}


def _copy_data(value: Any) -> Any:
    if isinstance(value, types.ModuleType | types.FunctionType | type):
        return value
    return copy.deepcopy(value)


def _compile_check(cell: Cell) -> Check:
    visible, hidden = split_check(cell.source)
    where = f"<check {cell.grade_id}>"
    names = [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Name)]
    own = {n.id for n in names if isinstance(n.ctx, ast.Store)}
    return Check(
        grade_id=cell.grade_id,
        exercise=cell.exercise,
        points=cell.points,
        visible=compile(visible, where, "exec"),
        hidden=compile(hidden, where, "exec") if hidden.strip() else None,
        names=frozenset(n.id for n in names) - own,  # what it sets itself is its own
    )


def _run_cell(material: Material, cell: Cell, names: dict[str, Any], why: str) -> None:
    """Run a cell of the source notebook; where that fails, a UserError says `why`."""
    where = f"<{material.assignment} cell {cell.index}>"
    try:
        exec(compile(cell.source, where, "exec"), names)
    except Exception as error:
        raise UserError(
            f"source/{material.assignment}/{material.notebook}.ipynb: {why}: "
            f"{type(error).__name__}: {error}"
        ) from error


def _load_oracle(material: Material) -> types.ModuleType:
    module = types.ModuleType("oracle")
    where = f"lessons/{material.assignment}/oracle.py"
    try:
        exec(compile(material.oracle, where, "exec"), module.__dict__)
    except Exception as error:
        raise UserError(f"{where}: cannot be run: {error}") from error
    return module


def _run_helpers(material: Material) -> dict[str, str]:
    """The names of the helper cells, each with its text; they must stand alone."""
    names: dict[str, Any] = {"__name__": "helpers"}
    found: dict[str, str] = {}
    why = "a helper cell must run without the cells before it, with its own imports"
    for cell in material.source_cells:
        if cell.role == "helper":
            found |= dict.fromkeys(find_defined_names(cell.source), cell.source)
            _run_cell(material, cell, names, why)
    return found


def build_reference(material: Material) -> Reference:
    """Run the reference notebook and compile its checks.

    Raises UserError if the trusted material itself is broken.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    with open_workdir(material.data):
        for cell in material.source_cells:
            if cell.runs:
                why = f"cell {cell.index} of the reference notebook fails"
                _run_cell(material, cell, names, why)
    helpers = _run_helpers(material)
    solutions = read_sources(material.source_cells, "exercise")
    where = f"lessons/{material.assignment}/misconceptions.py"
    return Reference(
        names=names,
        defines={name: find_defined_names(text) for name, text in solutions.items()},
        checks=tuple(
            _compile_check(c) for c in material.source_cells if c.role == "check"
        ),
        catalogue=load_catalogue(material.misconceptions, where, names),
        oracle=_load_oracle(material),
        expected=types.SimpleNamespace(**names),
        helpers=tuple(dict.fromkeys(helpers.values())),
        helper_names=frozenset(helpers),
    )

"""The outline that goes with the hints: what each cell of the notebook is for.

With it a notebook can say which earlier exercise is to be mended first.
"""

from __future__ import annotations

import ast
import hashlib
from typing import Any

from unrolled.assignment import Cell, Material
from unrolled.assignment.cells import find_defined_names, parse_code, split_check


def make_outline(material: Material) -> dict[str, Any]:
    """The checks, the demonstrations that need an exercise, and the exercises."""
    cells: dict[str, Any] = {}
    exercises = []
    makers: dict[str, tuple[str, ...]] = {}
    for cell in material.source_cells:
        defines = find_defined_names(cell.source) if cell.cell_type == "code" else ()
        if cell.role == "exercise":
            exercises.append({"name": cell.grade_id, "defines": list(defines)})
            makers |= dict.fromkeys(defines, (cell.grade_id,))
        elif cell.role == "check":
            visible, _ = split_check(cell.source)
            cells[digest_cell(visible)] = {"checks": cell.exercise}
        elif cell.role in ("given", "helper", "show") and cell.cell_type == "code":
            needs = _list_needs(cell, makers)
            makers |= dict.fromkeys(defines, tuple(needs))
            if needs:
                cells[digest_cell(cell.source)] = {"needs": needs}
    return {"cells": cells, "exercises": exercises}


def _list_needs(cell: Cell, makers: dict[str, tuple[str, ...]]) -> list[str]:
    """The exercises that names of a cell come from, in the order of the notebook."""
    tree = parse_code(cell.source)
    nodes = ast.walk(tree) if tree else ()
    used = {n.id for n in nodes if isinstance(n, ast.Name)}
    needs = {exercise for name in used for exercise in makers.get(name, ())}
    order = list(dict.fromkeys(e for made in makers.values() for e in made))
    return [exercise for exercise in order if exercise in needs]


def digest_cell(source: str) -> str:
    """As `digest_cell` of the lab, which tests hold it against.

    A build does not load the lab, which brings matplotlib and takes a second.
    """
    lines = [line.rstrip() for line in source.split("\n")]
    text = "\n".join(line for line in lines if line)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]

"""Parts of the lesson on hardware as small assignments, judged by the real judge."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from unrolled.assignment.cells import Cell, read_cells
from unrolled.assignment.load import load_material
from unrolled.assignment.material import Material
from unrolled.assignment.reference import Reference, build_reference
from unrolled.course.model import load_course

ROOT = Path(__file__).parents[2]
NEEDS = {
    "PrefetchingLoader": ("def fill(",),
    "build_keras_lstm": ("import keras",),
}


def cut(notebook: dict[str, Any], exercise: str) -> dict[str, Any]:
    """The notebook with the imports, one exercise and its checks, and nothing else."""
    cells = read_cells(notebook)
    first = next(c for c in cells if c.cell_type == "code")

    def stays(cell: Cell) -> bool:
        if cell is first or cell.role == "helper":
            return True
        needed = cell.runs and any(text in cell.source for text in NEEDS[exercise])
        return needed or exercise in (cell.grade_id, cell.exercise)

    made = copy.deepcopy(notebook)
    made["cells"] = [made["cells"][cell.index] for cell in cells if stays(cell)]
    return made


@cache
def part(exercise: str) -> tuple[Material, Reference]:
    """The assignment that is left if only this exercise is asked."""
    whole = load_material(load_course(ROOT), "07_hardware")
    made = replace(
        whole, source=cut(whole.source, exercise), release=cut(whole.release, exercise)
    )
    return made, build_reference(made)

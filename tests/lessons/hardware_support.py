"""Parts of the lesson on hardware as small assignments, judged by the real judge."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from unrolled.assignment.cells import is_check, read_nbgrader_meta, read_unrolled_meta
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
    first = next(c for c in notebook["cells"] if c["cell_type"] == "code")

    def stays(cell: dict[str, Any]) -> bool:
        if cell is first or read_unrolled_meta(cell).get("helper"):
            return True
        if is_check(cell):
            return bool(read_unrolled_meta(cell)["exercise"] == exercise)
        needed = any(text in cell["source"] for text in NEEDS[exercise])
        shown = read_unrolled_meta(cell).get("show") or cell["cell_type"] != "code"
        return read_nbgrader_meta(cell).get("grade_id") == exercise or (
            needed and not shown
        )

    made = copy.deepcopy(notebook)
    made["cells"] = [copy.deepcopy(cell) for cell in notebook["cells"] if stays(cell)]
    return made


@cache
def part(exercise: str) -> tuple[Material, Reference]:
    """The assignment that is left if only this exercise is asked."""
    whole = load_material(load_course(ROOT), "07_hardware")
    made = replace(
        whole, source=cut(whole.source, exercise), release=cut(whole.release, exercise)
    )
    return made, build_reference(made)

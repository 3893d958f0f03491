"""Sample submissions in which one function returns float32, and all else is right.

What its own checks take may cost nothing further on: neither in the functions that
compute with it, nor for some students only.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from unrolled.assignment import Material, Notebook, Reference, read_sources
from unrolled.assignment.cells import find_defined_names
from unrolled.author.report import Case
from unrolled.author.verify import precision_kit
from unrolled.author.verify.cases import examine
from unrolled.author.verify.lazy import NameReplacer

SEEDS = 2  # under which all checks of the notebook run; its own run under all


def check_float32(
    material: Material, reference: Reference, exercise: str, seeds: Sequence[int]
) -> Case:
    """Float32 in one exercise costs points there, under every seed, or nowhere."""
    notebook = make_float32_notebook(material, exercise)
    problems: dict[str, str] = {}
    passed: dict[str, bool] = {}
    runs = (
        examine(material, reference, notebook, seeds, only=exercise),
        examine(material, reference, notebook, seeds[1:SEEDS] or seeds),
    )
    for seed, verdicts in chain(*runs):
        for v in verdicts:
            own = v.exercise == exercise
            if own and passed.setdefault(v.grade_id, v.passed) != v.passed:
                problems[v.grade_id] = f"{v.grade_id} passes for some draws only"
            if not own and not v.passed:
                text = f"{v.grade_id} of another exercise fails: {v.message[:200]}"
                problems.setdefault(v.grade_id, f"{text} (seed {seed})")
    return Case(material.assignment, "float32", exercise, tuple(problems.values()))


def make_float32_notebook(material: Material, exercise: str) -> Notebook:
    """The solution, with one exercise whose arrays come back in float32."""
    solutions = read_sources(material.source_cells, "exercise")
    names = find_defined_names(solutions[exercise])
    kit = Path(precision_kit.__file__).read_text(encoding="utf-8")
    right = NameReplacer(set(names)).text(solutions[exercise])
    single = [f"{n} = single(right_{n})" for n in names]
    solutions[exercise] = "\n\n".join([kit, right, *single])
    return material.fill_release(solutions)

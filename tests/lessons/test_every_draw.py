"""Does a verdict hang on the numbers that a student's seed draws?

`unrolled verify` asks this of all misconceptions; here are those that once passed for
some students and failed for others.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from support.lesson import (
    LESSONS,
    function_name,
    load,
    load_lesson_cells,
    load_oracle,
    reference_namespace,
    run_check,
)

from unrolled.assignment.seeds import derive_cell_seed

STUDENTS = 8
LUCKY = [
    ("02_forward_pass", "step_single_precision"),
    ("02_forward_pass", "softmax_shifts_by_mean"),
    ("03_bptt", "back_single_precision"),
    ("03_bptt", "through_clipped"),
    ("03_bptt", "through_all_clipped"),
    ("04_gradients", "orthogonal_permutation"),
    ("05_gates", "weights_threes"),
    ("05_gates", "weights_fours"),
    ("07_hardware", "trimmed_mean"),
]


@cache
def read(lesson: str) -> tuple[dict[str, Any], dict[str, str], Any]:
    """The names of the solved lesson, its checks by grade id, its oracle."""
    folder = LESSONS / lesson
    checks = {c.name: c.source for c in load_lesson_cells(folder) if c.kind == "check"}
    return reference_namespace(folder), checks, load_oracle(folder)


@pytest.mark.parametrize(("lesson", "name"), LUCKY)
def test_a_mistake_costs_every_student_the_same(lesson: str, name: str) -> None:
    """Does each check that is meant for it fail, whatever is drawn, and else never?"""
    folder = LESSONS / lesson
    names, checks, oracle = read(lesson)
    (wrong,) = (m for m in load(folder).misconceptions if m.name == name)
    mistaken = {**names, function_name(folder, wrong.exercise): wrong.function}
    for grade_id in wrong.fails:
        for student in range(STUDENTS):
            seed = derive_cell_seed(student, grade_id)
            source = checks[grade_id]
            assert run_check(source, names, seed, oracle) == "", (grade_id, seed)
            assert run_check(source, mistaken, seed, oracle, names), (grade_id, seed)

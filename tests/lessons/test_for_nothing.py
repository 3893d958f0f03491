"""Do the checks of this course pass only where something works?

`unrolled verify` tries all lazy ways of all lessons; here are those that once earned
points.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from unrolled.assignment.load import load_material, load_reference
from unrolled.author.verify.cases import examine, make_solved_notebook
from unrolled.author.verify.lazy import make_lazy_notebook
from unrolled.course.model import load_course

COURSE = load_course(Path(__file__).parents[2])
NOTHING = {
    "a loader that is None": (
        "07_hardware",
        "PrefetchingLoader",
        "def PrefetchingLoader(source, depth):\n    return None",
    ),
    "lines that never cross": (
        "07_hardware",
        "crossover",
        "def crossover(cpu_fit, gpu_fit):\n    return None",
    ),
    "gradients handed back": (
        "04_gradients",
        "clip_by_norm",
        "def clip_by_norm(grads, max_norm):\n    return grads, max_norm",
    ),
}


@pytest.mark.parametrize("what", NOTHING)
def test_what_does_nothing_passes_no_check(what: str) -> None:
    """Does each check of the exercise, hidden part and all, ask for more?"""
    lesson, exercise, text = NOTHING[what]
    material = load_material(COURSE, lesson)
    notebook = make_solved_notebook(material, {exercise: text})
    ((_, verdicts),) = examine(material, load_reference(material), notebook, [0])
    asked = [v for v in verdicts if v.exercise == exercise]
    assert asked and [v.grade_id for v in asked if v.passed] == []


def test_zeros_of_the_right_shape_pass_no_check() -> None:
    """Are they worth nothing, in all exercises together?"""
    material = load_material(COURSE, "02_forward_pass")
    notebook = make_lazy_notebook(material, "zeros")
    ((_, verdicts),) = examine(material, load_reference(material), notebook, [0])
    assert verdicts and [v.grade_id for v in verdicts if v.passed] == []

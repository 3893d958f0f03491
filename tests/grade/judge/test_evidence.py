"""What a hint must agree with where two mistakes stand in one chain."""

from __future__ import annotations

from dataclasses import replace

from support.small_assignment import (
    QUICK,
    Notebook,
    by_id,
    check,
    material,
    release_notebook,
    source_notebook,
    submission,
)

from unrolled.assignment.reference import build_reference
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.judge.judge import judge_submission
from unrolled.grade.judge.verdict import CellVerdict, JudgeInput
from unrolled.grade.submission.rebuild import rebuild_submission

SHAPE = "assert quadruple(np.array([3.0, 5.0])).shape == (2,)"


def with_shape(notebook: Notebook) -> Notebook:
    """A notebook where a check asks for the shape of `quadruple` only."""
    asked = check("quadruple_shape", "quadruple", SHAPE, "", 2)
    notebook["cells"].insert(6, {**asked, "id": "cell-shape"})
    return notebook


def judged(**cells: str) -> dict[str, CellVerdict]:
    """The verdicts on a submission of the small assignment, by grade id."""
    source, release = (with_shape(n) for n in (source_notebook(), release_notebook()))
    made = replace(material(), source=source, release=release)
    rebuilt = rebuild_submission(made, with_shape(submission(**cells))).notebook
    task = JudgeInput(made, rebuilt, 1, QUICK)
    return by_id(judge_submission(task, build_reference(made), select_trusted_worker()))


def test_a_second_mistake_in_a_chain_has_its_hint_too() -> None:
    """Is the second one named, though a check that asks for a shape passes?

    It passes on numbers that the first mistake has spoilt: they refute nothing.
    """
    found = judged(double="return x * x", quadruple="return double(x)")
    assert found["quadruple_shape"].passed
    assert found["double_values"].misconception == ("squares",)
    assert found["quadruple_values"].misconception == ("only_once",)


def test_what_was_right_all_the_same_refutes_a_hint() -> None:
    """Is no mistake named that what passed on right numbers speaks against?"""
    odd = "return double(x) if x[0] != 3.0 else 4 * x"
    found = judged(double="return x * x", quadruple=odd)
    assert found["quadruple_shape"].passed
    assert found["quadruple_values"].misconception == ()

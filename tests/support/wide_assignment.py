"""Two checks of one exercise, and a third exercise that calls both others."""

from __future__ import annotations

import copy
from dataclasses import replace

from support.small_assignment import (
    MISCONCEPTIONS,
    QUICK,
    RIGHT,
    by_id,
    check,
    exercise,
    material,
)

from unrolled.assignment.material import Material
from unrolled.assignment.reference import build_reference
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.judge.judge import judge_submission
from unrolled.grade.judge.verdict import CellVerdict, JudgeInput
from unrolled.grade.submission.rebuild import rebuild_submission

STUB = "raise NotImplementedError"
TRIPLE = """
@misconception("double", fails="double_values", hint="Not thrice.")
def thrice(x):
    return 3 * x
"""


def wide_material() -> Material:
    """Two checks of double, and a third exercise, octuple, that calls both others."""
    trusted = material()
    source, release = copy.deepcopy((trusted.source, trusted.release))
    one = check(
        "double_one",
        "double",
        "assert_close(double(np.array([3.0])), [6.0])",
        "assert_close(double(np.array([5.0])), [10.0])",
        5,
    )
    last = check(
        "octuple_values",
        "octuple",
        "assert_close(octuple(start), [8.0, 16.0])",
        "x = rng.normal(size=3)\nassert_close(octuple(x), 8 * x)",
        7,
    )
    for notebook, body in ((source, "return double(quadruple(x))"), (release, STUB)):
        more = [copy.deepcopy(one), exercise("octuple", body), copy.deepcopy(last)]
        for number, made in enumerate(more):
            made["id"] = f"wide-{number}"
        notebook["cells"].insert(4, more[0])
        notebook["cells"][7:7] = more[1:]
    return replace(
        trusted,
        source=source,
        release=release,
        misconceptions=MISCONCEPTIONS + TRIPLE,
    )


def graded(misconceptions: str = "", **bodies: str) -> dict[str, CellVerdict]:
    """The verdicts on functions with these bodies; the others are right."""
    trusted = wide_material()
    if misconceptions:
        trusted = replace(trusted, misconceptions=misconceptions)
    right = {**RIGHT, "octuple": "return double(quadruple(x))"}
    notebook = copy.deepcopy(trusted.release)
    for made in notebook["cells"]:
        name = made["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name in right:
            made["source"] = f"def {name}(x):\n    {bodies.get(name, right[name])}"
    rebuilt = rebuild_submission(trusted, notebook).notebook
    submission = JudgeInput(trusted, rebuilt, 1, QUICK)
    return by_id(
        judge_submission(submission, build_reference(trusted), select_trusted_worker())
    )

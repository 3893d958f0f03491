"""Graded work of a made class, for the class report: no notebook, no gradebook."""

from __future__ import annotations

import copy
from dataclasses import replace

from support.small_assignment import material

from unrolled.assignment.cells import Cell
from unrolled.assignment.material import Material
from unrolled.class_report.read_class import Work
from unrolled.grade.results import CellResult, SubmissionResult


def _make_cell(grade_id: str, points: float, exercise: str) -> Cell:
    return Cell(
        index=0,
        id="",
        cell_type="code" if exercise else "markdown",
        role="check" if exercise else "answer",
        source="",
        grade_id=grade_id,
        graded=True,
        points=points,
        exercise=exercise,
        attachments={},
    )


# Two checks of one exercise, and a written answer.
CELLS = (
    _make_cell("double_small", 10.0, "double"),
    _make_cell("double_large", 20.0, "double"),
    _make_cell("why", 10.0, ""),
)


def make_material(misconceptions: str = "") -> Material:
    """Two checks of `double`."""
    trusted = material()
    source = copy.deepcopy(trusted.source)
    for cell in source["cells"]:
        its = cell["metadata"].get("nbgrader", {})
        if its.get("grade_id") == "double_values":
            second = copy.deepcopy(cell)
            its["grade_id"] = "double_small"
            second["metadata"]["nbgrader"]["grade_id"] = "double_large"
            second["id"] = "second"
            source["cells"].append(second)
            break
    return replace(trusted, source=source, misconceptions=misconceptions)


def failed(
    grade_id: str, message: str, *names: str, points: float = 10.0
) -> CellResult:
    """A failed check, recognised as misconceptions `names`."""
    return CellResult(
        grade_id=grade_id,
        score=0.0,
        max_score=points,
        passed=False,
        message=message,
        hint="Think of " + names[0] if names else "",
        misconception=names,
    )


def make_work(
    student: str,
    *,
    small: int | CellResult,
    large: int | CellResult,
    answer: float | None = 5.0,
    code: str = "",
    not_begun: tuple[str, ...] = (),
) -> Work:
    """One student's work: each check passed (1) or failed (0), or as it is given."""
    cells = [
        result
        if isinstance(result, CellResult)
        else CellResult(
            grade_id=cell.grade_id,
            score=cell.points * result,
            max_score=cell.points,
            passed=bool(result),
            message="" if result else "wrong",
        )
        for cell, result in zip(CELLS, (small, large), strict=False)
    ]
    cells.append(CellResult(grade_id="why", score=answer, max_score=10.0, passed=None))
    return Work(
        result=SubmissionResult(
            student=student,
            status="graded",
            score=sum(c.score or 0.0 for c in cells),
            max_score=40.0,
            needs_manual=answer is None,
            cells=tuple(cells),
        ),
        code={"double": code},
        not_begun=frozenset(not_begun),
        handed_in=None,
        days_late=0,
    )

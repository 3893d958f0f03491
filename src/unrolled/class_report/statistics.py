"""How a class did, question by question, and which questions may be at fault."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from html import escape

from unrolled.assignment import Cell
from unrolled.class_report.model import Distribution, Question
from unrolled.class_report.read_class import Work
from unrolled.grade import CellResult

BUCKETS = 10
FEW = 5  # a share or a correlation over fewer submissions says nothing
HARD = 0.5
AGAINST = -0.1  # a correlation below it: who is good at the rest fails here


def compute_distribution(works: Sequence[Work]) -> Distribution | None:
    """The scores of all graded submissions, on one scale; None without any.

    While a written answer waits for a mark, only automatic checks count, for all.
    """
    if not works:
        return None
    waits = any(work.result.needs_manual for work in works)
    scores = [_add_scores(work, automatic_only=waits) for work in works]
    most = max(_add_max_scores(work, automatic_only=waits) for work in works)
    lower, median, upper = _compute_quartiles(scores)
    buckets = [0] * BUCKETS
    for score in scores:
        share = score / most if most else 0.0
        buckets[min(BUCKETS - 1, max(0, int(share * BUCKETS + 1e-9)))] += 1
    return Distribution(
        count=len(scores),
        max_score=most,
        automatic_only=waits,
        mean=statistics.fmean(scores),
        median=median,
        lower=lower,
        upper=upper,
        buckets=tuple(buckets),
    )


def _add_scores(work: Work, *, automatic_only: bool) -> float:
    return sum(_get_points(c) for c in work.result.cells if _counts(c, automatic_only))


def _add_max_scores(work: Work, *, automatic_only: bool) -> float:
    return sum(c.max_score for c in work.result.cells if _counts(c, automatic_only))


def _counts(cell: CellResult, automatic_only: bool) -> bool:  # noqa: FBT001
    return cell.passed is not None or not automatic_only


def _get_points(cell: CellResult) -> float:
    return cell.score or 0.0


def _compute_quartiles(scores: Sequence[float]) -> tuple[float, float, float]:
    if len(scores) == 1:
        return scores[0], scores[0], scores[0]
    lower, median, upper = statistics.quantiles(scores, n=4, method="inclusive")
    return lower, median, upper


def compute_questions(
    cells: Sequence[Cell], labels: dict[str, str], works: Sequence[Work]
) -> tuple[Question, ...]:
    """Each graded cell over the class, in the order of the notebook."""
    return tuple(
        _compute_question(cell, labels.get(cell.grade_id, ""), works)
        for cell in cells
        if cell.graded
    )


def _compute_question(cell: Cell, label: str, works: Sequence[Work]) -> Question:
    results = [(work, c) for work in works if (c := _find(work, cell.grade_id))]
    scored = [(work, c) for work, c in results if c.score is not None]
    shares = [_get_points(c) / c.max_score for _, c in scored if c.max_score]
    rate = statistics.fmean(shares) if shares else None
    discrimination = _correlate(scored)
    return Question(
        grade_id=cell.grade_id,
        label=label or escape(cell.grade_id),
        exercise=cell.exercise,
        kind="check" if cell.role == "check" else "answer",
        max_score=cell.points,
        graded=len(scored),
        waits=len(results) - len(scored),
        passed=sum(_get_points(c) >= c.max_score for _, c in scored),
        follow_through=sum(c.follow_through for _, c in scored),
        not_begun=sum(cell.exercise in work.not_begun for work, _ in results),
        rate=rate,
        discrimination=discrimination,
        suspect=_judge_question(cell, rate, discrimination, len(scored)),
    )


def _find(work: Work, grade_id: str) -> CellResult | None:
    return next((c for c in work.result.cells if c.grade_id == grade_id), None)


def _correlate(scored: Sequence[tuple[Work, CellResult]]) -> float | None:
    """The correlation of a question's points with those of all other questions."""
    mine = [_get_points(c) for _, c in scored]
    rest = [
        sum(_get_points(other) for other in work.result.cells if other is not c)
        for work, c in scored
    ]
    if len(mine) < FEW or len(set(mine)) < 2 or len(set(rest)) < 2:
        return None
    return statistics.correlation(mine, rest)


def _judge_question(
    cell: Cell, rate: float | None, discrimination: float | None, count: int
) -> str:
    """Why somebody should look at a check itself; "" if nothing speaks against it."""
    if cell.role != "check" or count < FEW or rate is None:
        return ""
    reasons = []
    if rate < HARD:
        reasons.append(f"{round(100 * (1 - rate))} % of the class fail it")
    if discrimination is not None and discrimination < AGAINST:
        reasons.append(
            "students who do well elsewhere fail it more often than others "
            f"(discrimination {discrimination:.2f})"
        )
    return "; ".join(reasons)

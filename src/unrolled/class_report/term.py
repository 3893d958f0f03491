"""The term: how each assignment went, and who falls behind."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from unrolled.class_report.model import TermAssignment, TermReport, TermStudent
from unrolled.class_report.read_class import format_name
from unrolled.course import Course
from unrolled.gradebook import open_gradebook
from unrolled.gradebook.queries import Score, read_scores
from unrolled.gradebook.read import read_student_rows

DROP = 0.2  # share of the points, measured against the class
IN_A_ROW = 2

Shares = Mapping[str, Mapping[str, float]]  # by assignment and student


def read_term(course: Course, made: str) -> TermReport:
    """All assignments of the course; UserError if there is no gradebook.

    Scores are before late penalties. Who has an answer that waits for a mark is left
    out of the numbers of that assignment.
    """
    people = {row.id: format_name(row) for row in read_student_rows(course)}
    with open_gradebook(course) as gradebook:
        scores = {name: read_scores(gradebook, name) for name in course.assignments}
    shares = {name: _compute_shares(found) for name, found in scores.items()}
    handed_in = {name: frozenset(found) for name, found in scores.items()}
    past = [n for n in course.assignments if _is_past(course, n, shares[n])]
    students = tuple(
        TermStudent(
            student=student,
            name=people.get(student) or student,
            shares=tuple(shares[n].get(student) for n in course.assignments),
            mean=_apply(statistics.fmean, _select(shares, student)),
            behind=find_reason(student, past, shares, handed_in),
        )
        for student in _sort({*people}.union(*handed_in.values()), people)
    )
    return TermReport(
        course=course.title,
        made=made,
        assignments=tuple(
            TermAssignment(
                name=name,
                title=assignment.title,
                graded=len(scores[name]),
                missing=len(students) - len(scores[name]) if name in past else 0,
                mean=_apply(statistics.fmean, shares[name]),
                median=_apply(statistics.median, shares[name]),
            )
            for name, assignment in course.assignments.items()
        ),
        students=students,
    )


def _sort(students: Iterable[str], people: Mapping[str, str]) -> list[str]:
    """By name, or by account where that is all there is."""
    return sorted(students, key=lambda s: ((people.get(s) or s).casefold(), s))


def _compute_shares(scores: Mapping[str, Score]) -> dict[str, float]:
    return {
        student: score.points / score.max_points
        for student, score in scores.items()
        if score.max_points and not score.waits
    }


def _select(shares: Shares, student: str) -> dict[str, float]:
    return {name: found[student] for name, found in shares.items() if student in found}


def _apply(
    average: Callable[[Iterable[float]], float], shares: Mapping[str, float]
) -> float | None:
    return average(shares.values()) if shares else None


def _is_past(course: Course, name: str, shares: Mapping[str, float]) -> bool:
    """Whether work can be missing: it is due, or somebody's is graded."""
    due = course.assignments[name].due
    return bool(shares) and (due is None or due <= datetime.now(UTC) or len(shares) > 1)


def find_reason(
    student: str,
    past: Sequence[str],
    shares: Shares,
    handed_in: Mapping[str, frozenset[str]],
) -> str:
    """Why a student may be falling behind; "" if nothing says so.

    Either the last two assignments that are due are not handed in, or the share of the
    points in the last one, against the class, is a fifth below what it was before.
    """
    if not past or not any(student in handed_in[name] for name in past):
        return "has handed in nothing" if past else ""
    last = past[-IN_A_ROW:]
    if len(last) == IN_A_ROW and not any(student in handed_in[n] for n in last):
        return f"has not handed in the last {IN_A_ROW}"
    against = [
        shares[name][student] - statistics.fmean(shares[name].values())
        for name in past
        if student in shares[name]
    ]
    if len(against) > 1 and student in shares[past[-1]]:
        drop = statistics.fmean(against[:-1]) - against[-1]
        if drop >= DROP:
            return f"{round(100 * drop)} points of 100 below the earlier ones"
    return ""

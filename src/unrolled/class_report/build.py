"""Builds the reports of a class, of one assignment and of the term."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from unrolled.assignment import list_labels
from unrolled.class_report.behaviour import read_behaviours
from unrolled.class_report.mistakes import find_mistakes
from unrolled.class_report.model import ClassReport, StudentLine, TermReport
from unrolled.class_report.read_class import ClassWork, Work, read_class
from unrolled.class_report.statistics import compute_distribution, compute_questions
from unrolled.class_report.term import read_term
from unrolled.course import Course
from unrolled.timestamps import format_moment


def build_class_report(course: Course, assignment: str) -> ClassReport:
    """One assignment over the whole class.

    Raises UserError if the assignment is unknown, or not in the gradebook yet.
    """
    klass = read_class(course, assignment)
    works, cells = list(klass.works.values()), klass.material.source_cells
    behaviours = read_behaviours(course, assignment)
    known, unknown = find_mistakes(klass.material, klass.works, behaviours)
    return ClassReport(
        assignment=assignment,
        title=course.assignments[assignment].title,
        course=course.title,
        made=format_moment(datetime.now(UTC), course.timezone),
        distribution=compute_distribution(works),
        questions=compute_questions(cells, dict(list_labels(cells)), works),
        mistakes=known,
        unexplained=unknown,
        students=tuple(_make_lines(course, klass)),
    )


def build_term_report(course: Course) -> TermReport:
    """All assignments of the course, student by student; UserError without a
    gradebook."""
    return read_term(course, format_moment(datetime.now(UTC), course.timezone))


def _make_lines(course: Course, klass: ClassWork) -> Iterable[StudentLine]:
    everybody = {*klass.people, *klass.works, *klass.reasons}
    for student in sorted(everybody, key=lambda s: (klass.name(s).casefold(), s)):
        name = klass.name(student)
        if student in klass.works:
            yield _make_line(course, name, klass.works[student])
        elif student in klass.reasons:
            reason = klass.reasons[student]
            yield StudentLine(
                student=student, name=name, state="ungraded", reason=reason
            )
        else:
            yield StudentLine(student=student, name=name, state="missing")


def _make_line(course: Course, name: str, work: Work) -> StudentLine:
    result = work.result
    handed_in = work.handed_in.replace(tzinfo=UTC) if work.handed_in else None
    names: Mapping[str, None] = dict.fromkeys(
        n for cell in result.cells if cell.passed is False for n in cell.misconception
    )
    return StudentLine(
        student=result.student,
        name=name,
        state="waits" if result.needs_manual else "graded",
        score=result.score,
        max_score=result.max_score,
        penalty=result.late_penalty,
        days_late=work.days_late,
        handed_in=format_moment(handed_in, course.timezone) if handed_in else "",
        failed=result.failed,
        mistakes=tuple(names),
        reason="; ".join(result.repairs),
    )

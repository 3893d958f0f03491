"""Makes feedback of a graded submission: mistakes, not cells."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC
from html import escape
from itertools import pairwise

from unrolled.assignment import Cell, list_labels, read_sources
from unrolled.deadlines import read_settlement
from unrolled.feedback.page.mistakes import Exercises, find_headings, find_mistakes
from unrolled.feedback.page.model import Answer, Feedback, Remark
from unrolled.feedback.page.read_work import Work, WorkReader
from unrolled.timestamps import format_moment


def build_feedback(reader: WorkReader, work: Work) -> Feedback:
    """All that a student's page says, but for the notebook itself."""
    course, result = reader.course, work.result
    title = course.assignments[reader.assignment].title
    exercises = _make_exercises(reader, work)
    homes = {c.grade_id: c.exercise for c in work.cells if c.role == "check"}
    checks = [r for r in result.cells if r.grade_id in homes]
    found = find_mistakes(((homes[r.grade_id], r) for r in checks), exercises)
    mistaken = {m.exercise for m in found}
    return Feedback(
        assignment=reader.assignment,
        title=title,
        course=course.title,
        student=work.student.id,
        name=f"{work.student.first_name} {work.student.last_name}".strip(),
        score=(result.score or 0.0) - result.late_penalty,
        max_score=result.max_score or 0.0,
        penalty=result.late_penalty,
        facts=tuple(_list_facts(reader, work)),
        notes=result.repairs,
        mistakes=tuple(m for m in found if m.kind != "not begun"),
        not_begun=tuple(m for m in found if m.kind == "not begun"),
        answers=tuple(_make_answers(reader, work, homes)),
        passed=tuple(exercises.make_check(r) for r in checks if r.passed is not False),
        remarks=tuple(
            Remark(grade_id=name, comment=text)
            for name, text in exercises.comments.items()
            if name in exercises.code and name not in mistaken
        ),
    )


def _make_exercises(reader: WorkReader, work: Work) -> Exercises:
    unnamed = {n: f"<code>{escape(n)}</code>" for n in work.rows.grades}
    return Exercises(
        code=read_sources(work.cells, "exercise"),
        headings=find_headings(work.cells),
        stubs=reader.stubs,
        homes=reader.homes,
        labels=unnamed | dict(list_labels(work.cells)),
        comments={n: text for n, text in work.rows.remarks.items() if text.strip()},
    )


def _make_answers(
    reader: WorkReader, work: Work, checks: Collection[str]
) -> Iterator[Answer]:
    """Everything that a person marks."""
    labels = dict(list_labels(work.cells))
    schemes = _find_schemes(work.cells) if reader.shows_schemes else {}
    for result in work.result.cells:
        name = result.grade_id
        if name not in checks:
            waits = work.rows.grades[name].waits
            comment = work.rows.remarks.get(name, work.rows.comments.get(name))
            yield Answer(
                grade_id=name,
                label=labels.get(name) or f"<code>{escape(name)}</code>",
                score=None if waits else result.score or 0.0,
                max_score=result.max_score,
                comment=comment or "",
                scheme=schemes.get(name, ""),
            )


def _find_schemes(cells: Iterable[Cell]) -> dict[str, str]:
    """The model answer that stands before each answer in a graded notebook."""
    return {
        answer.grade_id: scheme.source
        for scheme, answer in pairwise(cells)
        if scheme.role == "scheme" and answer.role == "answer"
    }


def _list_facts(reader: WorkReader, work: Work) -> Iterator[tuple[str, str]]:
    """Whose, when, how late: names and texts for the head of the page."""
    course, student, rows = reader.course, work.student, work.rows
    own = reader.deadlines.find(
        student.id, reader.assignment, reader.due, rows.extension
    )
    name = f"{student.first_name} {student.last_name}".strip()
    yield "Student", f"{name} ({student.id})" if name else student.id
    yield "Course", course.title
    if rows.timestamp:  # the gradebook keeps no zone: it is in UTC
        moment = rows.timestamp.replace(tzinfo=rows.timestamp.tzinfo or UTC)
        yield "Handed in", format_moment(moment, course.timezone)
    if own.at:
        moment = own.at.replace(tzinfo=UTC)
        more = " (your own date)" if own.own else ""
        yield "Due", f"{format_moment(moment, course.timezone)}{more}"
    if course.late_days:
        spent = read_settlement(course, reader.table, student.id, reader.assignment)
        if spent is not None and spent.free_days:
            yield "Free late days", f"{spent.free_days} used, of {course.late_days}"
    if work.result.late_penalty > 0:
        before = work.result.score or 0.0
        yield "Late penalty", f"{work.result.late_penalty:g} points, of {before:g}"
    waiting = sum(grade.waits for grade in rows.grades.values())
    if waiting:
        many = "1 answer" if waiting == 1 else f"{waiting} answers"
        yield "Not final", f"{many} not marked yet"

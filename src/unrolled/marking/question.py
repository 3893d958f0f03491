"""Reads a question over the class, from the gradebook and the graded notebooks."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from unrolled.assignment import Material, list_labels, load_material
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.gradebook.marking import MarkRow, QuestionGrade, QuestionRows
from unrolled.gradebook.tables import AssignmentRows, open_assignment_rows
from unrolled.marking.answers import Answer, AnswerBook
from unrolled.marking.model import (
    AnswerGroup,
    Member,
    Question,
    QuestionProgress,
    QuestionState,
)
from unrolled.marking.rubric import decode_record, decode_rubric, split_scheme


def list_questions(course: Course, assignment: str) -> tuple[Question, ...]:
    """The written questions of an assignment, in the order of the notebook.

    Raises UserError if the assignment is unknown, or not built.
    """
    return _list_questions(load_material(course, assignment))


def _list_questions(material: Material) -> tuple[Question, ...]:
    labels = dict(list_labels(material.source_cells))
    found = []
    for cell in material.source_cells:
        if cell.role == "answer" and cell.graded:
            model_answer, scheme = split_scheme(cell.source)
            found.append(
                Question(
                    name=cell.grade_id,
                    label=labels.get(cell.grade_id, cell.grade_id),
                    max_score=cell.points,
                    model_answer=model_answer,
                    scheme=scheme,
                )
            )
    return tuple(found)


def find_question(course: Course, assignment: str, name: str) -> Question:
    """One of them; UserError says which there are."""
    questions = {q.name: q for q in list_questions(course, assignment)}
    if name not in questions:
        known = ", ".join(questions) or "it has none"
        raise UserError(f"{assignment} has no written question {name}: {known}.")
    return questions[name]


@contextmanager
def open_assignment(course: Course, assignment: str) -> Iterator[AssignmentRows]:
    """The assignment in the gradebook; UserError if it is not there."""
    try:
        with open_assignment_rows(course, assignment) as rows:
            yield rows
    except LookupError as error:
        raise UserError(f"{error.args[0]}. Run `unrolled build`.") from error


def read_progress(course: Course, assignment: str) -> tuple[QuestionProgress, ...]:
    """How far the marking of an assignment is, question by question."""
    questions = list_questions(course, assignment)
    with open_assignment(course, assignment) as rows:
        known = [q for q in questions if q.name in rows.grade_cells]
        return tuple(_read_progress(rows, assignment, q) for q in known)


def _read_progress(
    rows: AssignmentRows, assignment: str, question: Question
) -> QuestionProgress:
    table = QuestionRows(rows, assignment, question.name)
    grades, marks = table.read_grades(), table.read_marks()
    by_hand = [g for g in grades.values() if _is_by_hand(g)]
    holders: dict[str, int] = defaultdict(int)
    for grade in by_hand:
        holder = get_holder(marks.get(grade.student))
        if holder and grade.waits:
            holders[holder] += 1
    return QuestionProgress(
        question=question,
        marked=sum(not grade.waits for grade in by_hand),
        total=len(by_hand),
        holders=dict(sorted(holders.items())),
    )


def read_question(
    course: Course, assignment: str, question: Question, book: AnswerBook
) -> QuestionState:
    """All answers to a question, equal ones together, with their marks."""
    with open_assignment(course, assignment) as rows:
        table = QuestionRows(rows, assignment, question.name)
        return read_state(table, question, book)


def read_state(
    table: QuestionRows, question: Question, book: AnswerBook, *, lock: bool = False
) -> QuestionState:
    """The same through an open connection; for `lock` see `read_question_grades`."""
    grades, marks = table.read_grades(lock=lock), table.read_marks()
    by_hand = [g for g in grades.values() if _is_by_hand(g)]
    return QuestionState(
        max_score=question.max_score,
        rubric=decode_rubric(table.read_rubric(), question.scheme),
        groups=tuple(_make_groups(question.name, by_hand, marks, book)),
        empty=len(grades) - len(by_hand),
    )


def _is_by_hand(grade: QuestionGrade) -> bool:
    return grade.waits or grade.manual is not None


def _make_groups(
    question: str,
    grades: Iterable[QuestionGrade],
    marks: Mapping[str, MarkRow],
    book: AnswerBook,
) -> Iterator[AnswerGroup]:
    equal: dict[str, list[Member]] = defaultdict(list)
    answers: dict[str, Answer] = {}
    for grade in grades:
        answer = book.get(grade.student, question)
        answers.setdefault(answer.key, answer)
        equal[answer.key].append(_make_member(grade, marks.get(grade.student)))
    for number, key in enumerate(sorted(equal), 1):
        yield AnswerGroup(
            key=key,
            number=number,
            members=tuple(equal[key]),
            cells=answers[key].cells,
        )


def _make_member(grade: QuestionGrade, row: MarkRow | None) -> Member:
    record = decode_record(row.document if row else "")
    return Member(**vars(grade), record=record, holder=get_holder(row))


def get_holder(row: MarkRow | None) -> str:
    """Who holds an answer now; "" if nobody does, or not any longer."""
    return row.holder if row is not None and row.until > time.time() else ""

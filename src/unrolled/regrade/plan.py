"""A regrade as it would be: judged beside the grades that stand; nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from unrolled.assignment.decisions import read_decisions
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.grade import list_submitted_students
from unrolled.grade.marks import compute_fingerprints, read_fingerprints
from unrolled.grade.run import JobRunner, JudgingRun, require_ready
from unrolled.grade.scheduling.job import JobResult
from unrolled.grade.scheduling.prepare import PreparedJob
from unrolled.grade.stored_results import open_rows
from unrolled.gradebook import SubmissionRows
from unrolled.gradebook.tables import AssignmentRows
from unrolled.regrade.model import RegradePlan, Rules, StudentChange
from unrolled.regrade.rules import RuleBook

# Called for each student that is looked at: how many are done, of how many, and who.
Step = Callable[[int, int, str], None]
_NOT_GRADED = "not graded yet: unrolled grade does that"
OTHER_WORK = "has handed in other work since: unrolled grade does that"


def plan_regrade(
    course: Course,
    assignment: str,
    rules: Rules,
    *,
    judges: JobRunner | None = None,
    step: Step = lambda _done, _total, _who: None,
) -> RegradePlan:
    """What a regrade by `rules` would change.

    The submissions are judged by the tests as they are now, unless they were before;
    with `give` in the rules nothing is judged. Who has no grade yet, or has handed in
    other work since, is left to `unrolled grade`. Raises UserError if the course is not
    ready, or if a check of the rules is not one of the assignment's.
    """
    with _open_graded(course, assignment) as rows:
        book = make_book(course, assignment, rules, rows, number=0)
        run = _PlanningRun(
            course=course, assignment=assignment, book=book, rows=rows, step=step
        )
        if rules.give:
            run.look_at_all()
        else:
            if judges is None:
                raise ValueError("judges are needed where checks are run")
            material = require_ready(course, assignment)
            with judges as pool:
                run.judge_all(material, run.students, pool)
    return RegradePlan(
        assignment=assignment,
        max_score=float(sum(book.max_scores.values())),
        rules=rules,
        students=tuple(sorted(run.changes, key=lambda c: c.student)),
        left_out=dict(sorted(run.left_out.items())),
    )


@contextmanager
def _open_graded(course: Course, assignment: str) -> Iterator[AssignmentRows]:
    try:
        with open_rows(course, assignment) as rows:
            yield rows
    except LookupError as error:
        raise UserError(f"{error.args[0]}: grade {assignment} first.") from error


def make_book(
    course: Course, assignment: str, rules: Rules, rows: AssignmentRows, *, number: int
) -> RuleBook:
    """The rules of regrade `number`, with what they stand on.

    Raises UserError for a check that the assignment does not have.
    """
    known, asked = list(rows.grade_cells), (*rules.only, *rules.give)
    unknown = [n for n in asked if n not in known]
    if unknown:
        raise UserError(
            f"{assignment} has no check {', '.join(unknown)}; it has "
            f"{', '.join(known)}."
        )
    if rules.give and (rules.only or rules.never_lower):
        raise UserError(
            "--give judges nothing: it does not go with --only or --never-lower."
        )
    decisions = read_decisions(course, assignment)
    return RuleBook(
        rules=rules,
        decisions=decisions.with_given(dict.fromkeys(rules.give, number)),
        max_scores=rows.max_scores,
        number=number,
    )


def is_same_work(course: Course, assignment: str, graded: JobResult) -> bool:
    """Whether a result is of the work that the standing grades are of."""
    before = read_fingerprints(course.autograded_notebook(graded.student, assignment))
    now = compute_fingerprints(json.loads(graded.notebook))
    both = before.keys() & now.keys()
    return bool(both) and all(before[name] == now[name] for name in both)


@dataclass(kw_only=True)
class _PlanningRun(JudgingRun):
    """A run that only compares."""

    book: RuleBook
    rows: AssignmentRows
    step: Step
    changes: list[StudentChange] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.students = list_submitted_students(self.course, self.assignment)

    def take(self, graded: JobResult, prepared: PreparedJob) -> None:
        """Compare a result with the grades that stand."""
        del prepared
        rows = self._find(graded.student)
        if rows and not is_same_work(self.course, self.assignment, graded):
            self.refuse(graded.student, OTHER_WORK)
        else:
            self._compare(graded, rows)

    def look_at_all(self) -> None:
        """Compare without judging."""
        for student in self.students:
            self._compare(JobResult(student=student), self._find(student))

    def _find(self, student: str) -> SubmissionRows | None:
        """The grades that stand, if there are any, by a judge or a person."""
        rows = self.rows.find(student)
        self.rows.connection.rollback()  # what was read holds up nobody
        grades = rows.grades.values() if rows else ()
        graded = any(g.auto is not None or g.manual is not None for g in grades)
        return rows if graded else None

    def _compare(self, graded: JobResult, rows: SubmissionRows | None) -> None:
        if rows is None:
            self.refuse(graded.student, _NOT_GRADED)
            return
        change = self.book.compute_change(graded.student, rows.grades, graded.scores)
        self.changes.append(change)
        self._tell(graded.student)

    def refuse(self, student: str, reason: str) -> None:
        """Leave a student out."""
        self.left_out[student] = reason
        self._tell(student)

    def _tell(self, student: str) -> None:
        done = len(self.changes) + len(self.left_out)
        self.step(done, len(self.students), student)

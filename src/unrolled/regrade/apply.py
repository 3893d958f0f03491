"""A regrade put into the gradebook: each student in one step, and all written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from unrolled.assignment.decisions import read_decisions, write_decisions
from unrolled.course import Course
from unrolled.grade.run import JobRunner, JudgingRun, require_ready
from unrolled.grade.scheduling.job import JobResult
from unrolled.grade.scheduling.prepare import PreparedJob
from unrolled.grade.writer import Amendment, GradebookWriter
from unrolled.gradebook import SubmissionRows, backup_gradebook
from unrolled.gradebook.tables import GradeRow
from unrolled.regrade.log import LoggedChange, RegradeLog, RegradeRecord, open_log
from unrolled.regrade.model import RegradePlan
from unrolled.regrade.plan import OTHER_WORK, Step, is_same_work, make_book
from unrolled.regrade.rules import RuleBook, set_scores


@dataclass(frozen=True, kw_only=True)
class RegradeOutcome:
    """A regrade that was applied, and whom it left out, with the reason."""

    record: RegradeRecord
    left_out: Mapping[str, str]


def apply_regrade(
    course: Course,
    plan: RegradePlan,
    *,
    who: str,
    why: str,
    judges: JobRunner | None = None,
    step: Step = lambda _done, _total, _who: None,
) -> RegradeOutcome:
    """Do what the plan shows, for the students that it names.

    The gradebook is copied first. What gives way is written down before it does, so
    that it can be undone; if this is killed, the same regrade goes on when it is asked
    for again. Marks by hand and extensions are those of the moment, not of the plan.
    Raises UserError if the course is not ready, or another regrade was stopped.
    """
    backup_gradebook(course)
    name = plan.assignment
    log = open_log(course, name, plan.rules, who=who, why=why)
    with GradebookWriter(course, name) as writer:
        number = log.record.number
        book = make_book(course, name, plan.rules, writer.rows, number=number)
        run = _ApplyingRun(
            course=course,
            assignment=name,
            writer=writer,
            book=book,
            log=log,
            students=[change.student for change in plan.students],
            step=step,
        )
        if plan.rules.give:
            run.give_all()
        elif judges is not None:
            writer.before = run.note_result
            with judges as pool:
                material = require_ready(course, name)
                run.judge_all(material, run.students, pool)
    log.finish()
    return RegradeOutcome(record=log.record, left_out=run.left_out)


@dataclass(kw_only=True)
class _ApplyingRun(JudgingRun):
    """A run that writes, for the students of a plan; what changes is noted before."""

    writer: GradebookWriter
    book: RuleBook
    log: RegradeLog
    students: list[str]
    step: Step
    done: int = 0
    left_out: dict[str, str] = field(default_factory=dict)

    def take(self, graded: JobResult, prepared: PreparedJob) -> None:
        """Write a result, unless other work has come in since the plan was made."""
        if is_same_work(self.course, self.assignment, graded):
            self.writer.write(graded, prepared.accompanying)
            self._tell(graded.student)
        else:
            self.refuse(graded.student, OTHER_WORK)

    def refuse(self, student: str, reason: str) -> None:
        """Leave a student as it is."""
        self.left_out[student] = reason
        self._tell(student)

    def give_all(self) -> None:
        """Give the checks to everybody in the plan, and to all who come later."""
        write_decisions(self.course, self.assignment, self.book.decisions)
        for student in self.students:
            self.writer.amend(student, partial(self._find_given, student))
            self._tell(student)

    def note_result(self, rows: SubmissionRows, graded: JobResult) -> None:
        """Write down a result that gives way, and what the student keeps of it."""
        student, scores = graded.student, graded.scores
        change = self.book.compute_change(student, rows.grades, scores)
        if change.kept:
            decisions = read_decisions(self.course, self.assignment)
            decisions = decisions.with_kept(student, change.kept)
            write_decisions(self.course, self.assignment, decisions)
            self.writer.decisions = decisions
        judged = set_scores(rows.grades, scores)
        self._note(student, rows, self.book.finish(student, judged, change.kept))
        folder = self.course.autograded_folder(student, self.assignment)
        self.log.keep_notebooks(student, folder)

    def _find_given(self, student: str, rows: SubmissionRows) -> Amendment | None:
        after = self.book.finish(student, rows.grades, {})
        changed = {n: g for n, g in after.items() if g != rows.grades[n]}
        if not changed:
            return None
        self._note(student, rows, after)
        return Amendment(grades=changed)

    def _note(
        self, student: str, rows: SubmissionRows, after: Mapping[str, GradeRow]
    ) -> None:
        self.log.note(
            LoggedChange(
                student=student,
                before=rows.grades,
                after=after,
                comments=rows.comments,
            )
        )

    def _tell(self, student: str) -> None:
        self.done += 1
        self.step(self.done, len(self.students), student)

"""A regrade undone: the grades, comments and notebooks of before, and no mark lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from unrolled.assignment.decisions import read_decisions, write_decisions
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.grade.writer import Amendment, GradebookWriter
from unrolled.gradebook import SubmissionRows, backup_gradebook
from unrolled.gradebook.tables import GradeRow
from unrolled.regrade.log import LoggedChange, RegradeLog, find_log
from unrolled.regrade.plan import Step

_GRADED_AGAIN = "was graded again since; left as it is"


@dataclass(frozen=True, kw_only=True)
class UndoReport:
    """Whose grades are those of before; who was left, and why; whose marks stayed.

    `marked` names checks that a person has marked since, by student: the mark stays.
    """

    restored: tuple[str, ...]
    left: Mapping[str, str]
    marked: Mapping[str, tuple[str, ...]]


def undo_regrade(
    course: Course,
    assignment: str,
    number: int,
    *,
    who: str,
    step: Step = lambda _done, _total, _who: None,
) -> UndoReport:
    """Put back what regrade `number` has changed, also if it was stopped in the middle.

    The gradebook is copied first. Raises UserError if there is no such regrade, or if
    it is undone already.
    """
    log = find_log(course, assignment, number)
    if log.record.undone:
        raise UserError(
            f"regrade {number} of {assignment} is undone already "
            f"({log.record.undone}, by {log.record.undone_by})."
        )
    backup_gradebook(course)
    decisions = read_decisions(course, assignment).without(number)
    write_decisions(course, assignment, decisions)
    undoing = _Undoing(log)
    changes = log.read_changes()
    with GradebookWriter(course, assignment) as writer:
        for done, change in enumerate(changes, start=1):
            writer.amend(change.student, partial(undoing.find_amendment, change))
            step(done, len(changes), change.student)
    log.mark_undone(who)
    return UndoReport(
        restored=tuple(undoing.restored), left=undoing.left, marked=undoing.marked
    )


@dataclass
class _Undoing:
    log: RegradeLog
    restored: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    marked: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def find_amendment(
        self, change: LoggedChange, rows: SubmissionRows
    ) -> Amendment | None:
        """What puts one student back, None for one who was graded since."""
        student = change.student
        there = {n: rows.grades[n] for n in change.before if n in rows.grades}
        known = {n: (change.before[n], change.after[n]) for n in there}
        if any(there[n].auto not in (b.auto, a.auto) for n, (b, a) in known.items()):
            self.left[student] = _GRADED_AGAIN
            return None
        grades = {n: _put_back(there[n], *known[n]) for n in there}
        marked = tuple(
            name
            for name, (before, after) in known.items()
            if before != after and grades[name].manual != before.manual
        )
        if marked:
            self.marked[student] = marked
        if student not in self.restored:  # a second try, where others were in the way
            self.restored.append(student)
        folder = self.log.get_notebooks(student)
        return Amendment(
            grades=grades,
            comments=change.comments,
            folder=folder if folder.is_dir() else None,
        )


def _put_back(now: GradeRow, before: GradeRow, after: GradeRow) -> GradeRow:
    """The grade of before; a mark that was given since stays."""
    ours = now.manual in (before.manual, after.manual)
    mark = before if ours else now
    return GradeRow(before.auto, mark.manual, now.extra, mark.waits)

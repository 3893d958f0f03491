"""Who marks what, and the marks themselves: each step is one transaction.

An answer is handed out to one person at a time, for a while. A mark is written if what
its marker saw is still what stands there, so nothing is marked twice and nothing is
lost, however many mark at once and whoever else writes the gradebook.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from unrolled.course import Course
from unrolled.deadlines import settle_student
from unrolled.errors import UserError, shorten_error
from unrolled.gradebook import backup_gradebook, begin_write, yield_lock
from unrolled.gradebook.locking import GradebookError, is_retryable, roll_back
from unrolled.gradebook.marking import MarkRow, QuestionRows
from unrolled.marking.answers import AnswerBook
from unrolled.marking.model import (
    AnswerGroup,
    Mark,
    MarkRecord,
    Member,
    Question,
    QuestionState,
    Rubric,
    RubricChange,
    ScoreChange,
)
from unrolled.marking.question import (
    open_assignment,
    read_question,
    read_state,
)
from unrolled.marking.rubric import (
    check_rubric,
    compose_remark,
    compute_score,
    drop_missing,
    encode_record,
    encode_rubric,
)

LEASE_SECONDS = 20 * 60.0
TRIES = 5
T = TypeVar("T")


class MarkingRefusedError(UserError):
    """Nothing was written, as something else stands there now than the marker saw."""


@dataclass(frozen=True, kw_only=True)
class Marker:
    """One person at one question of an assignment."""

    course: Course
    assignment: str
    question: Question
    book: AnswerBook
    who: str

    def read(self) -> QuestionState:
        """The question as it stands now."""
        return read_question(self.course, self.assignment, self.question, self.book)

    def claim_next(self, after: str = "") -> str | None:
        """Hold the next answer that waits and that nobody else holds: its key.

        The search begins behind the answer `after`, and goes once around. Whatever this
        person held before is free again. None if nothing is left.
        """

        def claim(table: QuestionRows, state: QuestionState) -> str | None:
            self._release(table, state)
            group = self._find_free(state, after)
            if group is not None:
                until = time.time() + LEASE_SECONDS
                for member in group.members:
                    self._write_row(table, member, holder=self.who, until=until)
            return group.key if group else None

        return self._change(claim)

    def release(self) -> None:
        """Hold nothing of this question any more."""
        self._change(self._release)

    def mark(self, key: str, mark: Mark | None, *, seen: str) -> AnswerGroup:
        """Mark all answers of a group, or with None take their marks away.

        `seen` is the state of the group that the marker saw. A mark that was given in
        formgrader stays, unless no answer of the group waits and none was marked here.
        Returns the group as it was. Raises MarkingRefusedError if somebody else holds
        it, or has marked it, or if answer or rubric are others now.
        """

        def write(table: QuestionRows, state: QuestionState) -> AnswerGroup:
            group = self._require(state, key, seen)
            if mark is not None and len(state.rubric.select(mark.items)) < len(
                set(mark.items)
            ):
                raise MarkingRefusedError(
                    "An item that you chose is no longer in the rubric. Look at the "
                    "items again; nothing was written."
                )
            for member in _list_targets(group):
                self._write_mark(table, state, member, mark)
            self._settle(table, _list_targets(group))
            return group

        return self._change(write)

    def plan_rubric(self, rubric: Rubric) -> RubricChange:
        """What a changed rubric would do to the marks; nothing is written."""
        return _plan(self.read(), check_rubric(rubric))

    def apply_rubric(self, rubric: Rubric) -> RubricChange:
        """Change the rubric, and with it all marks that were made with it.

        Raises MarkingRefusedError if it is not the rubric's last version that was
        changed. The gradebook is copied first.
        """
        check_rubric(rubric)
        backup_gradebook(self.course)

        def write(table: QuestionRows, state: QuestionState) -> RubricChange:
            if rubric.version != state.rubric.version:
                raise MarkingRefusedError(
                    "Somebody else has changed the rubric meanwhile. It is shown as it "
                    "is now; nothing was written."
                )
            change = _plan(state, rubric)
            fresh = replace(rubric, version=rubric.version + 1)
            table.write_rubric(encode_rubric(fresh))
            now = replace(state, rubric=fresh)
            ours = [member for member in state.members if member.is_ours]
            for member in ours:
                assert member.record is not None  # it is ours
                mark = drop_missing(fresh, member.record.mark)
                self._write_mark(table, now, member, mark, by=member.record.by)
            self._settle(table, ours)
            return replace(change, rubric=fresh)

        return self._change(write)

    def _release(self, table: QuestionRows, state: QuestionState) -> None:
        for member in state.members:
            if member.holder == self.who:
                self._write_row(table, member)

    def _find_free(self, state: QuestionState, after: str) -> AnswerGroup | None:
        place = next((g.number for g in state.groups if g.key == after), 0)
        around = [*state.groups[place:], *state.groups[:place]]
        return next((g for g in around if g.waits and g.holder in ("", self.who)), None)

    def _require(self, state: QuestionState, key: str, seen: str) -> AnswerGroup:
        """The group, if it is as the marker saw it."""
        group = state.find(key)
        if group is None:
            raise MarkingRefusedError(
                "The answer has changed since you opened it: it was graded again. "
                "Nothing was written."
            )
        if group.holder not in ("", self.who):
            raise MarkingRefusedError(
                f"{group.holder} is marking this answer now. Nothing was written."
            )
        if group.state != seen:
            by = group.record.by if group.record else "somebody in formgrader"
            raise MarkingRefusedError(
                f"This answer was marked meanwhile, by {by}. Look at the mark as it is "
                "now; nothing was written."
            )
        return group

    def _write_mark(
        self,
        table: QuestionRows,
        state: QuestionState,
        member: Member,
        mark: Mark | None,
        by: str = "",
    ) -> None:
        """Score and comment into nbgrader's tables, what they are made of into ours."""
        if mark is None:
            table.write_grade(member.part, points=None, remark=None)
            table.write_mark(member.student, MarkRow())
            return
        record = MarkRecord(
            mark=mark,
            score=compute_score(state.rubric, mark, state.max_score),
            remark=compose_remark(state.rubric, mark),
            by=by or self.who,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        table.write_grade(member.part, points=record.score, remark=record.remark)
        table.write_mark(member.student, MarkRow(document=encode_record(record)))

    def _write_row(
        self,
        table: QuestionRows,
        member: Member,
        *,
        holder: str = "",
        until: float = 0.0,
    ) -> None:
        document = encode_record(member.record) if member.record else ""
        row = MarkRow(holder=holder, until=until, document=document)
        table.write_mark(member.student, row)

    def _settle(self, table: QuestionRows, members: Iterable[Member]) -> None:
        """Late penalties follow the new scores."""
        for member in members:
            settle_student(self.course, table.rows, member.student, self.assignment)

    def _change(self, act: Callable[[QuestionRows, QuestionState], T]) -> T:
        """Do something in a transaction of its own, all of it or nothing."""
        with open_assignment(self.course, self.assignment) as rows:
            table = QuestionRows(rows, self.assignment, self.question.name)
            read_state(table, self.question, self.book)  # files are read before we lock
            rows.connection.rollback()
            for attempt in range(TRIES):
                try:
                    return self._change_once(table, act)
                except GradebookError as error:
                    roll_back(rows.connection)
                    if not is_retryable(error) or attempt == TRIES - 1:
                        raise UserError(
                            f"{self.course.gradebook_place}: nothing could be "
                            f"written: {shorten_error(error)}"
                        ) from error
                except BaseException:
                    roll_back(rows.connection)
                    raise
        raise AssertionError("the last try returns or raises")

    def _change_once(
        self, table: QuestionRows, act: Callable[[QuestionRows, QuestionState], T]
    ) -> T:
        begin_write(table.connection, self.course.database.lock_seconds)
        began = time.monotonic()
        if not table.rows.is_current():
            raise UserError(f"{self.assignment} was built anew meanwhile; try again.")
        table.make_tables()
        found = act(table, read_state(table, self.question, self.book, lock=True))
        table.connection.commit()
        yield_lock(table.connection, time.monotonic() - began)
        return found


def _list_targets(group: AnswerGroup) -> list[Member]:
    """Whose mark is written: not one that was given in formgrader, if it can be."""
    targets = [m for m in group.members if m.waits or m.is_ours]
    return targets or list(group.members)


def _plan(state: QuestionState, rubric: Rubric) -> RubricChange:
    changes, left = [], 0
    for member in state.members:
        if member.record is None or member.waits:
            continue
        if not member.is_ours:
            left += 1
            continue
        mark = drop_missing(rubric, member.record.mark)
        after = compute_score(rubric, mark, state.max_score)
        remark = compose_remark(rubric, mark)
        if (after, remark) != (member.record.score, member.record.remark):
            changes.append(
                ScoreChange(
                    student=member.student,
                    before=member.record.score,
                    after=after,
                    comment_changes=remark != member.record.remark,
                )
            )
    return RubricChange(rubric=rubric, changes=tuple(changes), left=left)

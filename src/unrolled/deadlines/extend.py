"""`unrolled extend`: gives students deadlines of their own, and takes them back.

The gradebook is written first, then the course's list: whoever is stopped in between
runs the same again. A run that only looks reads the same and writes nothing.
"""

from __future__ import annotations

import difflib
import getpass
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from unrolled.course import Course
from unrolled.deadlines.extensions import (
    Extension,
    change_extensions,
    list_standing,
    read_extensions,
)
from unrolled.deadlines.own import OwnDeadlines
from unrolled.deadlines.settle import Settlement, settle_rows, write_settlement
from unrolled.deadlines.until import parse_until
from unrolled.errors import UserError
from unrolled.gradebook import backup_gradebook, begin_write
from unrolled.gradebook.read import read_student_rows
from unrolled.gradebook.tables import AssignmentRows, open_assignment_rows, read_parts


@dataclass(frozen=True, kw_only=True)
class DeadlineChange:
    """A student's deadline as it was and as it is; `handed_in` None: not graded yet.

    Times carry a zone.
    """

    student: str
    assignment: str
    before: datetime
    after: datetime
    handed_in: datetime | None


@dataclass(frozen=True, kw_only=True)
class PenaltyChange:
    """A late penalty in points as it was and as it is; None: in time."""

    student: str
    assignment: str
    before: float | None
    after: float | None


@dataclass(frozen=True, kw_only=True)
class ExtendReport:
    """What was changed, or with `dry_run` what would be.

    A penalty of another assignment changes where free late days are left over for it.
    """

    deadlines: tuple[DeadlineChange, ...]
    penalties: tuple[PenaltyChange, ...]
    dry_run: bool

    def as_dict(self) -> dict[str, Any]:
        """The same for programs; times in ISO 8601."""
        document = asdict(self)
        for change in document["deadlines"]:
            for key in ("before", "after", "handed_in"):
                change[key] = change[key].isoformat() if change[key] else None
        return document


def extend_deadlines(
    course: Course,
    assignment: str,
    students: Sequence[str],
    until: str | None,
    *,
    why: str = "",
    by: str = "",
    dry_run: bool = False,
) -> ExtendReport:
    """Give students until `until` (see `parse_until`), or take extensions back (None).

    Late penalties of what is graded follow in the same transaction. `by` is who gave
    it, if not this account; what stands already gets no second line in the list.
    Raises UserError if somebody is unknown, the time is none, or nothing can be taken
    back; then nothing has changed.
    """
    _require_known(course, assignment, students)
    try:
        with (
            open_assignment_rows(course, assignment) as table,
            change_extensions(course) as entries,
        ):
            if table.due is None:
                raise UserError(f"{assignment} has no due date that could be extended.")
            end = parse_until(until, table.due, course.timezone) if until else None
            names = list(dict.fromkeys(students))
            fresh = [_make_entry(n, assignment, end, why=why, by=by) for n in names]
            _require_standing(entries, fresh)
            change = _Change(course, table, entries, fresh)
            report = change.apply(dry_run=dry_run)
            entries += [] if dry_run else _leave_out_standing(entries, fresh)
    except LookupError as error:
        raise UserError(f"{error.args[0]}. Run `unrolled build`.") from error
    return report


def _make_entry(
    student: str, assignment: str, until: datetime | None, *, why: str, by: str
) -> Extension:
    """A line of now."""
    return Extension(
        student=student,
        assignment=assignment,
        until=until,
        why=" ".join(why.split()),
        by=by or getpass.getuser(),
        at=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z",
    )


def _require_known(course: Course, assignment: str, students: Iterable[str]) -> None:
    known = {row.id for row in read_student_rows(course)}
    for student in students:
        if student in known or course.submitted_folder(student, assignment).is_dir():
            continue
        near = difflib.get_close_matches(student, known, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UserError(f"{course.gradebook_place}: no student {student}.{hint}")


def _require_standing(entries: Iterable[Extension], fresh: Iterable[Extension]) -> None:
    """Only what was given here can be taken back here."""
    standing = list_standing(entries)
    for entry in fresh:
        if entry.until is None and entry.key not in standing:
            student, assignment = entry.key
            raise UserError(f"{student} has no extension for {assignment}.")


def _leave_out_standing(
    entries: Iterable[Extension], fresh: Iterable[Extension]
) -> list[Extension]:
    """The lines that say something new: a button pressed twice says it once."""
    standing = list_standing(entries)
    return [
        entry
        for entry in fresh
        if (there := standing.get(entry.key)) is None
        or (there.until, there.why) != (entry.until, entry.why)
    ]


@dataclass(frozen=True)
class _Change:
    """Lines that come to the list, and what becomes of the gradebook with them."""

    course: Course
    table: AssignmentRows
    entries: Sequence[Extension]
    fresh: Sequence[Extension]

    def apply(self, *, dry_run: bool) -> ExtendReport:
        before = OwnDeadlines(self.course.timezone, list_standing(self.entries))
        after = OwnDeadlines(
            self.course.timezone,
            list_standing([*self.entries, *self.fresh]),
            frozenset(entry.key for entry in self.fresh if entry.until is None),
        )
        connection = self.table.connection
        if not dry_run:
            backup_gradebook(self.course)
            begin_write(connection, self.course.database.lock_seconds)
        deadlines: list[DeadlineChange] = []
        penalties: list[PenaltyChange] = []
        for entry in self.fresh:
            settlements = list(self._settle(entry, after))
            deadlines.append(self._compare(entry, before, after, settlements))
            for one in (s for s in settlements if not dry_run):
                write_settlement(self.table, one)
            penalties += _list_penalties(entry.student, settlements)
        if dry_run:
            connection.rollback()
        else:
            connection.commit()
        return ExtendReport(
            deadlines=tuple(deadlines), penalties=tuple(penalties), dry_run=dry_run
        )

    def _settle(self, entry: Extension, after: OwnDeadlines) -> Iterator[Settlement]:
        only = None if self.course.late_days else entry.assignment
        rows = read_parts(self.table.connection, entry.student, only)
        return settle_rows(self.course, after, entry.student, rows)

    def _compare(
        self,
        entry: Extension,
        before: OwnDeadlines,
        after: OwnDeadlines,
        settlements: Iterable[Settlement],
    ) -> DeadlineChange:
        due = self.table.due
        row = next(
            (s.row for s in settlements if s.row.assignment == entry.assignment), None
        )
        extension = row.extension if row else None
        old, new = (d.find(*entry.key, due, extension).at for d in (before, after))
        assert old is not None and new is not None  # it has a due date
        return DeadlineChange(
            student=entry.student,
            assignment=entry.assignment,
            before=self._zoned(old),
            after=self._zoned(new),
            handed_in=self._zoned(row.timestamp) if row and row.timestamp else None,
        )

    def _zoned(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=UTC).astimezone(self.course.timezone)


def _list_penalties(
    student: str, settlements: Iterable[Settlement]
) -> Iterator[PenaltyChange]:
    for one in settlements:
        if one.penalty != one.row.penalty:
            yield PenaltyChange(
                student=student,
                assignment=one.row.assignment,
                before=one.row.penalty,
                after=one.penalty,
            )


def list_extensions(course: Course, words: Iterable[str] = ()) -> list[Extension]:
    """The extensions that stand; only those of the students or assignments named."""
    wanted = set(words)
    students = wanted - course.assignments.keys()
    assignments = wanted & course.assignments.keys()
    return [
        entry
        for entry in list_standing(read_extensions(course)).values()
        if (not students or entry.student in students)
        and (not assignments or entry.assignment in assignments)
    ]

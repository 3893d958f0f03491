"""When one student's work is due: the one place that decides it.

The class has a due date. A student may have an extension: in the course's list, or in
nbgrader's row alone, where somebody else has put it. The list goes before the row, and
nobody is ever due before the class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from unrolled.course import Course
from unrolled.deadlines.extensions import Extension, list_standing, read_extensions
from unrolled.deadlines.late_penalty import add_extension, convert_time


@dataclass(frozen=True)
class Deadline:
    """When something is due, in UTC without a zone as nbgrader has it; None: never.

    `own`: this is not the class's due date.
    """

    at: datetime | None
    own: bool = False


@dataclass(frozen=True)
class OwnDeadlines:
    """All extensions that stand in the course's list, by student and assignment.

    `taken_back` are those that are being taken back: what a row still says of them does
    not count.
    """

    zone: tzinfo
    standing: Mapping[tuple[str, str], Extension]
    taken_back: frozenset[tuple[str, str]] = frozenset()

    def find(
        self,
        student: str,
        assignment: str,
        due: datetime | None,
        extension: timedelta | None = None,
    ) -> Deadline:
        """A student's deadline; `due` is the class's, `extension` that of the row."""
        if due is None:
            return Deadline(None)
        key = (student, assignment)
        entry = self.standing.get(key)
        if entry is None or entry.until is None:
            more = None if key in self.taken_back else extension
            end = add_extension(due, more, self.zone) or due
        else:
            end = entry.until.astimezone(UTC).replace(tzinfo=None)
        return Deadline(max(due, end), own=end > due)

    def find_last(self, assignment: str, due: datetime | None) -> datetime | None:
        """When the last of the class is due, also of those who hand in nothing."""
        ends = (self.find(s, n, due).at for s, n in self.standing if n == assignment)
        return max((end for end in ends if end), default=due)

    def make_extension(
        self,
        student: str,
        assignment: str,
        due: datetime | None,
        extension: timedelta | None,
    ) -> timedelta | None:
        """What nbgrader's row should say: `extension` itself if the list says nothing.

        nbgrader adds it to the due date; `add_extension` of it ends at the deadline.
        """
        key = (student, assignment)
        if due is None or key not in self.standing:
            return None if key in self.taken_back else extension
        end = self.find(student, assignment, due).at or due
        zone = self.zone
        wall = convert_time(end, UTC, zone) - convert_time(due, UTC, zone)
        return max(timedelta(), min(end - due, wall))


def read_own_deadlines(course: Course) -> OwnDeadlines:
    """The deadlines of the course's list; UserError if it cannot be read."""
    return OwnDeadlines(course.timezone, list_standing(read_extensions(course)))

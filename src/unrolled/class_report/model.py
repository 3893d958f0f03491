"""What a class report says: values, of which pages, tables and JSON are views."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["graded", "waits", "ungraded", "missing"]


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """Scores of a class in points, before late penalties.

    `buckets` counts them by tenths of `max_score`; the last one has full points, too.
    With `automatic_only` written answers are left out: some wait for a mark.
    """

    count: int
    max_score: float
    automatic_only: bool
    mean: float
    median: float
    lower: float
    upper: float
    buckets: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A check or a written answer over the class.

    `rate` is the mean share of its points (0 to 1), `discrimination` the correlation of
    its points with those of all other questions (None where either does not vary).
    `not_begun` counts students who left the exercise as it was released. `suspect` says
    why one should look at the question itself; "" if nothing does.
    """

    grade_id: str
    label: str
    exercise: str
    kind: Literal["check", "answer"]
    max_score: float
    graded: int
    waits: int
    passed: int
    follow_through: int
    not_begun: int
    rate: float | None
    discrimination: float | None
    suspect: str


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A student's own code of an exercise."""

    student: str
    code: str


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """Students who make one mistake, recognised (`names` of the catalogue) or not.

    `points` are those that it cost all of them together. `catalogue` is the wrong
    solution that the catalogue has; `draft` the beginning of an entry, where it has
    none. `compared` says that these students answer alike on the same inputs.
    """

    exercise: str
    names: tuple[str, ...]
    hint: str
    message: str
    checks: tuple[str, ...]
    students: tuple[str, ...]
    points: float
    samples: tuple[Sample, ...]
    catalogue: str = ""
    draft: str = ""
    compared: bool = False


@dataclass(frozen=True, kw_only=True)
class StudentLine:
    """One student of the class; `score` is before the late penalty."""

    student: str
    name: str
    state: State
    score: float | None = None
    max_score: float | None = None
    penalty: float = 0.0
    days_late: int = 0
    handed_in: str = ""
    failed: int = 0
    mistakes: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ClassReport:
    """One assignment over the whole class."""

    assignment: str
    title: str
    course: str
    made: str
    distribution: Distribution | None
    questions: tuple[Question, ...]
    mistakes: tuple[Mistake, ...]
    unexplained: tuple[Mistake, ...]
    students: tuple[StudentLine, ...]
    nameless: bool = False

    @property
    def suspects(self) -> tuple[Question, ...]:
        """Questions that may be at fault themselves."""
        return tuple(q for q in self.questions if q.suspect)

    def count(self, state: State) -> int:
        """How many students are in a state."""
        return sum(s.state == state for s in self.students)

    @property
    def late(self) -> int:
        """How many have handed in late."""
        return sum(s.days_late > 0 for s in self.students)

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class TermAssignment:
    """One assignment of the term; shares of its points, 0 to 1."""

    name: str
    title: str
    graded: int
    missing: int
    mean: float | None
    median: float | None


@dataclass(frozen=True, kw_only=True)
class TermStudent:
    """One student's term: the share of the points in each assignment, None where
    nothing is graded; `behind` says why somebody should talk to them, "" if nothing."""

    student: str
    name: str
    shares: tuple[float | None, ...]
    mean: float | None
    behind: str


@dataclass(frozen=True, kw_only=True)
class TermReport:
    """All assignments of a course."""

    course: str
    made: str
    assignments: tuple[TermAssignment, ...]
    students: tuple[TermStudent, ...]
    nameless: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return asdict(self)

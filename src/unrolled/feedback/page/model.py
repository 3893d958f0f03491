"""What a feedback page says: values, of which the page and the JSON are views.

Labels and headings are HTML of our own making, all other texts are plain.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

Kind = Literal["known", "unknown", "not begun"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check says, taken apart as far as it can be.

    `index` is the first wrong place in the array `name`, with its `axes`; `wrong` of
    `size` values differ. `text` is the whole message, without a guess at the cause;
    `guess` is that. `line` of the cell of exercise `cell` is the one to look at, 0 if
    none is named.
    """

    text: str
    name: str = ""
    got: str = ""
    expected: str = ""
    index: tuple[int, ...] = ()
    axes: tuple[str, ...] = ()
    wrong: int = 0
    size: int = 0
    remark: str = ""
    guess: str = ""
    line: int = 0
    cell: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A graded check; `given` are the exercises whose reference stood in for theirs."""

    grade_id: str
    label: str
    score: float
    max_score: float
    given: tuple[str, ...] = ()

    @property
    def lost(self) -> float:
        """The points that it cost."""
        return max(self.max_score - self.score, 0.0)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One finding, and the failed checks that say just this."""

    finding: Finding
    checks: tuple[Check, ...]


@dataclass(frozen=True, kw_only=True)
class CodeLine:
    """A line of a student's cell."""

    number: int
    text: str
    marked: bool = False


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """What went wrong once in an exercise, and all that came of it.

    `names` are those of the catalogue, empty where no misconception fits. `followers`
    are the checks that were judged with a right version of this exercise. `heading` is
    that of the exercise in the notebook.
    """

    exercise: str
    kind: Kind
    names: tuple[str, ...] = ()
    hint: str = ""
    evidence: tuple[Evidence, ...] = ()
    code: tuple[CodeLine, ...] = ()
    followers: tuple[Check, ...] = ()
    follower_exercises: tuple[str, ...] = ()
    heading: str = ""
    comment: str = ""

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """All checks that failed by it."""
        return tuple(check for one in self.evidence for check in one.checks)

    @property
    def guess(self) -> str:
        """What a check takes for the cause; "" if none does."""
        return next((e.finding.guess for e in self.evidence if e.finding.guess), "")

    @property
    def lost(self) -> float:
        """The points that it cost."""
        return sum(check.lost for check in self.checks)

    @property
    def weight(self) -> float:
        """How much hangs on it: what it cost, and what others were spared."""
        return self.lost + sum(check.max_score for check in self.followers)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A written answer; `score` is None while it waits. `scheme` is the model answer,
    "" where it is not shown."""

    grade_id: str
    label: str
    score: float | None
    max_score: float
    comment: str = ""
    scheme: str = ""


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A person's comment on the code of an exercise in which nothing is wrong."""

    grade_id: str
    comment: str


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """One student's feedback on one assignment; `score` is after the late penalty.

    `facts` are names and texts for the head of the page. Mistakes come in the order in
    which to look at them.
    """

    assignment: str
    title: str
    course: str
    student: str
    name: str
    score: float
    max_score: float
    penalty: float
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    not_begun: tuple[Mistake, ...] = ()
    answers: tuple[Answer, ...] = ()
    passed: tuple[Check, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def waiting(self) -> tuple[Answer, ...]:
        """Answers without a mark."""
        return tuple(a for a in self.answers if a.score is None)

    @property
    def first(self) -> Mistake | None:
        """Where to begin: at the first mistake, or at the first thing not begun."""
        return next(iter((*self.mistakes, *self.not_begun)), None)

    @property
    def balance(self) -> tuple[tuple[str, str, float], ...]:
        """Where the points of the assignment went: key, words, points."""
        waits = sum(a.max_score for a in self.waiting)
        mistakes = sum(m.lost for m in self.mistakes)
        rest = sum(m.lost for m in self.not_begun)
        answers = sum(
            max(a.max_score - a.score, 0.0) for a in self.answers if a.score is not None
        )
        checks = sum(c.lost for c in self.passed)  # by a mark that a person gave
        parts = (
            ("earned", "you have", max(self.score, 0.0)),
            ("wrong", "mistakes", mistakes + checks),
            ("unbegun", "not begun", rest),
            ("answers", "written answers", answers),
            ("late", "late penalty", self.penalty),
            ("waits", "not marked yet", waits),
        )
        return tuple(part for part in parts if part[2] > 0)

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return asdict(self)

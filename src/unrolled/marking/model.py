"""What marking works with: a rubric, a mark of its items, answers that are equal."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unrolled.assignment import Cell


@dataclass(frozen=True, kw_only=True)
class RubricItem:
    """One item: `text` is for markers, `says` for students whose answer has it ("" if
    they read nothing of it)."""

    id: int
    text: str
    points: float
    says: str = ""


@dataclass(frozen=True, kw_only=True)
class Rubric:
    """The items of a question; `version` counts the changes."""

    items: tuple[RubricItem, ...]
    version: int = 0

    def select(self, ids: Sequence[int]) -> tuple[RubricItem, ...]:
        """The items with these ids, in the rubric's order."""
        return tuple(item for item in self.items if item.id in ids)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What a marker has chosen: ids of items, points beside them, and a comment."""

    items: tuple[int, ...] = ()
    adjust: float = 0.0
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class MarkRecord:
    """A mark as it was written: the gradebook's score and comment, by whom, when."""

    mark: Mark
    score: float
    remark: str | None
    by: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Member:
    """One student's answer: what the gradebook has of it, and our record of its mark.

    `holder` is who is marking it at the moment, "" for nobody.
    """

    student: str
    part: str
    auto: float | None
    manual: float | None
    waits: bool
    remark: str | None
    record: MarkRecord | None
    holder: str

    @property
    def is_ours(self) -> bool:
        """Whether the mark is the one that was given here, and not changed since."""
        mine = self.record
        return (
            mine is not None
            and self.manual == mine.score
            and (self.remark or None) == mine.remark
        )


@dataclass(frozen=True, kw_only=True)
class AnswerGroup:
    """Students whose answers are equal; `cells` show the first one's.

    `number` counts from 1 in an order that says nothing about who they are.
    """

    key: str
    number: int
    members: tuple[Member, ...]
    cells: tuple[Cell, ...]

    @property
    def waits(self) -> bool:
        """Whether somebody has to mark it."""
        return any(member.waits for member in self.members)

    @property
    def holder(self) -> str:
        """Who is marking it, "" if nobody is."""
        return next((m.holder for m in self.members if m.holder), "")

    @property
    def record(self) -> MarkRecord | None:
        """A mark that was given here and stands."""
        return next((m.record for m in self.members if m.is_ours), None)

    @property
    def state(self) -> str:
        """A digest that changes when anybody changes a mark of it."""
        told = [(m.student, m.manual, m.waits, m.remark or "") for m in self.members]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class QuestionState:
    """A question over the class: its rubric, and the answers that are marked by hand.

    `empty` students have answered nothing, which the grader has given 0.
    """

    max_score: float
    rubric: Rubric
    groups: tuple[AnswerGroup, ...]
    empty: int

    def find(self, key: str) -> AnswerGroup | None:
        """The group with a key."""
        return next((g for g in self.groups if g.key == key), None)

    @property
    def members(self) -> list[Member]:
        """All students of all groups."""
        return [member for group in self.groups for member in group.members]

    @property
    def total(self) -> int:
        """How many answers are marked by hand, or will be."""
        return len(self.members)

    @property
    def marked(self) -> int:
        """How many of them are."""
        return sum(not member.waits for member in self.members)

    @property
    def holders(self) -> Mapping[str, int]:
        """Who is marking how many answers at the moment."""
        names = [m.holder for m in self.members if m.holder and m.waits]
        return {name: names.count(name) for name in sorted(set(names))}

    @property
    def comments(self) -> tuple[str, ...]:
        """Comments that were given here, the most frequent first."""
        given = [m.record.mark.comment for m in self.members if m.record]
        texts = [text for text in given if text]
        return tuple(sorted(set(texts), key=lambda text: (-texts.count(text), text)))


@dataclass(frozen=True, kw_only=True)
class Question:
    """A written question; `label` is safe HTML, the two texts are Markdown."""

    name: str
    label: str
    max_score: float
    model_answer: str
    scheme: str


@dataclass(frozen=True, kw_only=True)
class QuestionProgress:
    """How far a question is: answers `marked` of `total`."""

    question: Question
    marked: int
    total: int
    holders: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class ScoreChange:
    """What a changed rubric does to one student; None: points or comment as before."""

    student: str
    before: float
    after: float
    comment_changes: bool


@dataclass(frozen=True, kw_only=True)
class RubricChange:
    """What a changed rubric does; `left` marks were changed elsewhere, and stay."""

    rubric: Rubric
    changes: tuple[ScoreChange, ...]
    left: int

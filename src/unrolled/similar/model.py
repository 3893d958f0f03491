"""What a comparison of submissions says: values, of which page and JSON are views."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["code", "text", "own"]


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """What one student wrote; `marked` are the numbers of the lines (from 1) that say
    what hardly anybody says but the two."""

    text: str
    marked: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SharedPart:
    """One exercise, written answer, or the cells that were added, in both submissions.

    `likeness` (0 to 1) weighs what the two share by how rare it is. `as_alike` counts
    the pairs of the class that are at least as alike here, the two among them. `points`
    are this part's share of the pair's score.
    """

    name: str
    kind: Kind
    likeness: float
    as_alike: int
    points: float
    first: Excerpt
    second: Excerpt


@dataclass(frozen=True, kw_only=True)
class SharedMistake:
    """An exercise that both have wrong in the same way: `says` of its checks.

    `students` count all who have this mistake. `points` are its share of the score.
    """

    exercise: str
    says: tuple[str, ...]
    students: int
    points: float


@dataclass(frozen=True, kw_only=True)
class Author:
    """Whose submission it is; `term` is "" for this term's."""

    student: str
    name: str
    term: str = ""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two submissions; `stands_out` says that the class does not explain the score."""

    first: Author
    second: Author
    score: float
    stands_out: bool
    parts: tuple[SharedPart, ...]
    mistakes: tuple[SharedMistake, ...]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A submission that was not compared, or not all of it, and why."""

    author: Author
    reason: str


@dataclass(frozen=True, kw_only=True)
class SimilarReport:
    """The pairs of one assignment, the most alike first.

    `compared` submissions of this term and `earlier` ones of others make `total` pairs.
    From `threshold` on a pair stands out; None where too few were compared to say.
    `graded` submissions have results, without which mistakes are not compared.
    """

    assignment: str
    title: str
    course: str
    made: str
    compared: int
    earlier: int
    graded: int
    total: int
    threshold: float | None
    pairs: tuple[Pair, ...]
    left_out: tuple[LeftOut, ...]
    nameless: bool = False

    @property
    def outstanding(self) -> tuple[Pair, ...]:
        """The pairs that stand out."""
        return tuple(pair for pair in self.pairs if pair.stands_out)

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return asdict(self)

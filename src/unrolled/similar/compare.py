"""How alike two submissions are, beyond what the class shares.

Of each exercise the traits of two students are compared: how much of them is shared,
and how rare that is. Then the question is not how alike the two are, but how many pairs
of the class are as alike: one in a thousand is worth log2(1000) = 10 points, less the
two of one in four, which says nothing; and less again as far as what they share is
what anybody comes to, a known solution or a known mistake. The points of all exercises
and of all mistakes in common make the score of a pair. So an exercise with one natural
solution says nothing, whatever its code, and no number has to be set by hand for a new
lesson.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unrolled.similar.traits import Traits, Views

Matrix = NDArray[np.float64]

COMMON = 2.0  # points that one pair in four would get: they say nothing
KNOWN_WEIGHT = 0.25  # of what the reference, a known style or a known mistake has, too
MISTAKE_WEIGHT = 1.5  # equal mistakes weigh more than equal right answers
FEWEST = 8  # submissions: of fewer nobody can say what is usual
SPREADS = 5.0  # how far above the usual best partner a pair stands out
FLOOR = 8.0  # a score that no pair stands out without, however even the class is


@dataclass(frozen=True, kw_only=True)
class PartComparison:
    """One part of all submissions, compared: views of code, or one of an answer.

    For each pair that view counts in which fewer pairs are as alike. `likeness` (0 to
    1), `ranks` (how many pairs are at least as alike) and `points` are (n, n).
    """

    views: Sequence[ViewComparison]
    likeness: Matrix
    ranks: Matrix
    points: Matrix

    def find_rare_lines(self, one: int, other: int) -> tuple[int, ...]:
        """The lines of `one` that say what it shares with `other` and few others."""
        found = (view.find_rare_lines(one, other) for view in self.views)
        return tuple(sorted(set[int]().union(*found)))


@dataclass(frozen=True, kw_only=True)
class ViewComparison:
    """The traits of all submissions in one view, empty for who has not written it."""

    traits: Sequence[Traits]
    weights: Mapping[int, float]
    counts: Mapping[int, int]

    def find_rare_lines(self, one: int, other: int) -> set[int]:
        """As of a `PartComparison`."""
        few = max(3, len(self.traits) // 20)
        mine, its = self.traits[one], self.traits[other]
        spans = [
            mine[t]
            for t in mine.keys() & its.keys()
            if t in self.weights and self.counts[t] <= few
        ]
        return {n for first, last in spans for n in range(first, last + 1)}


@dataclass(frozen=True)
class Pairs:
    """Which pairs of `count` submissions are looked at: True in `mask`, (n, n)."""

    mask: NDArray[np.bool_]

    @cached_property
    def total(self) -> int:
        """How many there are."""
        return int(self.mask.sum())


def select_pairs(students: Sequence[str], new: int) -> Pairs:
    """All pairs with at least one of this term; nobody is compared with themselves.

    The first `new` submissions are of this term.
    """
    size = len(students)
    mask = np.triu(np.ones((size, size), dtype=bool), 1)
    mask[new:] = False
    names = np.array(students, dtype=object)
    return Pairs(mask & (names[:, None] != names[None, :]))


def compare_part(
    texts: Sequence[Views], template: Views, known: Sequence[Views], pairs: Pairs
) -> PartComparison:
    """Compare all submissions in one part; what the template has does not count.

    `texts` and `known` have the same views as `template`; a submission that has not
    this part has no view.
    """
    found = [
        _compare_view(
            [text[n] if text else {} for text in texts],
            template[n],
            set[int]().union(*(text[n] for text in known)),
            pairs,
        )
        for n in range(len(template))
    ]
    best = found[0]
    for other in found[1:]:
        rarer = other.points > best.points
        best = _Result(
            view=best.view,
            likeness=np.where(rarer, other.likeness, best.likeness),
            ranks=np.where(rarer, other.ranks, best.ranks),
            points=np.where(rarer, other.points, best.points),
        )
    return PartComparison(
        views=[one.view for one in found],
        likeness=best.likeness,
        ranks=best.ranks,
        points=best.points,
    )


@dataclass(frozen=True, kw_only=True)
class _Result:
    view: ViewComparison
    likeness: Matrix
    ranks: Matrix
    points: Matrix


def _compare_view(
    traits: Sequence[Traits], template: Traits, common: set[int], pairs: Pairs
) -> _Result:
    counts = Counter(trait for one in traits for trait in one)
    rare = {
        trait: float(np.log2((len(traits) + 1) / count))
        for trait, count in counts.items()
        if trait not in template
    }
    weights = {t: w * (KNOWN_WEIGHT if t in common else 1.0) for t, w in rare.items()}
    shared = _sum_shared(traits, weights)
    likeness = _divide(shared, _compute_mean_weight(traits, weights))
    personal = _divide(shared, _sum_shared(traits, rare))
    # Many pairs may be wholly alike in what all have: of these, who share rare things?
    rareness = _divide(shared, _sum_shared(traits, dict.fromkeys(rare, 1.0)))
    ranks = _rank(likeness * rareness, pairs)
    rarity = np.log2(max(pairs.total, 1) / ranks) - COMMON
    return _Result(
        view=ViewComparison(traits=traits, weights=weights, counts=counts),
        likeness=likeness,
        ranks=ranks,
        points=np.where(pairs.mask, np.maximum(rarity, 0.0) * likeness * personal, 0.0),
    )


def _sum_shared(traits: Sequence[Traits], weights: Mapping[int, float]) -> Matrix:
    """The weight of what two submissions share, (n, n)."""
    counts = Counter(trait for one in traits for trait in one)
    shared = [trait for trait in weights if counts[trait] > 1]
    columns = {trait: column for column, trait in enumerate(shared)}
    has = np.zeros((len(traits), len(shared)))
    for row, one in enumerate(traits):
        has[row, [columns[t] for t in one if t in columns]] = 1.0
    found: Matrix = (has * np.array([weights[t] for t in shared])) @ has.T
    return found


def _compute_mean_weight(
    traits: Sequence[Traits], weights: Mapping[int, float]
) -> Matrix:
    """The geometric mean of the weights of all that each of the two has, (n, n)."""
    whole = np.array([sum(weights.get(t, 0.0) for t in one) for one in traits])
    found: Matrix = np.sqrt(np.outer(whole, whole))
    return found


def _divide(part: Matrix, whole: Matrix) -> Matrix:
    """The quotient; 0 where there is nothing."""
    share = np.zeros_like(whole)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def _rank(strength: Matrix, pairs: Pairs) -> Matrix:
    """How many pairs are at least as alike as each pair, itself among them, (n, n)."""
    values = np.sort(np.round(strength[pairs.mask], 9))
    below = np.searchsorted(values, np.round(strength, 9), side="left")
    return np.maximum(values.size - below, 1).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class MistakeGroup:
    """Students who have an exercise wrong in the same way, by their numbers."""

    exercise: str
    says: tuple[str, ...]
    members: tuple[int, ...]
    points: float


def group_mistakes(
    failures: Sequence[Mapping[str, tuple[str, ...]] | None],
) -> list[MistakeGroup]:
    """Who fails alike, and what that is worth: the more, the fewer they are.

    `failures` has for each submission what the checks of each failed exercise say;
    None if there are no results.
    """
    graded = [n for n, one in enumerate(failures) if one is not None]
    total = _count_pairs(len(graded))
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for number in graded:
        for key in (failures[number] or {}).items():
            groups.setdefault(key, []).append(number)
    return [
        MistakeGroup(
            exercise=exercise,
            says=says,
            members=tuple(members),
            points=_rate_mistake(len(members), total),
        )
        for (exercise, says), members in groups.items()
        if len(members) > 1
    ]


def _rate_mistake(members: int, total: int) -> float:
    rarity = float(np.log2(total / _count_pairs(members)))
    return MISTAKE_WEIGHT * max(0.0, rarity - COMMON)


def _count_pairs(members: int) -> int:
    return members * (members - 1) // 2


def find_threshold(scores: Matrix, pairs: Pairs, new: int) -> float | None:
    """The score from which on a pair stands out; None for too few submissions.

    Everybody is most alike with somebody: of these best scores of a student the median
    is the usual one, and the median distance from it the spread. Both stay what they
    are when a few have copied.
    """
    if new < FEWEST:
        return None
    whole = np.where(pairs.mask, scores, 0.0)
    best = np.maximum(whole.max(axis=0), whole.max(axis=1))[:new]
    usual = float(np.median(best))
    spread = 1.4826 * float(np.median(np.abs(best - usual)))
    return max(usual + SPREADS * spread, FLOOR)

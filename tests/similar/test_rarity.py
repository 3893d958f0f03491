"""Does what the class shares weigh nothing, and what few share much?"""

from __future__ import annotations

import numpy as np
import pytest

from unrolled.similar.compare import (
    COMMON,
    FEWEST,
    MISTAKE_WEIGHT,
    compare_part,
    find_threshold,
    group_mistakes,
    select_pairs,
)
from unrolled.similar.traits import Views

CLASS = 20


def text(*traits: int) -> Views:
    """A text of one view, with each trait on the line of its number."""
    return ({t: (t, t) for t in traits},)


def names(count: int) -> list[str]:
    return [f"s{n}" for n in range(count)]


def test_what_all_share_is_worth_nothing() -> None:
    """Are two who share what nobody else has above all others?"""
    common = [text(1, 2, 3) for _ in range(CLASS - 2)]
    pairs = select_pairs(names(CLASS), CLASS)
    part = compare_part([*common, text(8, 9), text(8, 9)], text(), (), pairs)
    found = float(part.points[CLASS - 2, CLASS - 1])
    assert found > 4
    assert part.ranks[CLASS - 2, CLASS - 1] >= 1
    assert float(part.points.sum()) == pytest.approx(found)


def test_the_template_does_not_count() -> None:
    """Is what was given to all left out, also where only two have it?"""
    others = [text(100 + n) for n in range(CLASS - 2)]
    pairs = select_pairs(names(CLASS), CLASS)
    works = [*others, text(8, 9), text(8, 9)]
    assert compare_part(works, text(8, 9), (), pairs).points.sum() == 0
    assert compare_part(works, text(), (), pairs).points.sum() > 0


def test_a_known_solution_counts_less() -> None:
    """Of what anybody comes to, does a quarter remain?"""
    others = [text(100 + n) for n in range(CLASS - 2)]
    pairs = select_pairs(names(CLASS), CLASS)
    works = [*others, text(8, 9), text(8, 9)]
    whole = compare_part(works, text(), (), pairs).points.sum()
    known = compare_part(works, text(), [text(8, 9)], pairs).points.sum()
    assert known == pytest.approx(whole / 4)


def test_marked_lines_are_rare_and_shared() -> None:
    """Neither those of all, nor those of one?"""
    works = [text(1, 100 + n) for n in range(CLASS - 2)]
    pairs = select_pairs(names(CLASS), CLASS)
    works += [text(1, 8, 50), text(1, 8, 51)]
    part = compare_part(works, text(), (), pairs)
    assert part.find_rare_lines(CLASS - 2, CLASS - 1) == (8,)


def test_which_pairs_there_are() -> None:
    """Old ones only with new ones, and nobody with their own work of last term?"""
    pairs = select_pairs(["ada", "bob", "ada", "cyd"], 2)
    assert [tuple(p) for p in np.argwhere(pairs.mask)] == [
        (0, 1),
        (0, 3),
        (1, 2),
        (1, 3),
    ]
    assert pairs.total == 4


def test_a_rare_mistake_weighs_more_than_a_common_one() -> None:
    """And more than a right answer that is as rare; is what one alone has left out?"""
    rare, common, alone = (
        {"step": ("no bias",)},
        {"step": ("no tanh",)},
        {"step": ("odd",)},
    )
    right: dict[str, tuple[str, ...]] = {}
    failures = [rare, rare, *[common] * 8, alone, *[right] * 9, None]
    groups = {g.says: g for g in group_mistakes(failures)}
    assert set(groups) == {("no bias",), ("no tanh",)}
    assert groups["no bias",].members == (0, 1)
    assert groups["no bias",].points == MISTAKE_WEIGHT * (np.log2(190) - COMMON)
    assert groups["no tanh",].points < groups["no bias",].points


def test_from_where_a_pair_stands_out() -> None:
    """Is one copy far above, and does it not move the mark; are few too few?"""
    rng = np.random.default_rng(0)
    scores = np.triu(rng.uniform(0, 6, (40, 40)), 1)
    pairs = select_pairs(names(40), 40)
    before = find_threshold(scores, pairs, 40)
    scores[3, 7] = 60
    after = find_threshold(scores, pairs, 40)
    assert before is not None and after is not None
    assert 6 < after < 60 and abs(after - before) < 2
    few = FEWEST - 1
    small = select_pairs(names(few), few)
    assert find_threshold(scores[:few, :few], small, few) is None


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_anybody(count: int) -> None:
    """Does a class of none, one or two stop nothing?"""
    pairs = select_pairs(names(count), count)
    part = compare_part([text(1, 2)] * count, text(), (), pairs)
    assert float(part.points.sum()) == 0
    assert find_threshold(part.points, pairs, count) is None

"""Do the numbers of a class say what they claim, and are odd checks pointed out?"""

from __future__ import annotations

import statistics

import pytest
from support.class_work import CELLS, make_work

from unrolled.class_report.statistics import compute_distribution, compute_questions

LABELS = {"double_small": "<code>double</code>: small"}


def test_scores_are_counted_by_tenths() -> None:
    """Is full score in the last bucket, and a border in the upper of two?"""
    works = [make_work(f"s{n}", small=n % 2, large=n % 3 == 0) for n in range(6)]
    found = compute_distribution(works)
    assert found is not None
    totals = [10 * (n % 2) + 20 * (n % 3 == 0) + 5 for n in range(6)]
    assert (found.count, found.max_score) == (6, 40)
    assert found.mean == pytest.approx(statistics.fmean(totals))
    assert found.median == statistics.median(totals)
    expected = [0] * 10
    for total in totals:
        expected[min(9, total * 10 // 40)] += 1
    assert found.buckets == tuple(expected)
    assert sum(found.buckets) == 6


def test_nobody_has_no_distribution() -> None:
    """Is there none where nothing is graded, and one point for a class of one?"""
    assert compute_distribution([]) is None
    found = compute_distribution([make_work("ada", small=1, large=1)])
    assert found is not None
    assert found.lower == found.median == found.upper == found.mean == 35
    assert found.buckets[8] == 1


def test_while_an_answer_waits_only_checks_count() -> None:
    """Are all on one scale, also those whose answers are marked?"""
    works = [
        make_work("ada", small=1, large=1, answer=None),
        make_work("bob", small=1, large=0, answer=10.0),
    ]
    found = compute_distribution(works)
    assert found is not None and found.automatic_only
    assert found.max_score == 30
    assert found.mean == 20


def test_a_check_is_held_against_the_rest() -> None:
    """Has a check that good students pass a high correlation, the reverse a low one?"""
    works = [make_work(f"s{n}", small=n >= 3, large=n >= 3) for n in range(8)]
    small, large, _ = compute_questions(CELLS, LABELS, works)
    assert small.discrimination == pytest.approx(1.0)
    assert small.rate == pytest.approx(5 / 8)
    assert (small.passed, small.graded, small.waits) == (5, 8, 0)
    assert small.label == LABELS["double_small"] and large.label == "double_large"
    assert not small.suspect
    works = [make_work(f"s{n}", small=n >= 3, large=n < 4) for n in range(8)]
    against = compute_questions(CELLS, LABELS, works)[0]
    rest = [5 + 20 * (n < 4) for n in range(8)]
    mine = [10 * (n >= 3) for n in range(8)]
    assert against.discrimination == pytest.approx(statistics.correlation(mine, rest))
    assert "do well elsewhere" in against.suspect


def test_a_check_that_most_fail_is_pointed_out() -> None:
    """From which share on, and not over four students, and no written answer?"""
    half = [make_work(f"s{n}", small=n >= 3, large=1, answer=0.0) for n in range(6)]
    assert not compute_questions(CELLS, LABELS, half)[0].suspect
    most = [make_work(f"s{n}", small=n >= 4, large=1, answer=0.0) for n in range(6)]
    questions = compute_questions(CELLS, LABELS, most)
    assert questions[0].suspect == "67 % of the class fail it"
    assert not questions[2].suspect
    few = [make_work(f"s{n}", small=n >= 3, large=1) for n in range(4)]
    assert not compute_questions(CELLS, LABELS, few)[0].suspect
    assert compute_questions(CELLS, LABELS, few)[0].discrimination is None


def test_all_alike_have_no_correlation() -> None:
    """Is it None where a check or the rest does not vary?"""
    works = [make_work(f"s{n}", small=1, large=n % 2) for n in range(6)]
    small, large, answer = compute_questions(CELLS, LABELS, works)
    assert small.discrimination is None
    assert large.discrimination is None
    assert answer.discrimination is None


def test_what_was_not_begun_and_what_waits() -> None:
    """Are both counted?"""
    works = [
        make_work("ada", small=0, large=0, not_begun=("double",), answer=None),
        make_work("bob", small=0, large=1),
    ]
    small, _, answer = compute_questions(CELLS, LABELS, works)
    assert small.not_begun == 1
    assert (answer.waits, answer.graded) == (1, 1)

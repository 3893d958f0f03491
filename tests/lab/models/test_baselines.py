"""Do the guessers that a network is held against count rightly?"""

from __future__ import annotations

import math

from unrolled.lab.models import baselines


def test_an_ngram_blends_as_witten_and_bell_do() -> None:
    """Two characters, worked out by hand: pairs over frequencies over even guessing."""
    shortest = (2 + 2 * 0.5) / (3 + 2)  # a, in "aab": twice of 3, two kinds
    after_a = (1 + 2 * shortest) / (2 + 2)  # after a: a once, b once
    assert math.isclose(baselines.ngram("aab", "aa", 2, order=2), -math.log(after_a))
    assert math.isclose(baselines.ngram("aab", "aa", 2, order=1), -math.log(shortest))


def test_an_unseen_context_says_what_the_shorter_one_says() -> None:
    """Is nothing made of a context that never came?"""
    short = baselines.ngram("abcabd", "xa", 26, order=1)
    assert math.isclose(baselines.ngram("abcabd", "xa", 26, order=4), short)


def test_the_probabilities_of_an_ngram_sum_to_one() -> None:
    """Over all characters, after a context that was seen and one that was not?"""
    for context in ("ab", "zz"):
        told = [math.exp(-_cost("abcabdabb", context, c)) for c in "abcdz"]
        assert math.isclose(sum(told), 1)


def _cost(text: str, context: str, character: str) -> float:
    """What the last character costs."""
    whole = baselines.ngram(text, context + character, 5, order=3)
    return whole * len(context) - (len(context) - 1) * baselines.ngram(
        text, context, 5, order=3
    )


def test_bz2_packs_what_comes_again() -> None:
    """Does it cost little to add what was there, and more what was not?"""
    text = "the lamp is lit and the harbour sleeps. " * 30
    other = "Quick zephyrs vex bold jackdaw: 0123456789, nymphs! " * 2
    assert 0 < baselines.bzipped(text, text[:100]) < baselines.bzipped(text, other)

"""Short film reviews made by a small grammar, each with its verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VERDICTS = ("love", "tolerate", "hate")
"""The three verdicts, in the order of the network's outputs."""

_NOUNS = ["film", "plot", "story", "music", "ending", "cast", "acting", "humour"]
_WORDS = {
    "love": ["great", "wonderful", "brilliant", "funny", "moving", "good"],
    "tolerate": ["okay", "average", "watchable"],
    "hate": ["terrible", "boring", "awful", "dull", "weak", "bad"],
}
_VERBS = {"love": "loved", "tolerate": "tolerated", "hate": "hated"}
_STRESS = ("really", "very", "so")
_NEGATED = {"love": "hate", "hate": "tolerate"}

_SMALL = ("the", "was", "i", "and", "but", "although", "not")
_VERDICT_WORDS = [
    w for verdict in VERDICTS for w in (*_WORDS[verdict], _VERBS[verdict])
]
VOCABULARY = (*_SMALL, *_STRESS, *_NOUNS, *_VERDICT_WORDS)
"""Every word that a review may hold."""


@dataclass(frozen=True)
class Review:
    """The words of a review, and its verdict: "love", "tolerate" or "hate"."""

    words: tuple[str, ...]
    verdict: str


def make_review(rng: np.random.Generator) -> Review:
    """A review of one part ("the plot was not bad") or of two.

    "not" turns love into hate, and hate into tolerate. Two parts joined by "and"
    agree; after "but" the second part decides, before "although" the first.
    """
    words, verdict = _make_part(rng, _choose_verdict(rng))
    joint = str(rng.choice(["", "and", "but", "although"]))
    if not joint:
        return Review(tuple(words), verdict)
    other = verdict if joint == "and" else _choose_verdict(rng)
    more, second = _make_part(rng, other)
    decides = second if joint == "but" else verdict
    return Review((*words, joint, *more), decides)


def _choose_verdict(rng: np.random.Generator) -> str:
    return str(rng.choice(VERDICTS))


def _make_part(rng: np.random.Generator, verdict: str) -> tuple[list[str], str]:
    """The words of one part with this verdict."""
    noun = str(rng.choice(_NOUNS))
    if rng.random() < 0.25:
        return ["i", _VERBS[verdict], "the", noun], verdict
    literal = verdict  # of the word itself, before "not" turns it
    middle = []
    opposites = [plain for plain, turned in _NEGATED.items() if turned == verdict]
    if opposites and rng.random() < 0.4:
        literal = opposites[0]
        middle.append("not")
    if rng.random() < 0.4:
        middle.append(str(rng.choice(_STRESS)))
    return ["the", noun, "was", *middle, str(rng.choice(_WORDS[literal]))], verdict

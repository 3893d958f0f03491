"""Three small trained networks, as the two or three functions that a lesson unrolls.

`lessons/01_sequences/train_networks.py` made their weights, which lie in `data/`. The
cell is a leaky one: each unit keeps a share of its old value and takes the rest anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from unrolled.lab.datasets.digits import NAMES
from unrolled.lab.datasets.encoding import decode
from unrolled.lab.datasets.number_words import COUNT, english, german
from unrolled.lab.datasets.reviews import VOCABULARY

Floats = np.ndarray[Any, np.dtype[np.float64]]
Weights = Mapping[str, Floats]
Step = Callable[[Floats, Floats], Floats]
Read = Callable[[Floats], Floats]

END = "."
"""The sign that ends a caption or a translation."""
CAPTION_LETTERS = (*sorted(set("".join(NAMES))), END)
"""What the captioner can write: V = 16."""
ENGLISH_LETTERS = tuple(sorted(set("".join(map(english, range(COUNT))))))
"""What the translator can read."""
GERMAN_LETTERS = (*sorted(set("".join(map(german, range(COUNT))))), END)
"""What the translator can write."""


@dataclass(frozen=True)
class Captioner:
    """Writes the name of a digit: `step(x_t, h_prev)`, `read(h_t)`, the start `h_0`.

    `step` takes a picture (64,) or the confidences of the last letter (V,).
    """

    step: Step
    read: Read
    h_0: Floats
    letters: tuple[str, ...] = CAPTION_LETTERS


@dataclass(frozen=True)
class Judge:
    """Judges film reviews: `step(x_t, h_prev)` on one-hot words, `read(h_t)`, `h_0`."""

    step: Step
    read: Read
    h_0: Floats
    words: tuple[str, ...] = VOCABULARY

    def ids(self, text: str) -> list[int]:
        """The position of each word in `words`.

        Raises ValueError, naming it, if a word is not among them.
        """
        words = text.lower().replace(",", " ").replace(".", " ").split()
        strange = [word for word in words if word not in self.words]
        if strange:
            raise ValueError(
                f"{strange[0]!r} is not one of its {len(self.words)} words"
            )
        return [self.words.index(word) for word in words]


@dataclass(frozen=True, kw_only=True)
class Translator:
    """English number words to German ones: `encode`, `decode`, `read`, `h_0`, `y_0`."""

    encode: Step
    decode: Step
    read: Read
    h_0: Floats
    y_0: Floats
    reads: tuple[str, ...] = ENGLISH_LETTERS
    writes: tuple[str, ...] = GERMAN_LETTERS


def captioner() -> Captioner:
    """The network that writes the name of a digit under its picture."""
    w = _load_weights("captioner")
    picture, letter = _make_cell(w, "picture"), _make_cell(w, "letter")

    def step(x_t: Floats, h_prev: Floats) -> Floats:
        flat = np.ravel(x_t)
        cell = picture if flat.size == w["picture_in"].shape[1] else letter
        return cell(flat, h_prev)

    return Captioner(step, _make_reader(w), np.zeros(len(w["out"].T)))


def judge() -> Judge:
    """The network that says whether a review loves, tolerates or hates a film."""
    w = _load_weights("judge")
    return Judge(_make_cell(w, "word"), _make_reader(w), np.zeros(len(w["out"].T)))


def translator() -> Translator:
    """The network that translates number words from English to German."""
    w = _load_weights("translator")
    return Translator(
        encode=_make_cell(w, "reads"),
        decode=_make_cell(w, "writes"),
        read=_make_reader(w),
        h_0=np.zeros(len(w["out"].T)),
        y_0=np.zeros(len(w["out"])),
    )


def written(outputs: Sequence[Floats], letters: Sequence[str]) -> str:
    """The text of a list of confidences (V,): the surest letter each, up to the end."""
    text = decode([int(np.argmax(y)) for y in outputs], letters)
    return text.split(END)[0]


def _load_weights(name: str) -> Weights:
    path = files("unrolled.lab") / "data" / f"{name}.npz"
    with path.open("rb") as file, np.load(file) as stored:
        return {key: stored[key].astype(np.float64) for key in stored.files}


def _make_cell(w: Weights, name: str) -> Step:
    """One step of the cell `name`; its weights stand left of columns."""
    into, back, bias = w[f"{name}_in"], w[f"{name}_back"], w[f"{name}_bias"]
    share = w[f"{name}_kept"]  # of its old value that each unit keeps

    def step(x_t: Floats, h_prev: Floats) -> Floats:
        fresh = np.tanh(into.dot(x_t) + back.dot(h_prev) + bias)
        return np.asarray(share * h_prev + (1 - share) * fresh)

    return step


def _make_reader(w: Weights) -> Read:
    """The confidences, each between 0 and 1, from a state."""

    def read(h_t: Floats) -> Floats:
        return np.asarray(0.5 + 0.5 * np.tanh(w["out"].dot(h_t) + w["out_bias"]))

    return read

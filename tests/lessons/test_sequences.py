"""Sequences: are lesson, checks, catalogue, trained networks and prose right?"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from support.lesson import (
    LESSONS,
    Recorder,
    load,
    load_lesson_cells,
    load_oracle,
    load_witness,
    reference_namespace,
    run_check,
)

from unrolled.lab.datasets import digits, number_words, reviews, signals
from unrolled.lab.figures import style
from unrolled.lab.models import networks

FOLDER = LESSONS / "01_sequences"
CELLS = load_lesson_cells(FOLDER)
CHECKS = [c for c in CELLS if c.kind == "check"]
CATALOGUE = load(FOLDER)
ORACLE = load_oracle(FOLDER)
LESSON = SimpleNamespace(**reference_namespace(FOLDER))
PROSE = " ".join(" ".join(c.source for c in CELLS if "mark" in c.kind).split("\n# "))
PROSE = " ".join(PROSE.split())
UNROLLING = ("many_to_one", "many_to_many", "one_to_many", "encode_decode")
WITNESS = load_witness(FOLDER)


def told(*sentences: str) -> bool:
    """Whether the lesson says all this."""
    return all(sentence in PROSE for sentence in sentences)


def asked(seed: int) -> dict[str, tuple[Any, ...]]:
    """Arguments for every function that has an oracle; all sizes differ."""
    rng = np.random.default_rng(seed)
    T, D, H, V = (int(n) for n in rng.permutation([2, 3, 4, 5]))
    step, read = ORACLE.random_network(rng, D, H, V)
    closed, closed_read = ORACLE.random_network(rng, D, H, D)
    decode, decode_read = ORACLE.random_network(rng, V, H, V)
    x, h_0 = rng.normal(size=(T, D)), rng.normal(size=H)
    return {
        "one_hot": (rng.integers(V, size=(T, D)), V),
        "many_to_one": (step, read, x, h_0),
        "many_to_many": (step, read, x, h_0),
        "one_to_many": (closed, closed_read, x[0], h_0, T + 2),
        "encode_decode": (
            *(step, decode, decode_read, x, h_0),
            *(rng.normal(size=V), T + 3),
        ),
        "count_parameters_feedforward": (T, D, H, V),
        "count_parameters_rnn": (D, H, V),
    }


@pytest.mark.parametrize("seed", range(5))
def test_lesson_oracle_and_witness_agree(seed: int) -> None:
    """Do three derivations of every function give the same on random inputs?"""
    for name, args in asked(seed).items():
        right = getattr(LESSON, name)(*args)
        for route in (ORACLE, WITNESS):
            got = getattr(route, name)(*args)
            assert np.shape(got) == np.shape(right), name
            np.testing.assert_allclose(got, right, rtol=1e-12, atol=1e-12)
        if name in UNROLLING[1:]:
            assert type(right) is list


def test_random_networks_and_shapes_have_a_witness() -> None:
    """Do both routes draw the same networks, and sort the applications alike?"""
    pair = [
        m.random_network(np.random.default_rng(4), 3, 5, 2) for m in (ORACLE, WITNESS)
    ]
    x, h = np.array([0.3, -1.0, 2.0]), np.linspace(-1, 1, 5)
    for mine, other in zip(*pair, strict=True):
        args = (x, h) if "x_t" in inspect.signature(mine).parameters else (h,)
        np.testing.assert_allclose(mine(*args), other(*args), rtol=1e-12)
    for name, shape in LESSON.SHAPES.items():
        assert ORACLE.shape_of(name) == WITNESS.shape_of(name) == shape
        assert f"| {name} |" in PROSE
    assert len(LESSON.SHAPES) == len(ORACLE._STEPS) == 13 and told("sorts thirteen")


def test_every_route_is_named_and_stands_alone() -> None:
    """Does each function say its route, and does the oracle load only NumPy?"""
    for module, functions in ((ORACLE, asked(0)), (WITNESS, asked(0))):
        for name in [*functions, "shape_of"]:
            *_, last = (inspect.getdoc(getattr(module, name)) or "").splitlines()
            assert re.match(r"Route: .+\.$", last), name
    text = (FOLDER / "oracle.py").read_text("utf-8")
    assert re.findall(r"^\s*(?:import|from) (\S+)", text, re.MULTILINE) == ["numpy"]


@pytest.mark.parametrize("seed", range(3))
def test_unrolling_agrees_with_torchs_own_network(seed: int) -> None:
    """With the step of torch.nn.RNNCell, are the outputs those of torch.nn.RNN?"""
    torch.manual_seed(seed)
    net, out = torch.nn.RNN(3, 4).double(), torch.nn.Linear(4, 2).double()
    cell = torch.nn.RNNCell(3, 4).double()
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    cell.load_state_dict({n: getattr(net, f"{n}_l0").detach() for n in names})
    x, h_0 = torch.randn(5, 3).double(), torch.randn(4).double()
    right = out(net(x, h_0[None])[0]).detach().numpy()
    args = cell, lambda h: out(h).detach().numpy(), x, h_0
    np.testing.assert_allclose(LESSON.many_to_many(*args), right, rtol=1e-12)
    np.testing.assert_allclose(LESSON.many_to_one(*args), right[-1], rtol=1e-12)


def test_the_toys_are_as_followed_by_hand() -> None:
    """Are the tables of the text what the functions give?"""
    x, zero = np.array([[4.0], [2.0], [1.0]]), np.zeros(1)
    fade, tenfold = LESSON.fade, LESSON.tenfold
    assert LESSON.many_to_many(fade, lambda h: float(h[0]), x, zero) == [4, 4, 3]
    assert told("| 3 | 1 | 2 + 1 = 3 | 30 |", "3 = 1 + 2/2 + 4/4", "would end at 5.25")
    assert LESSON.many_to_one(fade, lambda h: h[0], x[::-1], zero) == 5.25
    toys = fade, LESSON.grow, LESSON.double
    y = LESSON.encode_decode(*toys, x, zero, np.ones(1), 3)
    assert [float(v[0]) for v in y] == [8, 24, 72]
    assert told("state 3 + 1 = 4, output 8", "output 24; state 36, output 72")
    assert float(LESSON.one_to_many(fade, tenfold, x[1], zero, 1)[0][0]) == 20


def test_the_counts_in_the_text_are_right() -> None:
    """Are the numbers of parameters, and where the two networks are equal, as told?"""
    side, loop = LESSON.count_parameters_feedforward, LESSON.count_parameters_rnn
    assert loop(100, 100, 100) == 30_200 and side(100, 100, 100, 100) == 1_010_200
    assert told("30,200 parameters against 1,010,200", r"$$T = 1 + \frac{H}{D}.$$")
    for D, H, V in ((3, 6, 5), (100, 100, 7), (2, 8, 3)):
        assert side(1 + H // D, D, H, V) == loop(D, H, V)
    judge = networks.judge()
    trained = sum(array.size for array in networks._load_weights("judge").values())
    assert trained == loop(len(judge.words), len(judge.h_0), 3) + len(judge.h_0)
    assert told(f"{trained:,} numbers", f"one more for each of {len(judge.h_0)} units")
    assert told(f"It knows {len(judge.words)} words", f"has {len(judge.h_0)} units")


@pytest.mark.parametrize("cell", CHECKS, ids=lambda c: c.name)
def test_a_check_passes_the_reference_and_no_empty_function(cell: Any) -> None:
    """Is the reference right under every seed, and a function without a result not?"""
    for seed in range(10):
        assert run_check(cell.source, vars(LESSON), seed, ORACLE) == ""
    empty: Any = Recorder(lambda *args: None, cell.exercise)
    if cell.exercise == "SHAPES":
        empty = dict.fromkeys(LESSON.SHAPES, "?")
    names = vars(LESSON) | {cell.exercise: empty}
    assert run_check(cell.source, names, 0, ORACLE) != ""


def test_wrong_tables_differ_from_each_other_and_fail_where_they_say() -> None:
    """Is each wrong SHAPES another one, and each right one right?"""
    checks = {c.name: c.source for c in CHECKS if c.exercise == "SHAPES"}
    wrong = CATALOGUE.of("SHAPES")
    tables = [m.function() for m in wrong]
    for m, table in zip(wrong, tables, strict=True):
        assert list(table) == list(LESSON.SHAPES) and tables.count(table) == 1
        names = vars(LESSON) | {"SHAPES": table}
        failed = [n for n, s in checks.items() if run_check(s, names, 0, ORACLE)]
        assert tuple(failed) == m.fails, m.name
    styles = [s for s in CATALOGUE.styles if s.exercise == "SHAPES"]
    assert len(wrong) > 4 and len(styles) > 2
    assert all(s.function() == LESSON.SHAPES for s in styles)


def verdict(judge: networks.Judge, words: Any) -> str:
    """What the judge says of some words."""
    x = np.eye(len(judge.words))[judge.ids(" ".join(words))]
    y = LESSON.many_to_one(judge.step, judge.read, x, judge.h_0)
    return reviews.VERDICTS[int(np.argmax(y))]


def test_the_judge_is_as_good_as_told_and_needs_the_order() -> None:
    """On fresh reviews, is it right nearly always, and much less so after a shuffle?"""
    judge, rng = networks.judge(), np.random.default_rng(123)
    made = [reviews.make_review(rng) for _ in range(1000)]
    right = np.mean([verdict(judge, r.words) == r.verdict for r in made])
    mixed = np.mean(
        [verdict(judge, rng.permutation(r.words)) == r.verdict for r in made]
    )
    assert right > 0.99 and 0.6 < mixed < 0.8
    assert told("In order it's right every time", "it loses three in ten")
    cases = {
        "the story was boring but the cast was wonderful": "love",
        "the story was boring although the cast was wonderful": "hate",
        "the music was not bad": "tolerate",
    }
    assert all(verdict(judge, text.split()) == says for text, says in cases.items())


def caption(net: networks.Captioner, picture: Any) -> str:
    """What the captioner writes under a picture."""
    y = LESSON.one_to_many(net.step, net.read, picture.ravel(), net.h_0, 6)
    return networks.written(y, net.letters)


def test_the_captioner_is_as_good_as_told() -> None:
    """How many captions of fresh pictures are right, with how much noise?"""
    net, rng = networks.captioner(), np.random.default_rng(123)
    shown = [int(d) for d in rng.integers(10, size=1000)]
    for noise, least, most in ((0.0, 0.995, 1), (0.2, 0.93, 0.97), (0.4, 0.5, 0.62)):
        said = [caption(net, digits.draw_digit(d, rng, noise)) for d in shown]
        names = [digits.NAMES[d] for d in shown]
        right = np.mean([a == b for a, b in zip(names, said, strict=True)])
        assert least < right <= most, noise
    assert told(
        "with noise of 0.2 in about 95 of 100", "0.4 in a little more than half"
    )
    panels = [(3, 0.0), (3, 0.2), (3, 0.6), (7, 0.0), (7, 0.2), (7, 0.6)]
    drawn = [digits.draw_digit(d, np.random.default_rng(d), n) for d, n in panels]
    words = [caption(net, picture) for picture in drawn]
    assert words[:2] == ["three"] * 2 and words[3:5] == ["seven"] * 2
    assert words[2] not in digits.NAMES and told("3 and noise 0.6 the first output")


def test_the_translator_is_as_good_as_told() -> None:
    """Of the numbers seen in training and of the others, how many are right?"""
    net = networks.translator()
    said = {n: translate(net, n) for n in range(100)}
    right = {n: said[n] == number_words.german(n) for n in said}
    unseen = re.search(r"unseen = \[(.*?)\]", "\n".join(c.source for c in CELLS))
    assert unseen
    others = [int(n) for n in unseen[1].split(",")]
    text = (FOLDER / "train_networks.py").read_text("utf-8")
    assert f"HELD_OUT = ({unseen[1]})" in text
    assert all(right[n] for n in right if n not in others) and told("seen 92 of the")
    assert sum(right[n] for n in others) == 3 and told("Three of the eight are right")
    assert told("Every one of them **begins** right, with the ones")
    for n in others:
        start = number_words.german(n).partition("und")[0] + "und"
        assert said[n].startswith(start)


def translate(net: networks.Translator, number: int) -> str:
    """The German word for a number, from its English word."""
    ids = [net.reads.index(letter) for letter in number_words.english(number)]
    x = np.eye(len(net.reads))[ids]
    assert told(f"Of its {len(net.h_0)} units you see the first 24", "at most 16")
    trades = net.encode, net.decode, net.read
    y = LESSON.encode_decode(*trades, x, net.h_0, net.y_0, 17)
    return networks.written(y, net.writes)


@pytest.fixture(scope="module")
def shown() -> Iterator[Any]:
    """The names of the solved lesson, with those of its demonstrations."""
    names = reference_namespace(FOLDER)
    quiet = ("show", "explore", "print")
    names |= dict.fromkeys(quiet, lambda *args, **settings: None)
    with style.context():
        for cell in CELLS:
            exec(cell.source if cell.kind == "show" else "", names)
    plt.close("all")
    yield SimpleNamespace(**names)


def test_the_measures_of_shuffling_are_as_told(shown: Any) -> None:
    """Correlation, error and share of hits: are they the numbers in the text?"""
    names = vars(shown)
    year, mixed = names["year"], np.random.default_rng(5).permutation(names["year"])
    for days, r, error in ((year, "0.96", "1.5"), (mixed, "0.00", "7.8")):
        assert f"{np.corrcoef(days[:-1], days[1:])[0, 1]:.2f}".lstrip("-") == r
        assert f"{np.abs(np.diff(days)).mean():.1f}" == error
        assert told(r, f"{error} degrees")
    shares = [f"{100 * hit:.0f}" for hit in names["hits"]]
    assert told(f"in {shares[0]} of 100 cases, and shuffled in {shares[1]}")
    half = names["mixed_text"][: len(names["mixed_text"]) // 2]
    after: dict[str, list[str]] = {a: [] for a in set(half)}
    for a, b in itertools.pairwise(half):
        after[a].append(b)
    best = {max(sorted(set(f)), key=f.count) for f in after.values() if len(f) > 50}
    assert best == {" "} and told("the best guess is now the space")


def test_the_sound_and_the_year_are_what_the_text_says() -> None:
    """Does the tune go up a chord and down, and is the year warm in the middle?"""
    loud = signals.spectrogram(signals.melody())
    steps = loud.argmax(axis=1) * signals.RATE / 256
    assert {min(signals.TUNE, key=lambda p: abs(p - s)) for s in steps} == set(
        signals.TUNE
    )
    assert abs(steps - np.array(signals.TUNE)[:, None]).min(axis=0).max() < 16
    year = signals.temperature_year(np.random.default_rng(1))
    assert year[160:240].mean() > year[:60].mean() + 10
    with pytest.raises(ValueError, match="a piece 256"):
        signals.spectrogram(np.zeros(10))


def test_the_words_and_pictures_are_made_right() -> None:
    """Are number words, reviews and digits what they should be, and errors clear?"""
    assert number_words.english(21) == "twenty-one"
    assert number_words.german(21) == "einundzwanzig"
    assert len({number_words.german(n) for n in range(100)}) == 100
    assert max(len(number_words.german(n)) for n in range(100)) == 16
    with pytest.raises(ValueError, match="0 to 99"):
        number_words.german(100)
    with pytest.raises(ValueError, match="'seagulls' is not"):
        networks.judge().ids("the seagulls")
    with pytest.raises(IndexError):
        digits.draw_digit(-1, np.random.default_rng(0))
    with pytest.raises(ValueError, match="8 rows"):
        digits.from_text("#########")
    picture = digits.draw_digit(7, np.random.default_rng(0), 0)
    assert picture.shape == (8, 8) and 0 <= picture.min() < picture.max() <= 1
    rng = np.random.default_rng(0)
    words = {w for _ in range(2000) for w in reviews.make_review(rng).words}
    assert words == set(reviews.VOCABULARY)

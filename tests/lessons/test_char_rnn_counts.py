"""Character models, what has no points: are counts, scans and records as told?"""

from __future__ import annotations

import json
import types
from collections import Counter

import numpy as np
import pytest
import torch
from support.lesson import LESSONS, load_lesson_cells, reference_namespace

from unrolled.lab.datasets import corpora
from unrolled.lab.models import baselines, neurons

FOLDER = LESSONS / "06_char_rnn"
CELLS = load_lesson_cells(FOLDER)
LESSON = types.SimpleNamespace(**reference_namespace(FOLDER))
PROSE = " ".join(" ".join(c.source for c in CELLS).replace("\n#", " ").split())
STORY = corpora.almanac()
CUT = STORY.index("WEEK 48")
RECORD = json.loads((FOLDER / "data/learning_curves.json").read_text("utf-8"))


def find_cell(words: str) -> str:
    """The source of the only cell of code that holds these words."""
    code = [c.source for c in CELLS if c.kind not in ("markdown", "answer")]
    (found,) = [source for source in code if words in source]
    return str(found)


def test_the_lesson_counts_as_the_package_does() -> None:
    """Are the notebook's ngram and the package's two ways to one number?"""
    names = reference_namespace(FOLDER)
    held_out = STORY[CUT : CUT + 400]
    names |= {"vocabulary": sorted(set(STORY)), "V": len(set(STORY))}
    table = names["count_followers"](STORY[:5000], 4)
    costs = []
    for t in range(1, len(held_out)):
        p = names["ngram"](table, held_out[max(0, t - 4) : t])
        assert abs(p.sum() - 1) < 1e-12
        costs.append(-np.log(p[names["vocabulary"].index(held_out[t])]))
    right = baselines.ngram(STORY[:5000], held_out, len(set(STORY)), order=5)
    np.testing.assert_allclose(np.mean(costs), right, rtol=1e-10)


def test_words_on_counting_are_true() -> None:
    """Is 5 the best number of characters, at 1.33 nats, and what does bz2 need?"""
    learn, held_out = STORY[:CUT], STORY[CUT:]
    nats = {n: baselines.ngram(learn, held_out, 65, order=n) for n in range(1, 9)}
    assert min(nats, key=lambda n: nats[n]) == 5
    assert f"pays {nats[5]:.2f} nats, {nats[5] / np.log(2):.2f} bits" in PROSE
    assert nats[5] < nats[6] < nats[7] < nats[8]
    after = Counter(STORY[i + 4] for i in range(CUT) if STORY[i : i + 4] == "lamp")
    assert [letter for letter, _ in after.most_common(3)] == [" ", "s", "l"]
    packed = baselines.bzipped(learn, held_out) / np.log(2)
    assert f"no weights at all: {packed:.2f} bits" in PROSE


def test_words_on_learning_by_heart_are_true() -> None:
    """Are the ends and the best moments of the recorded trainings those of the text?"""
    runs = np.array([RECORD["runs"][f"almanac, seed {s}"] for s in range(3)])
    every = RECORD["long"]["every"]
    assert f"After {RECORD['long']['steps']} batches the networks pay" in PROSE
    learned, held_out = runs[:, -1, 0], runs[:, -1, 1]
    assert f"pay {learned.min():.2f} to {learned.max():.2f} nats" in PROSE
    assert f"{held_out.min():.2f} to {held_out.max():.2f} on what they haven't" in PROSE
    best, when = runs[..., 1].min(axis=1), every * (1 + runs[..., 1].argmin(axis=1))
    assert f"at {when.min()} to {when.max()} batches, the" in PROSE
    assert f"was lowest, {best.min():.2f} to {best.max():.2f}." in PROSE


def test_words_on_clipping_are_true() -> None:
    """Does Adam's step shrink to a fiftieth after a cliff, and not if it's clipped?"""
    names = reference_namespace(FOLDER)
    for words in ("def adam_steps", "adam = {"):
        source = find_cell(words).split("fig, ax")[0]
        exec(source, names)
    free, clipped = names["adam"]["not clipped"], names["adam"]["clipped at 1"]
    steps = np.concatenate([free, clipped]) / 1e-2
    assert f"no step is larger than {steps.max():.2f} learning rates" in PROSE
    assert f"weight moves by {free[-1] / 1e-2:.2f} of the" in PROSE
    assert f"the clipped one by {clipped[-1] / 1e-2:.2f}." in PROSE
    assert 0.7 < clipped[-1] / 1e-2 < 0.8 and (free[129:] / 1e-2).max() < 0.06


@pytest.mark.parametrize("T", [1, 2, 3, 64, 100])
def test_a_scan_is_the_loop(T: int) -> None:
    """Does linear_scan give the states of the loop for any number of steps?"""
    rng = torch.Generator().manual_seed(T)
    a, b = torch.rand(2, T, 3, generator=rng, dtype=torch.float64)
    h_t, h = torch.zeros(3), []
    for a_t, b_t in zip(a, b, strict=True):
        h_t = a_t * h_t + b_t
        h.append(h_t)
    torch.testing.assert_close(LESSON.linear_scan(a, b), torch.stack(h))


@pytest.mark.parametrize("seed", range(2, 7))
def test_words_on_newton_are_true(seed: int) -> None:
    """Six rounds for 1024 and 4096 steps; with three times the weights, never?"""
    names = reference_namespace(FOLDER)
    source = find_cell("said - slope * before")
    assert "manual_seed(2)" in source and "Newton doesn't arrive in 50 rounds" in PROSE
    for change, rounds, arrives in (("w", 6, True), ("3 * w", 50, False)):
        text = source.replace("manual_seed(2)", f"manual_seed({seed})")
        text = text.replace("h_t, h, guess =", f"w = {change}\nh_t, h, guess =")
        text = text.replace("range(1, 8)", f"range({rounds})").replace("    print", "#")
        exec(text, names)
        assert (float(names["error"]) < 1e-10) == arrives


def test_top_p_keeps_the_fewest() -> None:
    """Do the kept ones hold the share, and would one less not?"""
    rng = torch.Generator().manual_seed(1)
    for share in (0.1, 0.5, 0.9, 1.0):
        p = torch.softmax(3 * torch.randn(20, generator=rng, dtype=torch.float64), 0)
        kept = LESSON.keep_likely(p, share)
        mass = p[kept > 0]
        assert mass.sum() >= share - 1e-9 and mass.sum() - mass.min() < share
        assert p[kept == 0].numel() == 0 or p[kept == 0].max() <= mass.min()
        torch.testing.assert_close(kept.sum(), torch.tensor(1.0, dtype=torch.float64))


def test_words_on_more_text_are_true() -> None:
    """Are both losses at the ends those of the text, and never far apart?"""
    runs, sizes = RECORD["runs"], [int(n) for n in RECORD["steps"]]
    pairs = {n: (runs[f"lstm, {n}, seed 0"], runs[f"counts, {n}"]) for n in sizes}
    assert all(abs(a - b) < 0.02 for a, b in pairs.values())
    lstm, counts = pairs[20_000]
    assert f"the LSTM pays {lstm:.2f} nats and the 5-gram {counts:.2f}" in PROSE
    lstm, counts = pairs[200_000]
    assert f"on 200,000 it's {lstm:.2f} and {counts:.2f}." in PROSE
    lstm, counts = pairs[600_000]
    assert f"On 600,000 the LSTM leads, {lstm:.2f} to {counts:.2f}." in PROSE
    assert [n for n, (a, b) in pairs.items() if a < b - 0.002] == [600_000]


def test_untrained_units_follow_the_line_too() -> None:
    """Are the controls of the neurons about what the text says, on this Python?"""
    code = corpora.python_library()
    vocabulary = LESSON.build_vocabulary(code)
    ids = LESSON.encode(code[:12_000], vocabulary)[None]
    told = neurons.describe_places(code[:12_000])
    found = []
    for seed in range(2, 6):
        torch.manual_seed(seed)
        model = LESSON.CharRNN("lstm", len(vocabulary), 128, 1)
        with torch.no_grad():
            h = model.rnn(LESSON.one_hot(ids, len(vocabulary)))[0][0]
        units = [neurons.find_unit(h.double().numpy(), v) for v in told.values()]
        found.append([abs(unit.tested) for unit in units])
    place, indentation, brackets = np.array(found).T
    assert place.min() > 0.3 and place.max() < 0.55
    assert indentation.max() < 0.25 and 0.1 < brackets.min() < brackets.max() < 0.4

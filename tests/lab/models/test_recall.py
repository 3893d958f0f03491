"""The sentences that ask for a year k words back, and the networks trained on them."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch

from unrolled.lab.models import recall


def drawn(N: int, k: int, seed: int = 0) -> tuple[recall.Ids, recall.Ids]:
    """Sentences of one distance."""
    return recall.sentences(N, k, np.random.default_rng(seed))


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 7, 40])
def test_the_year_stands_k_words_back_and_nowhere_else(k: int) -> None:
    """Do exactly k words follow the year, which is the answer, the last being "?"?"""
    ids, answers = drawn(50, k)
    assert ids.shape == (50, k + 2) and answers.shape == (50,)
    assert ids.dtype == answers.dtype == np.int64
    for row, answer in zip(ids, answers, strict=True):
        words = recall.text(row).split(" ")
        year = recall.YEARS[answer]
        assert words.index(year) == len(words) - 1 - k
        assert sum(word in recall.YEARS for word in words) == 1
        assert words[0] == "in" and words[-1] == "?"


@pytest.mark.parametrize(
    ("k", "said"),
    [(1, "?"), (2, "when ?"), (4, "i started when ?"), (5, "i started college when ?")],
)
def test_short_sentences_lose_words_in_a_fixed_order(k: int, said: str) -> None:
    """Is what follows the year the documented text?"""
    ids, answers = drawn(3, k)
    for row, answer in zip(ids, answers, strict=True):
        assert recall.text(row) == f"in {recall.YEARS[answer]} {said}"


def test_the_fillers_give_no_hint() -> None:
    """Are years and fillers drawn evenly, and independently of each other?"""
    ids, answers = drawn(8000, 12)
    counts = np.bincount(answers, minlength=8) / len(answers)
    assert len(counts) == 8 and np.abs(counts - 1 / 8).max() < 0.02
    fillers = ids[:, 5:-2]
    numbers, where = np.unique(fillers, return_inverse=True)
    share = Counter(fillers.ravel().tolist())
    assert len(numbers) == len(recall.WORDS) - 14
    assert max(share.values()) < 1.1 * min(share.values())
    table = np.zeros((8, len(numbers)))
    np.add.at(table, (np.repeat(answers, fillers.shape[1]), where.ravel()), 1)
    even = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    freedom = 7 * (len(numbers) - 1)
    chi_square = ((table - even) ** 2 / even).sum()
    assert chi_square < freedom + 4 * np.sqrt(2 * freedom)


def test_words_are_different_and_years_come_first() -> None:
    """Is the id of a year its answer, and every word one word?"""
    assert len(set(recall.WORDS)) == len(recall.WORDS)
    assert recall.WORDS[: len(recall.YEARS)] == recall.YEARS
    assert all(word and " " not in word for word in recall.WORDS)


def test_sentences_repeat_with_the_seed_only() -> None:
    """Does the same generator give the same sentences, and another one others?"""
    assert np.array_equal(drawn(9, 6)[0], drawn(9, 6)[0])
    assert not np.array_equal(drawn(9, 6)[0], drawn(9, 6, seed=1)[0])


@pytest.mark.parametrize(("N", "k"), [(0, 3), (3, 0), (3, -1)])
def test_impossible_sentences_are_refused(N: int, k: int) -> None:
    """Is a distance or number below 1 an error that names both?"""
    with pytest.raises(ValueError, match=f"N = {N} and k = {k}"):
        drawn(N, k)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_every_cell_learns_the_nearest_word(cell: str) -> None:
    """Is the year right after it was read learned without a mistake?"""
    assert recall.accuracy(cell, 1) == 1.0


def test_gates_that_keep_carry_on_where_the_plain_network_is_lost() -> None:
    """At 32 words, is the plain network at chance, and are LSTM and GRU right?"""
    assert recall.accuracy("rnn", 32, steps=300) < 0.2
    for cell in ("lstm", "gru"):
        assert recall.accuracy(cell, 32, forget_bias=3.0) > 0.95


def test_an_untrained_network_guesses() -> None:
    """Does the accuracy come from training, not from the sentences?"""
    assert recall.accuracy("gru", 2, steps=0) < 0.3


def test_the_result_repeats_and_torch_s_own_dice_are_left_alone() -> None:
    """Same seed, same number; and nobody else's random numbers change?"""
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = recall.accuracy("rnn", 8, steps=40, seed=3)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(6)
    assert recall.accuracy("rnn", 8, steps=40, seed=3) == first


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_forget_bias_keeps_the_old_state(cell: str) -> None:
    """Does a large bias in torch's own cell leave the state as it was?"""
    network = recall._make_network(cell, 4)
    recall._set_start(network, cell, 4, forget_bias=50.0, W_hh=None)
    old = torch.full((1, 1, 4), 0.3)
    state = old if cell == "gru" else (torch.zeros(1, 1, 4), old)
    x = torch.zeros(1, 1, len(recall.WORDS))
    with torch.no_grad():
        _, new = network[0](x, state)
    kept = new if cell == "gru" else new[1]
    limit = 1e-6 if cell == "gru" else 0.7  # the input gate adds to the LSTM's cell
    assert torch.all((kept - old).abs() < limit)
    gate = network[0].bias_ih_l0[4:8] + network[0].bias_hh_l0[4:8]
    assert torch.equal(gate, torch.full((4,), 50.0))


def test_the_first_recurrent_matrix_is_in_our_notation() -> None:
    """Does h_prev @ W_hh come out of torch's network, not its transpose?"""
    network, W_hh = recall._make_network("rnn", 3), np.arange(9.0).reshape(3, 3) / 20
    recall._set_start(network, "rnn", 3, forget_bias=None, W_hh=W_hh)
    for name in ("weight_ih_l0", "bias_ih_l0", "bias_hh_l0"):
        torch.nn.init.zeros_(getattr(network[0], name))
    h_prev = np.array([[0.5, -0.2, 0.1]])
    x = torch.zeros(1, 1, len(recall.WORDS))
    with torch.no_grad():
        h, _ = network[0](x, torch.tensor(h_prev[None], dtype=torch.float32))
    np.testing.assert_allclose(h[0].numpy(), np.tanh(h_prev @ W_hh), atol=1e-6)


@pytest.mark.parametrize(
    ("cell", "more", "said"),
    [
        ("transformer", {}, "use one of rnn, lstm, gru"),
        ("rnn", {"forget_bias": 1.0}, "no such start"),
        ("lstm", {"W_hh": np.eye(32)}, "no such start"),
    ],
)
def test_what_a_cell_does_not_have_is_refused(
    cell: str, more: dict[str, Any], said: str
) -> None:
    """Is an unknown cell or start an error in words, before any training?"""
    with pytest.raises(ValueError, match=said):
        recall.accuracy(cell, 4, **more)


def test_importing_does_not_import_torch() -> None:
    """Does a student without torch get the sentences?"""
    code = "import sys, unrolled.lab.models.recall; sys.exit('torch' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], check=False, timeout=300
        ).returncode
        == 0
    )

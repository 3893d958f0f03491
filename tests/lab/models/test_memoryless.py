"""Is the twin a network that has no memory, and nothing else?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.lesson import LESSONS, reference_namespace

from unrolled.lab.models.memoryless import train_memoryless


@pytest.fixture(scope="module")
def lesson() -> dict[str, Any]:
    """The names of the solved lesson on backpropagation."""
    return reference_namespace(LESSONS / "03_bptt")


@pytest.mark.parametrize("seed", range(3))
def test_the_twin_is_the_network_on_pieces_of_one_letter(
    lesson: dict[str, Any], seed: int
) -> None:
    """Does it take the very steps of the lesson's network, if each letter is a text?"""
    rng = np.random.default_rng(seed)
    start = params = lesson["random_params"](rng, 4, 3)
    x, targets = lesson["x_hello"][0], lesson["targets_hello"][0]
    right = []
    for _ in range(20):
        logits, h, cache = lesson["run"](x[:, None], params)
        loss, dlogits = lesson["cross_entropy"](logits, targets[:, None])
        dh, *rest = lesson["read_out_backward"](dlogits, h, params["W_hy"])
        found = [*lesson["rnn_backward"](dh, cache)[2:], *rest]
        grads = dict(zip(("W_xh", "W_hh", "b_h", "W_hy", "b_y"), found, strict=True))
        assert not grads["W_hh"].any()
        params = lesson["sgd_step"](params, grads, 0.1)
        right.append(loss)
    losses, said = train_memoryless(x, targets, start, steps=20, learning_rate=0.1)
    np.testing.assert_allclose(losses, right, rtol=1e-10)
    logits, _, _ = lesson["run"](x[:, None], params)
    assert said == logits[:, 0].argmax(axis=-1).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_no_start_gets_below_the_best_without_memory(
    lesson: dict[str, Any], seed: int
) -> None:
    """Does "elll" stay the end, whatever the start?"""
    start = lesson["random_params"](np.random.default_rng(seed), 4, 3)
    before = {name: array.copy() for name, array in start.items()}
    losses, said = train_memoryless(
        lesson["x_hello"][0],
        lesson["targets_hello"][0],
        start,
        steps=1000,
        learning_rate=0.1,
    )
    assert np.log(2) / 2 < losses[-1] < 0.37
    assert "".join("helo"[i] for i in said) == "elll"
    assert all(np.array_equal(start[name], before[name]) for name in start)

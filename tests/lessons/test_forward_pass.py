"""The forward pass: are the reference, the checks and the catalogue right?"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
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

FOLDER = LESSONS / "02_forward_pass"
CELLS = load_lesson_cells(FOLDER)
CHECKS = [c for c in CELLS if c.kind == "check"]
EXERCISES = [c.name for c in CELLS if c.kind == "exercise" and c.name != "fit_read_out"]
CATALOGUE = load(FOLDER)
ORACLE = load_oracle(FOLDER)
WITNESS = load_witness(FOLDER)


@pytest.fixture
def lesson() -> dict[str, Any]:
    """The names of the solved lesson."""
    return reference_namespace(FOLDER)


def stack(rng: np.random.Generator, lesson: dict[str, Any], L: int) -> tuple[Any, ...]:
    """Random x, h_0 and layers of a stack of L layers."""
    N, T, D, H = (int(n) for n in rng.permutation([2, 3, 5, 7]))
    layers = [lesson["random_layer"](rng, D if k == 0 else H, H) for k in range(L)]
    return rng.normal(size=(N, T, D)), rng.normal(size=(L, N, H)), layers


def test_points_add_up_to_a_hundred() -> None:
    """Are there 100 points, 10 to 20 of them for written answers, in fair pieces?"""
    written = [c.points for c in CELLS if c.kind == "answer"]
    automatic = [c.points for c in CHECKS]
    assert sum(written) + sum(automatic) == 100
    assert 10 <= sum(written) <= 20
    assert all(5 <= p <= 10 for p in written)
    assert all(1 <= p <= 5 for p in automatic)


def test_marking_schemes_add_up() -> None:
    """Do the bullets of each marking scheme sum to the points of the question?"""
    for cell in CELLS:
        if cell.kind == "answer":
            scheme = cell.source.split("**Marking scheme**")[1]
            points = [line.split()[2] for line in scheme.splitlines() if "# - " in line]
            assert sum(map(float, points)) == cell.points


def test_one_layer_agrees_with_torch(lesson: dict[str, Any]) -> None:
    """Is rnn_forward PyTorch's own tanh network?"""
    rng = np.random.default_rng(1)
    for _ in range(5):
        x, h_0, layers = stack(rng, lesson, 1)
        h = lesson["rnn_forward"](x, h_0[0], *layers[0].values())
        right = WITNESS.deep_rnn_forward(x, h_0, layers)
        np.testing.assert_allclose(h, right, rtol=1e-10, atol=1e-10)


def test_stacked_layers_agree_with_torch(lesson: dict[str, Any]) -> None:
    """Is deep_rnn_forward PyTorch's network of several layers?"""
    rng = np.random.default_rng(2)
    for L in (1, 2, 3, 4):
        x, h_0, layers = stack(rng, lesson, L)
        h = lesson["deep_rnn_forward"](x, h_0, layers)
        right = WITNESS.deep_rnn_forward(x, h_0, layers)
        np.testing.assert_allclose(h, right, rtol=1e-10, atol=1e-10)


def test_reference_oracle_and_witness_agree(lesson: dict[str, Any]) -> None:
    """Do the derivations of every function give the same on random inputs?"""
    rng = np.random.default_rng(3)
    x, h_0, layers = stack(rng, lesson, 3)
    weights = tuple(layers[0].values())
    h = rng.normal(size=(3, 5, 4))
    asked = {
        "rnn_step": (x[:, 0], h_0[0], *weights),
        "rnn_forward": (x, h_0[0], *weights),
        "read_out": (h, rng.normal(size=(4, 6)), rng.normal(size=6)),
        "softmax": (100 * h,),
        "deep_rnn_forward": (x, h_0, layers),
    }
    for name, args in asked.items():
        for derivation in (ORACLE, WITNESS):
            got, right = lesson[name](*args), getattr(derivation, name)(*args)
            np.testing.assert_allclose(got, right, rtol=1e-10, atol=1e-10, err_msg=name)


def test_predictions_agree(lesson: dict[str, Any]) -> None:
    """Do all derivations of predict_next name the same letter?"""
    rng = np.random.default_rng(4)
    for _ in range(10):
        params = lesson["random_params"](rng, 5, 6)
        text = "".join(rng.choice(list("drauf"), 7))
        got = lesson["predict_next"](text, list("drauf"), params)
        for derivation in (ORACLE, WITNESS):
            right = derivation.predict_next(text, list("drauf"), params)
            assert got[0] == right[0]
            np.testing.assert_allclose(got[1], right[1], rtol=1e-10, atol=1e-10)


def test_the_worked_example_is_the_lecture_s(lesson: dict[str, Any]) -> None:
    """Do the printed weights give the lecture's states and probabilities?"""
    weights = lesson["W_xh"], lesson["W_hh"], lesson["b_h"]
    h = lesson["rnn_forward"](
        lesson["encode"]("he", lesson["vocabulary"]), np.zeros((1, 3)), *weights
    )
    states = [[0.693168, 0.899554, 0.802119], [0.936534, 0.949104, 0.762341]]
    np.testing.assert_allclose(h[0], states, rtol=0, atol=1e-6)
    letter, p = lesson["predict_next"]("he", lesson["vocabulary"], lesson["params"])
    assert letter == "h"
    right = [0.419748, 0.194682, 0.162429, 0.223141]
    np.testing.assert_allclose(p, right, rtol=0, atol=3e-6)


def test_softmax_agrees_with_torch_on_huge_logits(lesson: dict[str, Any]) -> None:
    """Is a shift by thousands without any effect?"""
    import torch

    logits = np.random.default_rng(5).normal(size=(4, 3, 6)) + 5000.0
    right = torch.softmax(torch.tensor(logits), dim=-1).numpy()
    np.testing.assert_allclose(lesson["softmax"](logits), right, rtol=1e-10)


@pytest.mark.parametrize("cell", CHECKS, ids=lambda c: c.name)
def test_the_reference_passes_every_check(cell: Any, lesson: dict[str, Any]) -> None:
    """Is the reference solution right by the checks, under every seed?"""
    for seed in range(20):
        assert run_check(cell.source, lesson, seed, ORACLE) == ""


@pytest.mark.parametrize("cell", CHECKS, ids=lambda c: c.name)
def test_an_empty_function_passes_no_check(cell: Any, lesson: dict[str, Any]) -> None:
    """Does a function that returns nothing fail each check of its exercise?"""
    lesson[cell.exercise] = Recorder(lambda *args: None, cell.exercise)
    assert run_check(cell.source, lesson, 0, ORACLE) != ""


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_catalogue_covers_every_exercise(exercise: str) -> None:
    """Are there three misconceptions and three styles for each function?"""
    assert len(CATALOGUE.of(exercise)) >= 3
    assert len([s for s in CATALOGUE.styles if s.exercise == exercise]) >= 3


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """The names of the solved lesson, with the experiment of section 9."""
    names = reference_namespace(FOLDER)
    for cell in CELLS:
        if cell.kind == "show" and re.search(r"def (two_runs|many_runs)", cell.source):
            exec(cell.source, names)
    return names


def test_words_on_the_distance_are_true(shown: dict[str, Any]) -> None:
    """Do calm networks come together, and chaotic ones part after a millionth?"""
    letter, millionth = (
        shown["gaps"]("another letter"),
        shown["gaps"]("a millionth more"),
    )
    assert letter[0.5][45] < 1e-14 and letter[1][165] < 1e-14
    assert min(letter[2].min(), letter[4].min()) > 1
    assert millionth[4][59] > 1 and millionth[2][59] < 1e-3 and millionth[2][-1] > 1


def test_words_on_the_memory_are_true(shown: dict[str, Any]) -> None:
    """On six draws of all: lost at once, told in chaos after ten letters, then lost?"""
    draw = np.random.default_rng
    for seed in (4, 11, 12, 13, 14, 15):  # 4 is the one of the notebook
        shown["np"].random.default_rng = lambda _, seed=seed: draw(seed)
        try:
            calm, one, wild = (shown["memory"](scale) for scale in (0.5, 1, 4))
        finally:
            shown["np"].random.default_rng = draw
        assert calm[10] < 0.32 and wild[10] > 0.45 and wild[10] > one[10] + 0.1
        assert wild[30] < 0.42 and calm[2] > 0.9

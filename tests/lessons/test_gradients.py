"""Vanishing and exploding gradients: are lesson, checks and prose right?"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from support.lesson import (
    LESSONS,
    Recorder,
    load_lesson_cells,
    load_oracle,
    load_witness,
    reference_namespace,
    run_check,
)

FOLDER = LESSONS / "04_gradients"
CELLS = load_lesson_cells(FOLDER)
CHECKS = [c for c in CELLS if c.kind == "check"]
ORACLE = load_oracle(FOLDER)
LESSON = SimpleNamespace(**reference_namespace(FOLDER))
NAMES = (
    *("jacobian_step", "gradient_norms", "spectral_radius"),
    *("rescale_spectral_radius", "clip_by_norm", "learnable_horizon"),
)
WITNESS = load_witness(FOLDER)


def random_arguments(seed: int) -> dict[str, tuple[Any, ...]]:
    """Arguments for every function, of random sizes."""
    rng = np.random.default_rng(seed)
    T, H = int(rng.integers(1, 7)), int(rng.integers(1, 6))
    h, W = np.tanh(rng.normal(size=(T, H))), rng.normal(size=(H, H))
    grads = {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3)}
    return {
        "jacobian_step": (h[0], W),
        "gradient_norms": (h, W),
        "spectral_radius": (W,),
        "rescale_spectral_radius": (W, float(rng.uniform(0.2, 3))),
        "clip_by_norm": (grads, float(rng.uniform(0.5, 4))),
        "learnable_horizon": (rng.uniform(0, 2, size=T), float(rng.uniform(0, 1.2))),
    }


def agree(got: Any, right: Any, name: str) -> None:
    """Assert that two results, nested ones too, have the same numbers."""
    if isinstance(right, dict):
        assert set(got) == set(right), name
        got, right = [got[key] for key in right], list(right.values())
    if isinstance(right, tuple | list):
        for a, b in zip(got, right, strict=True):
            agree(a, b, name)
    else:
        assert np.shape(got) == np.shape(right), name
        np.testing.assert_allclose(got, right, rtol=1e-10, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("seed", range(12))
def test_reference_oracle_and_witness_agree(seed: int) -> None:
    """Do three derivations of every function give the same on random inputs?"""
    for name, args in random_arguments(seed).items():
        right = getattr(LESSON, name)(*args)
        agree(getattr(ORACLE, name)(*args), right, f"oracle {name}")
        agree(getattr(WITNESS, name)(*args), right, f"witness {name}")


def test_every_route_is_told_and_the_two_differ() -> None:
    """Does each function of oracle and witness end with its route, another one?"""
    for name in NAMES:
        routes = [
            re.findall(
                r"^\s*Route: (.+)\.\s*\Z", getattr(m, name).__doc__, re.MULTILINE
            )
            for m in (ORACLE, WITNESS)
        ]
        assert [len(found) for found in routes] == [1, 1], name
        assert routes[0] != routes[1], name


@pytest.mark.parametrize("module", [ORACLE, WITNESS], ids=["oracle", "witness"])
def test_edges_agree_with_the_reference(module: Any) -> None:
    """Nothing at all, exactly the limit, the powerless matrix: do the routes hold?"""
    zero = {"W": np.zeros((2, 2)), "b": np.zeros(1)}
    three_four = {"w": np.array([3.0, 4.0])}
    for grads, limit in ((zero, 1.0), (three_four, 5.0), (three_four, 1e-9)):
        right = LESSON.clip_by_norm(grads, limit)
        agree(module.clip_by_norm(grads, limit), right, "clip")
    assert module.spectral_radius(np.zeros((3, 3))) == 0
    for norms in ([1.0], [0.5, 1.0], [2.0, 1.0], [0.2, 3.0, 0.5, 1.0]):
        for threshold in (0.1, 0.5, 1.0, 1.5):
            args = (np.array(norms), threshold)
            right = LESSON.learnable_horizon(*args)
            assert module.learnable_horizon(*args) == right


@pytest.mark.parametrize("rho", [0.3, 0.9, 1.0, 1.1, 2.0])
@pytest.mark.parametrize("H", [1, 2, 32])
def test_the_linear_law_is_exact(rho: float, H: int) -> None:
    """Without tanh and with rho times Q, is the norm rho to the k, to 1e-12?"""
    Q = LESSON.orthogonal_init(H, 3)
    W = LESSON.rescale_spectral_radius(Q, rho)
    norms = LESSON.gradient_norms(np.zeros((60, H)), W)
    np.testing.assert_allclose(norms[::-1], rho ** np.arange(60.0), rtol=1e-12)


def test_norms_bound_real_backward_passes() -> None:
    """Does no error of torch arrive larger, and the worst one just as large?"""
    rng = np.random.default_rng(0)
    T, D, H = 7, 3, 4
    x, W_xh = rng.normal(size=(T, D)), rng.normal(size=(D, H))
    W, b = rng.normal(size=(H, H)), rng.normal(size=H)
    norms = LESSON.gradient_norms(LESSON.rnn_states(x, W_xh, W, b), W)
    net = torch.nn.RNN(D, H, batch_first=True).double()
    arrays = {"weight_ih_l0": W_xh.T, "weight_hh_l0": W.T, "bias_ih_l0": b}
    weights = {n: torch.tensor(a) for n, a in arrays.items()}
    weights["bias_hh_l0"] = torch.zeros(H, dtype=torch.float64)
    start = torch.zeros(1, 1, H, dtype=torch.float64)
    inputs = torch.tensor(x)[None]
    h, _ = torch.func.functional_call(net, weights, (inputs, start))
    np.testing.assert_allclose(
        h[0].detach().numpy(), LESSON.rnn_states(x, W_xh, W, b), atol=1e-14
    )
    for t in range(T - 1):

        def tail(h_t: Any, t: int = t) -> Any:
            args = (inputs[:, t + 1 :], h_t[None, None])
            return torch.func.functional_call(net, weights, args)[0][0, -1]

        J = torch.func.jacrev(tail)(h[0, t].detach()).detach().numpy()
        u, sizes, _ = np.linalg.svd(J)
        assert np.isclose(sizes[0], norms[t], rtol=1e-10)
        errors = rng.normal(size=(50, H))
        errors /= np.linalg.norm(errors, axis=1, keepdims=True)
        assert np.all(np.linalg.norm(errors @ J, axis=1) <= norms[t] * (1 + 1e-12))
        assert np.isclose(np.linalg.norm(u[:, 0] @ J), norms[t], rtol=1e-10)


def test_the_radius_is_well_conditioned_on_what_the_checks_draw() -> None:
    """Do matrices nudged by rounding keep their radius far inside the tolerance?"""
    for seed in range(300):
        rng = np.random.default_rng(seed)
        H = int(rng.integers(3, 6))
        chain = np.diag(rng.permutation(np.linspace(0.4, 1, H)))
        chain += rng.uniform(1, 2) * np.eye(H, k=-1)
        for W, limit in ((rng.normal(size=(H, H)), 1e-9), (chain, 1e-8)):
            nudged = W * (1 + 1e-15 * rng.normal(size=W.shape))
            a, b = (LESSON.spectral_radius(M) for M in (W, nudged))
            assert abs(a - b) < limit * a


def test_clipping_keeps_the_direction_and_torch_agrees() -> None:
    """Is the angle 0, the new norm exact, and torch's result nearly that?"""
    rng = np.random.default_rng(1)
    grads = {"W": 50 * rng.normal(size=(4, 4)), "b": rng.normal(size=4)}
    clipped, norm = LESSON.clip_by_norm(grads, 0.7)
    flat = [np.concatenate([g.ravel() for g in d.values()]) for d in (grads, clipped)]
    lengths = [np.linalg.norm(f) for f in flat]
    assert np.isclose(flat[0] @ flat[1], lengths[0] * lengths[1], rtol=1e-14)
    assert np.isclose(lengths[1], 0.7, rtol=1e-12) and np.isclose(norm, lengths[0])
    leaves = [torch.zeros(g.shape, dtype=torch.float64) for g in grads.values()]
    for leaf, g in zip(leaves, grads.values(), strict=True):
        leaf.grad = torch.tensor(g)
    found = torch.nn.utils.clip_grad_norm_(leaves, 0.7)
    assert np.isclose(float(found), norm)
    for leaf, g in zip(leaves, clipped.values(), strict=True):
        assert leaf.grad is not None
        np.testing.assert_allclose(leaf.grad.numpy(), g, rtol=1e-6)


def test_the_oracle_stands_alone() -> None:
    """Does it load nothing but libraries, and use no decomposition of a matrix?"""
    text = (FOLDER / "oracle.py").read_text("utf-8")
    loaded = re.findall(r"(?:^\s*import|^\s*from|import_) ?(\S+)", text, re.MULTILINE)
    assert loaded == ["math", "numpy"] and "exec(" not in text
    assert "linalg" not in text


@pytest.mark.parametrize("cell", CHECKS, ids=lambda c: c.name)
def test_a_check_passes_the_reference_and_no_empty_function(cell: Any) -> None:
    """Is the reference right under every seed, and a function without a result not?"""
    for seed in range(10):
        assert run_check(cell.source, vars(LESSON), seed, ORACLE) == ""
    empty = {cell.exercise: Recorder(lambda *args: None, cell.exercise)}
    assert run_check(cell.source, vars(LESSON) | empty, 0, ORACLE) != ""


def test_points_add_up() -> None:
    """100 points, of which 17 in three written answers?"""
    answers = [c.points for c in CELLS if c.kind == "answer"]
    assert answers == [6, 6, 5]
    assert sum(c.points for c in CHECKS) + sum(answers) == 100


def test_the_docstring_s_example_of_a_horizon() -> None:
    """Is the worked example in the stub right?"""
    norms = np.array([0.9, 0.05, 0.2, 0.5, 1.0])
    assert LESSON.learnable_horizon(norms, 0.1) == 2
    assert type(LESSON.learnable_horizon(norms, 0.1)) is int

"""Backpropagation through time: are lesson, checks and prose right?"""

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

FOLDER = LESSONS / "03_bptt"
CELLS = load_lesson_cells(FOLDER)
CHECKS = [c for c in CELLS if c.kind == "check"]
ORACLE = load_oracle(FOLDER)
WITNESS = load_witness(FOLDER)
LESSON = SimpleNamespace(**reference_namespace(FOLDER))
BEFORE = SimpleNamespace(**reference_namespace(LESSONS / "02_forward_pass"))
PROSE = " ".join(" ".join(c.source for c in CELLS if "mark" in c.kind).split("\n# "))


def random_case(seed: int) -> dict[str, Any]:
    """Input, parameters and targets of a network; N, T, D, H and V all differ."""
    rng = np.random.default_rng(seed)
    N, T, D, H, V = (int(n) for n in rng.permutation([2, 3, 4, 5, 6]))
    shapes = {"x": (N, T, D), "h_0": (N, H), "W_xh": (D, H), "W_hh": (H, H)}
    shapes |= {"b_h": (H,), "W_hy": (H, V), "b_y": (V,)}
    case = {name: rng.normal(0, 0.7, shape) for name, shape in shapes.items()}
    return case | {"targets": rng.integers(V, size=(N, T))}


def by_torch(targets: Any, **case: Any) -> dict[str, Any]:
    """Loss and every gradient, with torch's network, read-out and loss."""
    leaves = {n: torch.tensor(a).requires_grad_() for n, a in case.items()}
    x, h_0, W_xh, W_hh, b_h, W_hy, b_y = leaves.values()
    net = torch.nn.RNN(*W_xh.shape, nonlinearity="tanh", batch_first=True).double()
    weights = {"weight_ih_l0": W_xh.T, "weight_hh_l0": W_hh.T}
    weights |= {"bias_ih_l0": b_h, "bias_hh_l0": torch.zeros_like(b_h)}
    h, _ = torch.func.functional_call(net, weights, (x, h_0[None]))
    logits = torch.nn.functional.linear(h, W_hy.T, b_y)
    loss = torch.nn.functional.cross_entropy(logits.mT, torch.tensor(targets))
    leaves |= {"logits": logits, "h": h}
    slopes = torch.autograd.grad(loss, list(leaves.values()))
    found = {f"d{name}": slope for name, slope in zip(leaves, slopes, strict=True)}
    return found | {"loss": loss.item(), "logits": logits.detach(), "h": h.detach()}


def by_lesson(x: Any, h_0: Any, targets: Any, **params: Any) -> dict[str, Any]:
    """The same by the functions of the lesson."""
    W_xh, W_hh, b_h, W_hy, b_y = params.values()
    h, cache = LESSON.rnn_forward_cached(x, h_0, W_xh, W_hh, b_h)
    logits = h @ W_hy + b_y
    loss, dlogits = LESSON.cross_entropy(logits, targets)
    out = LESSON.read_out_backward(dlogits, h, W_hy)
    names = ("dh", "dW_hy", "db_y", "dx", "dh_0", "dW_xh", "dW_hh", "db_h")
    found = zip(names, (*out, *LESSON.rnn_backward(out[0], cache)), strict=True)
    return {"loss": loss, "logits": logits, "h": h, "dlogits": dlogits} | dict(found)


def agree(got: Any, right: Any, name: str = "", limit: float = 1e-10) -> None:
    """Assert that two results, nested ones too, have the same shapes and numbers."""
    if isinstance(right, dict):
        assert set(got) == set(right)
        got, right = [got[key] for key in right], list(right.values())
    if isinstance(right, tuple | list):
        for i, (a, b) in enumerate(zip(got, right, strict=True)):
            agree(a, b, f"{name}[{i}]", limit)
    else:
        assert np.shape(got) == np.shape(right), name
        np.testing.assert_allclose(got, right, rtol=limit, atol=limit, err_msg=name)


@pytest.mark.parametrize("seed", range(8))
def test_loss_and_all_gradients_agree_with_torch(seed: int) -> None:
    """Are forward pass, loss and each gradient those of PyTorch's own network?"""
    case = random_case(seed)
    agree(by_lesson(**case), by_torch(**case))
    rest = case | {"h_0": np.zeros(case["h_0"].shape)}
    agree(LESSON.run(case["x"], case)[0], by_torch(**rest)["logits"])


@pytest.mark.parametrize("shift", [0.0, 5000.0, -5000.0])
def test_cross_entropy_of_huge_logits_agrees_with_torch(shift: float) -> None:
    """Are loss and gradient finite and right where a probability is rounded to 0?"""
    logits = shift + 900 * np.random.default_rng(1).normal(size=(2, 3, 5))
    targets = np.array([[4, 0, 2], [1, 1, 3]])
    scores = torch.tensor(logits, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(scores.mT, torch.tensor(targets))
    right = (loss.item(), *torch.autograd.grad(loss, scores))
    agree(LESSON.cross_entropy(logits, targets), right)


def torch_truncated(dh: Any, k: int, *arrays: Any) -> tuple[torch.Tensor, ...]:
    """Gradients of x, h_0, W_xh, W_hh and b_h with a detach every k steps."""
    leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
    x, h, W_xh, W_hh, b_h = leaves
    total = torch.zeros((), dtype=torch.float64)
    for t in range(x.shape[1]):
        h = h.detach() if t and t % k == 0 else h
        h = torch.tanh(x[:, t] @ W_xh + h @ W_hh + b_h)
        total = total + (h * torch.tensor(dh[:, t])).sum()
    return torch.autograd.grad(total, leaves)


@pytest.mark.parametrize("seed", range(5))
def test_backward_passes_agree_with_torch_for_any_error(seed: int) -> None:
    """Read-out, one step, all steps cut every k: are the gradients torch's?"""
    x, h_0, W_xh, W_hh, b_h, W_hy, b_y, _ = random_case(seed).values()
    h, cache = LESSON.rnn_forward_cached(x, h_0, W_xh, W_hh, b_h)
    rng = np.random.default_rng(seed)
    dh, dlogits = rng.normal(size=h.shape), rng.normal(size=(h @ W_hy).shape)
    s, W, b = leaves = [torch.tensor(a, requires_grad=True) for a in (h, W_hy, b_y)]
    right = torch.autograd.grad(s @ W + b, leaves, torch.tensor(dlogits))
    agree(LESSON.read_out_backward(dlogits, h, W_hy), right)
    dx_t, *rest = LESSON.rnn_step_backward(dh[:, 0], LESSON.step_of(cache, 0))
    right = torch_truncated(dh, 1, x[:, :1], h_0, W_xh, W_hh, b_h)
    agree((dx_t[:, None], *rest), right)
    for k in range(1, h.shape[1] + 3):
        got = LESSON.truncated_backward(dh, cache, k)
        agree(got, torch_truncated(dh, k, x, h_0, W_xh, W_hh, b_h), f"k = {k}")
        same = np.allclose(got[3], LESSON.rnn_backward(dh, cache)[3], 1e-10, 1e-10)
        assert same == (k >= h.shape[1])


@pytest.mark.parametrize("name", ["W_xh", "W_hh", "b_h", "W_hy", "b_y"])
def test_a_measured_gradient_agrees_with_torch(name: str) -> None:
    """Is the slope of the whole network right, with two calls for every number?"""
    case, calls = random_case(9), []

    def loss(w: Any) -> Any:
        calls.append(np.sum(w != case[name]))
        return by_lesson(**case | {name: w})["loss"]

    w = case[name].copy()
    slope = LESSON.numeric_gradient(loss, w)
    assert calls == [1] * (2 * w.size)
    assert w.tobytes() == case[name].tobytes()
    agree(slope, by_torch(**case)[f"d{name}"], limit=1e-8)


def test_training_agrees_with_torch_and_keeps_what_it_got() -> None:
    """Do torch's gradients give the same losses, each before its update, and params?"""
    rng = np.random.default_rng(2)
    ids, first = rng.integers(5, size=8), LESSON.random_params(rng, 5, 4)
    x, params, losses = LESSON.one_hot([ids[:-1]], 5), first, []
    before = {name: array.copy() for name, array in first.items()}
    for _ in range(6):
        found = by_torch(x=x, h_0=np.zeros((1, 4)), targets=ids[None, 1:], **params)
        slopes = {name: found[f"d{name}"].numpy() for name in params}
        losses.append(found["loss"])
        right = {name: params[name] - 0.3 * slopes[name] for name in params}
        params = LESSON.sgd_step(params, slopes, 0.3)
        agree(params, right)
    agree(LESSON.train(ids, first, 6, 0.3), (params, losses))
    agree(first, before, limit=0)


def test_reference_oracle_and_witness_agree() -> None:
    """Do the derivations of every function give the same on random inputs?"""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        N, T, D, H, V = (int(n) for n in rng.permutation([2, 3, 4, 5, 6]))
        logits, h, W_hy = (rng.normal(size=s) for s in ((N, T, V), (N, T, H), (H, V)))
        sequence = ORACLE.random_sequence(rng, N, T, D, H)
        params = LESSON.random_params(rng, V, H)
        asked = {
            "cross_entropy": (500 * logits, rng.integers(V, size=(N, T))),
            "read_out_backward": (logits, h, W_hy),
            "rnn_step_backward": ORACLE.random_step(rng, N, D, H),
            "rnn_backward": sequence,
            "truncated_backward": (*sequence, seed + 1),
            "sgd_step": (params, LESSON.random_params(rng, V, H), 0.3),
            "train": (rng.integers(V, size=7).tolist(), params, 5, 0.3),
        }
        for name, args in asked.items():
            for derivation in (ORACLE, WITNESS):
                right = getattr(derivation, name)(*args)
                agree(getattr(LESSON, name)(*args), right, name)
        _, losses = LESSON.train(asked["train"][0], params, 1, 0.3)
        for derivation in (ORACLE, WITNESS):
            agree(derivation.loss_of(params, asked["train"][0]), losses[0])


@pytest.mark.parametrize("k", [1, 3, 7, 20])
def test_pieces_are_torchs_with_an_update_after_each(k: int) -> None:
    """Do torch's gradients of one piece after the other lead to the same params?"""
    rng = np.random.default_rng(k)
    ids, first = rng.integers(5, size=8), LESSON.random_params(rng, 5, 4)
    x, params, losses = LESSON.one_hot([ids[:-1]], 5), first, []
    before, h_0 = {n: a.copy() for n, a in first.items()}, np.zeros((1, 4))
    for start in range(0, 7, k):
        part = slice(start, start + k)
        case = {"x": x[:, part], "h_0": h_0, "targets": ids[None, 1:][:, part]}
        found = by_torch(**case, **params)
        slopes = {name: found[f"d{name}"].numpy() for name in params}
        losses.append(found["loss"])
        params = {name: params[name] - 0.3 * slopes[name] for name in params}
        h_0 = found["h"][:, -1].numpy()
    agree(LESSON.train_in_pieces(ids, first, k, 0.3), (params, losses))
    agree(first, before, limit=0)


LIBRARIES = {
    "oracle.py": ["math", "numpy", "torch"],
    "witness.py": ["decimal", "fractions", "numpy", "torch"],
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_derivations_stand_alone(name: str) -> None:
    """Do they load nothing but libraries: not the reference, and not each other?"""
    text = (FOLDER / name).read_text("utf-8")
    loaded = re.findall(r"(?:^\s*import|^\s*from|import_) ?(\S+)", text, re.MULTILINE)
    assert loaded == LIBRARIES[name] and "exec(" not in text


@pytest.mark.parametrize("cell", CHECKS, ids=lambda c: c.name)
def test_a_check_passes_the_reference_and_no_empty_function(cell: Any) -> None:
    """Is the reference right under every seed, and a function without a result not?"""
    for seed in range(10):
        assert run_check(cell.source, vars(LESSON), seed, ORACLE) == ""
    empty = {cell.exercise: Recorder(lambda *args: None, cell.exercise)}
    assert run_check(cell.source, vars(LESSON) | empty, 0, ORACLE) != ""


def test_training_spells_hello_as_the_prose_says() -> None:
    """Does the loss fall at every step, and are the numbers in the text those found?"""
    loss, _ = LESSON.cross_entropy(LESSON.logits_hello, LESSON.targets_hello)
    trained, losses = LESSON.train(LESSON.hello, LESSON.params, 400, 0.1)
    best = LESSON.run(LESSON.x_hello, trained)[0][0].argmax(axis=-1)
    said = "".join(LESSON.vocabulary[i] for i in best)
    assert len(losses) == 400 and np.all(np.diff(losses) < 0) and loss > np.log(4)
    letter, _ = BEFORE.predict_next("he", BEFORE.vocabulary, BEFORE.params)
    for claim in (
        f'a network that reads "he" and says "{letter}"',
        f"It has {sum(a.size for a in LESSON.params.values())} numbers that",
        f"here $\\log 4 = {np.log(4):.3f}$",
        f"The loss, {loss:.4f}, is worse than guessing evenly",
        f'It reads "hell" and says "{said}"',
    ):
        assert claim in PROSE
    agree(LESSON.params, BEFORE.params, limit=0)

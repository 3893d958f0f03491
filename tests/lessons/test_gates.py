"""LSTM and GRU: are lesson, checks and prose right?"""

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
    load,
    load_lesson_cells,
    load_oracle,
    load_witness,
    reference_namespace,
    run_check,
)

FOLDER = LESSONS / "05_gates"
CELLS = load_lesson_cells(FOLDER)
CHECKS = [c for c in CELLS if c.kind == "check"]
CATALOGUE = load(FOLDER)
ORACLE = load_oracle(FOLDER)
LESSON = SimpleNamespace(**reference_namespace(FOLDER))
TEXTS = [c.source for c in CELLS if c.kind in ("markdown", "answer")]
PROSE = " ".join(" ".join(TEXTS).split("\n# "))
LSTM_NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
WITNESS = load_witness(FOLDER)


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


def sizes(seed: int) -> tuple[np.random.Generator, list[int]]:
    """A generator and N, T, D, H, all different."""
    rng = np.random.default_rng(seed)
    return rng, [int(n) for n in rng.permutation([2, 3, 4, 5])]


def network(kind: Any, D: int, H: int, seed: int) -> Any:
    """One of torch's own, in float64, with the weights that torch gives it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kind(D, H, batch_first=True).double()


def torch_gradients(net: Any, x: Any, states: Any, errors: Any) -> dict[str, Any]:
    """Gradients of all inputs and weights, for errors on all outputs of a network."""
    leaves = {"x": torch.tensor(x, requires_grad=True)}
    leaves |= {n: torch.tensor(s, requires_grad=True) for n, s in states.items()}
    first = [leaves[name][None] for name in states]
    h, last = net(leaves["x"], first[0] if len(first) == 1 else tuple(first))
    outputs = [h] if len(first) == 1 else [h, *last]
    leaves |= dict(net.named_parameters())
    tensors = [torch.tensor(e) for e in errors]
    slopes = torch.autograd.grad(outputs, list(leaves.values()), tensors)
    found = dict(zip(leaves, (s.numpy() for s in slopes), strict=True))
    return found | {"h": h.detach().numpy()}


@pytest.mark.parametrize("seed", range(6))
def test_lstm_forward_and_all_gradients_agree_with_torch(seed: int) -> None:
    """Do the lesson's steps, walked back through time, give torch's own gradients?"""
    rng, (N, T, D, H) = sizes(seed)
    net = network(torch.nn.LSTM, D, H, seed)
    x, h_0, c_0 = (rng.normal(size=s) for s in ((N, T, D), (N, H), (N, H)))
    dh, dh_T, dc_T = (rng.normal(size=s) for s in ((N, T, H), (N, H), (N, H)))
    errors = (dh, dh_T[None], dc_T[None])
    right = torch_gradients(net, x, {"h_0": h_0, "c_0": c_0}, errors)
    weights = LESSON.weights_from_torch(net.state_dict())
    h, c_T = LESSON.lstm_forward(x, h_0, c_0, *weights.values())
    agree(h, right["h"])
    h_t, c_t, caches = h_0, c_0, []
    for t in range(T):
        h_t, c_t, cache_t = LESSON.lstm_step_cached(
            x[:, t], h_t, c_t, *weights.values()
        )
        caches.append(cache_t)
    agree((h_t, c_t), (h[:, -1], c_T))
    dh_t, dc_t, dx = dh_T, dc_T, np.zeros(x.shape)
    sums: list[Any] = [0.0, 0.0, 0.0]
    for t in reversed(range(T)):
        step = LESSON.lstm_step_backward(dh[:, t] + dh_t, dc_t, caches[t])
        dx[:, t], dh_t, dc_t = step[:3]
        sums = [a + b for a, b in zip(sums, step[3:], strict=True)]
    agree((dx, dh_t, dc_t), [right[name] for name in ("x", "h_0", "c_0")])
    agree([s.T for s in sums], [right[name] for name in LSTM_NAMES[:3]])
    agree(sums[2], right["bias_hh_l0"])


@pytest.mark.parametrize("seed", range(6))
def test_gru_forward_and_all_gradients_agree_with_torch(seed: int) -> None:
    """Is the GRU torch's, and are the slopes of the lesson's function torch's, too?"""
    rng, (N, T, D, H) = sizes(seed)
    net = network(torch.nn.GRU, D, H, seed)
    x, h_0 = rng.normal(size=(N, T, D)), rng.normal(size=(N, H))
    dh = rng.normal(size=(N, T, H))
    right = torch_gradients(net, x, {"h_0": h_0}, (dh,))
    weights = LESSON.weights_from_torch(net.state_dict())
    args = {"x": x, "h_0": h_0} | weights
    agree(LESSON.gru_forward(*args.values()), right["h"])
    names = dict(zip(args, ("x", "h_0", *LSTM_NAMES), strict=True))
    for name, array in args.items():
        slope = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            moved = array.astype(complex)
            moved[place] += 1e-30j
            h = LESSON.gru_forward(*(args | {name: moved}).values())
            slope[place] = (h.imag * dh).sum() / 1e-30
        agree(slope.T if name.startswith("W") else slope, right[names[name]], name)


def asked(seed: int) -> dict[str, tuple[Any, ...]]:
    """Random arguments of every graded function."""
    rng, (N, T, D, H) = sizes(seed)
    x, h_0, c_0 = (rng.normal(size=s) for s in ((N, T, D), (N, H), (N, H)))
    lstm, gru = LESSON.random_lstm(rng, D, H), LESSON.random_gru(rng, D, H)
    step = ORACLE.random_step(rng, N, D, H)
    found = {
        "cell_forward": (x, rng.uniform(size=x.shape), rng.normal(size=(N, D))),
        "lstm_gates": (x[:, 0], h_0, *lstm.values()),
        "lstm_step": (x[:, 0], h_0, c_0, *lstm.values()),
        "lstm_forward": (x, h_0, c_0, *lstm.values()),
        "lstm_cell_backward": step,
        "lstm_step_backward": step,
        "gru_step": (x[:, 0], h_0, *gru.values()),
        "gru_forward": (x, h_0, *gru.values()),
        "weights_from_torch": (ORACLE.random_state_dict(rng, D, H, 3 + seed % 2),),
    }
    cell = ("rnn", "lstm", "gru")[seed % 3]
    return found | {"count_parameters": (cell, 7 * D, 5 * H)}


@pytest.mark.parametrize("seed", range(6))
def test_reference_oracle_and_witness_agree(seed: int) -> None:
    """Do the three derivations of every function give the same on random inputs?"""
    for name, args in asked(seed).items():
        right = getattr(ORACLE, name)(*args)
        agree(getattr(LESSON, name)(*args), right, name)
        agree(getattr(WITNESS, name)(*args), right, name)


def test_oracle_and_witness_tell_their_routes() -> None:
    """Has every function that hidden tests ask both routes, told and different?"""
    hidden = "".join(c.source.partition("BEGIN HIDDEN")[2] for c in CHECKS)
    used = set(re.findall(r"oracle\.(\w+)", hidden))
    names = {name for name in used if not name.startswith("random_")}
    assert names == set(asked(0))
    for name in names:
        routes = [getattr(m, name).__doc__ for m in (ORACLE, WITNESS)]
        last = [doc.strip().splitlines()[-1].strip() for doc in routes]
        assert all(line.startswith("Route: ") for line in last), name
        assert last[0] != last[1], name


@pytest.mark.parametrize("file", ["oracle.py", "witness.py"])
def test_the_second_routes_stand_alone(file: str) -> None:
    """Do they load nothing but libraries, so that they cannot use the reference?"""
    text = (FOLDER / file).read_text("utf-8")
    loaded = re.findall(r"(?:^\s*import|^\s*from|import_) ?(\S+)", text, re.MULTILINE)
    assert set(loaded) <= {"cmath", "math", "numpy", "torch"} and "exec(" not in text


@pytest.mark.parametrize("cell", CHECKS, ids=lambda c: c.name)
def test_a_check_passes_the_reference_and_no_empty_function(cell: Any) -> None:
    """Is the reference right under every seed, and a function without a result not?"""
    for seed in range(8):
        assert run_check(cell.source, vars(LESSON), seed, ORACLE) == ""
    empty = {cell.exercise: Recorder(lambda *args: None, cell.exercise)}
    assert run_check(cell.source, vars(LESSON) | empty, 0, ORACLE) != ""


def test_an_open_gate_keeps_a_value_to_the_last_digit() -> None:
    """Over 200 steps, is the value the same bits, and with a closed gate gone?"""
    x, zero = np.zeros((1, 200, 1)), np.zeros((1, 1))
    value = np.array([[0.1 + 0.2]])
    for bias, kept in ((40.0, value), (-40.0, zero)):
        b_h = np.array([-40.0, bias, 0.0, 40.0])
        args = (x, zero, value, *np.zeros((2, 1, 4)), b_h)
        _, c_T = LESSON.lstm_forward(*args)
        assert np.array_equal(c_T, kept) or (bias < 0 and abs(c_T) < 1e-300)


def test_the_conventions_of_the_gru_differ_as_the_text_says() -> None:
    """Does turning the z block change keeps into takes, and is before not after?"""
    rng, (N, _, D, H) = sizes(4)
    x_t, h_prev = rng.normal(size=(N, D)), rng.normal(size=(N, H))
    weights = LESSON.random_gru(rng, D, H)
    turn = np.repeat([1.0, -1.0, 1.0], H)
    turned = {name: array * turn for name, array in weights.items()}
    takes = next(m for m in CATALOGUE.misconceptions if m.name == "gru_z_takes")
    before = next(m for m in CATALOGUE.misconceptions if m.name == "gru_reset_before")
    agree(
        LESSON.gru_step(x_t, h_prev, *turned.values()),
        takes.function(x_t, h_prev, *weights.values()),
    )
    after = LESSON.gru_step(x_t, h_prev, *weights.values())
    assert np.abs(after - before.function(x_t, h_prev, *weights.values())).max() > 0.01
    diagonal = weights | {"W_hh": np.hstack([np.diag(rng.normal(size=H))] * 3)}
    diagonal["b_hh"] = np.zeros(3 * H)
    args = (x_t, h_prev, *diagonal.values())
    agree(LESSON.gru_step(*args), before.function(*args))


def test_numbers_in_the_prose_are_those_computed() -> None:
    """Are powers, half-lives, counts and years as the text tells them?"""
    assert (
        np.isclose(0.99**200, 0.13, atol=0.005)
        and "$0.99^{200} \\approx 0.13$" in PROSE
    )
    f = LESSON.sigmoid(1.0)
    assert "$\\sigma(1) = 0.73$" in PROSE and round(f, 2) == 0.73
    assert "about $10^{-27}$" in PROSE and np.isclose(np.log10(f**200), -27.2, atol=0.1)
    assert "$0.9933^{100} = 0.51$" in PROSE and round(0.9933**100, 2) == 0.51
    assert round(LESSON.sigmoid(5.0), 4) == 0.9933
    assert "which leaves a bit more than a third" in " ".join(PROSE.split())
    assert all(0.36 < (k / (k + 1)) ** k < 0.38 for k in (32, 100))
    half = [np.log(0.5) / np.log(LESSON.sigmoid(b)) for b in (4.0, 5.0, 6.0)]
    assert np.allclose(np.divide(half[1:], half[:-1]), np.e, rtol=0.02)
    assert "it takes 5 for about 100 steps" in PROSE and 100 < half[1] < 104
    assert "$0.8^{30} \\approx 0.001$" in PROSE and np.isclose(0.8**30, 0.001, rtol=0.3)
    plain = [LESSON.count_parameters("rnn", 100, H) for H in (237, 238)]
    assert plain[0] < LESSON.count_parameters("lstm", 100, 100) < plain[1]
    assert "a plain network of 237 units" in PROSE
    assert np.isclose(2000 + 20 * (0.2 + 0.5), 2014) and "the year 2014" in PROSE
    for cell, ratio in (("gru", 3), ("lstm", 4)):
        counted = [LESSON.count_parameters(c, 100, 100) for c in (cell, "rnn")]
        assert round(counted[0] / counted[1], 1) == ratio


def test_points_are_those_promised() -> None:
    """Do all cells sum to 100, with 10 to 20 written, none too large?"""
    points = {
        kind: [c.points for c in CELLS if c.kind == kind]
        for kind in ("check", "answer")
    }
    assert sum(points["check"]) + sum(points["answer"]) == 100
    assert 10 <= sum(points["answer"]) <= 20
    assert all(1 <= p <= 5 for p in points["check"])

"""Hardware: are lesson, checks and prose right, and is a GPU used if any?"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import torch
from support.hardware import part
from support.lesson import (
    LESSONS,
    load_lesson_cells,
    load_oracle,
    reference_namespace,
    run_check,
)

from unrolled.author.verify.cases import examine, make_solved_notebook
from unrolled.lab.datasets.timing_trace import read_trace

FOLDER = LESSONS / "07_hardware"
CELLS = load_lesson_cells(FOLDER)
CHECKS = [c for c in CELLS if c.kind == "check"]
ORACLE = load_oracle(FOLDER)
LESSON = SimpleNamespace(**reference_namespace(FOLDER))
WITNESS: dict[str, Any] = {}
exec((FOLDER / "witness.py").read_text("utf-8"), WITNESS)
WORDS = [c.source for c in CELLS if c.kind in ("markdown", "answer")]
PROSE = " ".join(" ".join(WORDS).replace("\n#", "\n").split())
TRACE = read_trace(FOLDER / "data" / "hardware_trace.json")


def random_arguments(name: str, seed: int) -> tuple[Any, ...]:
    """Arguments of an oracle function, as the hidden tests draw them."""
    rng = np.random.default_rng(seed)
    sizes = [int(n) for n in rng.permutation([2, 3, 4, 6])]
    money = [float(v) for v in rng.uniform(50, 9000, size=2)]
    x = rng.normal(size=(sizes[0], 5, sizes[1]))
    _, D, H, C = sizes
    shapes = [(D, 4 * H), (H, 4 * H), (4 * H,), (H, C), (C,)]
    fits = [tuple(float(v) for v in rng.uniform(0.5, 9, size=2)) for _ in range(2)]
    return {
        "training_operations": tuple(sizes),
        "hourly_price": (money[0], float(rng.uniform(0.3, 60))),
        "cost_per_exaflop": (float(10 ** rng.uniform(11, 15)), money[1] / 1000),
        "break_even_months": (money[0], money[1] if seed else 0.0),
        "time_of": (rng.uniform(size=7).tolist(), 0.01, seed, seed + 2),
        "keras_parameters": tuple(sizes[1:]),
        "keras_probabilities": (x, [rng.normal(size=s) for s in shapes]),
        "fit_latency": (rng.uniform(1, 9, size=6), rng.uniform(1, 9, size=6)),
        "crossover": (*fits[:1], fits[1] if seed else (1.0, fits[0][1])),
        "all_that_comes": ([1, 2, 3], "OSError" if seed % 2 else "StopIteration"),
    }[name]


NAMES = [n for n, f in vars(ORACLE).items() if callable(f) and n[0] not in "_FA"]


@pytest.mark.parametrize("name", NAMES)
def test_oracle_and_witness_agree(name: str) -> None:
    """Do two independent routes give the same on random inputs?"""
    for seed in range(6):
        args = random_arguments(name, seed)
        one, two = getattr(ORACLE, name)(*args), WITNESS[name](*args)
        if name == "all_that_comes" or one is None:
            assert one == two
        else:
            np.testing.assert_allclose(one, two, rtol=1e-9)


@pytest.mark.parametrize("name", [n for n in NAMES if hasattr(LESSON, n)])
def test_lesson_and_oracle_agree(name: str) -> None:
    """Are the lesson's own functions right on random inputs?"""
    for seed in range(6):
        args = random_arguments(name, seed)
        one, two = getattr(LESSON, name)(*args), getattr(ORACLE, name)(*args)
        assert one is two is None or np.allclose(one, two, rtol=1e-9)


def test_every_derivation_names_its_route() -> None:
    """Do both files say how each number is come by, for the table in the docs?"""
    for names in (vars(ORACLE), WITNESS):
        for name in NAMES:
            last = (names[name].__doc__ or "").strip().splitlines()[-1]
            assert re.match(r"\s*Route: .+\.$", last), name


@pytest.mark.parametrize("cell", CHECKS, ids=lambda c: c.name)
def test_a_check_passes_the_reference(cell: Any) -> None:
    """Is the reference right under several seeds?"""
    for seed in range(3):
        assert run_check(cell.source, vars(LESSON), seed, ORACLE) == ""


LIES = """
import builtins, threading
class GatedSource:
    def __init__(self, items, fails=False): self.items = list(items)
    def __getattr__(self, name): return lambda *a: 2
    def __iter__(self): return iter(self.items)
    def read_ahead(self, count, patience=0): return count
    def take(self, loader): return ("value", self.items.pop(0))
Gate = GatedSource
def guarded(*a, **k): return ("value", 10)
"""


def test_a_forged_test_bench_is_not_believed() -> None:
    """Does a student's own GatedSource, which says yes to all, gain any point?"""
    material, reference = part("PrefetchingLoader")
    lazy = next(
        m for m in reference.catalogue.misconceptions if m.name == "ReadsWhenAsked"
    )
    notebook = make_solved_notebook(material, {"PrefetchingLoader": lazy.source})
    notebook["cells"].append(
        {"cell_type": "code", "id": "own", "metadata": {}, "source": LIES}
    )
    ((_, verdicts),) = examine(material, reference, notebook, [0])
    failed = {v.grade_id: v.misconception for v in verdicts if not v.passed}
    assert failed == {"loader_overlaps": ("ReadsWhenAsked",)}


def test_a_loader_that_prefetches_runs_in_a_thread_of_its_own() -> None:
    """Is the source of a right loader never read by the caller's thread?"""
    import threading

    seen = []

    def source() -> Iterator[int]:
        for n in range(3):
            seen.append(threading.current_thread())
            yield n

    assert list(LESSON.PrefetchingLoader(source(), 2)) == [0, 1, 2]
    assert set(seen) and threading.current_thread() not in seen


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The lesson, run where torch says that there is a GPU."""
    waited: list[str] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: waited.append("waited"))
    names = SimpleNamespace(**reference_namespace(FOLDER))
    names.waited = waited
    return names


def test_with_a_gpu_the_same_notebook_measures_both(pretended: Any) -> None:
    """Are CPU and (pretended) GPU timed by the same cell, the GPU with waiting?"""
    assert pretended.devices == ["cpu", "gpu"] and LESSON.devices == ["cpu"]
    asked = []

    def make_step(network: str, device: str, N: int, **sizes: int) -> Any:
        asked.append((network, device, N))
        return lambda: None

    cell = next(c for c in CELLS if "def measure_here" in c.source)
    names = {**vars(pretended), "make_step": make_step}
    exec(cell.source, names)
    here = names["measure_here"]([1, 8], 3)
    assert {d for _, d in here} == {"cpu", "gpu"}
    assert ("Keras LSTM", "gpu", 8) in asked
    assert len(pretended.waited) == 3 * 2 * (3 + 1)


def test_on_a_gpu_keras_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is the model made and trained inside keras.device("gpu"), fused or looped?"""
    entered: list[str] = []
    made: list[Any] = []

    @contextlib.contextmanager
    def device(name: str) -> Iterator[None]:
        entered.append(name)
        yield

    monkeypatch.setattr(keras, "device", device)
    build = LESSON.build_keras_lstm

    def build_and_keep(*sizes: int) -> Any:
        made.append(build(*sizes))
        return made[-1]

    names = vars(LESSON) | {"build_keras_lstm": build_and_keep}
    for cell in CELLS:
        if "def keras_step" in cell.source or "def make_step" in cell.source:
            exec(cell.source, names)
    for network in ("Keras LSTM", "Keras LSTM, looped"):
        names["make_step"](network, "gpu", N=2, T=3, D=2, H=4)()
    assert entered == ["gpu"] * 4
    assert [m.layers[0].use_cudnn for m in made] == ["auto", False]
    with pytest.raises((RuntimeError, AssertionError), match=r"(?i)cuda"):
        LESSON.make_step("torch LSTM", "gpu", N=2, T=3, D=2, H=4)()


def test_the_two_lstms_compute_the_same() -> None:
    """Is Keras's network, with torch's weights, the fused one: is the contrast fair?"""
    net = LESSON.TorchLSTM(3, 5, 4)
    model = LESSON.build_keras_lstm(6, 3, 5, 4)
    state = {k: v.detach().numpy() for k, v in net.state_dict().items()}
    bias = state["rnn.bias_ih_l0"] + state["rnn.bias_hh_l0"]
    weights = [state["rnn.weight_ih_l0"].T, state["rnn.weight_hh_l0"].T, bias]
    weights += [state["read_out.weight"].T, state["read_out.bias"]]
    model.set_weights(weights)
    x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("float32")
    right = torch.softmax(net(torch.tensor(x)), dim=1).detach().numpy()
    np.testing.assert_allclose(model(x).detach().numpy(), right, atol=1e-5)


def test_the_fake_device_is_a_device() -> None:
    """Does a launch come back at once, wait for room, and synchronize for the end?"""
    device = LESSON.FakeDevice([1.0, 2.0], copy=0.1, room=2)
    start = device.clock()
    device.launch()
    device.launch()
    assert np.isclose(device.clock() - start, 0.2)
    device.launch()
    assert np.isclose(device.clock() - start, 1.2)  # waited for the first to end
    device.synchronize()
    assert np.isclose(device.clock() - start, 0.1 + 1 + 2 + 1)


def test_the_numbers_of_the_prose() -> None:
    """Is every number in the text the one that is computed?"""
    work = 50 * ORACLE.training_operations(1, 3_000_000, 100, 512)
    price = {p: ORACLE.hourly_price(p, 36) for p in (339, 699, 2999)}
    cost = ORACLE.cost_per_exaflop
    costs = [cost(540e9, price[339]), cost(11.4e12, price[699])]
    costs += [cost(14e12, price[2999]), cost(112e12, price[2999]), cost(180e12, 6.5)]
    shown = [round(c, 2) for c in costs]
    assert shown == [6.64, 0.65, 2.26, 0.28, 10.03]
    assert sorted(costs, reverse=True)[:2] == [costs[4], costs[0]]
    months = ORACLE.break_even_months(7059, 1511.10)
    model = LESSON.build_keras_lstm(20, 8, 16, 3)
    for claim in (
        f"{work / 540e9 / 60:.0f} minutes on the CPU, under two on the GPU",
        f"nearly {round(1e18 / work, -2):.0f} times the training above",
        f"{months:.2f} months",
        f"(about {8 * months:.0f})",
        f"{model.layers[0].count_params()} parameters in the LSTM",
        f"about {67 / 14:.0f} and {990 / 112:.0f} times the TITAN V",
        f"its {2 * (4 * 9 - 3)} numbers are {2 * (4 * 9 - 3)} trained networks",
    ):
        assert claim in PROSE, claim
    assert 3.35 / 0.653 > 5 and work / 11.4e12 < 120


def test_the_prose_about_the_trace() -> None:
    """Does the recorded CPU show what the text says of it?"""
    fits = {}
    threads = int(TRACE.devices["cpu"].split()[-2])  # "AMD EPYC, 2 threads"
    for network in ("Keras LSTM", "torch LSTM"):
        fits[network] = LESSON.fit_latency(*LESSON.points(TRACE, network, "cpu"))
        assert fits[network][0] > 0 and fits[network][1] < threads * 540e9 / 4 / 2
        one, *_, eight = TRACE.select(network, "cpu", "batch")[:4]
        assert eight.N == 8 * one.N and eight.median < 2 * one.median
    assert fits["Keras LSTM"][0] > 3 * fits["torch LSTM"][0]
    assert LESSON.crossover(fits["torch LSTM"], fits["Keras LSTM"]) is None
    sums, seconds = LESSON.points(TRACE, "torch LSTM", "cpu", "hidden")
    assert sums[-1] / seconds[-1] > max(rate for _, rate in fits.values())
    whole = 50 * ORACLE.training_operations(1, 3_000_000, 100, 512)
    assert whole / sums[-1] * seconds[-1] > 2 * 3600, "hours, not minutes"
    assert LESSON.crossover(fits["torch LSTM"], (0.005, 1e12)) is not None
    for sweep in ("batch", "steps", "hidden"):
        loop, fused = (TRACE.select(n, "cpu", sweep) for n in fits)
        slower = [a.median > b.median for a, b in zip(loop, fused, strict=True)]
        assert all(slower)
    for network in fits:
        found = TRACE.select(network, "cpu", "steps")
        assert found[-1].median > 3 * found[0].median
    dense = TRACE.select("Keras dense", "cpu", "steps")
    assert dense[-1].median < 2.5 * dense[0].median


def test_given_cells_solve_no_exercise() -> None:
    """Do given cells call the student's functions, and stand for none?"""
    given = " ".join(c.source for c in CELLS if c.kind in ("given", "show"))
    assert "training_operations(m.N" in given and "24 *" not in given
    assert "median(" not in given and "LSTM(H" not in given.replace("nn.LSTM", "")
    assert not re.search(r"queue\.Queue\(|polyfit|lstsq", given)


def test_points_are_a_hundred() -> None:
    """Do checks and answers add up, with 10 to 20 points by hand, 1 to 5 a check?"""
    answers = sum(c.points for c in CELLS if c.kind == "answer")
    assert sum(c.points for c in CHECKS) + answers == 100
    assert 10 <= answers <= 20 and {c.points for c in CHECKS} <= {1, 2, 3, 4, 5}

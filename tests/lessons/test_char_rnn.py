"""Character models: are lesson, checks, oracle and prose right?"""

from __future__ import annotations

import json
import re
import types
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from support.lesson import (
    LESSONS,
    function_name,
    load_lesson_cells,
    load_oracle,
    reference_namespace,
    run_check,
)

from unrolled.assignment.seeds import derive_cell_seed
from unrolled.lab.datasets import corpora, published_losses
from unrolled.lab.models import baselines, weights

FOLDER = LESSONS / "06_char_rnn"
CELLS = load_lesson_cells(FOLDER)
CHECKS = [c for c in CELLS if c.kind == "check"]
ORACLE = load_oracle(FOLDER)
LESSON = types.SimpleNamespace(**reference_namespace(FOLDER))
PROSE = " ".join(
    " ".join(c.source for c in CELLS if c.kind in ("markdown", "answer")).split("\n# ")
)
PROSE = " ".join(PROSE.replace("\n#", " ").split())
STORY = corpora.almanac()
CUT = STORY.index("WEEK 48")


def witness() -> Any:
    """The second route, read from its text."""
    module = types.ModuleType("witness")
    exec((FOLDER / "witness.py").read_text("utf-8"), module.__dict__)
    return module


def agree(got: Any, right: Any, limit: float = 1e-8) -> None:
    """Assert that two results, nested ones too, hold the same numbers."""
    if isinstance(right, dict):
        assert set(got) == set(right)
        got, right = [got[key] for key in right], list(right.values())
    if isinstance(right, tuple | list):
        assert len(got) == len(right)
        for a, b in zip(got, right, strict=True):
            agree(a, b, limit)
    elif isinstance(right, str):
        assert got == right
    else:
        np.testing.assert_allclose(got, right, rtol=limit, atol=limit)


@pytest.mark.parametrize("seed", range(6))
def test_the_oracle_agrees_with_the_witness(seed: int) -> None:
    """Do two independent derivations give every number of a hidden test?"""
    rng, other = np.random.default_rng(seed), witness()
    N, T, V, H = (int(n) for n in rng.permutation([2, 3, 4, 5]))
    small = weights.leaky_weights(rng, V, H)
    ids = rng.integers(V, size=(N, T))
    batches = ORACLE.random_batches(np.random.default_rng(seed), V, N, T, 4)
    again = other.random_batches(np.random.default_rng(seed), V, N, T, 4)
    agree([[x.numpy() for x in b] for b in again], [list(b) for b in batches])
    table = {8: dict(enumerate([0.5, None, *rng.normal(size=3).tolist()]))}
    text = "".join(rng.choice(list("aZ \n.0"), 30))
    asked: dict[str, tuple[Any, ...]] = {
        "build_vocabulary": (text,),
        "make_batches": (rng.integers(9, size=N * T * 3 + seed).tolist(), N, T),
        "train": (small, batches, 0.05, (1e-8, 0.3, 9.0)[seed % 3]),
        "loss_of": (small, batches[0]),
        "evaluate": (small, ids[0]),
        "with_temperature": (rng.normal(size=V).tolist(), (0, 0.5, 2.0)[seed % 3]),
        "greedy": (small, list("abcdef")[:V], "abba", 6),
        "influence": (small, ids[0].tolist()),
        "best_model": (table,),
    }
    for name, args in asked.items():
        agree(getattr(ORACLE, name)(*args), getattr(other, name)(*args), 1e-6)
    for cell in ("rnn", "lstm", "gru"):
        made = weights.random_weights(rng, cell, V, H, 2)
        agree(ORACLE.forward(made, cell, ids), other.forward(made, cell, ids))


def test_both_routes_draw_clear_choices() -> None:
    """Does the text at temperature 0 hang on the prompt, and never on rounding?"""
    for source in (ORACLE, witness()):
        rng = np.random.default_rng(1)
        w, prompt, text = source.clear_choice(rng, list("uvwx"), 5, 8)
        for route in (ORACLE, witness()):
            assert route.greedy(w, list("uvwx"), prompt, 8)[0] == text
        assert ORACLE.greedy(w, list("uvwx"), prompt, 8)[1] > 0.01


def test_every_route_is_named() -> None:
    """Has each oracle function a witness of its name, and does each tell its route?"""
    other = witness()
    for module in (ORACLE, other):
        for name, function in vars(module).items():
            if isinstance(function, types.FunctionType) and name[0] != "_":
                assert hasattr(other, name), name
                if name != "random_batches" or module is other:
                    assert re.search(r"Route: .+\.\s*$", function.__doc__ or ""), name


def test_the_oracle_stands_alone() -> None:
    """Does it load nothing but libraries, so that it cannot use the reference?"""
    text = (FOLDER / "oracle.py").read_text("utf-8")
    loaded = re.findall(r"^\s*(?:import|from) (\S+)", text, re.MULTILINE)
    assert loaded == ["math", "numpy", "torch"]
    assert "torch.nn" not in text.split('"""', 2)[2] and "exec(" not in text


@pytest.mark.parametrize("cell", CHECKS, ids=lambda c: c.name)
def test_a_check_passes_the_reference_and_no_empty_function(cell: Any) -> None:
    """Is the reference right under every seed, and a function without a result not?"""
    for seed in range(4):
        assert run_check(cell.source, vars(LESSON), seed, ORACLE) == ""
    name = function_name(FOLDER, cell.exercise)
    empty = {name: lambda *args, **more: None}
    assert run_check(cell.source, vars(LESSON) | empty, 0, ORACLE) != ""


def said_of(source: str, exercise: str, seed: int) -> dict[str, str]:
    """What each check of the exercise says of a solution; only what fails."""
    names = dict(vars(LESSON))
    exec(source, names)
    found = {}
    for cell in CHECKS:
        if cell.exercise == exercise:
            number = derive_cell_seed(seed, cell.name)
            args = (cell.source, names, number, ORACLE, vars(LESSON))
            found[cell.name] = run_check(*args)
    return {name: said for name, said in found.items() if said}


def test_a_claimed_loss_gives_no_point() -> None:
    """Does a train that returns falling losses, but learns nothing, get nothing?"""
    source = "def train(model, batches, learning_rate, max_norm):\n"
    source += "    return [1.0986 * 0.8**k for k, _ in enumerate(batches)]"
    checks = {c.name for c in CHECKS if c.exercise == "train"}
    assert set(said_of(source, "train", 0)) >= checks - {"train_clips"}
    assert "train_learns" in said_of(source, "train", 0)


def test_batches_hold_the_text_and_go_on() -> None:
    """Do the rows, put end to end, give the text back, and targets the next letter?"""
    ids = torch.arange(200)
    for N, T in ((3, 7), (1, 10), (4, 49), (5, 40)):
        found = list(LESSON.make_batches(ids, N, T))
        assert len(found) == 199 // (N * T)
        if found:
            rows = torch.cat([x for x, _ in found], dim=1)
            assert torch.equal(rows.flatten(), ids[: rows.numel()])
            assert all(torch.equal(x + 1, y) for x, y in found)


def test_the_sampling_test_hardly_ever_fails_a_right_sample() -> None:
    """Is the bound that the check states, Hoeffding's for 4 letters, below 1e-9?"""
    assert 8 * np.exp(-2 * 300 * 0.2**2) < 4e-10 < 1e-9
    assert "8 exp(-2 * 300 * 0.2^2) < 4e-10" in "".join(c.source for c in CHECKS)


def test_the_published_tables_are_the_lectures() -> None:
    """Is the bold entry the lowest of its row everywhere but in one row?"""
    odd = []
    tables = (published_losses.WAR_AND_PEACE, published_losses.LINUX_KERNEL)
    bolds = (published_losses.BOLD_WAR_AND_PEACE, published_losses.BOLD_LINUX_KERNEL)
    for k, (table, bold) in enumerate(zip(tables, bolds, strict=True)):
        best = LESSON.best_model(table)
        odd += [(k, size) for size in table if best[size] != bold[size]]
        missing = [sum(v is None for v in row.values()) for row in table.values()]
        assert missing == [0, 0, 0, 3]
    assert odd == [(1, 64)]
    row = published_losses.LINUX_KERNEL[64]
    assert (row["gru", 2], row["lstm", 2]) == (1.298, 1.331)
    assert "bold is LSTM 2 with 1.331, but GRU 2 has 1.298" in PROSE
    sums = [sum(v or 0 for row in t.values() for v in row.values()) for t in tables]
    np.testing.assert_allclose(sums, [41.976, 37.393], atol=1e-9)


def test_the_numbers_of_the_text_are_true() -> None:
    """Are vocabulary, yardsticks and sizes those that the prose tells?"""
    V = len(set(STORY))
    train, test = STORY[:CUT], STORY[CUT:]
    assert (V, len(train) // 1000, len(test)) == (65, 22, 2283)
    told = (
        baselines.evenly(V),
        baselines.frequencies(train, test, V),
        baselines.pairs(train, test, V),
    )
    assert [round(nats, 2) for nats in told] == [4.17, 3.05, 2.29]
    for claim in ("costs 4.17", "costs 3.05", "costs 2.29", "$\\log 65 = 4.17$"):
        assert claim in PROSE
    assert 1.5 < baselines.zipped(train, test) < 1.9
    spaces = train.count(" ") / len(train)
    assert 0.18 < spaces < 0.2 and "Nearly every fifth character is a space" in PROSE
    shares = sorted(set(train), key=train.count)[::-1]
    assert shares[:4] == [" ", "e", "t", "a"]


def test_ratios_of_parameters_are_one_to_three_to_four() -> None:
    """Without the read-out, are the sizes of the cells as the text says?"""
    sizes = [
        sum(p.numel() for p in LESSON.CharRNN(cell, 65, 128, 1).rnn.parameters())
        for cell in ("rnn", "gru", "lstm")
    ]
    assert sizes == [sizes[0], 3 * sizes[0], 4 * sizes[0]]


def test_a_short_training_passes_two_yardsticks() -> None:
    """Does the reference, on the almanac, come below frequencies and pairs?"""
    vocabulary = LESSON.build_vocabulary(STORY)
    ids = LESSON.encode(STORY[:CUT], vocabulary)
    torch.manual_seed(1)
    model = LESSON.CharRNN("lstm", 65, 128, 1)
    losses = LESSON.train(model, LESSON.stream(ids, 16, 64, 100), 1e-2, 1.0)
    assert np.mean(losses[20:40]) < 3.05 and np.mean(losses[80:]) < 2.29
    held = LESSON.evaluate(model, LESSON.encode(STORY[CUT:], vocabulary), 64)
    other = LESSON.evaluate(model, LESSON.encode(STORY[CUT:], vocabulary), 500)
    assert held < 2.29 and abs(held - other) < 1e-4


def test_points_and_schemes_add_up() -> None:
    """Are there 100 points, 15 of them for written answers, 2 to 5 for each check?"""
    answers = [c.points for c in CELLS if c.kind == "answer"]
    assert sum(c.points for c in CHECKS) == 85 and answers == [5, 5, 5]
    assert all(2 <= c.points <= 5 for c in CHECKS)


def test_the_release_holds_no_solution() -> None:
    """Is what students get free of the reference's lines and of hidden tests?"""
    page = FOLDER.parents[1] / "release/06_char_rnn/char_rnn.ipynb"
    cells = json.loads(page.read_text("utf-8"))["cells"]
    text = "".join("".join(c["source"]) for c in cells)
    assert "batch_first=True)\n" not in text and "HIDDEN" not in text
    assert "zero_grad()\n" not in text and "multinomial(p, 1" in text


def test_neighbours_in_prose() -> None:
    """Do the weeks of the almanac follow each other, with a saying at each end?"""
    weeks = [int(n) for n in re.findall(r"^WEEK (\d+)\.", STORY, re.MULTILINE)]
    assert all(b == a + 1 for a, b in pairwise(weeks)) and weeks[-1] == 52
    assert STORY.count("They say: ") == 52 and STORY.isascii()

"""The short benchmarks, which CI runs: what they refuse, what they measure again."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SLOW, QUICK = 50.0, 0.01  # processor seconds beside one of `import torch`


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A benchmark by its name, as its own folder imports it."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module


def measured(*cpu: float) -> Any:
    """What takes these processor seconds, one after the other; `import torch`: 1."""
    left = iter(cpu)

    def measure(step: Any, *_: Any) -> tuple[float, float]:
        seconds = 1.0 if "import torch" in step.words else next(left)
        return seconds, seconds

    return measure


@pytest.mark.parametrize(
    ("cpu", "is_slow"),
    [([QUICK], False), ([SLOW, QUICK], False), ([SLOW, SLOW], True)],
)
def test_a_slow_command_is_measured_again(
    cpu: list[float],
    is_slow: bool,
    benchmark: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Is a command refused that is slow twice, by name, and none that was slow once?"""
    waiting = benchmark("waiting")
    monkeypatch.setattr(waiting, "measure", measured(*cpu))
    steps = {"doctor": (waiting.Step(["doctor"]), None)}
    monkeypatch.setattr(waiting, "list_steps", lambda *_: steps)
    monkeypatch.setattr("sys.argv", ["waiting.py", "--short"])
    with pytest.raises(SystemExit) as ended:
        waiting.main()
    assert ended.value.code == int(is_slow)
    said = capsys.readouterr().out
    assert ("too slow, twice: doctor: 50.00 times" in said) == is_slow
    assert ("measured again" in said) == (len(cpu) > 1)


def ratios(grading: Any, **changed: float) -> dict[str, dict[str, float]]:
    """What the short form has measured, all well within the bounds but `changed`."""
    good = {n: most / 2 for n, most in grading.AT_MOST.items()}
    good |= {n: 2 * least for n, least in grading.AT_LEAST.items()}
    return {n: {"cpu": cpu, "wall": 1.0} for n, cpu in {**good, **changed}.items()}


COLD, CLASS = "one, cold", "a class of 20 against stock"


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        ([{}], 0),
        ([{COLD: SLOW}, {}], 0),
        ([{COLD: SLOW}, {CLASS: 1.0}], 0),  # another each time: the machine
        ([{COLD: SLOW}, {COLD: SLOW}], 1),
        ([{CLASS: 1.0}, {CLASS: 1.0}], 1),
    ],
)
def test_a_broken_bound_is_measured_again(
    runs: list[dict[str, float]],
    code: int,
    benchmark: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Is only refused what breaks the same bound twice, and is it named?"""
    grading = benchmark("grading")
    made = iter([ratios(grading, **changed) for changed in runs])
    monkeypatch.setattr(grading, "measure_short", lambda _: next(made))
    assert grading.run_short(None) == code
    assert not list(made)
    said = capsys.readouterr().out
    assert (f"too slow, twice: {next(iter(runs[-1]), '')}" in said) == bool(code)


@pytest.mark.parametrize("name", ["waiting", "grading"])
def test_ci_runs_it(name: str) -> None:
    """Is the short form a part of what must hold?"""
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert f".venv/bin/python benchmarks/{name}.py --short" in lines

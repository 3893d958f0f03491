"""Traces as a notebook reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.made_trace import made_up

from unrolled.errors import UserError
from unrolled.lab.datasets.timing_trace import Measurement, read_trace

ROOT = Path(__file__).parents[3]
COMMITTED = ROOT / "lessons/07_hardware/data/hardware_trace.json"


def test_the_committed_trace_is_whole() -> None:
    """Does it say device, versions, date, sizes, and every single time?"""
    document = json.loads(COMMITTED.read_text("utf-8"))
    trace = read_trace(COMMITTED)
    assert trace.kinds[0] == "cpu" and trace.devices["cpu"]
    assert {"Python", "torch", "Keras", "NumPy"} <= trace.versions.keys()
    assert document["made"][:2] == "20" and document["settings"]["repeat"] >= 5
    for m in trace.measurements:
        assert len(m.seconds) == document["settings"]["repeat"]
        assert min(m.seconds) > 0
    for sweep in ("batch", "steps", "hidden"):
        assert len(trace.select("torch LSTM", "cpu", sweep)) >= 6


def test_the_committed_trace_pretends_nothing() -> None:
    """Without a GPU: no measurement of one, and a plain word about it?"""
    trace = read_trace(COMMITTED)
    if "gpu" not in trace.kinds:
        assert {m.device for m in trace.measurements} == {"cpu"}
        assert "GPU: none" in trace.describe()


def test_keras_loops_on_the_cpu_and_torch_does_not() -> None:
    """Do the counted calls of the fused kernel say so for every measurement?"""
    found = [m for m in read_trace(COMMITTED).measurements if m.device == "cpu"]
    assert {bool(m.fused_calls) for m in found if m.network == "torch LSTM"} == {True}
    assert {m.fused_calls for m in found if m.network.startswith("Keras")} == {0}


def test_a_trace_with_a_gpu_describes_both() -> None:
    """Are both devices named?"""
    assert "GPU: a made-up gpu." in made_up("cpu", "gpu").describe()


def test_the_median_is_robust() -> None:
    """Is a measurement's median that of its single times?"""
    made = Measurement(
        network="n",
        device="cpu",
        sweep="steps",
        N=1,
        T=9,
        D=3,
        H=4,
        seconds=(0.1, 9.0, 0.2),
    )
    assert made.median == 0.2 and made.size == 9


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "is missing"),
        ("{", "no trace"),
        ("[]", "no trace"),
        ('{"format": 99}', "format 99"),
        ('{"format": 1}', "no trace"),
    ],
)
def test_a_broken_file_is_one_sentence(
    tmp_path: Path, text: str | None, told: str
) -> None:
    """Is a missing, cut or foreign file said plainly?"""
    path = tmp_path / "trace.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=told):
        read_trace(path)

"""`unrolled trace`: every single time, the proof of the kernel, and a GPU if any."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from unrolled.cli.app import app
from unrolled.course.model import load_course
from unrolled.errors import UserError
from unrolled.lab.datasets.timing_trace import parse_trace, read_trace
from unrolled.trace import record as record_module
from unrolled.trace.record import (
    Device,
    RecordingClock,
    TraceReport,
    TraceSettings,
    count_fused_calls,
    detect_devices,
    load_lesson_names,
    plan_measurements,
    record_trace,
    refuse_overwrite,
    write_trace,
)

ROOT = Path(__file__).parents[2]
CPU = Device(
    kind="cpu",
    name="a made-up CPU",
    cores=2,
    memory_bytes=2**33,
    details={"torch_threads": 1},
)
GPU = Device(
    kind="gpu",
    name="a made-up GPU",
    cores=80,
    memory_bytes=2**34,
    details={"cuda": "0.0", "cudnn": 0},
)
SETTINGS = TraceSettings(warmup=2, repeat=3, limit=8, threads=1)


class Fake:
    """A lesson's names whose steps move a clock; the GPU is only pretended."""

    def __init__(self, fused: bool = True) -> None:
        self.fused, self.waited, self.asked = fused, 0, list[tuple[Any, ...]]()
        self.net = torch.nn.LSTM(1, 1)

    def make_step(self, network: str, device: str, **sizes: int) -> Any:
        self.asked.append((network, device, *sizes.values()))
        kernel = network == "torch LSTM" or (
            network == "Keras LSTM" and device == "gpu" and self.fused
        )
        return lambda: self.net(torch.ones(1, 1, 1)) if kernel else None

    def waits_for(self, device: str) -> Any:
        def wait() -> None:
            self.waited += 1

        return wait if device == "gpu" else None

    @staticmethod
    def time_fn(fn: Any, warmup: int, repeat: int, wait: Any, clock: Any) -> float:
        for _ in range(warmup):
            fn()
        for _ in range(repeat):
            clock()
            fn()
            if wait:
                wait()
            clock()
        return 0.0

    @property
    def names(self) -> dict[str, Any]:
        return {n: getattr(self, n) for n in ("make_step", "waits_for", "time_fn")}


def test_a_pretended_gpu_is_measured_like_the_cpu() -> None:
    """Are all networks asked of both, every time kept, and the device waited for?"""
    fake = Fake()
    document = record_trace(fake.names, SETTINGS, devices=[CPU, GPU])
    trace = parse_trace(json.loads(json.dumps(document)))
    assert trace.kinds == ("cpu", "gpu")
    assert {a[1] for a in fake.asked} == {"cpu", "gpu"}
    assert "Keras LSTM, looped" in trace.networks("gpu")
    assert "Keras LSTM, looped" not in trace.networks("cpu")
    on_gpu = [m for m in trace.measurements if m.device == "gpu"]
    assert fake.waited == 3 * len(on_gpu)
    assert all(len(m.seconds) == 3 for m in trace.measurements)
    assert len(trace.measurements) == len(list(plan_measurements(["cpu", "gpu"], 8)))


def test_with_a_gpu_the_sizes_go_on_to_where_it_should_win() -> None:
    """Are batches to 4096 and 2048 units measured on both devices, and else on none?"""
    alone = list(plan_measurements(["cpu"]))
    assert max(m.N for m in alone) == 128 and max(m.H for m in alone) == 512
    for device in ("cpu", "gpu"):
        steps = [m for m in plan_measurements(["cpu", "gpu"]) if m.device == device]
        assert max(m.N for m in steps) == 4096 and max(m.H for m in steps) == 2048


@pytest.mark.parametrize(
    ("devices", "fused", "proved", "told"),
    [
        ([CPU], True, None, "No GPU here"),
        ([CPU, GPU], True, True, "used the fused kernel in every step"),
        ([CPU, GPU], False, False, "did NOT use the fused kernel"),
    ],
)
def test_the_report_says_which_kernel_ran(
    devices: list[Device], fused: bool, proved: bool | None, told: str
) -> None:
    """Is a GPU that ran a Python loop told from one that ran the kernel?"""
    document = record_trace(Fake(fused).names, SETTINGS, devices=devices)
    report = TraceReport(document, Path("here"))
    assert report.proved is proved and told in report.as_text()
    assert report.as_dict()["fused_kernel_ran_on_gpu"] is proved


def test_calls_of_the_kernel_are_counted_and_put_back() -> None:
    """Is torch's own LSTM counted, a cell that loops not, and nothing left patched?"""
    original = torch._VF.lstm
    net, cell = torch.nn.LSTM(2, 3), torch.nn.LSTMCell(2, 3)
    with count_fused_calls() as seen:
        net(torch.ones(4, 1, 2))
        assert len(seen) == 1
        cell(torch.ones(1, 2))
        assert len(seen) == 1
    assert torch._VF.lstm == original
    with pytest.raises(TypeError), count_fused_calls() as seen:
        kernels: Any = torch._VF
        kernels.lstm(torch.ones(4, 1, 7))
    assert seen == [], "a call that failed ran no kernel"
    with pytest.raises(ZeroDivisionError), count_fused_calls():
        1 / 0  # noqa: B018
    assert torch._VF.lstm == original


def test_the_machine_reports_a_gpu_where_torch_sees_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Are name, memory and versions of a (pretended) card in the report?"""

    class Card:
        name, major, minor = "a pretended card", 9, 0
        multi_processor_count, total_memory = 7, 123

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: Card)
    cpu, gpu = detect_devices()
    assert (cpu.kind, gpu.kind) == ("cpu", "gpu") and cpu.cores >= 1
    assert (gpu.name, gpu.memory_bytes) == ("a pretended card", 123)
    assert gpu.details["capability"] == "9.0" and "cudnn" in gpu.details


def test_a_machine_that_tells_little_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Is there a report without /proc/cpuinfo (macOS)?"""
    monkeypatch.setattr(record_module, "CPU_INFO", tmp_path / "nothing")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (cpu,) = detect_devices()
    assert cpu.name


def test_a_clock_gives_single_times() -> None:
    """Are the readings paired: start, stop, start, stop?"""
    ticks = iter([1.0, 1.5, 2.0, 4.0])
    clock = RecordingClock(lambda: next(ticks))
    for _ in range(4):
        clock()
    assert clock.compute_intervals() == [0.5, 2.0]


def test_cpu_time_is_said_and_refused_beside_a_gpu() -> None:
    """Does a trace of CPU times say so, and is it no clock for a GPU?"""
    settings = replace(SETTINGS, clock="cpu")
    trace = parse_trace(record_trace(Fake().names, settings, devices=[CPU]))
    assert trace.clock == "cpu" and "CPU time" in trace.describe()
    with pytest.raises(UserError, match="--clock wall"):
        record_trace(Fake().names, settings, devices=[CPU, GPU])


def test_a_trace_is_written_and_read_back(tmp_path: Path) -> None:
    """Is the file what was measured, one measurement a line?"""
    document = record_trace(Fake().names, SETTINGS, devices=[CPU, GPU])
    path = tmp_path / "new" / "trace.json"
    write_trace(document, path)
    assert json.loads(path.read_text()) == document
    assert read_trace(path) == parse_trace(document)
    assert path.read_text().count("\n") > len(document["measurements"])


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    """Is an old trace refused before minutes are spent, and replaced with --force?"""
    path = tmp_path / "trace.json"
    refuse_overwrite(path, force=False)
    path.write_text("old")
    with pytest.raises(UserError, match="--force"):
        refuse_overwrite(path, force=False)
    refuse_overwrite(path, force=True)


def test_the_lesson_gives_what_a_trace_needs() -> None:
    """Are its network and stopwatch found, without the trace that it reads later?"""
    names = load_lesson_names(load_course(ROOT))
    assert {"time_fn", "waits_for", "make_step"} <= names.keys()
    assert "trace" not in names
    step = names["make_step"]("torch LSTM", "cpu", N=2, T=3, D=4, H=5)
    with count_fused_calls() as seen:
        step()
    assert len(seen) == 1


def test_the_command_writes_reports_and_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Do --out, --json, --force and the exit codes do what they say?"""
    monkeypatch.setattr(record_module, "load_lesson_names", lambda _: Fake().names)
    monkeypatch.setattr(record_module, "detect_devices", lambda: (CPU,))
    path = tmp_path / "trace.json"
    run = CliRunner()
    args = ["--course", str(ROOT), "trace", "--limit", "8", "--out", str(path)]
    told = run.invoke(app, [*args, "--json"])
    assert told.exit_code == 0
    document = json.loads(told.stdout)
    assert document["fused_kernel_ran_on_gpu"] is None
    assert read_trace(path).kinds == ("cpu",)
    again = run.invoke(app, args)
    assert isinstance(again.exception, UserError)
    assert run.invoke(app, [*args, "--force"]).exit_code == 0
    monkeypatch.setattr(record_module, "detect_devices", lambda: (CPU, GPU))
    monkeypatch.setattr(record_module, "load_lesson_names", lambda _: Fake(False).names)
    assert run.invoke(app, [*args, "--force"]).exit_code == 1

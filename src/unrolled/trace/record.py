"""Make a trace: the lesson's own networks, timed by the lesson's own stopwatch."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from unrolled import __version__
from unrolled.author.lesson import read_lesson
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import write_file
from unrolled.lab.datasets.timing_trace import FORMAT, SWEEPS, TrainingStep

ASSIGNMENT, NOTEBOOK = "07_hardware", "hardware"
FILE = "hardware_trace.json"
NEEDED = ("time_fn", "waits_for", "make_step")
CLOCKS: dict[str, Callable[[], float]] = {
    "wall": time.perf_counter,
    "cpu": time.process_time,
}
Step = Callable[[int, int, str], None]
# What a trace measures: three networks, three sizes that are varied one by one.
BASE = MappingProxyType({"N": 32, "T": 64, "D": 32, "H": 64})
SIZES = MappingProxyType(
    {
        "batch": (1, 2, 4, 8, 16, 32, 64, 128),
        "steps": (4, 8, 16, 32, 64, 128),
        "hidden": (8, 16, 32, 64, 128, 256, 512),
    }
)
# Where a GPU is there the sizes go on to where it should win, on the CPU as well.
LARGER = MappingProxyType({"batch": (512, 1024, 2048, 4096), "hidden": (1024, 2048)})
EVERYWHERE = ("Keras LSTM", "torch LSTM", "Keras dense")
LOOPED = "Keras LSTM, looped"
CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, kw_only=True)
class TraceSettings:
    """How often each step is run: first unmeasured, then measured.

    `limit` leaves out larger sizes; `threads` are those of the CPU, all cores if None.
    `clock` is one of CLOCKS: seconds on the wall, or seconds that the processor worked
    for this process, which other programs on a shared machine hardly change.
    """

    warmup: int = 3
    repeat: int = 9
    limit: int | None = None
    threads: int | None = None
    clock: str = "wall"


@dataclass
class RecordingClock:
    """A clock that remembers what it said; a stopwatch reads it in pairs."""

    clock: Callable[[], float] = time.perf_counter
    readings: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """The time in seconds, remembered."""
        self.readings.append(self.clock())
        return self.readings[-1]

    def compute_intervals(self) -> list[float]:
        """The single times between the pairs of readings."""
        starts, stops = self.readings[::2], self.readings[1::2]
        return [stop - start for start, stop in zip(starts, stops, strict=True)]


def locate_trace(course: Course) -> Path:
    """Where the lesson keeps its trace."""
    return course.lessons / ASSIGNMENT / "data" / FILE


def load_lesson_names(course: Course) -> dict[str, Any]:
    """The lesson's names, up to the point where all NEEDED are defined.

    Raises UserError if the lesson is missing or does not define them.
    """
    lesson = read_lesson(course.lessons / ASSIGNMENT / f"{NOTEBOOK}.py")
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in lesson.cells:
        if cell.role in ("given", "exercise"):
            exec(compile(cell.source, f"{lesson.path}:{cell.line}", "exec"), names)
        if all(name in names for name in NEEDED):
            return names
    raise UserError(
        f"{lesson.path} must define {', '.join(NEEDED)}, which a trace needs."
    )


def record_trace(
    names: Mapping[str, Any],
    settings: TraceSettings,
    step: Step = lambda done, total, talk: None,
    devices: Sequence[Device] | None = None,
) -> dict[str, Any]:
    """Measure everything; the document of a trace.

    `names` are the lesson's; `devices` are measured (else those of this machine);
    `step` is told before each measurement.
    """
    torch.set_num_threads(settings.threads or count_usable_cores())
    devices = detect_devices() if devices is None else devices
    if settings.clock == "cpu" and len(devices) > 1:
        raise UserError(
            "--clock cpu counts the processor's work only, but this machine has a GPU. "
            "Use --clock wall, while the machine does nothing else."
        )
    items = list(plan_measurements([d.kind for d in devices], settings.limit))
    began = datetime.now(UTC).isoformat(timespec="seconds")
    measurements = []
    for done, item in enumerate(items):
        size = f"{SWEEPS[item.sweep]} = {item.size}"
        step(done, len(items), f"{item.network}, {item.device}, {size}")
        measurements.append(_measure(names, item, settings))
    return {
        "format": FORMAT,
        "made": began,
        "command": f"unrolled {__version__} trace",
        "settings": asdict(settings),
        "versions": list_versions(),
        "devices": [asdict(d) for d in devices],
        "measurements": measurements,
    }


def _measure(
    names: Mapping[str, Any], item: TrainingStep, settings: TraceSettings
) -> dict[str, Any]:
    """All single times of one training step, and which kernel it used."""
    sizes = {axis: getattr(item, axis) for axis in "NTDH"}
    one = names["make_step"](item.network, item.device, **sizes)
    with count_fused_calls() as seen:
        one()
    clock = RecordingClock(CLOCKS[settings.clock])
    wait = names["waits_for"](item.device)
    names["time_fn"](one, settings.warmup, settings.repeat, wait, clock)
    singles = [round(seconds, 7) for seconds in clock.compute_intervals()]
    return {**asdict(item), "seconds": singles, "fused_calls": len(seen)}


def list_versions() -> dict[str, str]:
    """The versions of what times depend on, and the system."""
    versions = {n: version(n.lower()) for n in ("NumPy", "torch", "Keras")}
    system = f"{platform.system()} {platform.machine()}"
    return {"Python": platform.python_version(), **versions, "system": system}


def write_trace(document: dict[str, Any], path: Path) -> None:
    """Write it, one measurement a line, in place of what was there."""
    text = json.dumps({**document, "measurements": []}, indent=1, ensure_ascii=False)
    lines = [f"  {json.dumps(m, ensure_ascii=False)}" for m in document["measurements"]]
    body = "[\n" + ",\n".join(lines) + "\n ]"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text.replace("[]", body) + "\n")


def refuse_overwrite(path: Path, *, force: bool) -> None:
    """UserError if there is a trace already, before minutes are spent."""
    if path.exists() and not force:
        raise UserError(
            f"{path} exists already. Write the trace elsewhere with --out, or replace "
            "the file with --force."
        )


def plan_measurements(
    kinds: Sequence[str], limit: int | None = None
) -> Iterator[TrainingStep]:
    """All measurements for these devices; none with a size above `limit`.

    With a GPU among them every device is measured at LARGER sizes, too. A GPU also
    runs Keras's LSTM without its fused kernel, to set the two apart. On a CPU there is
    only the loop.
    """
    for kind in kinds:
        networks = EVERYWHERE if kind == "cpu" else (*EVERYWHERE, LOOPED)
        for network in networks:
            for sweep, sizes in SIZES.items():
                larger = LARGER.get(sweep, ()) if "gpu" in kinds else ()
                for size in (*sizes, *larger):
                    if limit is None or size <= limit:
                        chosen = {**BASE, SWEEPS[sweep]: size}
                        yield TrainingStep(
                            network=network, device=kind, sweep=sweep, **chosen
                        )


@dataclass(frozen=True)
class TraceReport:
    """A trace that was made; `path` is where it lies."""

    document: Mapping[str, Any]
    path: Path

    @property
    def fused(self) -> dict[str, tuple[int, int]]:
        """For each network with an LSTM and device: steps with a fused call, of all."""
        counts: dict[str, tuple[int, int]] = {}
        for m in self.document["measurements"]:
            if "LSTM" in m["network"]:
                name = f"{m['network']}, {m['device']}"
                ran, of = counts.get(name, (0, 0))
                counts[name] = (ran + bool(m["fused_calls"]), of + 1)
        return counts

    @property
    def proved(self) -> bool | None:
        """Whether Keras used the fused kernel on the GPU; None without a GPU.

        The same count must be 0 where it was told to loop: else it proves nothing.
        """
        fused = self.fused
        ran, of = fused.get("Keras LSTM, gpu", (0, 0))
        looped = fused.get(f"{LOOPED}, gpu", (0, 0))[0]
        return (ran == of and looped == 0) if of else None

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return {
            "path": str(self.path),
            "fused_kernel_ran_on_gpu": self.proved,
            "fused": {name: list(counts) for name, counts in self.fused.items()},
            "trace": self.document,
        }

    def as_text(self) -> str:
        """What was measured, on what, and which kernel ran."""
        devices = self.document["devices"]
        lines = [f"{d['kind']}: {d['name']}, {d['cores']} cores" for d in devices]
        lines += [
            f"{name}: the fused kernel ran in {ran} of {of} measurements"
            for name, (ran, of) in self.fused.items()
        ]
        return "\n".join([*lines, self._format_verdict(), f"written to {self.path}"])

    def _format_verdict(self) -> str:
        if self.proved is None:
            return "No GPU here: the trace holds the CPU only."
        if self.proved:
            return "On the GPU, Keras used the fused kernel in every step."
        return (
            "On the GPU, Keras did NOT use the fused kernel: these are times of a "
            "Python loop. It needs Keras 3.15 or newer and cuDNN."
        )


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device as the trace names it: `kind` is "cpu" or "gpu"; memory in bytes."""

    kind: str
    name: str
    cores: int
    memory_bytes: int
    details: dict[str, Any]


def detect_devices() -> tuple[Device, ...]:
    """The CPU, and the first GPU if PyTorch can use one."""
    if torch.cuda.is_available():
        return _describe_cpu(), _describe_gpu()
    return (_describe_cpu(),)


def _describe_cpu() -> Device:
    """The processor: its model, the cores this process may use, main memory."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    details = {"torch_threads": torch.get_num_threads(), "load_at_start": load}
    return Device(
        kind="cpu",
        name=_read_cpu_name(),
        cores=count_usable_cores(),
        memory_bytes=_read_memory(),
        details=details,
    )


def count_usable_cores() -> int:
    """The cores that this process may use."""
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available else os.cpu_count() or 1


def _read_cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _read_memory() -> int:
    """Bytes of main memory; 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def _describe_gpu() -> Device:
    """The first card: name, multiprocessors, memory, CUDA and cuDNN."""
    card = torch.cuda.get_device_properties(0)
    details = {
        "capability": f"{card.major}.{card.minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
    }
    return Device(
        kind="gpu",
        name=card.name,
        cores=card.multi_processor_count,
        memory_bytes=card.total_memory,
        details=details,
    )


@contextlib.contextmanager
def count_fused_calls() -> Iterator[list[str]]:
    """Count the calls of torch's fused LSTM inside: one entry for each.

    Keras with PyTorch below it and torch.nn.LSTM both go through torch._VF.lstm, and a
    loop over steps does not. That an option asked for the kernel proves nothing.
    """
    module: Any = torch._VF
    original, seen = module.lstm, list[str]()

    def counting(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        seen.append("lstm")  # after the call: one that failed ran no kernel
        return result

    module.lstm = counting
    try:
        yield seen
    finally:
        module.lstm = original

"""Make a trace: the lesson's own networks, timed by the lesson's own stopwatch."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from unrolled import __version__
from unrolled.author.lesson import read_lesson
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import write_file
from unrolled.lab.datasets.timing_trace import FORMAT
from unrolled.trace.device import (
    Device,
    count_fused_calls,
    count_usable_cores,
    detect_devices,
)
from unrolled.trace.plan import PlannedMeasurement, plan_measurements

ASSIGNMENT, NOTEBOOK = "07_hardware", "hardware"
FILE = "hardware_trace.json"
NEEDED = ("time_fn", "waits_for", "make_step")
CLOCKS: dict[str, Callable[[], float]] = {
    "wall": time.perf_counter,
    "cpu": time.process_time,
}
Step = Callable[[int, int, str], None]


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
        step(done, len(items), str(item))
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
    names: Mapping[str, Any], item: PlannedMeasurement, settings: TraceSettings
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

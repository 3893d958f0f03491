"""How long does a person wait at each command, beside stock nbgrader?

    python benchmarks/waiting.py [--short] [--repeat N] [--json FILE]

In one run: each command of ours, the best of a few; `import torch` as the measure of
the machine; and stock nbgrader's command for the same where there is one. Processor
seconds are compared, of a command with all it starts: a busy machine makes everybody
wait, and changes few ratios. A command above its ceiling is measured again, with the
machine; exit code 1 if it is above it twice. CI runs the short form, which takes two
lessons and each command once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
OURS, STOCK = [sys.executable, "-m", "unrolled"], [str(BIN / "nbgrader")]
PATH = f"{BIN}:{os.environ.get('PATH', os.defpath)}"  # nbgrader starts alembic by name
SHORT = ("01_sequences", "02_forward_pass")
# Processor time as a multiple of `import torch`, at least 2.5 times what was measured:
# a strange machine passes, what has become four times as slow does not.
CEILINGS = {
    "help": 0.4,
    "mistyped name": 0.4,
    "build, nothing has changed": 2.2,
    "build, one lesson has changed": 3.5,
    "build, a new clone": 9.0,
    "doctor": 7.0,
    "canvas export": 2.2,
}
TORCH = [sys.executable, "-c", "import torch"]


@dataclass(frozen=True, kw_only=True)
class Wait:
    """One command, ours and stock nbgrader's: seconds, and processor seconds."""

    name: str
    wall: float
    cpu: float
    torch: float
    stock_wall: float | None = None
    stock_cpu: float | None = None

    @property
    def ratio(self) -> float:
        """Our processor time as a multiple of `import torch`."""
        return self.cpu / self.torch

    @property
    def is_slow(self) -> bool:
        """Whether it is above its ceiling."""
        return self.ratio > CEILINGS.get(self.name, float("inf"))


@dataclass(frozen=True)
class Step:
    """What is measured; `prepare` is not, and comes before each time."""

    words: Sequence[str]
    prepare: Callable[[], object] = lambda: None
    expected: int = 0


def run_timed(words: Sequence[str], cwd: Path, expected: int) -> tuple[float, float]:
    """Seconds on the clock and of processors; RuntimeError for another exit code."""
    with tempfile.TemporaryFile() as log:
        began = time.monotonic()
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env={**os.environ, "PATH": PATH},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = code = os.waitstatus_to_exitcode(status)
        if code != expected:
            log.seek(0)
            text = log.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(words)}: exit code {code}\n{text}")
    return wall, usage.ru_utime + usage.ru_stime


def measure(step: Step, cwd: Path, repeat: int) -> tuple[float, float]:
    """The best of a few runs."""
    runs = []
    for _ in range(repeat):
        step.prepare()
        runs.append(run_timed(step.words, cwd, step.expected))
    return min(wall for wall, _ in runs), min(cpu for _, cpu in runs)


def place_course(root: Path, names: Sequence[str]) -> Path:
    """A course of some of the lessons, as it is edited: nothing is built."""
    root.mkdir(parents=True)
    for name in names:
        shutil.copytree(ROOT / "lessons" / name, root / "lessons" / name)
    text = (ROOT / "course.toml").read_text(encoding="utf-8")
    head, *tables = text.split("\n[assignments.")
    chosen = [table for table in tables if table.split("]")[0] in names]
    (root / "course.toml").write_text("\n[assignments.".join([head, *chosen]))
    shutil.copyfile(ROOT / "nbgrader_config.py", root / "nbgrader_config.py")
    return root


def clear(course: Path) -> None:
    """Take away all that a build makes."""
    for folder in ("source", "release", "solutions", "build"):
        shutil.rmtree(course / folder, ignore_errors=True)
    for file in ("gradebook.db", "built.sha256"):
        (course / file).unlink(missing_ok=True)


def edit(lesson: Path) -> None:
    """Change the first words of a lesson."""
    text = lesson.read_text(encoding="utf-8")
    lesson.write_text(text.replace("# %% [markdown]\n", "# %% [markdown]\n# Now. ", 1))


def place_stock(course: Path, stock: Path) -> None:
    """A stock nbgrader's course with the same source notebooks."""
    shutil.rmtree(stock, ignore_errors=True)
    shutil.copytree(course / "source", stock / "source")


def build_stock(names: Sequence[str]) -> list[str]:
    """Stock nbgrader's commands for a release and solutions, without running them."""
    lines = []
    for name in names:
        lines.append(f'"{STOCK[0]}" generate_assignment {name} --force')
        lines.append(
            f'"{STOCK[0]}" generate_solution {name} --force '
            "--GenerateSolution.preprocessors=[]"
        )
    return ["sh", "-c", " && ".join(lines)]


def list_steps(
    course: Path, stock: Path, names: Sequence[str]
) -> dict[str, tuple[Step, Step | None]]:
    """Everything that is measured, in this order, with stock nbgrader's counterpart."""
    first = names[0]
    (lesson,) = (
        p for p in (course / "lessons" / first).glob("*.py") if f"_{p.stem}" in first
    )
    rebuild = Step(build_stock(names), lambda: place_stock(course, stock))
    return {
        "help": (Step([*OURS, "--help"]), Step([*STOCK, "--help"])),
        "mistyped name": (Step([*OURS, "build", "99_none"], expected=2), None),
        "build, a new clone": (Step([*OURS, "build"], lambda: clear(course)), rebuild),
        # Stock nbgrader makes all of it each time, as for a new clone.
        "build, nothing has changed": (Step([*OURS, "build"]), None),
        "build, one lesson has changed": (
            Step([*OURS, "build"], lambda: edit(lesson)),
            Step(build_stock([first]), lambda: place_stock(course, stock)),
        ),
        "canvas export": (
            Step([*OURS, "canvas", "export", "--force"]),
            Step([*STOCK, "export"]),
        ),
        "doctor": (Step([*OURS, "doctor"]), None),
    }


def measure_all(names: Sequence[str], repeat: int) -> list[Wait]:
    """All commands, one after the other; `import torch` before."""
    with tempfile.TemporaryDirectory(prefix="unrolled-bench-") as scratch:
        course, stock = place_course(Path(scratch) / "ours", names), Path(scratch) / "s"
        stock.mkdir()
        measure(Step(TORCH), course, 1)  # its files are in memory from here on
        _, unit = measure(Step(TORCH), course, max(2, repeat))
        waits = []
        for name, (ours, theirs) in list_steps(course, stock, names).items():
            wait = measure_wait(name, ours, course, repeat, unit)
            if theirs:
                wall, cpu = measure(theirs, stock, repeat)
                wait = replace(wait, stock_wall=wall, stock_cpu=cpu)
            waits.append(wait)
            print(format_wait(waits[-1]), flush=True)
    return waits


def measure_wait(name: str, step: Step, course: Path, repeat: int, unit: float) -> Wait:
    """One of our commands; above its ceiling again, with `import torch` beside it.

    `unit` is the processor time of `import torch`. Of two the lower ratio counts.
    """
    wall, cpu = measure(step, course, repeat)
    first = Wait(name=name, wall=wall, cpu=cpu, torch=unit)
    if not first.is_slow:
        return first
    print(f"{name}: {explain_ceiling(first)}; it is measured again", flush=True)
    _, unit = measure(Step(TORCH), course, 2)
    wall, cpu = measure(step, course, max(2, repeat))
    again = Wait(name=name, wall=wall, cpu=cpu, torch=unit)
    return min(first, again, key=lambda wait: wait.ratio)


def explain_ceiling(wait: Wait) -> str:
    """What it took, beside what it may take."""
    most = CEILINGS[wait.name]
    return f"{wait.ratio:.2f} times `import torch`, and at most {most:g} are allowed"


def format_wait(wait: Wait) -> str:
    """A row of the table in docs/grading.md."""
    theirs = "none"
    if wait.stock_cpu is not None and wait.stock_wall is not None:
        times = wait.stock_cpu / wait.cpu
        theirs = f"{wait.stock_wall:.1f} s ({wait.stock_cpu:.1f}), {times:.1f} times"
    slow = "  ABOVE ITS CEILING" if wait.is_slow else ""
    return (
        f"| {wait.name} | {wait.wall:.1f} s ({wait.cpu:.1f}) | {wait.ratio:.2f} | "
        f"{theirs} |{slow}"
    )


def main() -> None:
    """Measure, print, and say by the exit code whether all is as fast as it was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="two lessons, each once")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    every = sorted(p.name for p in (ROOT / "lessons").iterdir() if p.is_dir())
    names = SHORT if options.short else [n for n in every if n[:2].isdigit()]
    waits = measure_all(names, 1 if options.short else options.repeat)
    if options.json:
        rows = [{**asdict(wait), "ratio": wait.ratio} for wait in waits]
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    slow = [wait for wait in waits if wait.is_slow]
    for wait in slow:
        print(f"too slow, twice: {wait.name}: {explain_ceiling(wait)}")
    sys.exit(1 if slow else 0)


if __name__ == "__main__":
    main()

"""The hostile class: its course folder, and accounts to grade it from."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unrolled.assignment.load import load_material, load_reference
from unrolled.author.build import build_assignments
from unrolled.course.model import Course, load_course
from unrolled.grade.results import CellResult, SubmissionResult
from unrolled.samples.build_submission import write_submission
from unrolled.samples.expectations import GradedSubmission
from unrolled.samples.recipe import Recipe, SampleStudent, load_students

ROOT = Path(__file__).parents[2]
NAME = "02_forward_pass"
HOSTILE = ROOT / "tests" / "submissions" / "hostile"
HONEST = tuple(
    SampleStudent(
        f"honest_{letter}",
        "honest",
        {NAME: Recipe(assignment=NAME, expected=84.0, marks=False)},
    )
    for letter in "abcde"
)
NOBODY = 65534
PR_SET_CHILD_SUBREAPER = 36
COURSE = f"""
[course]
id = "hostile"
title = "Hostile"
timezone = "UTC"

[grading]
call_seconds = 1
cell_seconds = 4
check_seconds = 20
submission_seconds = 60

[assignments.{NAME}]
title = "The Forward Pass"
due = 2027-02-05 23:59:00
late = {{ per_day = 10, max = 50 }}
"""


def hostile_students() -> list[SampleStudent]:
    """All made students who mean harm."""
    return load_students(HOSTILE)


def make_class(root: Path, students: list[SampleStudent]) -> Course:
    """A course folder where everybody has handed in the first assignment."""
    root.mkdir(parents=True)
    shutil.copytree(ROOT / "lessons" / NAME, root / "lessons" / NAME)
    shutil.copyfile(ROOT / "nbgrader_config.py", root / "nbgrader_config.py")
    (root / "course.toml").write_text(COURSE)
    secret = root / "course.secret"
    secret.touch(mode=0o600)
    secret.write_text("0" * 64)
    course = load_course(root)
    build_assignments(course, [NAME])
    material = load_material(course, NAME)
    reference = load_reference(material)
    for student in students:
        folder = course.submitted / student.name / NAME
        write_submission(student.recipes[NAME], folder, material, reference)
    return course


@dataclass
class Account:
    """Who grades: the tests' own account, or an ordinary user when that is root."""

    folder: Path
    python: str = sys.executable
    prefix: list[str] = field(default_factory=list)

    def run(self, course: Course, tier: str) -> subprocess.CompletedProcess[str]:
        """`unrolled grade --json` for the class, with a scratch folder of its own."""
        scratch = self.folder / "tmp"
        scratch.mkdir(mode=0o777, exist_ok=True)
        if self.prefix:
            for path in (course.root, *course.root.rglob("*"), scratch):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        words = ["-m", "unrolled", "--course", str(course.root), "grade", NAME]
        return subprocess.run(
            [*self.prefix, self.python, *words, "--json", "--jobs", "2"],
            cwd=self.folder,
            env={
                "PATH": f"{Path(self.python).parent}:/usr/bin:/bin",
                "TMPDIR": str(scratch),
                "HOME": str(self.folder),
                "UNROLLED_TIER": tier,
                "MPLBACKEND": "Agg",
            },
            capture_output=True,
            text=True,
            timeout=600,
        )

    def left_over(self) -> list[str]:
        """What lies in the scratch folder still."""
        return sorted(p.name for p in (self.folder / "tmp").iterdir())


@contextmanager
def own_account() -> Iterator[Account]:
    """The account that runs the tests."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        yield Account(Path(folder))


@contextmanager
def ordinary_account(python: str) -> Iterator[Account]:
    """An ordinary user, for tests that run as root.

    root's own Python may lie where nobody else can read it: `python` is one that
    everybody can, and gets a copy of the packages.
    """
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        subprocess.run(
            [python, "-m", "venv", "--without-pip", name + "/env"],
            check=True,
            timeout=600,
        )
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        packages = folder / "env" / "lib" / version / "site-packages"
        paths = [p for p in sys.path if p.endswith("site-packages")]
        (packages / "tests.pth").write_text("\n".join([*paths, str(ROOT / "src")]))
        drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        yield Account(folder, f"{name}/env/bin/python", drop)


def adopt_orphans() -> None:
    """Become the parent of every process below that loses its own."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """The process ids of this process's children."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def still_alive(pids: set[int], patience: float = 10.0) -> set[str]:
    """Which orphans do not end by themselves; those that have are buried."""
    until = time.monotonic() + patience
    while pids and time.monotonic() < until:
        pids = {pid for pid in pids if os.waitpid(pid, os.WNOHANG)[0] == 0}
        time.sleep(0.05)
    return {Path(f"/proc/{pid}/cmdline").read_text() for pid in pids}


def returned(course: Course, document: dict[str, Any]) -> GradedSubmission:
    """What came back of a submission of `unrolled grade --json`; pages are not made."""
    cells = tuple(
        CellResult(**{**c, "misconception": tuple(c["misconception"])})
        for c in document["cells"]
    )
    told = {**document, "cells": cells, "repairs": tuple(document["repairs"])}
    notebook = course.autograded / document["student"] / NAME / "forward_pass.ipynb"
    text = notebook.read_text(encoding="utf-8") if notebook.exists() else ""
    return GradedSubmission(SubmissionResult(**told), text)


def by_student(said: str) -> dict[str, Any]:
    """The submissions of `unrolled grade --json`."""
    return {s["student"]: s for s in json.loads(said)["submissions"]}

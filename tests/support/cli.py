"""A small course with two submissions, and the command as `unrolled` runs it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.shared import make_built_course

from unrolled.cli.app import run
from unrolled.course.model import Course, load_course

NAME = "01_tiny"
STUB = 'raise NotImplementedError("double is not written yet")'


def make_class(root: Path) -> Course:
    """A built course: ada's work is right, bob's file is no notebook."""
    course = make_built_course(root)
    hand_in(course, "ada")
    hand_in(course, "bob", "Dear Sir or Madam")
    return course


def hand_in(course: Course, student: str, text: str = "") -> None:
    """A right submission, or a file with another text."""
    released = (course.release / NAME / "tiny.ipynb").read_text()
    solved = released.replace(json.dumps(STUB)[1:-1], "return 2 * x")
    assert solved != released
    folder = course.submitted / student / NAME
    folder.mkdir(parents=True)
    (folder / "tiny.ipynb").write_text(text or solved)


def own_course(built: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A copy in `folder` of a course that several tests share; one stands in it."""
    root = shutil.copytree(built, folder / "course")
    monkeypatch.chdir(root)
    return load_course(root)


@dataclass(frozen=True)
class Told:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """The one JSON document that standard output consists of."""
        assert self.out.startswith("{") and self.out.endswith("}\n")
        return json.loads(self.out)


Call = Callable[..., Told]


def command(capfd: pytest.CaptureFixture[str], *words: str) -> Told:
    """Run a command here; what its processes write is read at the descriptors."""
    capfd.readouterr()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["unrolled", *words])
        run()
    said = capfd.readouterr()
    return Told(int(ended.value.code or 0), said.out, said.err)


def contents(folder: Path) -> dict[Path, bytes | None]:
    """Every file and folder below a folder."""
    found = sorted(folder.rglob("*"))
    return {p: p.read_bytes() if p.is_file() else None for p in found}

"""Reads a lesson folder and plays the judge in one process, for quick tests.

`folder` is a path such as lessons/02_forward_pass.
"""

from __future__ import annotations

import contextlib
import copy
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from unrolled.assignment.catalogue import Catalogue, load_catalogue
from unrolled.assignment.cells import find_defined_names, split_check
from unrolled.grade.session.recorded_calls import Call

LESSONS = Path(__file__).parents[2] / "lessons"
_MARKER = re.compile(r"^# %%(.*)$", re.MULTILINE)
_KEY = re.compile(r'(\w+)="?([^"\s]*)"?')


@dataclass(frozen=True)
class LessonCell:
    """A cell: `kind` is markdown, answer, given, show, exercise or check.

    `name` is its grade id; `exercise` is, for a check, the exercise before it.
    """

    kind: str
    source: str
    name: str = ""
    points: float = 0.0
    exercise: str = ""


def load_lesson_cells(folder: Path) -> list[LessonCell]:
    """All cells of the lesson, in order."""
    text = (folder / f"{folder.name.split('_', 1)[1]}.py").read_text("utf-8")
    marks = list(_MARKER.finditer(text))
    ends = [m.start() for m in marks[1:]] + [len(text)]
    cells: list[LessonCell] = []
    exercise = ""
    for mark, end in zip(marks, ends, strict=True):
        cell = _cell(mark[1], text[mark.end() : end].strip("\n"), exercise)
        exercise = cell.name if cell.kind == "exercise" else exercise
        cells.append(cell)
    return cells


def _cell(marker: str, source: str, exercise: str) -> LessonCell:
    keys = dict(_KEY.findall(marker))
    points = float(keys.get("points", 0))
    for kind in ("exercise", "check", "answer"):
        if kind in keys:
            of = exercise if kind == "check" else ""
            return LessonCell(kind, source, keys[kind], points, of)
    if "[markdown]" in marker:
        return LessonCell("markdown", source)
    return LessonCell("show" if "show" in keys else "given", source)


def reference_namespace(
    folder: Path, replaced: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The names of the solved lesson, with the functions of some exercises replaced.

    Demonstrations and checks are left out. `replaced` maps an exercise to the
    source of a function that is defined over the reference's.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    quiet = mpl.rc_context()  # a lesson sets the style of its figures for good
    with quiet, contextlib.chdir(folder):  # and finds its data beside it
        for cell in load_lesson_cells(folder):
            if cell.kind in ("given", "exercise"):
                exec(compile(cell.source, f"<{cell.name or cell.kind}>", "exec"), names)
            if cell.kind == "exercise" and cell.name in (replaced or {}):
                exec((replaced or {})[cell.name], names)
    return names


def load_oracle(folder: Path) -> types.ModuleType:
    """The lesson's oracle, as the judge loads it: from its text."""
    module = types.ModuleType("oracle")
    exec((folder / "oracle.py").read_text("utf-8"), module.__dict__)
    return module


def load_witness(folder: Path) -> types.ModuleType:
    """The lesson's second derivation, from its text."""
    module = types.ModuleType("witness")
    exec((folder / "witness.py").read_text("utf-8"), module.__dict__)
    return module


def run_check(
    source: str,
    namespace: Mapping[str, Any],
    seed: int | list[int],
    oracle: types.ModuleType,
    expected: Mapping[str, Any] | None = None,
) -> str:
    """What a grade cell says, visible and hidden part; "" if it passes."""
    visible, hidden = split_check(source)
    names = copy_of_data(namespace)
    secret = {
        "rng": np.random.default_rng(seed),
        "oracle": oracle,
        "expected": types.SimpleNamespace(**(expected or namespace)),
    }
    said = []
    for part, more in ((visible, {}), (hidden, secret)):
        names |= more
        try:
            exec(part, names)
        except Exception as error:
            said.append(str(error) or type(error).__name__)
    return said[0] if said else ""


def copy_of_data(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The names with fresh copies of their data, as each grade cell gets them."""
    kinds = (types.ModuleType, types.FunctionType, type, Recorder)
    return {
        name: value if isinstance(value, kinds) else copy.deepcopy(value)
        for name, value in namespace.items()
        if name != "__builtins__"
    }


@dataclass
class Recorder:
    """Stands for a function and keeps what it was asked and what it did."""

    function: Callable[..., Any]
    name: str
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.__name__ = self.name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = Call(name=self.name, before=copy.deepcopy((args, kwargs)))
        self.calls.append(call)
        try:
            call.result = self.function(*args, **kwargs)
        except Exception as error:
            call.error = type(error).__name__
            raise
        call.after = copy.deepcopy(args)
        return call.result


def function_name(folder: Path, exercise: str) -> str:
    """The function of an exercise: of the same name, or the first it defines."""
    cells = load_lesson_cells(folder)
    source = next(c.source for c in cells if c.name == exercise)
    names = find_defined_names(source)
    return exercise if exercise in names else names[0]


def load(folder: Path) -> Catalogue:
    """The catalogue of the lesson."""
    text = (folder / "misconceptions.py").read_text("utf-8")
    return load_catalogue(text, str(folder), reference_namespace(folder))

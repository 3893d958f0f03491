"""Lesson texts: read, checked, and turned into source notebooks.

A lesson is a jupytext percent file. Its short cell markers (`exercise`, `check`,
`answer`, `points`, `show`, `helper`) expand to nbgrader's metadata here.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from pathlib import Path
from typing import Any, Literal

import jupytext
import nbformat

from unrolled.author.lesson.model import MARKERS, Lesson, LessonCell, Problems, Role
from unrolled.author.lesson.validate import check_cell, check_lesson
from unrolled.errors import UserError

_CELL = re.compile(r"^# %%(?!%)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}\Z")


def read_lesson(path: Path) -> Lesson:
    """Read a lesson; UserError lists every problem with file, line and marker."""
    problems = Problems(path)
    text = _read_text(path)
    notebook = jupytext.reads(text, fmt="py:percent")
    lines = [n for n, line in enumerate(text.split("\n"), 1) if _CELL.match(line)]
    if len(lines) != len(notebook.cells):
        raise UserError(
            f"{path}:1: cells cannot be told apart: there is text before the first "
            "`# %%` marker, or a marker inside a string."
        )
    cells: list[LessonCell] = []
    exercise: str | None = None
    for raw, line in zip(notebook.cells, lines, strict=True):
        cell = _parse_cell(raw, line, exercise, problems)
        exercise = cell.name if cell.role == "exercise" else exercise
        cells.append(cell)
    check_lesson(tuple(cells), problems)
    problems.raise_any()
    return Lesson(path, path.parent.name, tuple(cells))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such lesson text.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}).") from error


def _parse_cell(
    raw: Any, line: int, exercise: str | None, problems: Problems
) -> LessonCell:
    marks = {k: v for k, v in raw.metadata.items() if not k.startswith("lines_to")}
    for key in marks.keys() - set(MARKERS):
        near = difflib.get_close_matches(key, MARKERS, 1)
        hint = f"did you mean {near[0]}?" if near else f"use {', '.join(MARKERS)}"
        problems.add(line, key, f"unknown marker; {hint}")
    text = raw.cell_type == "markdown"
    kind: Literal["markdown", "code"] = "markdown" if text else "code"
    role, name = _parse_role(kind, marks, line, problems)
    points = _parse_points(role, marks, line, problems)
    cell = LessonCell(
        kind=kind,
        role=role,
        source=raw.source,
        line=line,
        name=name,
        points=points,
        exercise=exercise if role == "check" else None,
    )
    check_cell(cell, problems)
    return cell


def _parse_role(
    kind: str, marks: dict[str, Any], line: int, problems: Problems
) -> tuple[Role, str | None]:
    roles: list[Role] = [r for r in ("exercise", "check", "answer") if r in marks]
    if len(roles) > 1:
        problems.add(line, roles[1], f"a cell is either {roles[0]} or {roles[1]}")
    if not roles:
        return _parse_unnamed_role(kind, marks, line, problems), None
    role, name = roles[0], marks[roles[0]]
    right_kind = "markdown" if role == "answer" else "code"
    if kind != right_kind:
        problems.add(line, role, f"belongs on a {right_kind} cell")
    if not isinstance(name, str) or not _NAME.match(name):
        problems.add(line, role, f"{name!r} is no name: letters, digits and _ only")
    return role, str(name)


def _parse_unnamed_role(
    kind: str, marks: dict[str, Any], line: int, problems: Problems
) -> Role:
    """The role of a cell that students neither fill in nor are graded by."""
    flags: list[Role] = [r for r in ("show", "helper") if r in marks]
    for flag in flags:
        if marks[flag] is not True or kind != "code" or len(flags) > 1:
            problems.add(line, flag, f"write {flag}=true, on a code cell, alone")
    if kind == "markdown":
        return "prose"
    return flags[0] if flags else "given"


def _parse_points(
    role: Role, marks: dict[str, Any], line: int, problems: Problems
) -> float | None:
    points = marks.get("points")
    if role not in ("check", "answer"):
        if points is not None:
            problems.add(line, "points", "only a check or an answer has points")
        return None
    if isinstance(points, bool) or not isinstance(points, int | float) or points <= 0:
        problems.add(line, role, "has no points: add points=2, a number above 0")
        return 0.0
    return float(points)


def make_source_notebook(lesson: Lesson) -> Any:
    """The source notebook, with nbgrader's metadata and cell ids that stay."""
    seen: dict[str, int] = {}
    cells = [_make_cell(cell, seen) for cell in lesson.cells]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    notebook = nbformat.from_dict(whole)
    notebook.metadata["unrolled"] = {"digest": hash_notebook(notebook)}
    return notebook


def _make_cell(cell: LessonCell, seen: dict[str, int]) -> dict[str, Any]:
    cell_id = (cell.name or "")[:64]
    if not cell_id:
        key = hashlib.sha256(f"{cell.kind}\0{cell.source}".encode()).hexdigest()[:12]
        seen[key] = seen.get(key, 0) + 1
        cell_id = key if seen[key] == 1 else f"{key}-{seen[key]}"
    document: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": cell_id,
        "metadata": _make_metadata(cell),
        "source": cell.source,
    }
    if cell.kind == "code":
        document |= {"execution_count": None, "outputs": []}
    return document


def _make_metadata(cell: LessonCell) -> dict[str, Any]:
    if cell.role in ("show", "helper"):
        return {"unrolled": {cell.role: True}}
    if cell.name is None:
        return {}
    nbgrader: dict[str, Any] = {
        "grade": cell.role in ("check", "answer"),
        "grade_id": cell.name,
        "locked": cell.role == "check",
        "schema_version": 3,
        "solution": cell.role in ("exercise", "answer"),
        "task": False,
    }
    if cell.points is not None:
        number = cell.points
        nbgrader["points"] = int(number) if number == int(number) else number
    extra = {"unrolled": {"exercise": cell.exercise}} if cell.exercise else {}
    return {"nbgrader": nbgrader, **extra}


def hash_notebook(notebook: Any) -> str:
    """A digest of what an author can edit: types, texts, nbgrader's metadata."""
    parts = [
        (c["cell_type"], c["source"], sorted(c["metadata"].get("nbgrader", {}).items()))
        for c in notebook["cells"]
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()

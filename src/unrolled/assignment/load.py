"""Read the trusted material of an assignment from the course folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from unrolled.assignment.material import HINTS_FILE, Material
from unrolled.assignment.reference import Reference, build_reference
from unrolled.course.model import Course
from unrolled.errors import UserError


def load_material(course: Course, assignment: str) -> Material:
    """The notebooks, tests and catalogue of an assignment.

    Raises UserError if the assignment is unknown or was not built.
    """
    if assignment not in course.assignments:
        known = ", ".join(course.assignments)
        raise UserError(
            f"course.toml: there is no assignment {assignment!r}; it has {known}."
        )
    lesson = course.lessons / assignment
    return Material(
        assignment=assignment,
        notebook=course.assignments[assignment].notebook,
        source=_read_notebook(course.source_notebook(assignment)),
        release=_read_notebook(course.release_notebook(assignment)),
        oracle=_read_text(lesson / "oracle.py"),
        misconceptions=_read_text(lesson / "misconceptions.py"),
        data=_read_data(course.release / assignment),
    )


@dataclass(frozen=True)
class _ReferenceKey:
    """Makes a material hashable by its texts."""

    digest: str
    material: Material = field(compare=False)


@lru_cache(maxsize=8)
def _build_cached(key: _ReferenceKey) -> Reference:
    return build_reference(key.material)


def load_reference(material: Material) -> Reference:
    """The reference notebook of the material, run once for each state of it."""
    return _build_cached(_ReferenceKey(material.digest, material))


def _read_notebook(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing: run `unrolled build` first.") from error
    except ValueError as error:
        raise UserError(f"{path} is no notebook: run `unrolled build`.") from error
    for cell in document["cells"]:
        if isinstance(cell["source"], list):
            cell["source"] = "".join(cell["source"])
    return document


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _read_data(folder: Path) -> dict[str, bytes]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in files
        if p.suffix != ".ipynb" and p.relative_to(folder).as_posix() != HINTS_FILE
    }

"""Read the trusted material of an assignment from the course folder."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from unrolled.assignment.cells import join_sources
from unrolled.assignment.material import HINTS_FILE, Material
from unrolled.assignment.reference import Reference, build_reference
from unrolled.course import Course
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
    lesson, folder = course.lessons / assignment, course.release / assignment
    files = {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.suffix != ".ipynb"
    }
    files.pop(HINTS_FILE, None)
    return Material(
        assignment=assignment,
        notebook=course.assignments[assignment].notebook,
        source=_read_notebook(course.source_notebook(assignment)),
        release=_read_notebook(course.release_notebook(assignment)),
        oracle=_read_text(lesson / "oracle.py"),
        misconceptions=_read_text(lesson / "misconceptions.py"),
        data=files,
    )


@lru_cache(maxsize=8)
def load_reference(material: Material) -> Reference:
    """The reference notebook of the material, run once for each state of it."""
    return build_reference(material)


def _read_notebook(path: Path) -> dict[str, Any]:
    try:
        return join_sources(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing: run `unrolled build` first.") from error
    except ValueError as error:
        raise UserError(f"{path} is no notebook: run `unrolled build`.") from error


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""

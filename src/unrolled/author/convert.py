"""nbgrader's own converters, run in process on a scratch course."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.converters import GenerateAssignment, GenerateSolution

from unrolled.converters import run_converter
from unrolled.course import load_course, nbgrader_config


def generate(root: Path, assignment: str, db_url: str) -> None:
    """generate_assignment: source/ to release/, and the cells into the database."""
    _run(GenerateAssignment, root, assignment, db_url)


def solve(root: Path, assignment: str, db_url: str) -> None:
    """generate_solution: source/ to solutions/, without running anything."""
    _run(GenerateSolution, root, assignment, db_url)


def _run(kind: Any, root: Path, assignment: str, db_url: str) -> None:
    config = nbgrader_config(load_course(root))
    config.CourseDirectory.db_url = db_url
    config.CourseDirectory.assignment_id = assignment
    run_converter(kind, config)

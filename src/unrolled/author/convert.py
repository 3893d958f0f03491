"""nbgrader's own converters, run in process on a scratch course."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from nbgrader.api import Base
from nbgrader.converters import GenerateAssignment, GenerateSolution
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import create_engine

from unrolled.course import load_course, nbgrader_config
from unrolled.errors import UserError


class _Log(logging.Handler):
    """Keeps the errors that nbgrader logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def scratch_database(path: Path) -> str:
    """An empty database for the time of a build; its URL.

    With its tables already there, nbgrader does not start alembic to stamp it.
    """
    url = f"sqlite:///{path}"
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    return url


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
    converter = kind(coursedir=CourseDirectory(config=config), config=config)
    log = _Log()
    converter.log = logging.Logger("unrolled.build")
    converter.log.addHandler(log)
    try:
        converter.start()
    except NbGraderException as error:
        raise UserError(_last(log.lines) or str(error)) from error


def _last(lines: list[str]) -> str:
    """What really happened: the last line of the traceback that nbgrader logged."""
    traces = [line for line in lines if line.startswith("Traceback")]
    return traces[-1].strip().split("\n")[-1] if traces else " ".join(lines[-1:])

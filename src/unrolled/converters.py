"""nbgrader's converters, run in process, with their errors told in one line.

nbgrader is imported only where something is converted: it takes a second, and every
command asks this module to keep nbgrader's warnings off the terminal.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

from unrolled.course import Course, load_course
from unrolled.errors import UserError


def make_nbgrader_config(course: Course) -> Any:
    """nbgrader's configuration for in-process converters: as nbgrader_config.py."""
    from traitlets.config import Config

    from unrolled.pipeline import configure

    config = Config()
    configure(config, course.root)
    return config


def generate_release(root: Path, assignment: str, db_url: str) -> None:
    """generate_assignment: source/ to release/, and the cells into the database."""
    from nbgrader.converters import GenerateAssignment

    _run_on_assignment(GenerateAssignment, root, assignment, db_url)


def generate_solutions(root: Path, assignment: str, db_url: str) -> None:
    """generate_solution: source/ to solutions/, without running anything."""
    from nbgrader.converters import GenerateSolution

    _run_on_assignment(GenerateSolution, root, assignment, db_url)


def _run_on_assignment(kind: Any, root: Path, assignment: str, db_url: str) -> None:
    config = make_nbgrader_config(load_course(root))
    config.CourseDirectory.db_url = db_url
    config.CourseDirectory.assignment_id = assignment
    run_converter(kind, config)


def silence_nbgrader() -> None:
    """Keep nbgrader's own log, and warnings about its code, off the terminal.

    SQLAlchemy's warnings are RuntimeWarnings; it tells them of the code that asked it.
    Their own class would have to be imported.
    """
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="nbgrader")
    asking = r"(nbgrader|unrolled\.gradebook)\b"
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=asking)


class _ErrorLog(logging.Handler):
    """Keeps the errors that nbgrader logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def run_converter(kind: Any, config: Any, *, force: bool = False) -> None:
    """Run a converter; UserError says what really went wrong."""
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory

    converter = kind(coursedir=CourseDirectory(config=config), config=config)
    converter.force = force
    log = _ErrorLog()
    converter.log = logging.Logger("unrolled.nbgrader")
    converter.log.addHandler(log)
    try:
        converter.start()
    except NbGraderException as error:
        raise UserError(_extract_reason(log.lines) or str(error)) from error


def _extract_reason(lines: list[str]) -> str:
    """The last line of the traceback that nbgrader logged."""
    traces = [line for line in lines if line.startswith("Traceback")]
    last = traces[-1].strip().split("\n")[-1] if traces else " ".join(lines[-1:])
    return last.removeprefix("unrolled.errors.UserError: ")

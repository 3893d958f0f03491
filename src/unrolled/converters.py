"""nbgrader's converters, run in process, with their errors told in one line.

nbgrader is imported only where something is converted: it takes a second, and every
command asks this module to keep nbgrader's warnings off the terminal.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unrolled.course import Course, load_course
from unrolled.errors import UserError

if TYPE_CHECKING:
    from unrolled.gradebook.queries import ReleasedCell, ReleasedNotebook

SAVE_CELLS = "nbgrader.preprocessors.SaveCells"  # as pipeline.py names it


def make_nbgrader_config(course: Course) -> Any:
    """nbgrader's configuration for in-process converters: as nbgrader_config.py."""
    from traitlets.config import Config

    from unrolled.pipeline import configure

    config = Config()
    configure(config, course.root)
    return config


def generate_release(root: Path, assignment: str) -> ReleasedNotebook:
    """generate_assignment: source/ to release/; what of it the gradebook registers."""
    config = _make_build_config(root, assignment)
    found: list[ReleasedNotebook] = []
    config.GenerateAssignment.preprocessors = [
        _make_cell_reader(found) if step == SAVE_CELLS else step
        for step in config.GenerateAssignment.preprocessors
    ]
    _run_without_database(config)
    (released,) = found  # a build makes one notebook
    return released


def generate_solutions(root: Path, assignment: str) -> None:
    """generate_solution: source/ to solutions/, without running anything."""
    config = _make_build_config(root, assignment)
    # Only GenerateAssignment can do without a database; the steps are the other's.
    config.GenerateAssignment.preprocessors = config.GenerateSolution.preprocessors
    config.CourseDirectory.release_directory = config.CourseDirectory.solution_directory
    _run_without_database(config)


def _make_build_config(root: Path, assignment: str) -> Any:
    config = make_nbgrader_config(load_course(root))
    config.CourseDirectory.assignment_id = assignment
    return config


def _run_without_database(config: Any) -> None:
    from nbgrader.converters import GenerateAssignment

    config.GenerateAssignment.no_database = True
    run_converter(GenerateAssignment, config)


def _make_cell_reader(found: list[ReleasedNotebook]) -> Callable[[Any, Any], Any]:
    """A step in the place of nbgrader's SaveCells: it finds what that would write."""

    def read(notebook: Any, resources: Any) -> Any:
        from unrolled.gradebook.queries import ReleasedNotebook

        kernel = notebook.metadata.get("kernelspec", {})
        cells = [_read_released_cell(cell) for cell in notebook.cells]
        released = ReleasedNotebook(
            name=resources["nbgrader"]["notebook"],
            kernelspec=json.dumps(kernel),
            cells=tuple(cell for cell in cells if cell.kinds or cell.locked),
        )
        found.append(released)
        return notebook, resources

    return read


def _read_released_cell(cell: Any) -> ReleasedCell:
    from nbgrader import utils

    from unrolled.gradebook.queries import ReleasedCell

    questions = {
        "grade": utils.is_grade,
        "solution": utils.is_solution,
        "task": utils.is_task,
    }
    meta = cell.metadata.get("nbgrader", {})
    return ReleasedCell(
        name=meta.get("grade_id", ""),
        kinds=frozenset(kind for kind, ask in questions.items() if ask(cell)),
        cell_type=cell.cell_type,
        points=float(meta.get("points", 0)),
        locked=utils.is_locked(cell),
        source=cell.source,
        checksum=meta.get("checksum"),
    )


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

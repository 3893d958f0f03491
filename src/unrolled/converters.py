"""nbgrader's converters, run in process, with their errors told in one line."""

from __future__ import annotations

import logging
from typing import Any

from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from unrolled.errors import UserError


class _Log(logging.Handler):
    """Keeps the errors that nbgrader logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def run_converter(kind: Any, config: Any, force: bool = False) -> None:
    """Run a converter; UserError says what really went wrong."""
    converter = kind(coursedir=CourseDirectory(config=config), config=config)
    converter.force = force
    log = _Log()
    converter.log = logging.Logger("unrolled.nbgrader")
    converter.log.addHandler(log)
    try:
        converter.start()
    except NbGraderException as error:
        raise UserError(_reason(log.lines) or str(error)) from error


def _reason(lines: list[str]) -> str:
    """The last line of the traceback that nbgrader logged."""
    traces = [line for line in lines if line.startswith("Traceback")]
    last = traces[-1].strip().split("\n")[-1] if traces else " ".join(lines[-1:])
    return last.removeprefix("unrolled.errors.UserError: ")

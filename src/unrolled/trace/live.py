"""The lecturer's demonstration, CPU against GPU: a notebook, to run or to rehearse.

Its text is ``demo/cpu_against_gpu.py`` in the course folder. It needs nothing solved.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import write_file

TEXT = Path("demo", "cpu_against_gpu.py")
NOTEBOOK = Path("build", "live", "cpu_against_gpu.ipynb")
CELL_SECONDS = 300  # a cell of a rehearsal that takes longer is stopped


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """A demonstration that was run: its page, and how many seconds that took."""

    page: Path
    seconds: float


def prepare_demo(course: Course, to: Path, *, force: bool = False) -> Path:
    """Write the notebook to `to`; one that is there with the same cells stays.

    Raises UserError if the course has no such text, or if the notebook there has other
    cells, which are somebody's work: unless `force` is given.
    """
    text = course.root / TEXT
    try:
        fresh = jupytext.read(text, fmt="py:percent")
    except OSError as error:
        raise UserError(f"{text} cannot be read: {error.strerror}.") from None
    if to.exists() and not force:
        if _read_sources(to) != [cell.source for cell in fresh.cells]:
            raise UserError(
                f"{to} is not the demo as it comes (edited, or of another version). "
                "Replace it with --force, or write elsewhere with --out."
            )
        return to
    to.parent.mkdir(parents=True, exist_ok=True)
    write_file(to, nbformat.writes(fresh) + "\n")
    return to


def _read_sources(path: Path) -> list[str] | None:
    """The texts of the cells; None if it is no notebook."""
    try:
        notebook: Any = nbformat.read(path, as_version=4)
        return [str(cell.source) for cell in notebook.cells]
    except (OSError, ValueError, AttributeError, nbformat.ValidationError):
        return None


def rehearse_demo(notebook: Path) -> Rehearsal:
    """Run it as the lecture would, and write what it showed as a page beside it.

    Raises UserError with the last line of the error if a cell fails.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError
    from nbconvert import HTMLExporter

    document = nbformat.read(notebook, as_version=4)
    began = time.monotonic()
    client = NotebookClient(
        document, timeout=CELL_SECONDS, resources={"metadata": {"path": "."}}
    )
    try:
        client.execute()
    except CellTimeoutError:
        told = f"it took more than {CELL_SECONDS} s"
        raise UserError(f"{notebook}: a cell was stopped: {told}.") from None
    except CellExecutionError as error:
        told = f"{error.ename}: {error.evalue}"
        raise UserError(f"{notebook}: a cell failed: {told}") from None
    seconds = time.monotonic() - began
    page = notebook.with_suffix(".html")
    body, _ = HTMLExporter().from_notebook_node(document)
    write_file(page, body)
    return Rehearsal(page=page, seconds=seconds)


def open_in_lab(notebook: Path) -> int:
    """Start JupyterLab on it, until it is stopped; its exit code."""
    command = [sys.executable, "-m", "jupyterlab", notebook.name]
    return subprocess.call(command, cwd=notebook.parent, env=dict(os.environ))

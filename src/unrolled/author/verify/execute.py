"""Run a solved notebook as a student would, in a kernel, and render it.

Solutions are committed without outputs; what they look like when they have run
goes to ``build/rendered/``, as a page and as a notebook. One that ran well is kept
there with a key of everything that it hangs on, and is not run again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from traitlets.config import Config

from unrolled.assignment import Material, open_workdir, read_cells, read_sources
from unrolled.author.report import Case
from unrolled.author.verify.cases import make_solved_notebook
from unrolled.grade.scheduling import compute_engine_digest

# By the clock and of processor time: neither a busy machine counts nor a second thread.
NOTEBOOK_SECONDS = 60.0
WAITING_SECONDS = 240.0  # by the clock, for a notebook that waits for something
_KINDS = """
text/html text/markdown image/svg+xml image/png image/jpeg text/latex text/plain
application/vnd.jupyter.widget-view+json
"""
_WIDGETS_LAST = _KINDS.split()
_CLIENT = {"timeout": 120, "kernel_name": "python3", "coalesce_streams": True}
# The kernel listens on files, not on TCP.
_KERNEL_CONFIG = Config(KernelManager={"transport": "ipc"}, NotebookClient=_CLIENT)


@dataclass(frozen=True)
class ExecutedNotebook:
    """A notebook that was run, and what was wrong with it as a whole."""

    notebook: NotebookNode
    problems: tuple[str, ...] = ()


def check_notebook(material: Material, folder: Path) -> list[Case]:
    """The solved notebook runs in time, and no check writes anything."""
    run = execute_if_changed(material, folder)
    name, cells = material.assignment, run.notebook.cells
    talkers = tuple(
        f"{cell.grade_id} writes something"
        for cell in read_cells(run.notebook)
        if cell.role == "check" and cells[cell.index].get("outputs")
    )
    return [
        Case(name, "notebook", "runs from top to bottom", run.problems),
        Case(name, "notebook", "checks are silent", talkers),
    ]


def execute_if_changed(material: Material, folder: Path) -> ExecutedNotebook:
    """The solved notebook, run in a kernel: now, or before if nothing has changed."""
    cached = folder.resolve() / f"{material.assignment}.ipynb"
    # A digest of the material, of the grader and of everything installed.
    installed = sorted(f"{d.name}=={d.version}" for d in distributions())
    parts = (material.digest, compute_engine_digest(), *installed)
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    with contextlib.suppress(Exception):  # not there, or no notebook any more
        notebook = nbformat.read(cached, as_version=4)
        if notebook.metadata.get("unrolled_key") == key:
            return ExecutedNotebook(notebook)
    run = _execute(material)
    cached.parent.mkdir(parents=True, exist_ok=True)
    render(run.notebook, cached.with_suffix(".html"))
    if not run.problems:
        run.notebook.metadata["unrolled_key"] = key
        partial = cached.with_suffix(f".{os.getpid()}")
        partial.write_text(nbformat.writes(run.notebook), encoding="utf-8")
        partial.replace(cached)
    return run


def _execute(material: Material) -> ExecutedNotebook:
    notebook = nbformat.from_dict(make_solved_notebook(material))
    answers = read_sources(material.source_cells, "answer")
    for cell in material.release_cells:
        if cell.role == "answer":
            notebook.cells[cell.index].source = answers[cell.grade_id]
    began, before = time.monotonic(), _measure_kernel_time()
    problems: list[str] = []
    try:
        # Also for the kernel's sockets, which lie where its client works.
        with open_workdir(material.data):
            NotebookClient(notebook, config=_KERNEL_CONFIG).execute()
    except CellExecutionError as error:
        problems = [f"a cell fails: {error.ename}: {error.evalue[:300]}"]
    elapsed = time.monotonic() - began
    worked = min(elapsed, _measure_kernel_time() - before)
    for seconds, most in ((worked, NOTEBOOK_SECONDS), (elapsed, WAITING_SECONDS)):
        if seconds > most:
            problems.append(f"takes {seconds:.0f} s, more than {most:.0f} s")
    return ExecutedNotebook(notebook, tuple(problems))


def _measure_kernel_time() -> float:
    """Seconds of processor time of all kernels that have ended; not on Windows."""
    if sys.platform == "win32":
        return 0.0
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def render(notebook: Any, page: Path) -> None:
    """Write an executed notebook as a page; static pictures in place of widgets."""
    config = Config()
    config.HTMLExporter.display_data_priority = _WIDGETS_LAST
    config.NbConvertBase.display_data_priority = _WIDGETS_LAST
    body, _ = HTMLExporter(config=config).from_notebook_node(notebook)
    page.write_text(body, encoding="utf-8")

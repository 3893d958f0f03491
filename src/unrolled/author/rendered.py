"""Run a solved notebook as a student would, in a kernel, and render it.

Solutions are committed without outputs; what they look like when they have run
goes to ``build/rendered/``.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

from unrolled.author.cases import Case, solved
from unrolled.grade.reference import is_answer, is_check, meta
from unrolled.grade.task import Material
from unrolled.grade.workplace import workplace

NOTEBOOK_SECONDS = 60.0
_WIDGETS_LAST = [
    *("text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg"),
    *("text/latex", "text/plain", "application/vnd.jupyter.widget-view+json"),
]


def notebook_cases(material: Material, folder: Path) -> list[Case]:
    """The solved notebook runs in time, and no grade cell writes anything."""
    notebook = nbformat.from_dict(solved(material))
    _with_answers(notebook, material)
    began = time.monotonic()
    problems: list[str] = []
    page = folder.resolve() / f"{material.assignment}.html"
    try:
        with workplace(material.data):  # a kernel's sockets lie where its client works
            _client(notebook).execute()
    except CellExecutionError as error:
        problems = [f"a cell fails: {error.ename}: {error.evalue[:300]}"]
    seconds = time.monotonic() - began
    render(notebook, page)
    if seconds > NOTEBOOK_SECONDS:
        problems.append(f"takes {seconds:.0f} s, more than {NOTEBOOK_SECONDS:.0f} s")
    name = material.assignment
    return [
        Case(name, "notebook", "runs from top to bottom", tuple(problems)),
        Case(name, "notebook", "grade cells are silent", tuple(_talkers(notebook))),
    ]


def _client(notebook: Any) -> NotebookClient:
    """A client whose kernel listens on files, not on TCP."""
    config = Config()
    config.KernelManager.transport = "ipc"
    config.NotebookClient.coalesce_streams = True
    return NotebookClient(notebook, timeout=120, kernel_name="python3", config=config)


def _with_answers(notebook: Any, material: Material) -> None:
    answers = {meta(c)["grade_id"]: c for c in material.source["cells"] if is_answer(c)}
    for cell in notebook.cells:
        if is_answer(cell):
            cell.source = answers[meta(cell)["grade_id"]]["source"]


def _talkers(notebook: Any) -> list[str]:
    return [
        f"{meta(c)['grade_id']} writes something"
        for c in notebook.cells
        if is_check(c) and c.get("outputs")
    ]


def render(notebook: Any, page: Path) -> None:
    """Write an executed notebook as a page; static pictures in place of widgets."""
    config = Config()
    config.HTMLExporter.display_data_priority = _WIDGETS_LAST
    config.NbConvertBase.display_data_priority = _WIDGETS_LAST
    body, _ = HTMLExporter(config=config).from_notebook_node(notebook)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(body, encoding="utf-8")

"""Follow-through in real kernels, with the lessons' own notebooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

from unrolled.assignment import (
    HINTS_FILE,
    load_material,
    load_reference,
    open_workdir,
)
from unrolled.assignment.cells import read_cells, read_sources
from unrolled.author.lesson.replace import replace_function
from unrolled.course import load_course

COURSE = load_course(Path(__file__).parents[3])
LESSON = "02_forward_pass"
KERNEL = Config(KernelManager={"transport": "ipc"})


def run_cells(notebook: Any, files: dict[str, bytes]) -> None:
    """Run a notebook in a kernel that has these files, to its end."""
    with open_workdir(files):  # the kernel's sockets lie there, too
        client = NotebookClient(
            notebook,
            timeout=120,
            kernel_name="python3",
            allow_errors=True,
            config=KERNEL,
        )
        client.execute()


def run_notebook(assignment: str, **texts: str) -> dict[str, Any]:
    """The cells of a released notebook after a run from top to bottom, by id.

    `texts` stand in the place of cells of these grade ids.
    """
    material = load_material(COURSE, assignment)
    hints = (COURSE.release / assignment / HINTS_FILE).read_bytes()
    notebook = nbformat.from_dict(material.fill_release(texts))
    run_cells(notebook, {**material.data, HINTS_FILE: hints})
    return {cell.id: cell for cell in notebook.cells}


def solve(assignment: str, *misconceptions: str) -> dict[str, str]:
    """The solutions of an assignment, with some of the catalogue's mistakes."""
    material = load_material(COURSE, assignment)
    texts = read_sources(material.source_cells, "exercise")
    for m in load_reference(material).catalogue.misconceptions:
        if m.name in misconceptions:
            text = replace_function(texts[m.exercise], m.exercise, m.source)
            texts[m.exercise] = text
    return texts


def list_errors(cell: Any) -> list[Any]:
    """The error outputs of a cell."""
    return [o for o in cell.get("outputs", ()) if o.output_type == "error"]


@pytest.mark.parametrize("assignment", list(COURSE.assignments))
def test_an_unsolved_notebook_has_no_raw_traceback(assignment: str) -> None:
    """Do all cells that show something say in a line what they wait for?"""
    cells = run_notebook(assignment)
    known = read_cells(load_material(COURSE, assignment).release)
    shown = [c for c in known if c.role in ("given", "helper", "show")]
    assert [c.source for c in shown if list_errors(cells[c.id])] == []
    said = [
        o.text
        for c in shown
        for o in cells[c.id].get("outputs", ())
        if o.output_type == "stream" and "Nothing to show yet" in o.text
    ]
    assert len(said) > 5
    failed = [list_errors(cells[c.id]) for c in known if c.role == "check"]
    assert all(failed)


@pytest.fixture(scope="module")
def wrong_step() -> dict[str, Any]:
    """The solved notebook of lesson 02, whose rnn_step forgets the bias."""
    return run_notebook(LESSON, **solve(LESSON, "step_no_bias"))


def test_later_checks_name_the_earlier_exercise(wrong_step: dict[str, Any]) -> None:
    """Does each later check that fails name rnn_step first, and guess no cause?"""
    known = read_cells(load_material(COURSE, LESSON).release)
    checks = [c for c in known if c.role == "check" and c.exercise != "rnn_step"]
    failed = {c.grade_id: list_errors(wrong_step[c.id]) for c in checks}
    said = {name: errors[0].evalue for name, errors in failed.items() if errors}
    assert {"rnn_forward_batch", "deep_one_layer"} <= set(said)
    for name, message in said.items():
        first, *rest = message.split("\n")
        assert "rnn_step, whose own check fails: fix that first." in first, name
        assert rest and "Hint:" not in message and "Likely cause" not in message


def test_the_own_checks_say_the_own_hint(wrong_step: dict[str, Any]) -> None:
    """Do the checks of rnn_step itself tell its mistake, as ever?"""
    (error,) = list_errors(wrong_step["rnn_step_values"])
    assert "Hint:" in error.evalue and "fix that first" not in error.evalue


def test_a_wrong_function_breaks_no_picture() -> None:
    """Does a function that returns nothing leave one line where a figure was?"""
    texts = solve(LESSON) | {"rnn_step": "def rnn_step(*_):\n    pass"}
    cells = run_notebook(LESSON, **texts)
    known = read_cells(load_material(COURSE, LESSON).release)
    shown = [cells[c.id] for c in known if c.role == "show"]
    assert not any(map(list_errors, shown))
    streams = [o.text for cell in shown for o in cell.outputs if "text" in o]
    assert any("run the checks of rnn_step first" in text for text in streams)
    assert any("a check of rnn_step fails" in text for text in streams)


def test_a_table_of_last_term_changes_nothing() -> None:
    """Is everything as it was where the table has no outline?"""
    old = json.loads((COURSE.release / LESSON / HINTS_FILE).read_text())
    del old["outline"]
    code = [
        "from unrolled.lab import check\nimport numpy as np",
        "def f():\n    raise NotImplementedError('f is not written yet')\nf()",
        "check.call(f)",
    ]
    v4 = nbformat.v4
    notebook = v4.new_notebook(cells=[v4.new_code_cell(text) for text in code])
    run_cells(notebook, {HINTS_FILE: json.dumps(old).encode()})
    errors = [list_errors(cell) for cell in notebook.cells]
    assert [len(e) for e in errors] == [0, 1, 1]
    assert "Traceback" in "".join(errors[1][0].traceback)
    assert errors[2][0].evalue == "f is not written yet"

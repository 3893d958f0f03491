"""nbgrader's extension points: the steps of autograding and feedback that are ours.

`Autograde` runs `Rebuild` first among its sanitizers and `Judge` in the place of
`Execute`; `GenerateFeedback` runs `HideTests` after the grades are fetched.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from unrolled.course import Course, course_secret, load_course
from unrolled.errors import UserError
from unrolled.grade.judge import judge
from unrolled.grade.material import load_material, load_reference
from unrolled.grade.outputs import check_outputs, student_outputs
from unrolled.grade.rebuild import rebuild
from unrolled.grade.reference import is_answer, is_check, meta, ours, split_check
from unrolled.grade.task import Material, Task, Verdict, derive_seed
from unrolled.grade.workers import safe_worker

MAX_NOTEBOOK_BYTES = 50 * 2**20


class SubmissionExporter(NotebookExporter):  # type: ignore[misc]
    """Reads a submitted notebook with no trust in it, and writes notebooks."""

    def from_filename(
        self, filename: str, resources: Any = None, **kwargs: Any
    ) -> tuple[str, Any]:
        """Convert a notebook file; UserError names a file that is no notebook.

        Only what was submitted is read with no trust: the second pass of
        autograding reads the rebuilt notebook that the first one wrote.
        """
        done: tuple[str, Any]
        if getattr(self.parent, "_sanitizing", True):
            notebook = read_submission(Path(filename))
            done = self.from_notebook_node(notebook, resources, **kwargs)
        else:
            done = super().from_filename(filename, resources, **kwargs)
        return done


def read_submission(path: Path) -> NotebookNode:
    """A notebook file as a document of nbformat 4, as far as it can be understood.

    Raises UserError, naming the file, if it is empty, too large, not UTF-8, not
    JSON, or no notebook.
    """
    if path.is_symlink() or not path.is_file():
        raise UserError(f"{path}: not a regular file.")
    size = path.stat().st_size
    if size > MAX_NOTEBOOK_BYTES:
        raise UserError(f"{path}: {size / 2**20:.0f} MB is too large for a notebook.")
    document = _json(path)
    if isinstance(document, dict) and isinstance(document.get("worksheets"), list):
        document = nbformat.convert(nbformat.from_dict(document), 4)
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        raise UserError(f"{path}: not a Jupyter notebook (it has no cells).")
    return nbformat.from_dict(
        {
            "cells": document["cells"],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: not UTF-8 text (byte {error.start}); not a Jupyter notebook."
        ) from error
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if hasattr(error, "lineno") else ""
        raise UserError(
            f"{path}: not a Jupyter notebook, the text is not JSON{where}. "
            "Was it cut off, or is it another kind of file?"
        ) from error


class Rebuild(NbGraderPreprocessor):  # type: ignore[misc]
    """The released notebook, with the student's own text in it."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Replace the submitted notebook by the rebuilt one."""
        material = load_material(_course(), resources["nbgrader"]["assignment"])
        rebuilt = rebuild(material.release, material.source, nb)
        for repair in rebuilt.repairs:
            self.log.info("%s", repair)
        _fill_tests(rebuilt.notebook, material)
        return nbformat.from_dict(rebuilt.notebook), resources


class Judge(NbGraderPreprocessor):  # type: ignore[misc]
    """Runs the student's cells in a process of their own and judges them here."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Write the verdict into the outputs, in nbgrader's own terms."""
        course, names = _course(), resources["nbgrader"]
        material = load_material(course, names["assignment"])
        _require_current(nb, material)
        seed = derive_seed(course_secret(course), names["assignment"], names["student"])
        task = Task(material, nb, seed)
        worker = safe_worker(course.allow_weak)
        verdict = judge(task, load_reference(material), worker)
        _write(nb, verdict)
        nb.cells = _with_schemes(nb, material) if nb.cells else nb.cells
        return nb, resources


class HideTests(NbGraderPreprocessor):  # type: ignore[misc]
    """Takes hidden tests and marking schemes out of the feedback."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Keep what the student saw, and the judge's words."""
        if not _course().feedback_tests:
            nb.cells = [c for c in nb.cells if not ours(c).get("marking_scheme")]
            for cell in nb.cells:
                if is_check(cell):
                    cell.source = split_check(cell.source)[0].rstrip()
        return nb, resources


def _course() -> Course:
    """The course that nbgrader's converters stand in (they change into its root)."""
    return load_course(Path.cwd())


def _require_current(nb: NotebookNode, material: Material) -> None:
    """The gradebook and source/ must hold the same tests, or points mean nothing."""
    tests = {
        meta(c)["grade_id"]: c["source"]
        for c in material.source["cells"]
        if is_check(c)
    }
    stored = {meta(c)["grade_id"]: c["source"] for c in nb.cells if is_check(c)}
    if tests != stored:
        raise UserError(
            f"gradebook.db and source/{material.assignment} hold different tests: "
            "run `unrolled build`, then grade again."
        )


def _fill_tests(rebuilt: dict[str, Any], material: Material) -> None:
    """Put the hidden tests in, as the gradebook has them: markers see them all."""
    tests = {
        meta(c)["grade_id"]: c["source"] for c in material.source["cells"] if meta(c)
    }
    for cell in rebuilt["cells"]:
        if is_check(cell):
            cell["source"] = tests[meta(cell)["grade_id"]]


def _write(nb: NotebookNode, verdict: Verdict) -> None:
    by_id = {c.grade_id: c for c in verdict.cells}
    for index, cell in enumerate(nb.cells):
        if cell.cell_type != "code":
            continue
        cell.execution_count = None
        if is_check(cell):
            found = by_id[meta(cell)["grade_id"]]
            outputs = check_outputs(found)
        else:
            outputs = student_outputs(verdict.outputs.get(index, []))
        cell.outputs = [nbformat.from_dict(o) for o in outputs]
    nb.metadata.setdefault("unrolled", nbformat.from_dict({}))
    nb.metadata["unrolled"]["verdict"] = verdict.as_dict()
    nb.cells = [*_notes(nb, verdict), *nb.cells]


def _notes(nb: NotebookNode, verdict: Verdict) -> list[NotebookNode]:
    lines = [*nb.metadata["unrolled"].get("repairs", []), *verdict.notes]
    if not lines:
        return []
    text = "**Notes of the grader**\n\n" + "\n".join(f"- {line}" for line in lines)
    return [_markdown("grader-notes", text, {"notes": True})]


def _with_schemes(nb: NotebookNode, material: Material) -> list[NotebookNode]:
    """Each written answer with its model answer and marking scheme before it."""
    answers = {
        meta(c)["grade_id"]: c["source"]
        for c in material.source["cells"]
        if is_answer(c)
    }
    cells = []
    for cell in nb.cells:
        if is_answer(cell):
            name = meta(cell)["grade_id"]
            text = f"**For the marker: model answer**\n\n{answers[name]}"
            cells.append(
                _markdown(f"scheme-{name}"[:64], text, {"marking_scheme": True})
            )
        cells.append(cell)
    return cells


def _markdown(cell_id: str, text: str, mark: dict[str, bool]) -> NotebookNode:
    return nbformat.from_dict(
        {
            "cell_type": "markdown",
            "id": cell_id,
            "metadata": {"unrolled": mark, "deletable": False, "editable": False},
            "source": text,
        }
    )

"""`unrolled grade --show`: what is wrong with one submission, and how to mend it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.assignment import Cell, read_cells
from unrolled.course import Course
from unrolled.grade.results import CellResult, GradeReport, SubmissionResult

AROUND = 2
WIDTH = 100
_LINE = re.compile(r"\(line (\d+)\)")


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be: where, what, and what to do about it."""

    place: str
    what: str
    mend: str = ""


@dataclass(frozen=True)
class Inspection:
    """A submission opened: its result, what was found, the failed checks, the files."""

    assignment: str
    result: SubmissionResult
    findings: tuple[Finding, ...]
    files: tuple[str, ...]

    @property
    def failed(self) -> tuple[CellResult, ...]:
        """The automatic checks that did not pass."""
        return tuple(c for c in self.result.cells if c.passed is False)


def inspect_result(course: Course, report: GradeReport) -> Inspection:
    """Open the one submission of a report."""
    (result,) = report.submissions
    student, assignment = result.student, report.assignment
    submitted = course.submitted_notebook(student, assignment)
    autograded = course.autograded_notebook(student, assignment)
    if result.status == "ungraded":
        findings = [_explain_ungraded(result, assignment, submitted)]
    else:
        findings = list(_list_findings(result, autograded))
    paths = (submitted, autograded, course.feedback_page(student, assignment))
    files = tuple(str(p) for p in paths if p.exists())
    return Inspection(assignment, result, tuple(findings), files)


_REMEDIES = {
    "this is the notebook of": "Ask {student} for the right one; put it into {folder}, "
    "then {again}.",
    "nothing is written in it": "Open the file beside it. If that is the work, give it "
    "the notebook's name in {folder}, then {again}; else ask {student}.",
    "it is empty": "Nothing was saved, or the upload failed. Ask {student} to hand in "
    "again.",
    "a zip archive": "Unpack it in {folder}, so that the notebook has the name it was "
    "released with, then {again}.",
    "it is a folder": "Move the notebook out of it, into {folder}, then {again}.",
    "merge in git": "Two versions of the notebook are in one file. Ask {student} to "
    "settle the merge and hand in again (`nbdime mergetool` helps).",
    "an HTML page": "The page was saved from the browser instead of the notebook. Ask "
    "{student} for the notebook: in JupyterLab, File > Download.",
    "a Python script": "A notebook was exported as a script, or written as one. Ask "
    "{student} for the notebook: in JupyterLab, File > Download.",
    "UTF-16": "Save the file as UTF-8 (an editor's Save with encoding), then {again}.",
    "it is a": "Another file was handed in under the notebook's name. Ask {student} "
    "for the notebook.",
    "not JSON": "The file is damaged. Best ask {student} to hand in again. If that is "
    "not possible, mend that line in an editor (often the end is missing: close the "
    "brackets), then {again}.",
    "not UTF-8": "Save the file as UTF-8 (an editor's Save with encoding), then "
    "{again}.",
    "no cells": "Another file was handed in under the notebook's name. Ask {student} "
    "for the notebook.",
    "not handed in": "If it has another name, rename it in {folder}, then {again}; "
    "else ask {student}.",
    "too large": "Outputs or pictures make it too large: clear them (`jupyter "
    "nbconvert --clear-output --inplace FILE`), then {again}.",
    "regular file": "A link is never followed: it could lead to somebody else's work. "
    "Put the file itself there, then {again}.",
    "could not be written": "Is another program writing to the gradebook, or is the "
    "disk full? The result is stored: once that is mended, {again} writes it.",
    "lost": "Try it alone: {again}. If it happens again, the kernel may be killing the "
    "grader's processes: look for memory in `dmesg`, and use fewer `--jobs`.",
}


def _explain_ungraded(
    result: SubmissionResult, assignment: str, submitted: Path
) -> Finding:
    words = {
        "student": result.student,
        "again": f"`unrolled grade {assignment} --student {result.student}`",
        "folder": submitted.parent,
    }
    mend = next(
        (m for sign, m in _REMEDIES.items() if sign in result.reason), "{again}"
    )
    what = result.reason
    line = _LINE.search(what)
    if line is not None:
        number = int(line[1])
        lines = submitted.read_text(encoding="utf-8", errors="replace").splitlines()
        first = max(0, number - 1 - AROUND)
        for n, text in enumerate(lines[first : number + AROUND], first + 1):
            what += f"\n{'>' if n == number else ' '} {n:5} {text[:WIDTH]}"
    return Finding("", what, mend.format(**words))


def _list_findings(result: SubmissionResult, autograded: Path) -> Iterator[Finding]:
    for repair in result.repairs:
        yield Finding("", repair, _choose_advice(repair))
    notebook = json.loads(autograded.read_text(encoding="utf-8"))
    for cell, document in zip(read_cells(notebook), notebook["cells"], strict=True):
        if cell.cell_type != "code" or cell.role == "check":
            continue
        for output in document["outputs"]:
            if output["output_type"] == "error":
                yield _describe_stop(cell, output)


def _choose_advice(repair: str) -> str:
    if "in time" in repair:
        return (
            "An endless loop, most likely. If it is honest and slow, give it more in "
            "course.toml: [grading] cell_seconds, call_seconds, submission_seconds."
        )
    if "ended the process" in repair:
        return "exit(), a crash, or far too much memory; the other cells were run."
    return ""


def _describe_stop(cell: Cell, output: dict[str, Any]) -> Finding:
    exercise = cell.grade_id if cell.role == "exercise" else "own cell"
    error = f"{output['ename']}: {output['evalue']}".strip()
    place = f"cell {cell.index + 1} ({exercise})"
    stub = output["ename"] == "NotImplementedError"
    mend = "" if stub else "All that the cell defines below that line is missing."
    return Finding(place, error, mend)

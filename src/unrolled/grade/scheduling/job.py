"""One submission from bytes to a graded notebook; needs no course, no gradebook.

A judge process or a worker on another machine does this: all that it needs travels in
the `GradingJob`, all that it finds travels back in the `JobResult`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from unrolled.assignment import Material, Reference, load_reference, read_cells
from unrolled.course import Limits
from unrolled.errors import UserError
from unrolled.grade.judge import JudgeInput, judge_submission
from unrolled.grade.submission import (
    fill_tests,
    format_notebook,
    parse_submission,
    rebuild_submission,
    write_verdict,
)
from unrolled.grade.submission.nbgrader_rules import (
    compute_auto_score,
    compute_checksum,
    is_untouched,
    limit_outputs,
)
from unrolled.grade.worker import GradingError, Worker


@dataclass(frozen=True)
class AccompanyingFiles:
    """What goes beside the notebook: time of submission, the assignment's files.

    With `forget_time` a time that the gradebook has is taken out: the present stamp
    cannot be read.
    """

    timestamp: str | None
    files: dict[str, bytes]
    forget_time: bool = False


# nbgrader's exchange needs it to release feedback.
SECRET_FILE = "submission_secret.txt"


@dataclass(frozen=True, kw_only=True)
class GradingJob:
    """A submission to grade; `name` is the file's name in messages."""

    student: str
    name: str
    submission: bytes
    material: Material
    seed: int
    limits: Limits


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """What grading found: `reason` if it could not be graded, else the rest.

    `notebook` is the text of the autograded notebook, `scores` and `comments` are
    what nbgrader writes into its gradebook, by grade id.
    """

    student: str
    reason: str = ""
    notebook: str = ""
    scores: dict[str, float | None] = field(default_factory=dict)
    comments: dict[str, str | None] = field(default_factory=dict)

    def details(self) -> dict[str, Any]:
        """Repairs and verdict, as the notebook's metadata has them."""
        if not self.notebook:
            return {}
        document = json.loads(self.notebook)
        details: dict[str, Any] = document["metadata"].get("unrolled", {})
        return details


def grade_job(job: GradingJob, worker: Worker) -> JobResult:
    """Grade a submission; whatever is wrong with it becomes the reason.

    Raises GradingError if grading itself cannot work, UserError if the assignment's
    own reference does not.
    """
    reference = load_reference(job.material)
    try:
        submitted = parse_submission(job.submission, Path(job.name))
        notebook = _grade_notebook(job, submitted, reference, worker)
    except UserError as error:
        return JobResult(student=job.student, reason=str(error))
    except GradingError:
        raise
    except Exception as error:
        reason = f"grading failed: {type(error).__name__}: {error}"
        return JobResult(student=job.student, reason=reason[:500])
    result = JobResult(student=job.student, notebook=format_notebook(notebook))
    for cell, node in zip(read_cells(notebook), notebook.cells, strict=True):
        if cell.graded:
            result.scores[cell.grade_id] = compute_auto_score(node)
        if cell.is_solution:  # with nbgrader's comment, where nobody has changed it
            comment = "No response." if is_untouched(node) else None
            result.comments[cell.grade_id] = comment
    return result


def _grade_notebook(
    job: GradingJob, submitted: NotebookNode, reference: Reference, worker: Worker
) -> NotebookNode:
    """The rebuilt and judged notebook."""
    material = job.material
    rebuilt = rebuild_submission(material, submitted)
    fill_tests(rebuilt.notebook, material)
    notebook = nbformat.from_dict(rebuilt.notebook)
    _set_checksums(notebook, material)
    submission = JudgeInput(material, notebook, job.seed, job.limits)
    verdict = judge_submission(submission, reference, worker)
    write_verdict(notebook, verdict, material)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = limit_outputs(cell.outputs)
    return notebook


def _set_checksums(notebook: NotebookNode, material: Material) -> None:
    """The checksums that the gradebook holds: those of the cells as released."""
    released = {c.grade_id: c.index for c in material.release_cells}
    for cell, node in zip(read_cells(notebook), notebook.cells, strict=True):
        if cell.grade_id:
            # A check holds the whole test by now, and so does the gradebook.
            check, number = cell.role == "check", released[cell.grade_id]
            original = node if check else material.release["cells"][number]
            node.metadata.nbgrader.checksum = compute_checksum(original)

"""nbgrader's extension points: the steps of autograding that are ours.

`Autograde` runs `Rebuild` first among its sanitizers and `Judge` in the place of
`Execute`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import determine_grade

from unrolled.assignment import (
    Material,
    load_material,
    load_reference,
    read_cells,
    read_sources,
)
from unrolled.assignment.seeds import derive_seed
from unrolled.course import Course, load_course
from unrolled.course.secret import load_course_secret
from unrolled.errors import UserError
from unrolled.grade.doctor.select_worker import select_safe_worker
from unrolled.grade.judge import JudgeInput, judge_submission
from unrolled.grade.marks import (
    Fingerprints,
    compute_fingerprints,
    find_changed_work,
    read_fingerprints,
)
from unrolled.grade.submission import fill_tests, rebuild_submission, write_verdict
from unrolled.grade.submission.identify import NotebookIdentifier
from unrolled.grade.submission.notebook import read_submitted_notebook
from unrolled.gradebook.queries import set_auto_score


class SubmissionExporter(NotebookExporter):  # type: ignore[misc]
    """Reads a submitted notebook with no trust in it, and writes notebooks.

    It is made before nbgrader removes what it is going to grade again: `before` has,
    by student and notebook, what marks were given for.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before: dict[tuple[str, str], Fingerprints] = {}
        for folder, notebooks in getattr(self.parent, "assignments", {}).items():
            student, assignment = Path(folder).parts[-2:]  # .../submitted/ADA/01_NAME
            coursedir = self.parent.coursedir
            autograded = coursedir.autograded_directory
            graded = coursedir.format_path(autograded, student, assignment)
            for notebook in notebooks:
                path = Path(graded, Path(notebook).name)
                self.before[student, path.stem] = read_fingerprints(path)

    def from_filename(
        self, filename: str, resources: Any = None, **kwargs: Any
    ) -> tuple[str, Any]:
        """Convert a notebook file; UserError names a file that is no notebook.

        Only what was submitted is read with no trust: the second pass of
        autograding reads the rebuilt notebook that the first one wrote.
        """
        done: tuple[str, Any]
        if getattr(self.parent, "_sanitizing", True):
            path, course = Path(filename), _load_current_course()
            notebook = read_submitted_notebook(path)
            material = load_material(course, resources["nbgrader"]["assignment"])
            identifier = NotebookIdentifier(course, material)
            for remark in identifier.check_notebook(path, notebook):
                self.log.warning("%s", remark)
            done = self.from_notebook_node(notebook, resources, **kwargs)
        else:
            done = super().from_filename(filename, resources, **kwargs)
        return done


class Rebuild(NbGraderPreprocessor):  # type: ignore[misc]
    """The released notebook, with the student's own text in it."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Replace the submitted notebook by the rebuilt one."""
        name = resources["nbgrader"]["assignment"]
        material = load_material(_load_current_course(), name)
        rebuilt = rebuild_submission(material, nb)
        for repair in rebuilt.repairs:
            self.log.info("%s", repair)
        fill_tests(rebuilt.notebook, material)
        return nbformat.from_dict(rebuilt.notebook), resources


class Judge(NbGraderPreprocessor):  # type: ignore[misc]
    """Runs the student's cells in a process of their own and judges them here."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Write the verdict into the outputs, in nbgrader's own terms."""
        course, names = _load_current_course(), resources["nbgrader"]
        material = load_material(course, names["assignment"])
        _require_current(nb, material)
        secret = load_course_secret(course)
        seed = derive_seed(secret, names["assignment"], names["student"])
        submission = JudgeInput(material, nb, seed, course.limits)
        worker = select_safe_worker(allow_weak=course.allow_weak)
        verdict = judge_submission(submission, load_reference(material), worker)
        write_verdict(nb, verdict, material)
        return nb, resources


class SaveGrades(SaveAutoGrades):  # type: ignore[misc]
    """nbgrader's SaveAutoGrades; a mark stays final while the work is the same."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Put scores and comments into the gradebook."""
        names = resources["nbgrader"]
        before = self.parent.before.get((names["student"], names["notebook"]), {})
        self.changed = find_changed_work(before, compute_fingerprints(nb))
        done: tuple[NotebookNode, Any] = super().preprocess(nb, resources)
        return done

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
        del resources
        name = cell.metadata.nbgrader.grade_id
        score, _ = determine_grade(cell, self.log)
        set_auto_score(
            self.gradebook,
            cell=name,
            notebook=self.notebook_id,
            assignment=self.assignment_id,
            student=self.student_id,
            score=score,
            is_other_work=name in self.changed,
        )


def _load_current_course() -> Course:
    """The course that nbgrader's converters stand in (they change into its root)."""
    return load_course(Path.cwd())


def _require_current(nb: NotebookNode, material: Material) -> None:
    """The gradebook and source/ must hold the same tests, or points mean nothing."""
    stored = read_sources(read_cells(nb), "check")
    if stored != read_sources(material.source_cells, "check"):
        raise UserError(
            f"gradebook.db and source/{material.assignment} hold different tests: "
            "run `unrolled build`, then grade again."
        )

"""From nbgrader's gradebook to a CSV for Canvas: planned, checked, then written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin
from traitlets import Bool, Unicode

from unrolled.canvas.importer import (
    CanvasAssignment,
    CanvasState,
    CanvasStudent,
    ImportRefusedError,
    read_as_canvas,
)
from unrolled.canvas.matching import Exported, Pupil
from unrolled.canvas.plan import ExportPlan, Grade, plan_export, plan_starter
from unrolled.canvas.template import Template, number_in, read_template
from unrolled.course import Course, load_course
from unrolled.errors import UserError


class CanvasExport(ExportPlugin):  # type: ignore[misc]
    """`nbgrader export --exporter=unrolled.canvas.CanvasExport --to canvas.csv`.

    `--CanvasExport.template=FILE` is the gradebook exported from Canvas.
    """

    template = Unicode("", help="the CSV exported from Canvas").tag(config=True)
    allow_lower = Bool(False, help="also lower a higher grade").tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        """Write the file; one line and exit code 1 if it cannot be done safely."""
        try:
            self._export(gradebook)
        except UserError as error:
            self.log.error("%s", error)
            raise SystemExit(1) from None

    def _export(self, gradebook: Gradebook) -> None:
        course = load_course(Path.cwd())
        chosen = [str(a) for a in self.assignment] or list(course.assignments)
        template = read_template(Path(self.template)) if self.template else None
        plan = make_plan(
            course,
            gradebook,
            chosen,
            template,
            self.allow_lower,
            map(str, self.student),
        )
        out = Path(self.to or "canvas.csv")
        write_checked(plan, template, out, force=True)
        for line in plan.as_text().split("\n"):
            self.log.info("%s", line)


def export_canvas(
    course: Course,
    assignments: Sequence[str],
    template: Path | None,
    out: Path,
    allow_lower: bool = False,
    force: bool = False,
) -> ExportPlan:
    """Write the CSV for Canvas.

    Raises UserError if `out` exists (unless `force`), the template cannot be read,
    or our own model of Canvas's importer finds an effect that is not meant.
    """
    if not course.gradebook.exists():
        raise UserError(f"{course.gradebook} is missing: run `unrolled build`, grade.")
    read = read_template(template) if template else None
    with Gradebook(course.db_url, course.id) as gradebook:
        plan = make_plan(course, gradebook, assignments, read, allow_lower)
    write_checked(plan, read, out, force)
    return plan


def make_plan(
    course: Course,
    gradebook: Gradebook,
    names: Sequence[str],
    template: Template | None,
    allow_lower: bool,
    students: Iterable[str] = (),
) -> ExportPlan:
    """The plan for some assignments, and for some students or all.

    Raises UserError if an assignment or a student is unknown.
    """
    _refuse_unknown("assignment", names, course.assignments)
    wanted = [course.assignments[n] for n in names]
    assignments = [Exported(a.name, a.title, a.points) for a in wanted]
    chosen = set(students)
    _refuse_unknown("student", chosen, [s.id for s in gradebook.students])
    pupils = [
        Pupil(s.id, s.lms_user_id or "", s.last_name or "", s.first_name or "")
        for s in gradebook.students
        if not chosen or s.id in chosen
    ]
    grades = _grades(gradebook, pupils, assignments)
    if template is None:
        return plan_starter(pupils, assignments, grades)
    return plan_export(template, pupils, assignments, grades, allow_lower)


def _refuse_unknown(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    there = list(known)
    unknown = sorted(set(names) - set(there))
    if unknown:
        some = ", ".join(there[:20]) + (", ..." if len(there) > 20 else "")
        raise UserError(f"no {kind} {', '.join(unknown)}; there are: {some}.")


def _grades(
    gradebook: Gradebook, pupils: Sequence[Pupil], assignments: Sequence[Exported]
) -> Mapping[tuple[str, str], Grade]:
    found = {}
    for assignment in assignments:
        for pupil in pupils:
            with contextlib.suppress(MissingEntry):
                submission = gradebook.find_submission(assignment.name, pupil.name)
                found[pupil.name, assignment.name] = _grade(submission, assignment)
    return found


def _grade(submission: Any, assignment: Exported) -> Grade:
    """Points of Canvas, after the late penalty, never below nothing."""
    score = float(submission.score) - float(submission.late_submission_penalty or 0.0)
    top = float(submission.max_score)
    points = max(0.0, score) / top * assignment.points if top else float("nan")
    return Grade(points, bool(submission.needs_manual_grade))


def write_checked(
    plan: ExportPlan, template: Template | None, out: Path, force: bool
) -> None:
    """Write the plan if Canvas would do with it what is meant, and nothing else."""
    if out.exists() and not force:
        raise UserError(f"{out}: exists already; --force overwrites it.")
    data = plan.to_csv()
    if template is not None:
        _refuse_surprises(data, plan, template)
    beside = out.with_name(f".{out.name}.new")
    try:
        beside.write_bytes(data)
        beside.replace(out)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise UserError(f"{out}: cannot be written: {error.strerror}.") from error


def state_of(template: Template) -> CanvasState:
    """What Canvas knows, as far as its export tells."""
    students = [
        CanvasStudent(r.canvas_id or f"row {r.line}", r.name, r.name, r.sis_id, r.login)
        for r in template.rows
    ]
    columns = [
        CanvasAssignment(c.canvas_id or c.header, c.title, c.points or 0.0)
        for c in template.columns
    ]
    scores: dict[tuple[str, str], Any] = {}
    for row, student in zip(template.rows, students, strict=True):
        for column, assignment in zip(template.columns, columns, strict=True):
            cell = row.cells[column.index].strip()
            present = "EX" if cell.upper() == "EX" else number_in(cell)
            if present is not None:
                scores[student.id, assignment.id] = present
    return CanvasState(students, columns, scores)


def _refuse_surprises(data: bytes, plan: ExportPlan, template: Template) -> None:
    """Our model of the importer must find the planned grades, and no other change."""
    try:
        effects = read_as_canvas(data, state_of(template))
    except ImportRefusedError as error:
        raise UserError(
            f"{template.path}: Canvas would refuse the file: {error}."
        ) from error
    meant = sum(f.old is None or round(f.old, 2) != f.new for f in plan.filled)
    scored = [e for e in effects if e.effect == "scored"]
    bad = [e for e in effects if e.effect in ("cleared", "excused", "ignored")]
    bad += [e for e in effects if e.assignment.startswith("new: ")]
    if bad or len(scored) != meant:
        where = (
            f"row {bad[0].row}, {bad[0].assignment}" if bad else "the number of grades"
        )
        raise UserError(
            f"{template.path}: nothing was written: Canvas would not do what is meant "
            f"({where}). Export the gradebook from Canvas afresh and try again."
        )

"""From nbgrader's gradebook to a CSV for Canvas: planned, checked, then written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from nbgrader.plugins import ExportPlugin
from traitlets import Bool, Unicode

from unrolled.canvas.grades import (
    make_exported_assignments,
    open_existing_gradebook,
    read_grades,
    read_roster_students,
)
from unrolled.canvas.grades_csv.exported_csv import CanvasGradebook, read_exported_csv
from unrolled.canvas.grades_csv.plan import (
    NOTHING_ALLOWED,
    ExportOptions,
    ExportPlan,
    plan_export,
    plan_starter,
)
from unrolled.canvas.grades_csv.verify import refuse_surprises
from unrolled.course import Course, load_course
from unrolled.errors import UserError
from unrolled.files import write_output
from unrolled.gradebook.queries import Gradebook


class CanvasExport(ExportPlugin):  # type: ignore[misc]
    """`nbgrader export --exporter=unrolled.canvas.CanvasExport --to canvas.csv`.

    `--CanvasExport.template=FILE` is the gradebook exported from Canvas.
    """

    template = Unicode("", help="the CSV exported from Canvas").tag(config=True)
    allow_lower = Bool(
        default_value=False, help="also lower grades that are higher in Canvas"
    ).tag(config=True)
    scale = Bool(
        default_value=False, help="scale grades to Canvas's points possible"
    ).tag(config=True)
    new = Bool(default_value=False, help="the assignments are not in Canvas yet").tag(
        config=True
    )

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
        template = read_exported_csv(Path(self.template)) if self.template else None
        plan = plan_from_gradebook(
            course,
            gradebook,
            chosen,
            template,
            options=ExportOptions(allow_lower=self.allow_lower, scale=self.scale),
            students=map(str, self.student),
        )
        write_checked(plan, template, Path(self.to or "canvas.csv"), force=True)
        for line in plan.as_text().split("\n"):
            self.log.info("%s", line)
        if plan.unscaled:
            names = ", ".join(plan.unscaled)
            raise UserError(
                f"left out, because they are worth other points in Canvas: {names}."
            )
        if not self.template and plan.filled and not self.new:
            raise UserError(f"{UNCOMPARED} Or --CanvasExport.new=True, if {ALL_NEW}.")


ALL_NEW = "none of the assignments is in Canvas yet"
UNCOMPARED = (
    "The file is written, but nobody has compared its points with Canvas's: a grade "
    "may be on a wrong scale there. Name an export of Canvas's gradebook as the "
    "template."
)


def export_canvas(
    course: Course,
    assignments: Sequence[str],
    template: Path | None,
    out: Path,
    *,
    options: ExportOptions = NOTHING_ALLOWED,
    force: bool = False,
    dry_run: bool = False,
) -> ExportPlan:
    """Write the CSV for Canvas; nothing with `dry_run`.

    Raises UserError if `out` exists (unless `force`), the template cannot be read,
    or our own model of Canvas's importer finds an effect that is not meant.
    """
    with open_existing_gradebook(course) as gradebook:
        exported = read_exported_csv(template) if template else None
        plan = plan_from_gradebook(
            course, gradebook, assignments, exported, options=options
        )
    write_checked(plan, exported, out, force=force, dry_run=dry_run)
    return plan


def plan_from_gradebook(
    course: Course,
    gradebook: Gradebook,
    names: Sequence[str],
    template: CanvasGradebook | None,
    *,
    options: ExportOptions,
    students: Iterable[str] = (),
) -> ExportPlan:
    """The plan for some assignments, and for some students or all.

    Raises UserError if an assignment or a student is unknown, or if there is no
    template to scale by.
    """
    if options.scale and template is None:
        raise UserError(
            "--scale needs --template: only a gradebook exported from Canvas says what "
            "an assignment is worth there."
        )
    assignments = make_exported_assignments(course, names)
    people = read_roster_students(course, gradebook, students)
    results = read_grades(gradebook, assignments)
    if template is None:
        return plan_starter(people, assignments, results)
    return plan_export(template, people, assignments, results, options=options)


def write_checked(
    plan: ExportPlan,
    template: CanvasGradebook | None,
    out: Path,
    *,
    force: bool,
    dry_run: bool = False,
) -> None:
    """Write the plan if Canvas would do with it what is meant, and nothing else."""
    data = plan.to_csv()
    if template is not None:
        refuse_surprises(data, plan, template)
    if dry_run:
        return
    if out.exists() and not force:
        raise UserError(f"{out}: already exists. Use --force to overwrite it.")
    write_output(out, data)

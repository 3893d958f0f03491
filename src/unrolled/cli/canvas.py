"""`unrolled canvas`: options only; what goes over the network: cli_canvas_push.py."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from unrolled.cli.shared import (
    Force,
    Json,
    Names,
    err,
    open_course,
    out,
    print_json,
    select_assignments,
)
from unrolled.course import Course
from unrolled.errors import UserError

canvas = typer.Typer(
    help="Canvas: roster in, grades out, course in. docs/canvas.md shows the way.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be done; do nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
AllowLower = Annotated[
    bool, typer.Option("--allow-lower", help="Also lower a higher grade in Canvas.")
]
Scale = Annotated[
    bool,
    typer.Option(
        "--scale",
        help="Where Canvas gives other points for an assignment than course.toml, "
        "scale the grades to Canvas's; else such an assignment is left out, exit 1.",
    ),
]
Template = Annotated[
    Path | None,
    typer.Option(help="The CSV you have just exported from Canvas's gradebook."),
]


def ask_to_confirm(question: str, yes: bool) -> bool:
    """Whether a person says yes; UserError where nobody can be asked."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UserError("nothing was done: say --yes, as nobody can be asked here.")
    return typer.confirm(question, err=True)


@canvas.command("roster")
def roster(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(help="A gradebook exported from Canvas, or a list of people."),
    ],
    user_name: Annotated[
        Literal["login", "local", "sis", "email"],
        typer.Option(
            "--user-name",
            help="What students are called here and on the hub: their login, the part "
            "of it before the @ (local), their SIS id, or their e-mail address.",
        ),
    ] = "login",
    keep: Annotated[
        bool, typer.Option("--keep", help="Drop nobody, whoever the file leaves out.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Students from Canvas into the gradebook: names, e-mail, ids, login.

    The file is what *Grades > Export* gives, or any CSV with a name and one of ID,
    SIS ID, Login ID, Email. It is shown who would be added, changed and dropped; then
    you are asked. **A student with work is never dropped**, and one whom the file
    may mean but does not name clearly is not either.
    """
    from unrolled.canvas import apply_roster, plan_roster
    from unrolled.report.canvas import render_roster
    from unrolled.report.progress import show_progress

    course = open_course(context)
    plan = plan_roster(course, file, user_name, keep, _make_name_check(course))
    (err if as_json else out).print(render_roster(plan))
    wanted = not dry_run and not plan.empty
    applied = wanted and ask_to_confirm("Write this into the gradebook?", yes)
    if applied:
        with show_progress(err, "roster") as step:
            apply_roster(course, plan, step)
    if as_json:
        print_json({"applied": applied} | plan.as_dict())
    elif applied:
        out.print("written; a backup lies in build/backups/")
        _tell_hub(course)


def _make_name_check(course: Course) -> Callable[[str], str]:
    """Why a hub could not take a new student; without a hub every name will do."""
    from unrolled.hub.members import explain_no_account, has_hub

    if not has_hub(course, os.environ):
        return lambda name: ""
    return partial(explain_no_account, course)


def _tell_hub(course: Course) -> None:
    """Let the hub know who may sign in; without a hub there is nothing to say."""
    from unrolled.hub import enroll_students, sync_hub

    told = sync_hub(course, enroll_students(course))
    if told is None:
        return
    for what, names in (
        ("may sign in now", told.added),
        ("no longer members", told.removed),
        ("cannot have an account here (names: a-z, 0-9, - and _)", told.impossible),
    ):
        if names:
            out.print(f"the hub: {what}: {', '.join(names)}", markup=False)


@canvas.command("export")
def canvas_export(
    context: typer.Context,
    assignments: Names = None,
    template: Template = None,
    to: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path(
        "canvas.csv"
    ),
    allow_lower: AllowLower = False,
    scale: Scale = False,
    dry_run: DryRun = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write a CSV that Canvas's gradebook imports, without a wrong grade.

    Best with `--template`: only our columns of your own export are filled in, with
    points after the late penalty. Says which rows and columns were left out, and why.
    A higher grade in Canvas is kept unless you say `--allow-lower`. An assignment that
    is worth other points there than here is left out (exit 1) unless you say `--scale`.
    Before it is written the file is read by a model of Canvas's importer, as
    `canvas check` does.
    """
    from unrolled.canvas import export_canvas

    course = open_course(context)
    wanted = select_assignments(course, assignments)
    plan = export_canvas(
        course, wanted, template, to, allow_lower, force, dry_run, scale
    )
    if as_json:
        print_json(plan.as_dict())
    else:
        out.print(Text(plan.as_text()), soft_wrap=True)
        done = "nothing is written (--dry-run)" if dry_run else f"written: {to}"
        err.print(Text(done), soft_wrap=True)
    raise typer.Exit(1 if plan.unscaled else 0)


@canvas.command("check")
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Any CSV meant for Canvas's gradebook.")],
    template: Template = None,
    scale: Annotated[
        bool,
        typer.Option(
            "--scale",
            help="The file was written with `export --scale`: points of course.toml "
            "that differ from Canvas's are meant.",
        ),
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also list the cells that change nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What Canvas would do with a gradebook CSV, cell by cell.

    With `--template`, a fresh export, it knows the present grades: new, higher and
    lower scores, cleared grades, ignored rows, new columns, notes that it empties. It
    needs no course folder and sends nothing anywhere; in one it also holds the points
    of `course.toml` against Canvas's. Exit 1 if Canvas would refuse the file, lower or
    clear a grade, replace a text, make a new column, or get grades on another scale.
    """
    from unrolled.canvas import check_file
    from unrolled.course.model import find_course_folder, load_course
    from unrolled.report.canvas import render_check

    start = context.obj or Path.cwd()
    folder = find_course_folder(Path(start).resolve())
    course = load_course(folder) if folder else None
    report = check_file(file, template, course, scale)
    if as_json:
        print_json(report.as_dict())
    else:
        out.print(render_check(report, everything))
    raise typer.Exit(0 if report.safe else 1)


@canvas.command("cartridge")
def cartridge(
    context: typer.Context,
    to: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path(
        "course.imscc"
    ),
    dry_run: DryRun = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """The course as a file that Canvas imports: modules, assignments, pages.

    Titles, dates and points come from `course.toml`; pages are the syllabus, how to
    hand in, and each lesson's overview. In Canvas: *Settings > Import Course Content >
    Canvas Course Export Package*. Import a new one after a change: what the last one
    made is updated, not doubled. With `hub` under `[canvas]` in course.toml, students
    find a link to it everywhere.
    """
    from unrolled.canvas import make_cartridge
    from unrolled.report.canvas import render_cartridge

    report = make_cartridge(open_course(context), to, force, dry_run)
    if as_json:
        print_json(asdict(report))
    else:
        out.print(render_cartridge(report))

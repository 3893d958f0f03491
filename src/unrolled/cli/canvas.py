"""`unrolled canvas`: options only; how grades are sent is in canvas_push.py."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from unrolled.cli.shared import (
    Force,
    Json,
    Names,
    ask_to_confirm,
    err,
    open_course,
    out,
    print_json,
    print_result,
    select_assignments,
)
from unrolled.course import Course

if TYPE_CHECKING:
    from unrolled.canvas.api.push import PushOptions
    from unrolled.canvas.grades_csv import ExportPlan

canvas = typer.Typer(
    help="Canvas: get the roster, send grades, import the course. See docs/canvas.md.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be done, but do nothing.")
]
OutFile = Annotated[Path, typer.Option("--out", help="The file to write.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
AllowLower = Annotated[
    bool, typer.Option("--allow-lower", help="Also lower a higher grade in Canvas.")
]
Scale = Annotated[
    bool,
    typer.Option(
        "--scale",
        help="If an assignment is worth other points in Canvas than in course.toml, "
        "scale its grades to Canvas's points. Without this option such an assignment "
        "is left out, with exit code 1.",
    ),
]
New = Annotated[
    bool,
    typer.Option(
        "--new",
        help="None of the assignments is in Canvas yet, so there are no points to "
        "compare. Without this option and without --template the exit code is 1.",
    ),
]
Template = Annotated[
    Path | None,
    typer.Option(help="The CSV that you have just exported from Canvas's gradebook."),
]


RosterArgument = Annotated[
    Path,
    typer.Argument(help="A gradebook exported from Canvas, or a list of people."),
]
UserNameOption = Annotated[
    Literal["login", "local", "sis", "email"],
    typer.Option(
        "--user-name",
        help="What students are called here and on the hub: their login, the part of "
        "the login before the @ (local), their SIS id, or their e-mail address.",
    ),
]


@canvas.command("roster")
def roster(
    context: typer.Context,
    file: RosterArgument,
    *,
    user_name: UserNameOption = "login",
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Drop nobody, even if the file leaves them out."),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Bring students from Canvas into the gradebook: names, e-mail, ids, login.

    The file is what *Grades > Export* gives, or any CSV with a name and one of ID,
    SIS ID, Login ID, Email. You see who would be added, changed and dropped, and are
    asked first. **A student with work is never dropped**, nor is one whom the file may
    mean but does not identify clearly.
    """
    from unrolled.canvas import apply_roster, plan_roster
    from unrolled.report import show_progress
    from unrolled.report.canvas import render_roster

    course = open_course(context)
    refuse = _make_name_check(course)
    plan = plan_roster(course, file, user_name, keep=keep, refuse=refuse)
    (err if as_json else out).print(render_roster(plan))
    idle = dry_run or plan.empty
    applied = not idle and ask_to_confirm("Write this into the gradebook?", yes=yes)
    if applied:
        with show_progress(err, "roster") as step:
            apply_roster(course, plan, step)
    if as_json:
        print_json({"applied": applied} | plan.as_dict())
    elif applied:
        out.print("written; the old gradebook is in build/backups/")
        _update_hub(course)


def _make_name_check(course: Course) -> Callable[[str], str]:
    """Why a hub could not take a new student; without a hub every name will do."""
    from unrolled.hub.members import explain_no_account, has_hub

    if not has_hub(course, os.environ):
        return lambda name: ""
    return partial(explain_no_account, course)


def _update_hub(course: Course) -> None:
    """Let the hub know who may sign in; without a hub there is nothing to say."""
    from unrolled.hub import enroll_students, sync_hub

    changes = sync_hub(course, enroll_students(course))
    if changes is None:
        return
    for change, names in (
        ("may sign in now", changes.added),
        ("are no longer members", changes.removed),
        ("cannot have an account (names: a-z, 0-9, - and _)", changes.impossible),
    ):
        if names:
            out.print(f"hub: {change}: {', '.join(names)}", markup=False)


@canvas.command("export")
def canvas_export(
    context: typer.Context,
    assignments: Names = None,
    *,
    template: Template = None,
    to: OutFile = Path("canvas.csv"),
    new: New = False,
    allow_lower: AllowLower = False,
    scale: Scale = False,
    dry_run: DryRun = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write a CSV for Canvas's gradebook that cannot import a wrong grade.

    Best used with `--template`: only our columns of your own export are filled in, with
    the points after the late penalty. It says what is left out, and why: without
    `--allow-lower`, grades that are higher in Canvas; without `--scale`, assignments
    that are worth other points in Canvas (exit code 1). Before the file is written, a
    model of Canvas's importer reads it, as `canvas check` does.
    """
    from unrolled.canvas import ExportOptions, export_canvas

    plan = export_canvas(
        course := open_course(context),
        select_assignments(course, assignments),
        template,
        to,
        options=ExportOptions(allow_lower=allow_lower, scale=scale),
        force=force,
        dry_run=dry_run,
    )
    print_result(asdict(plan), Text(plan.as_text()), as_json=as_json)
    if not as_json:
        done = "nothing was written (--dry-run)" if dry_run else f"written: {to}"
        err.print(Text(done))
    compared = template is not None or new or _warn_uncompared(plan)
    raise typer.Exit(0 if compared and not plan.unscaled else 1)


def _warn_uncompared(plan: ExportPlan) -> bool:
    """Say that nobody has compared the scale of grades; True if there are none."""
    from unrolled.canvas.grades_csv.export import ALL_NEW, UNCOMPARED

    if plan.filled:
        err.print(Text(f"{UNCOMPARED} Or say --new, if {ALL_NEW}."))
    return not plan.filled


@canvas.command("check")
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Any CSV meant for Canvas's gradebook.")],
    *,
    template: Template = None,
    scale: Annotated[
        bool,
        typer.Option(
            "--scale",
            help="The file was written with `export --scale`: accept that points in "
            "course.toml differ from those in Canvas.",
        ),
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also list the cells that change nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what Canvas would do with a gradebook CSV, cell by cell.

    With `--template`, a fresh export, it knows the present grades and shows new, higher
    and lower scores, cleared grades, ignored rows, new columns, and notes that would be
    emptied. It needs no course folder and sends nothing anywhere. In a course folder it
    also compares the points of `course.toml` with those in Canvas. Exit code 1 if
    Canvas would refuse the file, lower or clear a grade, replace a text, add a column,
    or get grades on another scale.
    """
    from unrolled.canvas import check_file
    from unrolled.course import load_course
    from unrolled.course.model import find_course_folder
    from unrolled.report.canvas import render_check

    start = context.obj or Path.cwd()
    folder = find_course_folder(Path(start).resolve())
    course = load_course(folder) if folder else None
    report = check_file(file, template, course, scaled=scale)
    view = render_check(report, everything=everything)
    print_result(report.as_dict(), view, as_json=as_json)
    raise typer.Exit(0 if report.safe else 1)


@canvas.command("cartridge")
def cartridge(
    context: typer.Context,
    *,
    to: OutFile = Path("course.imscc"),
    dry_run: DryRun = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write the course as a file for Canvas: modules, assignments, pages.

    Titles, dates and points come from `course.toml`. The pages are the syllabus, how to
    hand in, and an overview of each lesson. In Canvas, use *Settings > Import Course
    Content > Canvas Course Export Package*. After a change, import a new file: what
    exists in Canvas is updated, not doubled. With `hub` under `[canvas]` in
    course.toml, the texts link to the hub.
    """
    from unrolled.canvas import make_cartridge
    from unrolled.report.canvas import render_cartridge

    course = open_course(context)
    report = make_cartridge(course, to, force=force, dry_run=dry_run)
    print_result(asdict(report), render_cartridge(report), as_json=as_json)


CommentOption = Annotated[
    str, typer.Option(help="Also add this comment to every submission, once.")
]
Feedback = Annotated[
    bool, typer.Option("--feedback", help="Also attach the feedback pages, once.")
]
Trial = Annotated[
    str,
    typer.Option(
        metavar="STUDENT",
        help="A first try: send only the grades of this student, and send them to "
        "Canvas's Test Student.",
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        help="The file with the access token, mode 600. Default: the environment "
        "variable CANVAS_TOKEN, or else canvas.token in the course folder. The token "
        "itself is never an option."
    ),
]


@canvas.command()
def push(
    context: typer.Context,
    assignments: Names = None,
    *,
    comment: CommentOption = "",
    feedback: Feedback = False,
    allow_lower: AllowLower = False,
    scale: Scale = False,
    trial: Trial = "",
    token_file: TokenFile = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Send grades to Canvas over its REST API, and check that they arrived.

    The rules are those of `canvas export`. You see the differences and are asked first.
    Afterwards every grade is read back; **exit code 1 if Canvas has a different one**.
    Whatever happens, it says what was sent. If it stops half-way, run it again: no
    comment or file is ever sent twice (`canvas-records/sent.jsonl` is the record).

    What Canvas would not accept is left out, and you are told: closed grading periods;
    moderated, group and anonymous assignments; students without the assignment. You
    are also told which grades students cannot see until you post them.

    Needs `[canvas]` with `url` and `course` in course.toml, and an access token.
    """
    from unrolled.canvas.api.push import PushOptions

    options = PushOptions(
        allow_lower=allow_lower,
        comment=comment.strip(),
        feedback=feedback,
        scale=scale,
        trial=trial,
    )
    how = {"dry_run": dry_run, "yes": yes, "as_json": as_json}
    raise typer.Exit(_send_grades(context, assignments, options, token_file, **how))


def _send_grades(
    context: typer.Context,
    assignments: list[str] | None,
    options: PushOptions,
    token_file: Path | None,
    **how: bool,
) -> int:
    """Open the course and push; the exit code."""
    from unrolled.cli.canvas_push import run_push

    course = open_course(context)
    names = select_assignments(course, assignments)
    return run_push(course, names, options, token_file, **how)

"""`unrolled canvas push`: options only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from unrolled.canvas.api import read_token
from unrolled.canvas.api.course import CourseConnection, connect
from unrolled.canvas.api.push import (
    PushOptions,
    PushPlan,
    PushReport,
    SentCounts,
    count_unsent,
    is_unchanged,
    plan_push,
    push_grades,
)
from unrolled.cli.canvas import AllowLower, DryRun, Scale, Yes, ask_to_confirm
from unrolled.cli.shared import (
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
from unrolled.report import show_progress
from unrolled.report.canvas import (
    render_push_plan,
    render_push_report,
    render_stopped_push,
)


def run_push(
    course: Course,
    names: Sequence[str],
    wish: PushOptions,
    token_file: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """The whole of it; the exit code. Raises CanvasFailedError, UserError."""
    token = read_token(course, token_file)
    with show_progress(err, "read Canvas") as step:
        remote = connect(course.canvas, token)
        plan = plan_push(course, remote, names, wish, step)
    left = count_unsent(course, remote, plan)
    console = err if as_json else out
    console.print(render_push_plan(plan, left))
    report = None
    wanted = not dry_run and bool(plan.grades.changed or left)
    if wanted and ask_to_confirm("Send this to Canvas?", yes):
        if not yes:
            _refuse_change(plan, plan_push(course, remote, names, wish))
        tally = SentCounts()
        try:
            report = _send(course, remote, plan, tally)
        except BaseException:  # also Ctrl-C: what has left is said in any case
            console.print(render_stopped_push(tally, len(plan.grades.changed), left))
            if as_json:
                print_json({"stopped": asdict(tally), "plan": plan.grades.as_dict()})
            raise
        console.print(render_push_report(report))
    if as_json:
        sent = report.as_dict() if report else None
        print_json({"sent": sent, "plan": plan.grades.as_dict()})
    return 1 if plan.grades.unscaled or (report and report.wrong) else 0


def _send(
    course: Course, remote: CourseConnection, plan: PushPlan, tally: SentCounts
) -> PushReport:
    with show_progress(err, "push") as step:
        return push_grades(course, remote, plan, step, tally)


def _refuse_change(shown: PushPlan, fresh: PushPlan) -> None:
    """What was agreed to is sent, or nothing."""
    if not is_unchanged(shown, fresh):
        raise UserError("grades have changed meanwhile: run it again and look.")


def push(
    context: typer.Context,
    assignments: Names = None,
    comment: Annotated[
        str, typer.Option(help="Also write this on every submission, once.")
    ] = "",
    feedback: Annotated[
        bool, typer.Option("--feedback", help="Also attach the feedback pages, once.")
    ] = False,
    allow_lower: AllowLower = False,
    scale: Scale = False,
    trial: Annotated[
        str,
        typer.Option(
            "--trial",
            metavar="STUDENT",
            help="A first try: send only what this student has, and send it to "
            "Canvas's Test Student.",
        ),
    ] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="The file with the access token, mode 600; else the environment's "
            "CANVAS_TOKEN, else canvas.token in the course folder. The token itself "
            "is never an option."
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Send grades to Canvas over its REST API, and prove that they arrived.

    The same plan as `canvas export`: only what is ready, nothing lowered unless you say
    `--allow-lower`, nothing cleared, nothing on another scale. First the difference is
    shown (in Canvas, becomes), then you are asked. Afterwards every grade is read back
    and compared; **exit 1 if Canvas has another one**. Whatever happens, it says what
    was sent. If it stops half-way, run it again: grades that arrived are not sent
    again, and no comment or file is ever sent twice (`canvas-records/sent.jsonl` keeps
    account).

    What Canvas would not take is left out and said before you are asked, and after:
    closed grading periods, moderated, group and anonymous assignments, students to whom
    an assignment is not assigned. So is what students do not see before you post it.

    Needs `[canvas]` with `url` and `course` in course.toml, and an access token.
    """
    from unrolled.canvas.api.http import CanvasFailedError

    course = open_course(context)
    names = select_assignments(course, assignments)
    wish = PushOptions(allow_lower, comment.strip(), feedback, scale, trial)
    try:
        code = run_push(course, names, wish, token_file, dry_run, yes, as_json)
    except CanvasFailedError as error:
        err.print(Text.assemble(("unrolled:", "bold red"), f" {error}"), soft_wrap=True)
        raise typer.Exit(1) from None
    raise typer.Exit(code)

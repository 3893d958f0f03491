"""`unrolled canvas push`: options only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from unrolled.canvas.api import read_token
from unrolled.canvas.api.course import connect
from unrolled.canvas.api.push import (
    PushOptions,
    PushPlan,
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
    options: PushOptions,
    token_file: Path | None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Plan, show, ask, send; the exit code. Raises CanvasFailedError, UserError."""
    token = read_token(course, token_file)
    with show_progress(err, "read Canvas") as step:
        remote = connect(course.canvas, token)
        plan = plan_push(course, remote, names, options, step=step)
    unsent = count_unsent(course, remote, plan)
    console = err if as_json else out
    console.print(render_push_plan(plan, unsent))
    report = None
    idle = dry_run or not (plan.grades.changed or unsent)
    if not idle and ask_to_confirm("Send this to Canvas?", yes=yes):
        if not yes:  # time has passed: what was agreed to is sent, or nothing
            _refuse_change(plan, plan_push(course, remote, names, options))
        tally = SentCounts()
        try:
            with show_progress(err, "push") as step:
                report = push_grades(course, remote, plan, step=step, tally=tally)
        except BaseException:  # also Ctrl-C: say in any case what was sent
            console.print(render_stopped_push(tally, len(plan.grades.changed), unsent))
            if as_json:
                print_json({"stopped": asdict(tally), "plan": plan.grades.as_dict()})
            raise
        console.print(render_push_report(report))
    if as_json:
        sent = report.as_dict() if report else None
        print_json({"sent": sent, "plan": plan.grades.as_dict()})
    return 1 if plan.grades.unscaled or (report and report.wrong) else 0


def _refuse_change(shown: PushPlan, fresh: PushPlan) -> None:
    if not is_unchanged(shown, fresh):
        raise UserError(
            "nothing was sent: grades have changed since they were shown. Run the "
            "command again."
        )


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
    course = open_course(context)
    names = select_assignments(course, assignments)
    options = PushOptions(
        allow_lower=allow_lower,
        comment=comment.strip(),
        feedback=feedback,
        scale=scale,
        trial=trial,
    )
    code = run_push(
        course, names, options, token_file, dry_run=dry_run, yes=yes, as_json=as_json
    )
    raise typer.Exit(code)

"""What `unrolled canvas push` does, once its options are read: show, ask, send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from unrolled.canvas.api import connect, read_token
from unrolled.canvas.api.push import (
    PushOptions,
    PushPlan,
    SentCounts,
    count_unsent,
    is_unchanged,
    plan_push,
    push_grades,
)
from unrolled.cli.shared import ask_to_confirm, err, out, print_json
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
                print_json({"stopped": asdict(tally), "plan": asdict(plan.grades)})
            raise
        console.print(render_push_report(report))
    if as_json:
        sent = asdict(report) if report else None
        print_json({"sent": sent, "plan": asdict(plan.grades)})
    return 1 if plan.grades.unscaled or (report and report.wrong) else 0


def _refuse_change(shown: PushPlan, fresh: PushPlan) -> None:
    if not is_unchanged(shown, fresh):
        raise UserError(
            "nothing was sent: grades have changed since they were shown. Run the "
            "command again."
        )

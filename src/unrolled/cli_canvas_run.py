"""A push from the first look to the proof: planned, shown, asked for, sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from unrolled.canvas.push import (
    PushPlan,
    PushReport,
    Tally,
    Wish,
    plan_push,
    push,
    unchanged_since,
    unsent,
)
from unrolled.canvas.rest import Remote, connect
from unrolled.canvas.token import read_token
from unrolled.cli_canvas import agreed
from unrolled.cli_common import err, out, print_json
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.report.canvas import push_view, pushed_view, stopped_view
from unrolled.report.progress import counted


def run_push(
    course: Course,
    names: Sequence[str],
    wish: Wish,
    token_file: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """The whole of it; the exit code. Raises CanvasFailedError, UserError."""
    token = read_token(course, token_file)
    with counted(err, "read Canvas") as step:
        remote = connect(course.canvas, token)
        plan = plan_push(course, remote, names, wish, step)
    left = unsent(course, remote, plan)
    console = err if as_json else out
    console.print(push_view(plan, left))
    report = None
    wanted = not dry_run and bool(plan.grades.changed or left)
    if wanted and agreed("Send this to Canvas?", yes):
        if not yes:
            _refuse_change(plan, plan_push(course, remote, names, wish))
        tally = Tally()
        try:
            report = _send(course, remote, plan, tally)
        except BaseException:  # also Ctrl-C: what has left is said in any case
            console.print(stopped_view(tally, len(plan.grades.changed), left))
            if as_json:
                print_json({"stopped": asdict(tally), "plan": plan.grades.as_dict()})
            raise
        console.print(pushed_view(report))
    if as_json:
        sent = report.as_dict() if report else None
        print_json({"sent": sent, "plan": plan.grades.as_dict()})
    return 1 if plan.grades.unscaled or (report and report.wrong) else 0


def _send(course: Course, remote: Remote, plan: PushPlan, tally: Tally) -> PushReport:
    with counted(err, "push") as step:
        return push(course, remote, plan, step, tally)


def _refuse_change(shown: PushPlan, fresh: PushPlan) -> None:
    """What was agreed to is sent, or nothing."""
    if not unchanged_since(shown, fresh):
        raise UserError("grades have changed meanwhile: run it again and look.")

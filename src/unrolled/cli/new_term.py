"""The command `unrolled new-term`: options only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unrolled.cli.canvas import DryRun, Yes
from unrolled.cli.shared import ask_to_confirm, err, open_course, out


def new_term(
    context: typer.Context,
    *,
    exchange: Annotated[
        Path | None,
        typer.Option(
            help="The folder of nbgrader's exchange. Not needed on a hub, which knows "
            "it."
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Prepare the course for a new term; nothing is deleted.

    Students, submissions, grades, feedback and the course secret move to build/terms/.
    Lessons, dates and notebooks stay. You see what would move and are asked first.
    Before you run it, change the dates in course.toml and send the last grades to
    Canvas.
    """
    from unrolled.new_term import begin_term, find_exchange, plan_term

    course = open_course(context)
    plan = plan_term(course, exchange or find_exchange())
    for move in plan.moves:
        out.print(f"{move.old} -> {move.new}", markup=False)
    if not plan.moves:
        out.print("There is nothing to move: no term has begun here.")
    elif not dry_run and ask_to_confirm("Move all this and begin a new term?", yes=yes):
        changes = begin_term(course, plan)
        if changes is not None:
            err.print(f"hub: {len(changes.removed)} students are no longer members.")
        line = f"The new term has begun. The last term is in {plan.folder}"
        out.print(line, markup=False)

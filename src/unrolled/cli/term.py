"""The command `unrolled new-term`: options only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unrolled.cli.canvas import DryRun, Yes, ask_to_confirm
from unrolled.cli.shared import err, open_course, out


def new_term(
    context: typer.Context,
    exchange: Annotated[
        Path | None,
        typer.Option(
            help="nbgrader's exchange, if students have one; a hub tells it itself."
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Set the course back for a new term; nothing is deleted.

    Students, hand-ins, grades, feedback and the course secret move to build/terms/;
    lessons, dates and notebooks stay. It shows what would move, and asks.
    Before: change the dates in course.toml, and bring the last grades to Canvas.
    """
    from unrolled.term import begin_term, find_exchange, plan_term

    course = open_course(context)
    plan = plan_term(course, exchange or find_exchange())
    for move in plan.moves:
        out.print(f"{move.old} -> {move.new}", markup=False, soft_wrap=True)
    if not plan.moves:
        out.print("There is nothing of an earlier term here.")
    elif not dry_run and ask_to_confirm("Move all this and begin a new term?", yes):
        told = begin_term(course, plan)
        if told is not None:
            err.print(f"the hub: {len(told.removed)} students are no longer members.")
        out.print(f"A new term begins. The last one: {plan.folder}", soft_wrap=True)

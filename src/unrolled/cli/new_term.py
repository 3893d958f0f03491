"""The commands `handout`, `new-term`, and `similar`, which looks at past terms, too."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from unrolled.cli.canvas import DryRun, Yes
from unrolled.cli.class_results import (
    HIDDEN,
    Compare,
    Folder,
    HideNames,
    compare_failures,
    write_page,
)
from unrolled.cli.grading import AllowWeak, AssignmentName, Jobs
from unrolled.cli.shared import (
    Force,
    Json,
    ask_to_confirm,
    err,
    open_course,
    out,
    print_result,
    select_assignments,
)


def handout(
    context: typer.Context,
    assignments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ASSIGNMENT",
            help="Folder names. Default: all whose release date has passed.",
        ),
    ] = None,
    *,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="The zip file. Default: COURSE-handout.zip."),
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Make one zip for students who work on their own computers.

    It holds the released notebooks and their data, a wheel with what they import, the
    exact versions, start scripts for Windows, macOS and Linux, and a page with
    instructions. **Never give students a clone of the course**: it contains solutions
    and hidden tests. The zip is byte for byte the same wherever it is made. An earlier
    handout is replaced, any other file only with `--force`.
    """
    from unrolled.handout import list_released, make_handout

    course = open_course(context)
    now = datetime.now(UTC)
    names = (
        select_assignments(course, assignments)
        if assignments
        else list_released(course, now)
    )
    path = to or Path(f"{course.id}-handout.zip")
    report = make_handout(course, names, path, now, force=force)
    print_result(asdict(report), Text(report.as_text()), as_json=as_json)


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


Also = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="DIR",
        help="Compare with the submissions in this folder, too: of another term, or "
        "group. Repeat the option for several.",
    ),
]
PairCount = Annotated[
    int, typer.Option("--pairs", min=1, help="How many pairs are shown.")
]


def similar(
    context: typer.Context,
    assignment: AssignmentName,
    *,
    also: Also = None,
    pairs: PairCount = 20,
    compare: Compare = False,
    hide_names: HideNames = False,
    out_folder: Folder = None,
    jobs: Jobs = None,
    allow_weak: AllowWeak = False,
    as_json: Json = False,
) -> None:
    """Show which submissions are more alike than the class explains.

    Compares what students wrote, and the mistakes that grading found: other names of
    variables, comments, prints and another order do not count, and what many share
    weighs little. Earlier terms that `unrolled new-term` moved aside are compared, too.
    Prints the pairs, and writes a page with both sides beside each other. **A score is
    a reason to look and to talk, and no finding.** No score changes, and nothing that
    students wrote is run, but for `--compare`.
    """
    select_assignments(course := open_course(context), [assignment])
    if compare:
        compare_failures(course, assignment, jobs, allow_weak=allow_weak)
    from unrolled import similar as alike
    from unrolled.report import show_progress
    from unrolled.report.similar import render_pairs

    with show_progress(err, f"read {assignment}") as step:
        found = alike.build_similar_report(
            course, assignment, also=also or (), shown=pairs, step=step
        )
    found = alike.hide_pair_names(found) if hide_names else found
    print_result(found.as_dict(), render_pairs(found), as_json=as_json)
    if not as_json:
        folder = out_folder or course.build / "class_report"
        name = f"{assignment}.similar{HIDDEN if hide_names else ''}.html"
        write_page(folder / name, alike.render_pairs_page(found))

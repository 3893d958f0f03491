"""The commands of graders: grade, feedback, doctor, worker."""

from __future__ import annotations

from typing import Annotated

import typer

from unrolled.cli.shared import (
    Force,
    Json,
    err,
    open_course,
    out,
    print_json,
    print_report,
    select_assignments,
)
from unrolled.errors import UserError
from unrolled.report.progress import ProgressStyle

Progress = Annotated[
    ProgressStyle,
    typer.Option(
        help="On standard error: a bar, or a line of JSON for each submission."
    ),
]


def grade(
    context: typer.Context,
    assignment: Annotated[str, typer.Argument(help="For example 02_forward_pass.")],
    student: Annotated[
        list[str] | None, typer.Option(help="Only this student; may be repeated.")
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Grade again what is graded; the last result stays until the new "
            "one is complete.",
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(help="Submissions at once; all processors if not given.", min=1),
    ] = None,
    allow_weak: Annotated[
        bool,
        typer.Option("--allow-weak", help="Grade without a sandbox, at your own risk."),
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Grade on the workers of this Dask scheduler (tcp://host:8786); "
            "`unrolled worker` makes a machine one.",
        ),
    ] = None,
    show: Annotated[
        bool,
        typer.Option(
            "--show",
            help="With --student: open what is wrong with this one submission, and "
            "how to mend it.",
        ),
    ] = False,
    progress: Progress = ProgressStyle.BAR,
    as_json: Json = False,
) -> None:
    """Grade all submissions of an assignment into nbgrader's gradebook.

    All processors work at once, each on a submission of its own, in a sandbox.
    What has not changed is not graded again; a run that was killed goes on where it
    stopped. A submission that cannot be graded is listed with its reason and never
    stops the others; exit 1 if there is one.
    """
    from unrolled.grade import diagnose, list_submitted_students
    from unrolled.grade import grade as work
    from unrolled.report.diagnosis import render_diagnosis
    from unrolled.report.progress import has_bar, print_grading, show_grading
    from unrolled.report.tables import render_grades

    course = open_course(context)
    select_assignments(course, [assignment])
    if show and len(student or ()) != 1:
        raise UserError("--show opens one submission: name it with --student.")
    total = len(student or list_submitted_students(course, assignment))
    lines = progress is ProgressStyle.LINES
    if not (lines or has_bar(err)):
        err.print(f"grading {total} of {assignment}; first the sandbox is tried ...")
    watched = print_grading(total) if lines else show_grading(err, assignment, total)
    with watched as step:
        report = work(
            course,
            assignment,
            student or (),
            force=force,
            progress=step,
            jobs=jobs,
            allow_weak=allow_weak,
            scheduler=scheduler,
        )
    if show:
        print_report(diagnose(course, report), render_diagnosis, as_json=as_json)
    else:
        print_report(report, render_grades, as_json=as_json)
    raise typer.Exit(1 if report.ungraded else 0)


def feedback(
    context: typer.Context,
    assignment: Annotated[str, typer.Argument(help="For example 02_forward_pass.")],
    student: Annotated[
        list[str] | None, typer.Option(help="Only this student; may be repeated.")
    ] = None,
    force: Force = False,
    progress: Progress = ProgressStyle.BAR,
) -> None:
    """Write the feedback pages: which check failed, the message, the hint.

    Hidden tests are left out, unless course.toml opens them.
    """
    from unrolled.feedback import generate_feedback as work
    from unrolled.report.progress import print_progress, show_progress

    course = open_course(context)
    select_assignments(course, [assignment])
    lines = progress is ProgressStyle.LINES
    with (
        print_progress()
        if lines
        else show_progress(err, f"feedback {assignment}") as step
    ):
        pages = work(course, assignment, student or (), force=force, progress=step)
    for page in pages:
        out.print(str(page), markup=False, soft_wrap=True)


def doctor(
    tier: Annotated[
        str | None, typer.Option(help="Only this one: namespaces, landlock or none.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Which protections against untrusted code hold here, found by trying them.

    In each tier, student code tries to reach files, network, processes and its
    siblings, and to take memory, CPU time, disk and output without end. (The tier
    `none`, which isolates nothing, is tried if no other will do, or by its name.)
    Exit 1 if no tier holds the floor: files, network, processes, memory, CPU.
    """
    from unrolled.grade.doctor import run_checkups
    from unrolled.report.doctor import render_checkups
    from unrolled.report.progress import show_steps

    with show_steps(err, "starting the sandbox") as say:
        found = run_checkups(tier, say)
    if as_json:
        print_json([c.as_dict() for c in found])
    else:
        out.print(render_checkups(found))
    raise typer.Exit(0 if any(c.sufficient for c in found) else 1)


def worker(
    scheduler: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="For example tcp://10.0.0.5:8786.")
    ],
    jobs: Annotated[
        int | None,
        typer.Option(help="Submissions at once; all processors if not given.", min=1),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(help="The address to listen on; 127.0.0.1 for this machine only."),
    ] = None,
    allow_weak: Annotated[
        bool,
        typer.Option("--allow-weak", help="Work without a sandbox, at your own risk."),
    ] = False,
) -> None:
    """Make this machine a worker that grades for a Dask scheduler.

    It tries its sandbox first and refuses to work without one. The scheduler is
    Dask's own: `dask scheduler --host 10.0.0.5`. On a cluster it is a worker as any
    other: see docs/grading.md for Slurm and Kubernetes.
    """
    from unrolled.grade.scheduling import serve
    from unrolled.processes import count_processors

    def say(line: str) -> None:
        err.print(line, markup=False, soft_wrap=True)

    count = jobs or count_processors()
    serve(scheduler, count, host, allow_weak=allow_weak, say=say)

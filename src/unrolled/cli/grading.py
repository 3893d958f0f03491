"""The commands of graders: grade, feedback, extend, doctor, worker."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unrolled.cli.shared import (
    Force,
    Json,
    ask_to_confirm,
    err,
    open_course,
    out,
    print_json,
    print_result,
    select_assignments,
)
from unrolled.errors import UserError
from unrolled.report.progress import ProgressStyle

if TYPE_CHECKING:
    from unrolled.course import Course
    from unrolled.deadlines import ExtendReport
    from unrolled.grade import GradeReport, SubmissionResult

AssignmentName = Annotated[str, typer.Argument(help="For example 02_forward_pass.")]
Students = Annotated[
    list[str] | None,
    typer.Option(help="Only this student. Repeat the option for several students."),
]
Regrade = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Grade submissions again even if they have not changed. The old result "
        "is kept until the new one is complete.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        help="How many submissions to grade at once. Default: one for each processor.",
        min=1,
    ),
]
AllowWeak = Annotated[
    bool,
    typer.Option(
        "--allow-weak",
        help="Grade without a sandbox. Student code can then harm this machine.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Grade on the workers of this Dask scheduler (tcp://host:8786). "
        "`unrolled worker` turns a machine into a worker.",
    ),
]
Show = Annotated[
    bool,
    typer.Option(
        "--show",
        help="With --student: show what is wrong with the work and how to fix it.",
    ),
]
ExtendedStudents = Annotated[
    str | None,
    typer.Argument(
        help="An account; several with commas; or @FILE with one on each line."
    ),
]
Until = Annotated[
    str | None,
    typer.Argument(
        help="2027-03-20 (to its last minute), '2027-03-20 18:00', or after the "
        "class's due date: +2d, +12h."
    ),
]
Why = Annotated[
    str, typer.Option(help="The reason, for the list; students do not see it.")
]
ListExtensions = Annotated[
    bool,
    typer.Option(
        "--list",
        help="Show the extensions that stand, of all or of a student or an assignment.",
    ),
]
Remove = Annotated[
    bool,
    typer.Option("--remove", help="Take it back: the class's due date counts again."),
]
FromCanvas = Annotated[
    str | None,
    typer.Option(
        "--from-canvas",
        metavar="ASSIGNMENT",
        help="Take over the due dates that single students have in Canvas.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="With --from-canvas: do not ask.")]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Show what would change, and write nothing."),
]
Progress = Annotated[
    ProgressStyle,
    typer.Option(
        help="Progress on standard error: a bar, or one line of JSON for each "
        "submission."
    ),
]


def grade(
    context: typer.Context,
    assignment: AssignmentName,
    *,
    student: Students = None,
    force: Regrade = False,
    jobs: Jobs = None,
    allow_weak: AllowWeak = False,
    scheduler: Scheduler = None,
    show: Show = False,
    progress: Progress = "bar",
    as_json: Json = False,
) -> None:
    """Grade all submissions of an assignment into nbgrader's gradebook.

    Each submission runs in a sandbox of its own, many at once. What has not changed is
    not graded again, and a run that was killed continues where it stopped. Exit code 1
    if a submission cannot be graded: it is listed with the reason, the others go on.
    """
    course = open_course(context)
    select_assignments(course, [assignment])
    from unrolled.grade import grade as grade_submissions  # slow: nothing is mistyped
    from unrolled.grade import list_submitted_students

    if show and len(student or ()) != 1:
        raise UserError("--show opens one submission: name its student with --student.")
    total = len(student or list_submitted_students(course, assignment))
    with _watch_grading(assignment, total, progress) as step:
        report = grade_submissions(
            course,
            assignment,
            student or (),
            force=force,
            progress=step,
            jobs=jobs,
            allow_weak=allow_weak,
            scheduler=scheduler,
        )
    _print_grades(course, report, show=show, as_json=as_json)
    raise typer.Exit(1 if report.ungraded else 0)


def _watch_grading(
    assignment: str, total: int, style: ProgressStyle
) -> AbstractContextManager[Callable[[SubmissionResult], None]]:
    from unrolled.report import has_bar, print_grading, show_grading

    if style == "lines":
        return print_grading(total)
    if not has_bar(err):  # else the bar says it
        err.print(f"grading {total} of {assignment}; testing the sandbox first ...")
    return show_grading(err, assignment, total)


def _print_grades(
    course: Course, report: GradeReport, *, show: bool, as_json: bool
) -> None:
    """All results, or with `show` what is wrong with the only one."""
    from unrolled.grade import inspect_result
    from unrolled.report.tables import render_grades, render_inspection

    if show:
        inspection = inspect_result(course, report)
        view = render_inspection(inspection)
        print_result(asdict(inspection), view, as_json=as_json)
    else:
        print_result(asdict(report), render_grades(report), as_json=as_json)


def feedback(
    context: typer.Context,
    assignment: AssignmentName,
    *,
    student: Students = None,
    force: Force = False,
    progress: Progress = "bar",
    as_json: Json = False,
) -> None:
    """Write the feedback pages: each mistake once, with its hint and what it cost.

    Hidden tests are left out unless course.toml makes them visible. `--json` prints
    what the pages say.
    """
    from unrolled.feedback import generate_feedback, read_feedback
    from unrolled.report import print_progress, show_progress

    course = open_course(context)
    select_assignments(course, [assignment])
    watched = (
        print_progress()
        if progress == "lines"
        else show_progress(err, f"feedback {assignment}")
    )
    with watched as step:
        pages = generate_feedback(
            course, assignment, student or (), force=force, progress=step
        )
    if as_json:
        said = read_feedback(course, assignment, student or ())
        print_json([one.as_dict() for one in said])
        return
    for page in pages:
        out.print(str(page), markup=False)


def extend(
    context: typer.Context,
    student: ExtendedStudents = None,
    assignment: Annotated[str | None, typer.Argument()] = None,
    until: Until = None,
    *,
    why: Why = "",
    show: ListExtensions = False,
    remove: Remove = False,
    from_canvas: FromCanvas = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give a student more time, before or after the work is handed in.

    The late penalty of graded work follows at once, in stock nbgrader, too. The list is
    `extensions.csv` in the course folder, with who gave what, when and why.
    """
    course = open_course(context)
    if show:
        _list_extensions(course, (student, assignment, until), as_json=as_json)
    elif from_canvas:
        _extend_from_canvas(
            course, from_canvas, yes=yes, dry_run=dry_run, as_json=as_json
        )
    elif not student or not assignment or (until is None) != remove:
        raise UserError(
            "give STUDENT, ASSIGNMENT and UNTIL, or STUDENT, ASSIGNMENT and --remove."
        )
    else:
        select_assignments(course, [assignment])
        from unrolled.deadlines import extend_deadlines

        report = extend_deadlines(
            course, assignment, _read_names(student), until, why=why, dry_run=dry_run
        )
        if not dry_run:
            _tell_students(course)
        _print_extend(course, report, as_json=as_json)


def _list_extensions(
    course: Course, words: Iterable[str | None], *, as_json: bool
) -> None:
    from unrolled.deadlines import list_extensions
    from unrolled.report.extensions import render_extensions

    entries = list_extensions(course, filter(None, words))
    document = {"extensions": [asdict(entry) for entry in entries]}
    view = render_extensions(entries, course.timezone)
    print_result(document, view, as_json=as_json)


def _print_extend(course: Course, report: ExtendReport, *, as_json: bool) -> None:
    from unrolled.report.extensions import render_extend

    view = render_extend(report, course.timezone)
    print_result(report.as_dict(), view, as_json=as_json)


def _extend_from_canvas(
    course: Course, assignment: str, *, yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Show what Canvas has, ask, take it over."""
    from unrolled.canvas.api import connect, read_token
    from unrolled.canvas.api.overrides import (
        apply_canvas_extensions,
        read_canvas_extensions,
    )
    from unrolled.report.extensions import render_extend

    select_assignments(course, [assignment])
    remote = connect(course.canvas, read_token(course, None))
    there = read_canvas_extensions(course, remote, assignment)
    report = apply_canvas_extensions(course, there, dry_run=True)
    for line in there.left_out:
        err.print(f"left out: {line}", markup=False)
    if there.extensions and not dry_run:
        err.print(render_extend(report, course.timezone))
        if not ask_to_confirm("Take this over?", yes=yes):
            return
        report = apply_canvas_extensions(course, there, dry_run=False)
        _tell_students(course)
    _print_extend(course, report, as_json=as_json)


def _tell_students(course: Course) -> None:
    """Put own deadlines where students' pages look, and say whom that cannot reach."""
    from unrolled.course.exchange import find_exchange_folder
    from unrolled.deadlines import publish_own_dates

    unreached = publish_own_dates(course, find_exchange_folder(course))
    if unreached:
        err.print(
            f"On the course page {', '.join(unreached)} will not see this: no account, "
            "or the exchange's disk keeps no access lists. Tell them.",
            markup=False,
        )


def _read_names(text: str) -> list[str]:
    """The accounts that are named, or that stand in the @FILE that is."""
    if text.startswith("@"):
        path = Path(text[1:])
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: cannot be read: {error}.") from error
    names = [name.strip() for name in re.split(r"[,\n]", text)]
    names = [name for name in names if name and not name.startswith("#")]
    if not names:
        raise UserError("nobody is named.")
    return names


def doctor(
    tier: Annotated[
        str | None,
        typer.Option(help="Test only this tier: namespaces, landlock or none."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Test which protections against untrusted code work on this machine.

    In each sandbox tier, student code tries to reach files, the network, other
    processes and its siblings, and to use memory, CPU time, disk and output without
    limit. (The tier `none`, which isolates nothing, is tested only if no other works
    or if you name it.) Exit code 1 if no tier gives the minimum: files, network,
    processes, memory, CPU.
    """
    from unrolled.grade.doctor import run_checkups
    from unrolled.report.progress import show_steps
    from unrolled.report.tables import render_checkups

    with show_steps(err, "starting the sandbox") as say:
        checkups = run_checkups(tier, say)
    document = [checkup.as_dict() for checkup in checkups]
    print_result(document, render_checkups(checkups), as_json=as_json)
    raise typer.Exit(0 if any(c.sufficient for c in checkups) else 1)


def worker(
    scheduler: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="For example tcp://10.0.0.5:8786.")
    ],
    *,
    jobs: Jobs = None,
    host: Annotated[
        str | None,
        typer.Option(
            help="The address to listen on; 127.0.0.1 accepts only this machine."
        ),
    ] = None,
    allow_weak: AllowWeak = False,
) -> None:
    """Make this machine a worker that grades for a Dask scheduler.

    It tests its sandbox first and refuses to work without one. The scheduler is
    Dask's own: `dask scheduler --host 10.0.0.5`. For Slurm and Kubernetes see
    docs/grading.md.
    """
    from unrolled.grade.scheduling import serve
    from unrolled.processes import count_processors

    def say(line: str) -> None:
        err.print(line, markup=False)

    count = jobs or count_processors()
    serve(scheduler, count, host, allow_weak=allow_weak, say=say)

"""The command line: options only. Each verb's work stands in its own module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from unrolled import __version__
from unrolled.canvas.api import CanvasFailedError
from unrolled.cli.canvas import canvas
from unrolled.cli.class_results import regrade, report
from unrolled.cli.comment import comment
from unrolled.cli.grading import doctor, extend, feedback, grade, worker
from unrolled.cli.hub import hub
from unrolled.cli.new_term import handout, new_term, similar
from unrolled.cli.shared import (
    HELP,
    Force,
    Json,
    Names,
    add_course_option,
    err,
    open_course,
    out,
    print_error,
    print_result,
    select_assignments,
)
from unrolled.errors import UserError
from unrolled.gradebook import explain_gradebook_error, is_gradebook_error

app = typer.Typer(
    name="unrolled",
    help="A course on recurrent networks that grades itself: build, verify, grade.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.add_typer(canvas, name="canvas")
app.add_typer(hub, name="hub")
for command in (
    grade,
    feedback,
    extend,
    report,
    similar,
    regrade,
    comment,
    handout,
    doctor,
    worker,
    new_term,
):
    app.command()(command)


def run() -> None:
    """Run the command; a user's mistake is one line and exit code 2."""
    try:
        add_course_option(app)()
    except UserError as error:
        print_error(str(error))
        raise SystemExit(2) from None
    except CanvasFailedError as error:  # not the user's mistake: a later try may do
        print_error(str(error))
        raise SystemExit(1) from None
    except Exception as error:
        if not is_gradebook_error(error):
            raise
        print_error(explain_gradebook_error(error))
        raise SystemExit(2) from None


def _print_version(*, asked: bool) -> None:
    if asked:
        print(f"unrolled {__version__}")
        raise typer.Exit


UpdateGradebook = Annotated[
    bool,
    typer.Option(
        "--update-gradebook",
        help="Allow checks and questions to be added, removed or renamed although "
        "submissions are graded. Without this option you only see what would change.",
    ),
]
Rename = Annotated[
    list[str] | None,
    typer.Option(
        metavar="OLD=NEW",
        help="A check or question was renamed. Repeat the option for several.",
    ),
]


@app.callback()
def common(
    context: typer.Context,
    *,
    course: Annotated[Path | None, typer.Option(help=HELP)] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Run these commands in the course folder or below it."""
    del version
    context.obj = course


@app.command()
def build(
    context: typer.Context,
    assignments: Names = None,
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing. Exit code 1 if a file is stale."),
    ] = False,
    force: Force = False,
    update_gradebook: UpdateGradebook = False,
    rename: Rename = None,
    as_json: Json = False,
) -> None:
    """Build `source/`, `release/` and `solutions/` from the lesson texts.

    Also registers the assignments in the gradebook, even when all files are up to
    date: a new clone has no gradebook.
    """
    course = open_course(context)
    renames = _parse_renames(rename or [], assignments or [])
    names = select_assignments(course, assignments)
    from unrolled.author import Approval, build_assignments  # slow: nothing is mistyped

    agreed = Approval(force=force, cells=update_gradebook, renames=renames)
    report = build_assignments(course, names, check=check, agreed=agreed)
    print_result(report.as_dict(), Text(report.as_text()), as_json=as_json)
    raise typer.Exit(1 if check and not report.fresh else 0)


def _parse_renames(renames: list[str], assignments: list[str]) -> dict[str, str]:
    """Old and new names; UserError for what is not OLD=NEW of one assignment."""
    if renames and len(assignments) != 1:
        raise UserError("--rename works on one assignment: give its name.")
    pairs = [rename.split("=") for rename in renames]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise UserError("--rename takes OLD=NEW, such as rnn_step_shape=rnn_step_axes.")
    return dict(pairs)


@app.command("import")
def import_(
    context: typer.Context,
    notebook: Annotated[Path, typer.Argument(help="A notebook in source/.")],
    *,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Write the lesson text. The old text is kept as a backup."
        ),
    ] = False,
) -> None:
    """Bring an edit made in Jupyter back into the lesson text.

    Without `--force` it shows what would change and writes nothing.
    """
    from unrolled.author.lesson import import_notebook

    report = import_notebook(
        open_course(context), notebook, force=force, dry_run=not force
    )
    out.print(report.as_text(), markup=False)


Seeds = Annotated[
    int, typer.Option(help="How many seeds to run the hidden tests with.", min=1)
]
Processes = Annotated[
    int | None,
    typer.Option(help="How many processes to use. Default: one per processor.", min=1),
]
OracleTable = Annotated[
    Path | None,
    typer.Option(
        help="Only cross-check the oracles with the independent implementations, and "
        "write the table to this file."
    ),
]


@app.command()
def verify(
    context: typer.Context,
    assignments: Names = None,
    *,
    seeds: Seeds = 20,
    jobs: Processes = None,
    oracles: OracleTable = None,
    as_json: Json = False,
) -> None:
    """Test the tests themselves, through the real grading path.

    The solution gets all automatic points, the untouched release gets none, every
    misconception fails with its own hint, every correct style passes, and what
    the hidden tests expect is computed by two independent implementations. Exit code 1
    if any of this fails.
    """
    from unrolled.author.oracles import write_oracle_table
    from unrolled.author.verify import verify as verify_assignments
    from unrolled.processes import count_processors
    from unrolled.report import show_progress
    from unrolled.report.tables import render_verification

    course = open_course(context)
    names = select_assignments(course, assignments)
    jobs = jobs or count_processors()
    with show_progress(err, "verify") as step:
        if oracles is None:
            report = verify_assignments(
                course, names, seeds=seeds, jobs=jobs, step=step
            )
        else:
            report = write_oracle_table(course, names, oracles, jobs=jobs, step=step)
    print_result(report.as_dict(), render_verification(report), as_json=as_json)
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def demo(
    context: typer.Context,
    *,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Continue with the build/demo/ that exists."),
    ] = False,
) -> None:
    """Play a whole class in `build/demo/`: released, handed in, graded, exported.

    Compares every score with the expected one; exit code 1 if one differs.
    """
    from unrolled.samples import run_demo

    report = run_demo(open_course(context), err, keep=keep)
    out.print(report.table())
    raise typer.Exit(0 if report.passed else 1)


TraceFile = Annotated[
    Path | None,
    typer.Option("--out", help="The file. Default: the one of lesson 07_hardware."),
]
Limit = Annotated[int | None, typer.Option(min=8, help="Leave out larger sizes.")]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads of the CPU. Default: all cores.")
]
ClockOption = Annotated[
    Literal["wall", "cpu"],
    typer.Option(
        help="Wall-clock seconds, or processor seconds (for a shared machine without "
        "a GPU)."
    ),
]


@app.command()
def trace(
    context: typer.Context,
    *,
    to: TraceFile = None,
    repeat: Annotated[
        int, typer.Option(min=1, help="Measured runs of each training step.")
    ] = 9,
    warmup: Annotated[
        int, typer.Option(min=0, help="Unmeasured runs before those.")
    ] = 3,
    limit: Limit = None,
    threads: Threads = None,
    clock: ClockOption = "wall",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Record how long training steps take on this CPU and, if there is one, its GPU.

    Lesson 07_hardware shows this trace. Use a machine that does nothing else. On a GPU
    it also counts the calls of the fused kernel. It takes a few minutes.
    """
    from unrolled.report import show_progress
    from unrolled.trace import record

    course = open_course(context)
    path = (to or record.locate_trace(course)).resolve()
    record.refuse_overwrite(path, force=force)
    settings = record.TraceSettings(
        warmup=warmup, repeat=repeat, limit=limit, threads=threads, clock=clock
    )
    with show_progress(err, "trace") as step:
        names = record.load_lesson_names(course)
        document = record.record_trace(names, settings, step)
    record.write_trace(document, path)
    report = record.TraceReport(document, path)
    print_result(report.as_dict(), Text(report.as_text()), as_json=as_json)
    raise typer.Exit(1 if report.proved is False else 0)


@app.command()
def live(
    context: typer.Context,
    *,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="Default: build/live/cpu_against_gpu.ipynb."),
    ] = None,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse", help="Run it now, without a browser, and write a page."
        ),
    ] = False,
    no_lab: Annotated[
        bool, typer.Option("--no-lab", help="Write the notebook, and start nothing.")
    ] = False,
    force: Force = False,
) -> None:
    """Show Keras on the CPU against the GPU in the lecture: a notebook, two minutes.

    It needs no solved exercise, and runs on a laptop as on a machine with a GPU, which
    it then measures. JupyterLab opens on it; Ctrl-C stops that.
    """
    from unrolled.trace import live as demo

    course = open_course(context)
    notebook = demo.prepare_demo(
        course, (to or course.root / demo.NOTEBOOK).resolve(), force=force
    )
    out.print(Text(str(notebook)), soft_wrap=True)
    if rehearse:
        with err.status("running the demo ..."):
            done = demo.rehearse_demo(notebook)
        out.print(Text(f"{done.page}: {done.seconds:.0f} s"), soft_wrap=True)
    elif not no_lab:
        raise typer.Exit(demo.open_in_lab(notebook))

"""The command line: options only. Each verb's work stands in its own module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from unrolled import __version__
from unrolled.cli.canvas import canvas
from unrolled.cli.canvas_push import push
from unrolled.cli.grading import doctor, feedback, grade, worker
from unrolled.cli.handout import handout
from unrolled.cli.hub import hub
from unrolled.cli.shared import (
    HELP,
    Force,
    Json,
    Names,
    add_course_option,
    err,
    open_course,
    out,
    print_json,
    print_report,
    select_assignments,
)
from unrolled.cli.term import new_term
from unrolled.cli.trace import trace
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
canvas.command()(push)
app.add_typer(canvas, name="canvas")
app.add_typer(hub, name="hub")
for command in (grade, feedback, handout, doctor, worker, trace, new_term):
    app.command()(command)


def run() -> None:
    """Run the command; a user's mistake is one line and exit code 2."""
    try:
        add_course_option(app)()
    except UserError as error:
        _print_error(str(error))
        raise SystemExit(2) from None
    except Exception as error:
        if not is_gradebook_error(error):
            raise
        _print_error(explain_gradebook_error(error))
        raise SystemExit(2) from None


def _print_error(what: str) -> None:
    err.print(Text.assemble(("unrolled:", "bold red"), " ", what), soft_wrap=True)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"unrolled {__version__}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    course: Annotated[Path | None, typer.Option(help=HELP)] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Work in the folder of nbgrader_config.py, or below it."""
    del version
    context.obj = course


@app.command()
def build(
    context: typer.Context,
    assignments: Names = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if a file is stale.")
    ] = False,
    force: Force = False,
    update_gradebook: Annotated[
        bool,
        typer.Option(
            "--update-gradebook",
            help="Checks and questions may come, go and change names although "
            "submissions are graded; without it you are only told what would change.",
        ),
    ] = False,
    rename: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OLD=NEW",
            help="A check or question has another name now; may be repeated.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Lesson texts to `source/`, `release/` and `solutions/`.

    Also registers the assignments in the gradebook, even when all files are fresh: a
    new clone has none.
    """
    from unrolled.author import Approval, build_assignments

    course = open_course(context)
    renames = _parse_renames(rename or [], assignments or [])
    agreed = Approval(force=force, cells=update_gradebook, renames=renames)
    names = select_assignments(course, assignments)
    report = build_assignments(course, names, check=check, agreed=agreed)
    if as_json:
        print_json(report.as_dict())
    else:
        out.print(report.as_text(), markup=False, soft_wrap=True)
    raise typer.Exit(1 if check and not report.fresh else 0)


def _parse_renames(told: list[str], assignments: list[str]) -> dict[str, str]:
    """Old and new names; UserError for what is not OLD=NEW of one assignment."""
    if told and len(assignments) != 1:
        raise UserError("--rename is about one assignment: name it.")
    pairs = [text.split("=") for text in told]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise UserError("--rename takes OLD=NEW, such as rnn_step_shape=rnn_step_axes.")
    return dict(pairs)


@app.command("import")
def import_(
    context: typer.Context,
    notebook: Annotated[Path, typer.Argument(help="A notebook below source/.")],
    force: Annotated[
        bool, typer.Option("--force", help="Write it; the last text is kept.")
    ] = False,
) -> None:
    """Bring an edit made in Jupyter back to the lesson text.

    Without `--force` it shows what would change and writes nothing.
    """
    from unrolled.author.lesson.from_notebook import import_notebook

    report = import_notebook(
        open_course(context), notebook, force=force, dry_run=not force
    )
    out.print(report.as_text(), markup=False, highlight=False, soft_wrap=True)


@app.command()
def verify(
    context: typer.Context,
    assignments: Names = None,
    seeds: Annotated[int, typer.Option(help="Seeds of the hidden tests.", min=1)] = 20,
    jobs: Annotated[
        int | None,
        typer.Option(help="Processes at once; all processors if not given.", min=1),
    ] = None,
    oracles: Annotated[
        Path | None,
        typer.Option(
            help="Only cross-check oracle and witness; write the table there."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove the tests through the real grading path.

    The solution gets all automatic points, the untouched release none, every
    misconception fails with its own hint, every correct style passes, and what the
    hidden tests expect is computed twice. Exit 1 on any miss.
    """
    from unrolled.author.oracles.table import write_oracle_table
    from unrolled.author.verify import verify as work
    from unrolled.processes import count_processors
    from unrolled.report.progress import show_progress
    from unrolled.report.tables import render_verification

    course = open_course(context)
    names = select_assignments(course, assignments)
    jobs = jobs or count_processors()
    with show_progress(err, "verify") as step:
        if oracles is None:
            report = work(course, names, seeds=seeds, jobs=jobs, step=step)
        else:
            report = write_oracle_table(course, names, oracles, jobs=jobs, step=step)
    print_report(report, render_verification, as_json=as_json)
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def demo(
    context: typer.Context,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on in build/demo/ as it is.")
    ] = False,
) -> None:
    """A whole class in `build/demo/`: released, handed in, graded, exported.

    Compares every score with the expected one; exit 1 on a difference.
    """
    from unrolled.samples import run_demo

    report = run_demo(open_course(context), err, keep=keep)
    out.print(report.table())
    raise typer.Exit(0 if report.passed else 1)

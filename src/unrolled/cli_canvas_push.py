"""`unrolled canvas push`: options only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from unrolled.cli_canvas import AllowLower, DryRun, Scale, Yes
from unrolled.cli_common import Json, Names, chosen, err, the_course


def push(
    context: typer.Context,
    assignments: Names = None,
    comment: Annotated[
        str, typer.Option(help="Also write this on every submission, once.")
    ] = "",
    feedback: Annotated[
        bool, typer.Option("--feedback", help="Also attach the feedback pages, once.")
    ] = False,
    allow_lower: AllowLower = False,
    scale: Scale = False,
    trial: Annotated[
        str,
        typer.Option(
            "--trial",
            metavar="STUDENT",
            help="A first try: send only what this student has, and send it to "
            "Canvas's Test Student.",
        ),
    ] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="The file with the access token, mode 600; else the environment's "
            "CANVAS_TOKEN, else canvas.token in the course folder. The token itself "
            "is never an option."
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Send grades to Canvas over its REST API, and prove that they arrived.

    The same plan as `canvas export`: only what is ready, nothing lowered unless you say
    `--allow-lower`, nothing cleared, nothing on another scale. First the difference is
    shown (in Canvas, becomes), then you are asked. Afterwards every grade is read back
    and compared; **exit 1 if Canvas has another one**. Whatever happens, it says what
    was sent. If it stops half-way, run it again: grades that arrived are not sent
    again, and no comment or file is ever sent twice (`canvas-records/sent.jsonl` keeps
    account).

    What Canvas would not take is left out and said before you are asked, and after:
    closed grading periods, moderated, group and anonymous assignments, students to whom
    an assignment is not assigned. So is what students do not see before you post it.

    Needs `[canvas]` with `url` and `course` in course.toml, and an access token.
    """
    from unrolled.canvas.push import Wish
    from unrolled.canvas.web import CanvasFailedError
    from unrolled.cli_canvas_run import run_push

    course = the_course(context)
    names = chosen(course, assignments)
    wish = Wish(allow_lower, comment.strip(), feedback, scale, trial)
    try:
        code = run_push(course, names, wish, token_file, dry_run, yes, as_json)
    except CanvasFailedError as error:
        err.print(Text.assemble(("unrolled:", "bold red"), f" {error}"), soft_wrap=True)
        raise typer.Exit(1) from None
    raise typer.Exit(code)

"""`unrolled canvas`: options only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unrolled.cli_common import Force, Json, Names, chosen, out, print_json, the_course

canvas = typer.Typer(help="Take grades to Canvas.", no_args_is_help=True)


@canvas.command("export")
def canvas_export(
    context: typer.Context,
    assignments: Names = None,
    template: Annotated[
        Path | None,
        typer.Option(help="The CSV you have just exported from Canvas's gradebook."),
    ] = None,
    to: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path(
        "canvas.csv"
    ),
    allow_lower: Annotated[
        bool, typer.Option("--allow-lower", help="Also lower a higher grade in Canvas.")
    ] = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write a CSV that Canvas's gradebook imports, without a wrong grade.

    Best with `--template`: only our columns of your own export are filled in.
    Says which rows and columns were left out, and why.
    """
    from unrolled.canvas import export_canvas

    course = the_course(context)
    wanted = chosen(course, assignments)
    plan = export_canvas(course, wanted, template, to, allow_lower, force)
    if as_json:
        print_json(plan.as_dict())
    else:
        out.print(plan.as_text(), markup=False, highlight=False, soft_wrap=True)

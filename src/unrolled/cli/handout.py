"""The command `unrolled handout`: options only."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from unrolled.cli.shared import (
    Force,
    Json,
    open_course,
    out,
    print_json,
    select_assignments,
)


def handout(
    context: typer.Context,
    assignments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ASSIGNMENT",
            help="Folder names; if none is given, all whose release date has passed.",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="The zip; else the course's id and -handout.zip."),
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """One zip for students who work on their own computers.

    Released notebooks with their data, a wheel with what they import, the exact
    versions, a start script for Windows, macOS and Linux, and a page that says what to
    do. **Never give students a clone of the course**: it holds solutions and hidden
    tests. The zip has the same bytes wherever it is made; an earlier handout is
    replaced, any other file only with `--force`.
    """
    from unrolled.handout.archive import list_released, make_handout

    course = open_course(context)
    now = datetime.now(UTC)
    names = (
        select_assignments(course, assignments)
        if assignments
        else list_released(course, now)
    )
    path = to or Path(f"{course.id}-handout.zip")
    report = make_handout(course, names, path, now, force=force)
    if as_json:
        print_json(report.as_dict())
    else:
        out.print(Text(report.as_text()), soft_wrap=True)

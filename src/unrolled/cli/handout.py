"""The command `unrolled handout`: options only."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from unrolled.cli.shared import (
    Force,
    Json,
    open_course,
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
    print_result(asdict(report), Text(report.as_text()), as_json=as_json)

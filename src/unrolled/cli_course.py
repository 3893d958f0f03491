"""`--course DIR`, which may stand before the verb and after it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

HELP = "The course folder; else the one you are in or below."


def _take(context: typer.Context, course: Path | None) -> Path | None:
    if course is not None:
        context.obj = course
    return course


def _verb(
    course: Annotated[Path | None, typer.Option(help=HELP, callback=_take)] = None,
) -> None:
    """A command with nothing but the option; typer makes it, every verb takes it."""
    del course


def with_course(app: typer.Typer) -> Any:
    """The command line of an app, with `--course` among the options of every verb."""
    single = typer.Typer(add_completion=False)
    single.command()(_verb)
    (option,) = (p for p in typer.main.get_command(single).params if p.name == "course")
    option.expose_value = False
    whole = typer.main.get_command(app)
    waiting = list(getattr(whole, "commands", {}).values())
    while waiting:
        command = waiting.pop()
        command.params.append(option)
        waiting += getattr(command, "commands", {}).values()
    return whole

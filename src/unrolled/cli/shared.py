"""What all commands share: consoles, options, the course they work in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from unrolled.course import Course, find_course
from unrolled.errors import UserError

HELP = "The course folder. Default: the one that you are in, or a folder above it."


def _store_course(context: typer.Context, course: Path | None) -> Path | None:
    if course is not None:
        context.obj = course
    return course


def _declare_course_option(
    course: Annotated[
        Path | None, typer.Option(help=HELP, callback=_store_course)
    ] = None,
) -> None:
    """A command with nothing but the option; typer makes it, every verb takes it."""
    del course


def add_course_option(app: typer.Typer) -> Any:
    """The command line of an app, with `--course` among the options of every verb."""
    single = typer.Typer(add_completion=False)
    single.command()(_declare_course_option)
    (option,) = (p for p in typer.main.get_command(single).params if p.name == "course")
    option.expose_value = False
    whole = typer.main.get_command(app)
    waiting = list(getattr(whole, "commands", {}).values())
    while waiting:
        command = waiting.pop()
        command.params.append(option)
        waiting += getattr(command, "commands", {}).values()
    return whole


# Nothing is cut or broken at the width of a terminal, which breaks lines itself: a path
# that is printed can be opened. Tables look after themselves (report/listing.py).
err = Console(stderr=True, emoji=False, highlight=False, soft_wrap=True)
out = Console(emoji=False, highlight=False, soft_wrap=True)

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ASSIGNMENT", help="Folder names. Default: all assignments."
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the result as one JSON document.")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what exists.")]


def print_error(message: str) -> None:
    """One line on standard error, as every error of a command is shown."""
    err.print(Text.assemble(("unrolled:", "bold red"), " ", message))


def open_course(context: typer.Context) -> Course:
    course = find_course(context.obj)
    from unrolled.converters import silence_nbgrader

    silence_nbgrader()
    return course


def select_assignments(course: Course, names: list[str] | None) -> list[str]:
    unknown = [n for n in names or [] if n not in course.assignments]
    if unknown:
        known = ", ".join(course.assignments)
        raise UserError(f"no assignment {', '.join(unknown)}; course.toml has {known}.")
    return list(names or course.assignments)


def print_result(document: Any, view: RenderableType, *, as_json: bool) -> None:
    """The result of a command: one document for programs, or a view for people."""
    if as_json:
        print_json(document)
    else:
        out.print(view)


def print_json(document: Any) -> None:
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def ask_to_confirm(question: str, *, yes: bool) -> bool:
    """Whether a person says yes; UserError where nobody can be asked."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UserError(
            "nothing was done: there is no terminal to ask for confirmation. Add --yes."
        )
    return typer.confirm(question, err=True)

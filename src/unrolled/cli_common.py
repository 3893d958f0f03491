"""What all commands share: consoles, options, the course they work in."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from unrolled.course import Course, find_course
from unrolled.errors import UserError

# Nothing is cut or broken at the width of a terminal, which breaks lines itself: a path
# that is printed can be opened. Tables look after themselves (report/listing.py).
err = Console(stderr=True, emoji=False, highlight=False, soft_wrap=True)
out = Console(emoji=False, highlight=False, soft_wrap=True)

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="ASSIGNMENT", help="Folder names; all if none is given."),
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output.")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]


def the_course(context: typer.Context) -> Course:
    course = find_course(context.obj)
    from unrolled.grade.run import silence_nbgrader

    silence_nbgrader()
    return course


def chosen(course: Course, names: list[str] | None) -> list[str]:
    unknown = [n for n in names or [] if n not in course.assignments]
    if unknown:
        known = ", ".join(course.assignments)
        raise UserError(f"no assignment {', '.join(unknown)}; course.toml has {known}.")
    return list(names or course.assignments)


def print_json(document: Any) -> None:
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")

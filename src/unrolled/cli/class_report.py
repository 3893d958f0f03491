"""The command `unrolled report`: options only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unrolled.cli.grading import AllowWeak, Jobs
from unrolled.cli.shared import (
    Json,
    err,
    open_course,
    out,
    print_json,
    select_assignments,
)

if TYPE_CHECKING:
    from unrolled.class_report import ClassReport
    from unrolled.course import Course

HIDDEN = ".no-names"

Assignment = Annotated[
    str | None,
    typer.Argument(help="For example 02_forward_pass. Default: the whole term."),
]
Compare = Annotated[
    bool,
    typer.Option(
        "--compare",
        help="Run the failures that no misconception explains once more, all on the "
        "same inputs, to see which students answer alike. Scores do not change.",
    ),
]
HideNames = Annotated[
    bool,
    typer.Option(
        "--hide-names", help="Numbers for names, no comments in code: to be shown."
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="The folder to write the page to. Default: build/class_report/.",
    ),
]


def report(
    context: typer.Context,
    assignment: Assignment = None,
    *,
    compare: Compare = False,
    hide_names: HideNames = False,
    out_folder: Folder = None,
    jobs: Jobs = None,
    allow_weak: AllowWeak = False,
    as_json: Json = False,
) -> None:
    """Show how the class did: its mistakes, question by question, student by student.

    Prints the mistakes, and writes a page that any browser opens and a table (CSV) of
    the students. Without ASSIGNMENT it is the report of the term: how hard each
    assignment was, and who falls behind. Nothing is graded and no score changes.
    """
    course = open_course(context)
    folder = out_folder or course.build / "class_report"
    if assignment is None:
        _report_term(course, folder, hide_names=hide_names, as_json=as_json)
        return
    select_assignments(course, [assignment])
    if compare:
        _compare(course, assignment, jobs, allow_weak=allow_weak)
    found = _build(course, assignment, hide_names=hide_names)
    if as_json:
        print_json(found.as_dict())
        return
    from unrolled.class_report import Links, render_csv, render_page
    from unrolled.report import render_mistakes

    name = assignment + (HIDDEN if hide_names else "")
    out.print(render_mistakes(found))
    _write(folder / f"{name}.csv", render_csv(found))
    page = render_page(found, Links(csv=f"{name}.csv"))
    _write(folder / f"{name}.html", page)


def _build(course: Course, assignment: str, *, hide_names: bool) -> ClassReport:
    from unrolled import class_report

    found = class_report.build_class_report(course, assignment)
    return class_report.hide_names(found) if hide_names else found


def _compare(
    course: Course, assignment: str, jobs: int | None, *, allow_weak: bool
) -> None:
    from unrolled.class_report import compare_unexplained
    from unrolled.processes import count_processors
    from unrolled.report import show_progress

    with show_progress(err, f"compare {assignment}") as step:
        compare_unexplained(
            course,
            assignment,
            jobs or count_processors(),
            allow_weak=allow_weak or course.allow_weak,
            step=step,
        )


def _report_term(
    course: Course, folder: Path, *, hide_names: bool, as_json: bool
) -> None:
    from unrolled import class_report
    from unrolled.report import render_term

    found = class_report.build_term_report(course)
    if hide_names:
        found = class_report.hide_term_names(found)
    if as_json:
        print_json(found.as_dict())
        return
    out.print(render_term(found))
    name = "term" + (HIDDEN if hide_names else "")
    links = class_report.Links(assignment=f"NAME{HIDDEN if hide_names else ''}.html")
    page = class_report.render_term_page(found, links)
    _write(folder / f"{name}.html", page)


def _write(path: Path, text: str) -> None:
    from unrolled.files import write_file

    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text)
    out.print(str(path), markup=False)

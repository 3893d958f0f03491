"""The commands about a class's work, report and regrade: options only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import partial
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unrolled.cli.canvas import Yes
from unrolled.cli.grading import (
    AllowWeak,
    AssignmentName,
    Jobs,
    Progress,
    Scheduler,
)
from unrolled.cli.shared import (
    Json,
    ask_to_confirm,
    err,
    open_course,
    out,
    print_json,
    print_result,
    select_assignments,
)
from unrolled.errors import UserError

if TYPE_CHECKING:
    from unrolled.class_report import ClassReport
    from unrolled.course import Course
    from unrolled.grade.run import JobRunner
    from unrolled.regrade import RegradePlan, Rules
    from unrolled.report.progress import ProgressStyle

HIDDEN = ".no-names"
Step = Callable[[int, int, str], None]

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
        compare_failures(course, assignment, jobs, allow_weak=allow_weak)
    found = _build(course, assignment, hide_names=hide_names)
    if as_json:
        print_json(found.as_dict())
        return
    from unrolled.class_report import Links, render_csv, render_page
    from unrolled.report import render_mistakes

    name = assignment + (HIDDEN if hide_names else "")
    out.print(render_mistakes(found))
    write_page(folder / f"{name}.csv", render_csv(found))
    page = render_page(found, Links(csv=f"{name}.csv"))
    write_page(folder / f"{name}.html", page)


def _build(course: Course, assignment: str, *, hide_names: bool) -> ClassReport:
    from unrolled import class_report

    found = class_report.build_class_report(course, assignment)
    return class_report.hide_names(found) if hide_names else found


def compare_failures(
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
    write_page(folder / f"{name}.html", page)


def write_page(path: Path, text: str) -> None:
    from unrolled.files import write_file

    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text)
    out.print(str(path), markup=False)


Only = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CHECK",
        help="Only this check may change. Repeat the option for several.",
    ),
]
NeverLower = Annotated[
    bool,
    typer.Option(
        "--never-lower",
        help="Nobody loses points: a student whose total would fall keeps what the "
        "checks gave before.",
    ),
]
Give = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CHECK",
        help="Full points for this check to everybody, also to those who hand in "
        "later. Nothing is judged again. Repeat the option for several.",
    ),
]
Apply = Annotated[
    bool, typer.Option("--apply", help="Do what was shown, after a question.")
]
Why = Annotated[str, typer.Option(help="With --apply: the reason, for the log.")]
Log = Annotated[
    bool, typer.Option("--log", help="List the regrades of this assignment.")
]
Expect = Annotated[
    str,
    typer.Option(
        metavar="FINGERPRINT",
        help="With --apply: only if what changes is what an earlier look has shown "
        "(`fingerprint` in its --json).",
    ),
]
By = Annotated[
    str, typer.Option(help="Whose doing it is, for the log. Default: this account.")
]
Undo = Annotated[
    int | None,
    typer.Option(metavar="NUMBER", help="Undo this regrade. --log shows the numbers."),
]


def regrade(
    context: typer.Context,
    assignment: AssignmentName,
    *,
    only: Only = None,
    never_lower: NeverLower = False,
    give: Give = None,
    apply: Apply = False,
    why: Why = "",
    expect: Expect = "",
    by: By = "",
    log: Log = False,
    undo: Undo = None,
    yes: Yes = False,
    jobs: Jobs = None,
    allow_weak: AllowWeak = False,
    scheduler: Scheduler = None,
    progress: Progress = "bar",
    as_json: Json = False,
) -> None:
    """Show what a mended test changes for the class; then apply it, or undo it.

    Run it after `unrolled build`, before `unrolled grade`: graded work is judged by the
    tests as they are now, beside the grades that stand. **Nothing is written without
    `--apply`.** Marks by hand, comments and extensions stay; each change is logged with
    its reason, and `--undo` takes it back. What is not graded yet is left alone.
    """
    select_assignments(course := open_course(context), [assignment])
    reason = why.strip() if apply else None
    how = _Manner(
        by=by, why=reason, expect=expect, style=progress, yes=yes, as_json=as_json
    )
    if log:
        _print_regrades(course, assignment, as_json=as_json)
    elif undo is not None:
        _undo_regrade(course, assignment, undo, how)
    else:
        rules = _make_rules(only, give, never_lower=never_lower)
        pool = partial(_make_judges, jobs=jobs, where=scheduler, allow_weak=allow_weak)
        _run_regrade(course, assignment, rules, pool, how=how)


@dataclass(frozen=True, kw_only=True)
class _Manner:
    """How a regrade is done: by whom, why (None for a look only), and how it talks."""

    by: str
    why: str | None
    expect: str
    style: ProgressStyle
    yes: bool
    as_json: bool

    @property
    def who(self) -> str:
        """In whose name."""
        return self.by.strip() or getuser()

    def watch(self, title: str) -> AbstractContextManager[Step]:
        """Progress as asked for: a bar, or lines for a program."""
        from unrolled.report import print_progress, show_progress

        return print_progress() if self.style == "lines" else show_progress(err, title)

    def confirm(self, question: str) -> None:
        """Ask, unless that was said before; UserError after a no."""
        if not ask_to_confirm(question, yes=self.yes):
            raise UserError("nothing was changed.")


def _make_rules(
    only: list[str] | None, give: list[str] | None, *, never_lower: bool
) -> Rules:
    from unrolled.regrade import Rules

    only, give = only or [], give or []
    return Rules(only=tuple(only), never_lower=never_lower, give=tuple(give))


def _make_judges(
    course: Course,
    assignment: str,
    *,
    jobs: int | None,
    where: str | None,
    allow_weak: bool,
) -> JobRunner:
    from unrolled.grade.run import make_runner, require_ready

    material = require_ready(course, assignment)
    return make_runner(course, material, where, jobs, allow_weak=allow_weak)


def _run_regrade(
    course: Course,
    assignment: str,
    rules: Rules,
    pool: Callable[[Course, str], JobRunner],
    *,
    how: _Manner,
) -> None:
    """Look, and apply what is seen if there is a reason."""
    from unrolled.regrade import plan_regrade
    from unrolled.report.regrade import render_plan

    if how.why == "":
        raise UserError('--apply needs the reason, for the log: --why "..."')
    judges = pool(course, assignment)
    with how.watch(f"regrade {assignment}") as step:
        plan = plan_regrade(course, assignment, rules, judges=judges, step=step)
    print_result(plan.as_dict(), render_plan(plan), as_json=how.as_json)
    if how.why is not None:
        _apply_regrade(course, plan, pool(course, assignment), how, why=how.why)


def _apply_regrade(
    course: Course, plan: RegradePlan, judges: JobRunner, how: _Manner, *, why: str
) -> None:
    from unrolled.regrade import apply_regrade
    from unrolled.report.regrade import summarize

    if how.expect and how.expect != plan.fingerprint:
        raise UserError(
            "what would change is no longer what was shown: somebody has graded, "
            "marked or built since. Nothing was changed; look again."
        )
    how.confirm(f"{plan.assignment}: {summarize(plan)}. Write it into the gradebook?")
    with how.watch(f"apply {plan.assignment}") as step:
        outcome = apply_regrade(
            course, plan, who=how.who, why=why, judges=judges, step=step
        )
    for student, reason in outcome.left_out.items():
        err.print(f"left out: {student}: {reason}", markup=False)
    number = outcome.record.number
    err.print(
        f"Applied as regrade {number}. To undo it: "
        f"unrolled regrade {plan.assignment} --undo {number}. Then: "
        f"unrolled feedback {plan.assignment} --force",
        markup=False,
    )


def _print_regrades(course: Course, assignment: str, *, as_json: bool) -> None:
    from unrolled.regrade import list_logs
    from unrolled.report.regrade import render_records

    logs = list_logs(course, assignment)
    document = [
        asdict(log.record) | {"changes": [asdict(c) for c in log.read_changes()]}
        for log in logs
    ]
    view = render_records([log.record for log in logs])
    print_result(document, view, as_json=as_json)


def _undo_regrade(course: Course, assignment: str, number: int, how: _Manner) -> None:
    from unrolled.regrade import undo_regrade
    from unrolled.report.regrade import render_undo

    how.confirm(f"{assignment}: put back the grades from before regrade {number}?")
    with how.watch(f"undo regrade {number}") as step:
        report = undo_regrade(course, assignment, number, who=how.who, step=step)
    print_result(asdict(report), render_undo(report), as_json=how.as_json)
    err.print(
        "If tests were mended for it: they are still the mended ones. Put the lesson "
        "back and build, or the next `unrolled grade` brings those scores again.",
        markup=False,
    )

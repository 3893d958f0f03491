"""The commands about a class's work, report and regrade: options only."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unrolled.cli.canvas import Yes
from unrolled.cli.grading import AllowWeak, AssignmentName, Jobs, Scheduler
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
    log: Log = False,
    undo: Undo = None,
    yes: Yes = False,
    jobs: Jobs = None,
    allow_weak: AllowWeak = False,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Show what a mended test changes for the class; then apply it, or undo it.

    Run it after `unrolled build`, before `unrolled grade`. Graded work is judged by the
    tests as they are now, beside the grades that stand: who goes up or down, by which
    check, and the mean. **Nothing is written without `--apply`.** Marks by hand,
    comments and extensions stay. Each change is logged with its reason, and `--undo`
    takes it back. Work that is not graded yet is left to `unrolled grade`.
    """
    select_assignments(course := open_course(context), [assignment])
    if log:
        _print_regrades(course, assignment, as_json=as_json)
    elif undo is not None:
        _undo_regrade(course, assignment, undo, yes=yes, as_json=as_json)
    elif apply and not why.strip():
        raise UserError('--apply needs the reason, for the log: --why "..."')
    else:
        rules = _make_rules(only, give, never_lower=never_lower)
        judges = partial(
            _make_judges, course, assignment, jobs, scheduler, allow_weak=allow_weak
        )
        plan = _plan_regrade(course, assignment, rules, judges(), as_json=as_json)
        if apply:
            _apply_regrade(course, plan, judges(), why=why.strip(), yes=yes)


def _make_rules(
    only: list[str] | None, give: list[str] | None, *, never_lower: bool
) -> Rules:
    from unrolled.regrade import Rules

    only, give = only or [], give or []
    return Rules(only=tuple(only), never_lower=never_lower, give=tuple(give))


def _make_judges(
    course: Course,
    assignment: str,
    jobs: int | None,
    scheduler: str | None,
    *,
    allow_weak: bool,
) -> JobRunner:
    from unrolled.grade.run import make_runner, require_ready

    material = require_ready(course, assignment)
    return make_runner(course, material, scheduler, jobs, allow_weak=allow_weak)


def _plan_regrade(
    course: Course, assignment: str, rules: Rules, judges: JobRunner, *, as_json: bool
) -> RegradePlan:
    from unrolled.regrade import plan_regrade
    from unrolled.report import show_progress
    from unrolled.report.regrade import render_plan

    with show_progress(err, f"regrade {assignment}") as step:
        plan = plan_regrade(course, assignment, rules, judges=judges, step=step)
    print_result(plan.as_dict(), render_plan(plan), as_json=as_json)
    return plan


def _apply_regrade(
    course: Course, plan: RegradePlan, judges: JobRunner, *, why: str, yes: bool
) -> None:
    from unrolled.regrade import apply_regrade
    from unrolled.report import show_progress
    from unrolled.report.regrade import summarize

    question = f"{plan.assignment}: {summarize(plan)}. Write it into the gradebook?"
    if not ask_to_confirm(question, yes=yes):
        raise UserError("nothing was changed.")
    with show_progress(err, f"apply {plan.assignment}") as step:
        outcome = apply_regrade(
            course, plan, who=getuser(), why=why, judges=judges, step=step
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


def _undo_regrade(
    course: Course, assignment: str, number: int, *, yes: bool, as_json: bool
) -> None:
    from unrolled.regrade import undo_regrade
    from unrolled.report import show_progress
    from unrolled.report.regrade import render_undo

    question = f"{assignment}: put back the grades from before regrade {number}?"
    if not ask_to_confirm(question, yes=yes):
        raise UserError("nothing was changed.")
    with show_progress(err, f"undo regrade {number}") as step:
        report = undo_regrade(course, assignment, number, who=getuser(), step=step)
    print_result(asdict(report), render_undo(report), as_json=as_json)
    err.print(
        "If tests were mended for it: they are still the mended ones. Put the lesson "
        "back and build, or the next `unrolled grade` brings those scores again.",
        markup=False,
    )


Question = Annotated[
    str,
    typer.Argument(help="An exercise of the class report, or one of its checks."),
]
CommentText = Annotated[
    str, typer.Argument(metavar="COMMENT", help="What these students read. Markdown.")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        help="The misconception, as the class report names it; or @STUDENT: all who "
        "answer like this one, where no misconception fits.",
    ),
]
Remove = Annotated[
    bool, typer.Option("--remove", help="Take this comment back from all who have it.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only show who would get it, or lose it.")
]


def comment(
    context: typer.Context,
    assignment: AssignmentName,
    question: Question,
    text: CommentText,
    *,
    cluster: Cluster = None,
    remove: Remove = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give one comment to all students who make the same mistake.

    Once each: run again, it reaches those who have joined the cluster since. The
    comment stands with the exercise in formgrader and on feedback pages, below what
    somebody has written there before. `--remove` takes it back, word for word.
    """
    select_assignments(course := open_course(context), [assignment])
    if remove == (cluster is not None):
        raise UserError("give either --cluster NAME or --remove.")
    from unrolled.marking import comment_cluster, remove_comment
    from unrolled.report.class_report import render_comment

    if cluster is None:
        done = remove_comment(course, assignment, question, text, dry_run=dry_run)
    else:
        done = comment_cluster(
            course, assignment, question, cluster=cluster, text=text, dry_run=dry_run
        )
    print_result(done.as_dict(), render_comment(done), as_json=as_json)

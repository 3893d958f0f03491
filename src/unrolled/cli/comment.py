"""The command `unrolled comment`: options only."""

from __future__ import annotations

from typing import Annotated

import typer

from unrolled.cli.grading import (
    AssignmentName,
)
from unrolled.cli.shared import (
    Json,
    open_course,
    print_result,
    select_assignments,
)
from unrolled.errors import UserError

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

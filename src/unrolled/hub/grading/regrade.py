"""A regrade on the hub, for instructors: looked at, applied with a reason, undone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tornado.web import HTTPError, authenticated

from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.grade.run import require_ready
from unrolled.hub.grading.handler import GradingHandler
from unrolled.hub.grading.jobs import REGRADE_COMMANDS, Job, Jobs
from unrolled.hub.staff.service import PAGES
from unrolled.regrade import RegradeRecord, Rules, describe_rules, list_logs
from unrolled.timestamps import format_moment

MOST_LETTERS = 500
"""The longest reason."""


@dataclass(frozen=True, kw_only=True)
class GradedCheck:
    """A check that a regrade can be limited to."""

    name: str
    points: float


@dataclass(frozen=True, kw_only=True)
class RegradePage:
    """What the page of an assignment shows.

    `plan` is the document of the last look (None if there is none), `options` are the
    rules that it was made by; `error` says why there is nothing to choose from.
    """

    title: str
    name: str
    checks: tuple[GradedCheck, ...]
    records: tuple[tuple[RegradeRecord, str, str], ...]
    job: Job | None
    plan: dict[str, Any] | None
    options: tuple[str, ...]
    error: str


def read_page(course: Course, jobs: Jobs, name: str) -> RegradePage:
    """All that the page shows, as it is now."""
    error, checks = "", tuple[GradedCheck, ...]()
    try:
        cells = require_ready(course, name).source_cells
        checks = tuple(
            GradedCheck(name=cell.grade_id, points=cell.points)
            for cell in cells
            if cell.role == "check" and cell.points
        )
    except UserError as problem:
        error = str(problem)
    job, look = jobs.latest(name), jobs.last(name, "preview")
    plan = _read_plan(jobs, name) if look and look.state == "done" else None
    return RegradePage(
        title=course.assignments[name].title,
        name=name,
        checks=checks,
        records=tuple(_list_records(course, name)),
        job=job if job and job.verb in REGRADE_COMMANDS else None,
        plan=plan if plan and not _is_outdated(jobs, name) else None,
        options=tuple(look.options) if look else (),
        error=error,
    )


def _read_plan(jobs: Jobs, name: str) -> dict[str, Any] | None:
    with suppress(ValueError):
        plan = json.loads(jobs.read_output(name, "preview"))
        return plan if isinstance(plan, dict) else None
    return None


def _is_outdated(jobs: Jobs, name: str) -> bool:
    """Whether something was changed after the last look."""
    look = jobs.last(name, "preview")
    later = [jobs.last(name, verb) for verb in ("grade", "apply", "undo")]
    return look is not None and any(
        job is not None and job.state != "failed" and job.began >= look.ended
        for job in later
    )


def _list_records(course: Course, name: str) -> list[tuple[RegradeRecord, str, str]]:
    """The regrades, the last one first, each with its time and its rules in words."""
    with suppress(UserError):
        found = [log.record for log in list_logs(course, name)]
        return [
            (
                record,
                format_moment(datetime.fromisoformat(record.began), course.timezone),
                describe_rules(record.rules) if record.rules != Rules() else "",
            )
            for record in reversed(found)
        ]
    return []


def make_options(
    known: Sequence[str], only: Sequence[str], give: Sequence[str], *, never_lower: bool
) -> list[str]:
    """The command's options for what a form asks.

    Raises UserError for a check that the assignment does not have.
    """
    unknown = [name for name in (*only, *give) if name not in known]
    if unknown:
        raise UserError(f"There is no check {', '.join(unknown)}.")
    options = [f"--only={name}" for name in only]
    options += [f"--give={name}" for name in give]
    return [*options, "--never-lower"] if never_lower else options


class RegradeHandler(GradingHandler):
    """The page, and what its buttons ask for. Assistants may neither see nor do it."""

    def prepare(self) -> None:
        """Nobody but instructors, whatever is asked for."""
        if self.current_user is not None:
            self.require_instructor()

    @authenticated
    async def get(self, name: str, verb: str | None = None) -> None:
        """The page as it is now; while something runs it looks again by itself."""
        if name not in self.state.course.assignments or verb:
            raise HTTPError(404, reason="This course has no such assignment.")
        course, jobs = self.state.course, self.state.jobs
        page = await asyncio.to_thread(read_page, course, jobs, name)
        self.finish(
            PAGES.get_template("regrade.html").render(
                page=page,
                busy=jobs.running(name),
                message=self.state.messages.pop(self.current_user["name"], ""),
                prefix=self.prefix,
                xsrf=self.xsrf_form_html(),
                most=MOST_LETTERS,
            )
        )

    @authenticated
    async def post(self, name: str, verb: str = "") -> None:
        """Start a look, an application of what was shown, or an undoing."""
        if name not in self.state.course.assignments or verb not in REGRADE_COMMANDS:
            raise HTTPError(404, reason="This course has no such assignment.")
        by = self.current_user["name"]
        try:
            options = await asyncio.to_thread(self._read_options, name, verb)
            await self.state.jobs.start(name, verb, by, options)
        except UserError as error:
            self.state.messages[by] = str(error)
        self.redirect(f"{self.prefix}regrade/{name}", status=303)

    def _read_options(self, name: str, verb: str) -> list[str]:
        by = f"--by={self.current_user['name']}"
        if verb == "undo":
            number = self.get_body_argument("number", "")
            if not (number.isascii() and number.isdigit() and len(number) < 9):
                raise UserError("Which regrade should be undone?")
            return [f"--undo={number}", by]
        page = read_page(self.state.course, self.state.jobs, name)
        if page.error:
            raise UserError(page.error)
        if verb == "preview":
            return make_options(
                [check.name for check in page.checks],
                self.get_body_arguments("only"),
                self.get_body_arguments("give"),
                never_lower=bool(self.get_body_argument("never_lower", "")),
            )
        why = " ".join(self.get_body_argument("why", "").split())[:MOST_LETTERS]
        if not why:
            raise UserError("A reason is needed: it stands in the log.")
        shown = self.get_body_argument("fingerprint", "")
        if page.plan is None or shown != page.plan.get("fingerprint"):
            raise UserError("What would change is no longer what you saw. Look again.")
        return [*page.options, f"--expect={shown}", f"--why={why}", by]

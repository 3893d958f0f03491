"""The course page of a student: all assignments, and what to do with each.

A Jupyter server extension of the student's own server, at `<base_url>course`. It
works without JavaScript: forms, each answered by a redirect.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from unrolled.course import CourseDates
from unrolled.course.dates import ReleasedAssignment
from unrolled.feedback.markup import FEEDBACK
from unrolled.hub.student.exchange_client import (
    AssignmentStatus,
    ExchangeClient,
    StudentFacingError,
)
from unrolled.hub.student.late_days import compute_free_days, describe_late_hand_in
from unrolled.pages import make_environment
from unrolled.timestamps import format_moment

T = TypeVar("T")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
# Feedback pages have this where the link belongs; see feedback/page/templates/.
LINK_MARKER = "<!-- course page -->"
_BODY = re.compile(r"<body[^>]*>")


class SharedState:
    """What the handlers share: the exchange, one thing at a time, the last message."""

    def __init__(self, root: Path, base: str) -> None:
        self.client = ExchangeClient(root, os.environ.get("UNROLLED_COURSE_ID", ""))
        self.root, self.base = root, base
        self.message: tuple[str, str] | None = None
        self._lock = asyncio.Lock()
        self.template = make_environment("unrolled.hub").get_template("course.html")

    async def run(self, work: Callable[..., T], *names: str) -> T:
        """Run something that blocks in a thread, and nothing else beside it.

        A second press of Submit has to see what the first has handed in.
        """
        async with self._lock:
            return await asyncio.to_thread(work, *names)

    async def do(self, verb: str, name: str) -> str:
        """Do what a button says; the address to go to then.

        Raises StudentFacingError if it failed.
        """
        known = await self.run(self.client.list_assignments)
        if name not in known:
            raise StudentFacingError("This assignment is not released any more.")
        verbs = {
            "start": self._start,
            "fresh": self._fetch_fresh,
            "submit": self._submit,
            "feedback": self._fetch_feedback,
        }
        return await verbs[verb](known[name])

    async def _start(self, work: AssignmentStatus) -> str:
        if not work.folder.is_dir():
            await self.run(self.client.fetch, work.name)
            work = (await self.run(self.client.list_assignments))[work.name]
        return LabLinks(self.base, self.root).make_url(work.notebook or work.folder)

    async def _fetch_fresh(self, work: AssignmentStatus) -> str:
        older = await self.run(self.client.fetch, work.name)
        text = f"A fresh copy of {work.name} is in place."
        if older:
            text += f" Your own was kept: {older.relative_to(self.root)}"
        self.message = ("good", text)
        return self.home

    async def _submit(self, work: AssignmentStatus) -> str:
        when = await self.run(self.client.hand_in, work.name)
        dates = await self.run(self.client.read_dates)
        assignment = dates.assignments.get(work.name)
        title = assignment.title if assignment else work.name
        handed_in = format_moment(when, dates.timezone)
        text = f"{title} was handed in {handed_in}, as you had saved it."
        if assignment and assignment.due and when > assignment.due:
            work_now = await self.run(self.client.list_assignments)
            text += describe_late_hand_in(work.name, work_now, dates)
        else:
            text += " You may hand in again; the last one counts."
        self.message = ("good", text)
        return self.home

    async def _fetch_feedback(self, work: AssignmentStatus) -> str:
        if not any(s.feedback for s in work.submissions):
            raise StudentFacingError(f"There is no feedback for {work.name} yet.")
        await self.run(self.client.fetch_feedback, work.name)
        return f"{self.home}/feedback/{quote(work.name)}"

    async def read_feedback_page(self, name: str) -> str:
        """The newest feedback page that was fetched.

        Raises StudentFacingError if there is none.
        """
        work = (await self.run(self.client.list_assignments)).get(name)
        pages = [s.page for s in work.submissions if s.page] if work else []
        if not pages:
            message = f"There is no feedback for {name} here. Get it with Feedback."
            raise StudentFacingError(message)
        text = await self.run(partial(pages[-1].read_text, "utf-8", "replace"))
        return add_back_link(text, self.home)

    @property
    def home(self) -> str:
        """The page's own address."""
        return f"{self.base}course"


class StudentHandler(JupyterHandler):  # type: ignore[misc]
    """What the handlers need."""

    policy = POLICY

    @property
    def front(self) -> SharedState:
        """The page's state."""
        state: SharedState = self.settings["unrolled_front"]
        return state

    @property
    def content_security_policy(self) -> str:
        """Nothing from anywhere else, no scripts."""
        return f"{super().content_security_policy}; {self.policy}"


class CourseHandler(StudentHandler):
    """The page."""

    @authenticated
    async def get(self) -> None:
        """Show all assignments, and what the last button did."""
        front = self.front
        message, front.message = front.message, None
        work: dict[str, AssignmentStatus] = {}
        dates, notice = CourseDates(), ""
        try:
            notice = await front.run(front.client.read_notice)
            work = await front.run(front.client.list_assignments)
            dates = await front.run(front.client.read_dates)
        except StudentFacingError as error:
            message = ("bad", str(error))
        links = LabLinks(front.base, front.root)
        rows = make_rows(work, dates, links, datetime.now(UTC))
        free = compute_free_days(work, dates)
        title = dates.title or os.environ.get("UNROLLED_COURSE_TITLE", "Assignments")
        self.set_header("Cache-Control", "no-store")
        self.finish(
            front.template.render(
                title=title,
                rows=rows,
                message=message,
                notice=notice,
                free_days=free.describe(),
                done=sum(row.again for row in rows),
                user=os.environ.get("JUPYTERHUB_USER", ""),
                hub=os.environ.get("JUPYTERHUB_BASE_URL", ""),
                base=front.base,
                xsrf=self.xsrf_form_html(),
            )
        )


class ButtonHandler(StudentHandler):
    """What the page's buttons do."""

    @authenticated
    async def post(self, verb: str) -> None:
        """Do it, then show where it led or why it failed."""
        front = self.front
        try:
            target = await front.do(verb, self.get_body_argument("assignment", ""))
        except StudentFacingError as error:
            front.message = ("bad", str(error))
            target = front.home
        self.redirect(target, status=303)


class FeedbackHandler(StudentHandler):
    """A feedback page, with a link back to the course page."""

    policy = FEEDBACK

    @authenticated
    async def get(self, name: str) -> None:
        """Show the page, or say on the course page why there is none."""
        try:
            page = await self.front.read_feedback_page(name)
        except StudentFacingError as error:
            self.front.message = ("bad", str(error))
            self.redirect(self.front.home, status=303)
            return
        self.set_header("Cache-Control", "no-store")
        self.finish(page)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "unrolled.hub.student.page"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Add the page to a running Jupyter server."""
    base = server.web_app.settings["base_url"]
    front = SharedState(Path(server.root_dir), base)
    server.web_app.settings["unrolled_front"] = front
    button = url_path_join(base, "course/(start|submit|feedback|fresh)")
    page = url_path_join(base, "course/?")
    feedback = url_path_join(base, "course/feedback/([^/]+)")
    ours = [(page, CourseHandler), (button, ButtonHandler), (feedback, FeedbackHandler)]
    server.web_app.add_handlers(".*$", ours)


def add_back_link(page: str, home: str) -> str:
    """A feedback page with a link to the course page at `home`.

    It is put in when the page is shown: only the server knows where the course page is.
    The first place counts, which is above all that a student wrote. A page made by an
    earlier version gets the link at its very beginning.
    """
    link = f'<a class="back" href="{escape(home)}">← Back to the course page</a>'
    if LINK_MARKER in page:
        return page.replace(LINK_MARKER, link, 1)
    body = _BODY.search(page)
    at = body.end() if body else 0
    return f"{page[:at]}{link}{page[at:]}"


@dataclass(frozen=True)
class LabLinks:
    """Where JupyterLab opens what is below `root`, the server's folder."""

    base: str
    root: Path

    def make_url(self, path: Path) -> str:
        """The address of a file or a folder."""
        return f"{self.base}lab/tree/{quote(path.relative_to(self.root).as_posix())}"


@dataclass(frozen=True, kw_only=True)
class StudentPageRow:
    """One assignment; `state` is a key for its colour, `status` and `more` are text."""

    name: str
    title: str
    due: str
    due_in: str
    extended: bool
    overdue: bool
    soon: bool
    points: str
    late: str
    state: str
    status: str
    more: str
    open_url: str
    can_start: bool
    can_submit: bool
    can_renew: bool
    again: bool
    feedback: bool
    kept: tuple[tuple[str, str], ...]
    withdrawn: bool
    spent: str = ""


def make_rows(
    work: Mapping[str, AssignmentStatus],
    dates: CourseDates,
    links: LabLinks,
    now: datetime,
) -> list[StudentPageRow]:
    """The rows in the order of their due dates; those without a due date come last."""
    never = datetime.max.replace(tzinfo=now.tzinfo)
    due = {name: a.due or never for name, a in dates.assignments.items()}
    names = sorted(work, key=lambda n: (due.get(n, never), n))
    free = compute_free_days(work, dates)
    rows = {n: _make_row(work[n], dates, links, now) for n in names}
    return [replace(row, spent=free.describe_spent(n)) for n, row in rows.items()]


def _make_row(
    work: AssignmentStatus, dates: CourseDates, links: LabLinks, now: datetime
) -> StudentPageRow:
    # What was released without our plug-in has no title: 02_forward_pass, Forward pass.
    title = work.name.split("_", 1)[-1].replace("_", " ").capitalize()
    untitled = ReleasedAssignment(title=title)
    assignment = dates.assignments.get(work.name, untitled)
    state, status, more = _describe_state(work, assignment, dates.timezone)
    there = work.notebook or (work.folder if work.folder.is_dir() else None)
    due, points = assignment.due, assignment.points
    left = due - now if due else None
    pressing = left if not work.submissions else None
    return StudentPageRow(
        name=work.name,
        title=assignment.title,
        due=format_moment(due, dates.timezone) if due else "",
        due_in=format_distance(left) if left is not None else "",
        extended=assignment.extended,
        overdue=pressing is not None and pressing < timedelta(0),
        soon=pressing is not None and timedelta(0) <= pressing < timedelta(days=2),
        points=f"{points:g}" if points is not None else "",
        late=assignment.late,
        state=state,
        status=status,
        more=more,
        open_url=links.make_url(there) if there else "",
        can_start=work.released and there is None,
        can_submit=work.released and work.notebook is not None,
        can_renew=work.released and there is not None,
        again=bool(work.submissions),
        feedback=any(s.feedback for s in work.submissions),
        kept=tuple((folder.name, links.make_url(folder)) for folder in work.kept),
        withdrawn=not work.released and bool(work.submissions),
    )


def _describe_state(
    work: AssignmentStatus, assignment: ReleasedAssignment, zone: tzinfo
) -> tuple[str, str, str]:
    """The state's key, its words, and a second line."""
    due = assignment.due
    if work.submissions:
        last = work.submissions[-1]
        late = "late, " if due and last.time > due else ""
        changed = "; changed since then" if work.changed else ""
        when = f"{late}{format_moment(last.time, zone)}{changed}"
        graded = next((s for s in reversed(work.submissions) if s.feedback), None)
        if graded is None:
            return "handed-in", "Handed in", when
        older = "" if graded is last else ", an earlier submission"
        # The score stands on the feedback page, which may not be fetched yet.
        score = f"Graded: {graded.score}" if graded.score else "Feedback is there"
        return "graded", f"{score}{older}", f"Handed in {when}"
    if not work.released:
        return "gone", "Not released any more", ""
    if work.folder.is_dir():
        return "started", "Started, not handed in", ""
    return "new", "Not started", ""


def format_distance(left: timedelta) -> str:
    """How far away: in 3 days, 2 hours ago."""
    seconds = abs(left.total_seconds())
    units = (("day", 86400), ("hour", 3600), ("minute", 60))
    unit, size = next((u for u in units if seconds >= u[1]), units[-1])
    count = max(1, int(seconds // size))
    words = f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{words} ago" if left < timedelta(0) else f"in {words}"

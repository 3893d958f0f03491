"""The page a student lands on: all assignments, and what to do with each.

A Jupyter server extension of the student's own server, at `<base_url>course`. It
works without JavaScript: forms, each answered by a redirect.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from unrolled.course.dates import CourseDates
from unrolled.feedback.policy import FEEDBACK
from unrolled.hub.student.errors import StudentFacingError
from unrolled.hub.student.exchange_client import AssignmentStatus, ExchangeClient
from unrolled.hub.student.feedback_page import add_back_link
from unrolled.hub.student.rows import make_lab_url, make_rows
from unrolled.timestamps import format_moment

T = TypeVar("T")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"


class SharedState:
    """What the handlers share: the desk, one thing at a time, the last message."""

    def __init__(self, root: Path, base: str) -> None:
        self.desk = ExchangeClient(root, os.environ.get("UNROLLED_COURSE_ID", ""))
        self.root, self.base = root, base
        self.said: tuple[str, str] | None = None
        self._one = asyncio.Lock()
        self.page = Environment(
            loader=PackageLoader("unrolled.hub"),
            autoescape=True,
            undefined=StrictUndefined,
        ).get_template("course.html")

    async def ask(self, work: Callable[..., T], *names: str) -> T:
        """Do something that blocks, elsewhere, and nothing else beside it."""
        async with self._one:
            return await asyncio.to_thread(work, *names)

    async def do(self, verb: str, name: str) -> str:
        """Do what a button says; the address to go to then. Trouble if it failed."""
        known = await self.ask(self.desk.list_assignments)
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
            await self.ask(self.desk.fetch, work.name)
        return await self._find_url(work.name)

    async def _find_url(self, name: str) -> str:
        now = (await self.ask(self.desk.list_assignments))[name]
        return make_lab_url(self.base, self.root, now.notebook or now.folder)

    async def _fetch_fresh(self, work: AssignmentStatus) -> str:
        kept = await self.ask(self.desk.fetch, work.name)
        where = f" Your own was kept: {kept.relative_to(self.root)}" if kept else ""
        self.said = ("good", f"A fresh copy of {work.name} is in place.{where}")
        return self.home

    async def _submit(self, work: AssignmentStatus) -> str:
        when = await self.ask(self.desk.hand_in, work.name)
        dates = await self.ask(self.desk.dates)
        told = dates.assignments.get(work.name)
        title = told.title if told else work.name
        handed_in = format_moment(when, dates.timezone)
        text = f"{title} was handed in {handed_in}, as it was saved."
        if told and told.due and when > told.due:
            late = f" (course rule: {told.late})" if told.late else ""
            text += f" That is after the due date{late}."
        else:
            text += " You may hand in again; the last one counts."
        self.said = ("good", text)
        return self.home

    async def _fetch_feedback(self, work: AssignmentStatus) -> str:
        if not any(s.feedback for s in work.submissions):
            raise StudentFacingError(f"There is no feedback for {work.name} yet.")
        await self.ask(self.desk.feedback, work.name)
        return f"{self.home}/feedback/{quote(work.name)}"

    async def read_feedback_page(self, name: str) -> str:
        """The newest feedback page that was fetched. Trouble if there is none."""
        work = (await self.ask(self.desk.list_assignments)).get(name)
        pages = [s.page for s in work.submissions if s.page] if work else []
        if not pages:
            raise StudentFacingError(
                f"There is no feedback for {name} here: fetch it first."
            )
        text = await self.ask(partial(pages[-1].read_text, "utf-8", "replace"))
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
        found: SharedState = self.settings["unrolled_front"]
        return found

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
        said, front.said = front.said, None
        work: dict[str, AssignmentStatus] = {}
        dates, notice = CourseDates(), ""
        try:
            notice = await front.ask(front.desk.read_notice)
            work = await front.ask(front.desk.list_assignments)
            dates = await front.ask(front.desk.dates)
        except StudentFacingError as trouble:
            said = ("bad", str(trouble))
        table = make_rows(work, dates, front.root, front.base, datetime.now(UTC))
        self.set_header("Cache-Control", "no-store")
        self.finish(self._page(table, dates, said, notice))

    def _page(
        self, table: list[Any], dates: CourseDates, said: Any, notice: str
    ) -> str:
        title = dates.title or os.environ.get("UNROLLED_COURSE_TITLE", "Assignments")
        return self.front.page.render(
            title=title,
            rows=table,
            said=said,
            notice=notice,
            done=sum(row.again for row in table),
            user=os.environ.get("JUPYTERHUB_USER", ""),
            hub=os.environ.get("JUPYTERHUB_BASE_URL", ""),
            base=self.front.base,
            xsrf=self.xsrf_form_html(),
        )


class ButtonHandler(StudentHandler):
    """What the page's buttons do."""

    @authenticated
    async def post(self, verb: str) -> None:
        """Do it, then show where it led or why it failed."""
        front = self.front
        try:
            target = await front.do(verb, self.get_body_argument("assignment", ""))
        except StudentFacingError as trouble:
            front.said = ("bad", str(trouble))
            target = front.home
        self.redirect(target, status=303)


class FeedbackHandler(StudentHandler):
    """What the grader said, with the way back to the course page."""

    policy = FEEDBACK

    @authenticated
    async def get(self, name: str) -> None:
        """Show the page, or say on the course page why there is none."""
        try:
            page = await self.front.read_feedback_page(name)
        except StudentFacingError as trouble:
            self.front.said = ("bad", str(trouble))
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

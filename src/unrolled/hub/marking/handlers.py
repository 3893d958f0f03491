"""The marking pages: an assignment's questions, one question, one answer.

    mark/ASSIGNMENT                 how far each question is
    mark/ASSIGNMENT/QUESTION        its rubric, its answers; hands out the next one
    mark/ASSIGNMENT/QUESTION/KEY    one answer, or several that are equal

Whoever may open the grading page may mark. A form that comes too late writes nothing,
and what was typed into it is still there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from tornado.web import HTTPError, authenticated

from unrolled.errors import UserError
from unrolled.hub.marking import forms, views
from unrolled.hub.staff.service import PAGES, ServiceHandler
from unrolled.marking import (
    AnswerBook,
    Mark,
    Marker,
    MarkingRefusedError,
    find_question,
    read_progress,
)
from unrolled.marking.model import AnswerGroup, QuestionState, RubricChange
from unrolled.timestamps import format_moment

CONFLICT = 409
COOKIE = "unrolled-marking-names"
FREE_ROWS = 2  # of a rubric's form
T = TypeVar("T")


class MarkingHandler(ServiceHandler):
    """What the marking pages share."""

    def set_default_headers(self) -> None:
        """Pictures of an answer lie in the page itself."""
        super().set_default_headers()
        policy = self._headers["Content-Security-Policy"]
        self.set_header("Content-Security-Policy", f"{policy}; img-src data:")

    @property
    def who(self) -> str:
        """The account of whoever looks."""
        return str(self.current_user["name"])

    @property
    def hidden(self) -> bool:
        """Whether this person wants no names; kept by the browser."""
        wish = self.get_query_argument("names", "")
        if wish in ("hidden", "shown"):
            path = f"{self.prefix}mark"
            self.set_cookie(COOKIE, wish, path=path, httponly=True, samesite="Strict")
            return wish == "hidden"
        return self.get_cookie(COOKIE) == "hidden"

    def get_address(self, *parts: str) -> str:
        """The address of a marking page."""
        return "/".join([f"{self.prefix}mark", *(quote(p, safe="") for p in parts)])

    async def call(self, act: Callable[..., T], *args: Any, **more: Any) -> T:
        """Do it beside the event loop; a page of its own says what a user can mend."""
        return await asyncio.to_thread(partial(act, *args, **more))

    async def open_marker(self, assignment: str, question: str) -> Marker:
        """The question for this person; 404 if there is none."""
        course = self.course
        if assignment not in course.assignments:
            raise HTTPError(404, reason="This course has no such assignment.")
        try:
            found = await self.call(find_question, course, assignment, question)
        except UserError as error:
            raise HTTPError(404, reason="There is no such question here.") from error
        books: dict[str, AnswerBook] = self.settings["books"]
        book = books.setdefault(assignment, AnswerBook(course, assignment))
        return Marker(
            course=course,
            assignment=assignment,
            question=found,
            book=book,
            who=self.who,
        )

    def say(self, text: str) -> None:
        """Tell this person something on the next page."""
        self.settings["marking_news"][self.who] = text

    def show(self, page: str, **values: Any) -> None:
        """Answer with a page."""
        self.finish(
            PAGES.get_template(f"marking/{page}").render(
                course=self.course,
                prefix=self.prefix,
                user=self.who,
                xsrf=self.xsrf_form_html(),
                nonce=self.nonce,
                news=self.settings["marking_news"].pop(self.who, ""),
                hidden=self.hidden,
                address=self.get_address,
                here=self.request.path,
                points=views.format_points,
                label=views.format_label,
                **values,
            )
        )

    async def go_on(self, marker: Marker, after: str = "") -> None:
        """Lead to the next answer; to the question if nothing is left."""
        key = await self.call(marker.claim_next, after)
        parts = (marker.assignment, marker.question.name)
        if key is None:
            self.say("Nothing is left to be handed out for this question.")
        self.redirect(self.get_address(*parts, *([key] if key else [])), status=303)

    def describe(self, marker: Marker) -> Mapping[str, Any]:
        """Question and scheme as the pages show them."""
        question = marker.question
        return {
            "a": marker.course.assignments[marker.assignment],
            "q": question,
            "model_answer": views.render_markdown(question.model_answer),
            "scheme": views.render_markdown(question.scheme),
        }

    def write_error(self, status_code: int, **more: Any) -> None:
        """What a user can mend is said in a sentence."""
        error = (more.get("exc_info") or (None, None, None))[1]
        if isinstance(error, UserError):
            self.set_status(500, "The gradebook cannot be used")
            page = PAGES.get_template("error.html")
            self.finish(page.render(code="Marking", reason=str(error)))
        else:
            super().write_error(status_code, **more)


class QuestionsHandler(MarkingHandler):
    """The questions of an assignment."""

    @authenticated
    async def get(self, assignment: str) -> None:
        """How far each of them is, and who is at it."""
        course = self.course
        if assignment not in course.assignments:
            raise HTTPError(404, reason="This course has no such assignment.")
        progress = await self.call(read_progress, course, assignment)
        self.show("questions.html", a=course.assignments[assignment], progress=progress)


class QuestionHandler(MarkingHandler):
    """One question over the class."""

    @authenticated
    async def get(self, assignment: str, question: str) -> None:
        """Its rubric, and all answers."""
        await self._show(await self.open_marker(assignment, question))

    @authenticated
    async def post(self, assignment: str, question: str) -> None:
        """Hand out the next answer, or change the rubric."""
        marker = await self.open_marker(assignment, question)
        action = self.get_body_argument("action", "")
        if action == "next":
            await self.go_on(marker, self.get_body_argument("after", ""))
        elif action in ("preview", "apply"):
            await self._change_rubric(marker, apply=action == "apply")
        else:
            raise HTTPError(400, reason="There is no such button here.")

    async def _change_rubric(self, marker: Marker, *, apply: bool) -> None:
        state = await self.call(marker.read)
        used = [n for m in state.members if m.record for n in m.record.mark.items]
        try:
            rubric = forms.read_rubric(self, used)
            act = marker.apply_rubric if apply else marker.plan_rubric
            change = await self.call(act, rubric)
        except UserError as error:
            self.set_status(CONFLICT if isinstance(error, MarkingRefusedError) else 400)
            await self._show(marker, error=str(error))
            return
        if apply:
            many = len(change.changes)
            self.say(
                "The rubric is changed, and with it "
                f"{many} mark{'' if many == 1 else 's'}."
            )
            parts = (marker.assignment, marker.question.name)
            self.redirect(self.get_address(*parts), status=303)
            return
        self._show_preview(marker, state, change)

    def _show_preview(
        self, marker: Marker, state: QuestionState, change: RubricChange
    ) -> None:
        hidden = self.hidden
        names = views.read_names(marker.course, hidden=hidden)
        self.show(
            "rubric.html",
            **self.describe(marker),
            change=change,
            lines=list(views.list_changes(state, change, names, hidden=hidden)),
        )

    async def _show(self, marker: Marker, error: str = "") -> None:
        state, hidden = await self.call(marker.read), self.hidden
        names = await self.call(views.read_names, marker.course, hidden=hidden)
        self.show(
            "question.html",
            **self.describe(marker),
            state=state,
            lines=list(views.make_lines(state, names, hidden=hidden)),
            error=error,
            free=range(FREE_ROWS),
        )


class AnswerHandler(MarkingHandler):
    """One answer, or several that are equal."""

    @authenticated
    async def get(self, assignment: str, question: str, key: str) -> None:
        """The answer beside its scheme."""
        marker = await self.open_marker(assignment, question)
        await self._show_answer(marker, key)

    @authenticated
    async def post(self, assignment: str, question: str, key: str) -> None:
        """Write the mark, or take it away; then go on."""
        marker = await self.open_marker(assignment, question)
        action = self.get_body_argument("action", "")
        if action not in ("next", "save", "clear"):
            raise HTTPError(400, reason="There is no such button here.")
        mark: Mark | None = None
        try:
            mark = forms.read_mark(self)
            given = None if action == "clear" else mark
            seen = self.get_body_argument("seen", "")
            await self.call(marker.mark, key, given, seen=seen)
        except UserError as error:
            self.set_status(CONFLICT if isinstance(error, MarkingRefusedError) else 400)
            await self._show_answer(marker, key, mark=mark, error=str(error))
            return
        if action == "next":
            await self.go_on(marker, key)
        else:
            self.say("Saved." if action == "save" else "The mark is taken away.")
            self.redirect(self.get_address(assignment, question, key), status=303)

    async def _show_answer(
        self, marker: Marker, key: str, *, mark: Mark | None = None, error: str = ""
    ) -> None:
        state = await self.call(marker.read)
        group = state.find(key)
        if group is None:
            self.say(error or "That answer has changed, or is gone.")
            parts = (marker.assignment, marker.question.name)
            self.redirect(self.get_address(*parts), status=303)
            return
        await self._show_group(marker, state, group, mark=mark, error=error)

    async def _show_group(
        self,
        marker: Marker,
        state: QuestionState,
        group: AnswerGroup,
        *,
        mark: Mark | None,
        error: str,
    ) -> None:
        hidden = self.hidden
        names = await self.call(views.read_names, marker.course, hidden=hidden)
        record = group.record
        self.show(
            "answer.html",
            **self.describe(marker),
            state=state,
            group=group,
            cells=await self.call(views.render_cells, group.cells),
            whose=views.list_names(group, names, hidden=hidden),
            notes=list(views.list_notes(group, names, hidden=hidden)),
            mark=mark or views.find_mark(group),
            record=record,
            when=self._tell_time(record.at) if record else "",
            mine=group.holder == self.who,
            error=error,
        )

    def _tell_time(self, at: str) -> str:
        return format_moment(datetime.fromisoformat(at), self.course.timezone)


def make_routes(prefix: str) -> list[tuple[str, type[MarkingHandler]]]:
    """The addresses below the grading page's; names as nbgrader allows them."""
    name = r"([\w.+-]+)"
    return [
        (rf"{prefix}mark/{name}", QuestionsHandler),
        (rf"{prefix}mark/{name}/{name}", QuestionHandler),
        (rf"{prefix}mark/{name}/{name}/([0-9a-f]{{16}})", AnswerHandler),
    ]

"""More time for single students, given by an instructor on the grading page.

A change is looked at first (GET, writes nothing) and then made (POST). What the button
sends twice is made once.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tornado.web import HTTPError, authenticated

from unrolled.course import Course, load_course
from unrolled.deadlines import (
    ExtendReport,
    extend_deadlines,
    list_extensions,
    publish_own_dates,
)
from unrolled.errors import UserError
from unrolled.gradebook.read import read_student_rows
from unrolled.hub.grading.handler import GradingHandler
from unrolled.hub.staff.service import PAGES
from unrolled.timestamps import format_moment

MOST_LETTERS = 200  # of a reason, and of a time


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be done: more time for `students`, or without `until` theirs back."""

    students: tuple[str, ...]
    until: str | None
    why: str = ""

    @property
    def names(self) -> str:
        """The students as one types them."""
        return ", ".join(self.students)


class ExtensionsHandler(GradingHandler):
    """The list of an assignment's extensions, and the form that changes it."""

    @authenticated
    async def get(self, name: str) -> None:
        """The page; with students in the address also what the change would do."""
        self.require_instructor()
        course = self._open_course(name)
        fields = self._read_fields(self.get_query_argument)
        content: dict[str, Any] = {"standing": [], "people": []}
        wish, change, error = None, None, ""
        try:
            content = await asyncio.to_thread(read_page, course, name)
            if fields["students"]:
                wish = make_wish(fields)
                report = await self._apply(course, name, wish, dry_run=True)
                change = describe_change(course, report)
        except UserError as problem:
            error = str(problem)
        self.finish(
            PAGES.get_template("extensions.html").render(
                **content,
                name=name,
                title=course.assignments[name].title,
                due=format_due(course, name),
                user=self.current_user["name"],
                fields=fields,
                wish=wish,
                change=change,
                error=error,
                said=self.state.said.pop(self.current_user["name"], ""),
                prefix=self.prefix,
                xsrf=self.xsrf_form_html(),
            )
        )

    @authenticated
    async def post(self, name: str) -> None:
        """Make the change, then show the page again."""
        self.require_instructor()
        course = self._open_course(name)
        by = self.current_user["name"]
        try:
            wish = make_wish(self._read_fields(self.get_body_argument))
            async with self.state.changing:
                wish = await asyncio.to_thread(leave_out_done, course, name, wish)
                if wish.students:
                    report = await self._apply(course, name, wish, dry_run=False)
                    self.state.said[by] = await self._tell_students(course, report)
        except UserError as error:
            self.state.said[by] = f"Nothing has changed: {error}"
        self.redirect(f"{self.prefix}extensions/{name}", status=303)

    def _open_course(self, name: str) -> Course:
        course = load_course(self.state.course.root)
        if name not in course.assignments:
            raise HTTPError(404, reason="This course has no such assignment.")
        return course

    @staticmethod
    def _read_fields(read: Any) -> dict[str, str]:
        return {key: read(key, "") for key in ("students", "until", "why", "change")}

    async def _apply(
        self, course: Course, name: str, wish: Wish, *, dry_run: bool
    ) -> ExtendReport:
        return await asyncio.to_thread(
            extend_deadlines,
            course,
            name,
            wish.students,
            wish.until,
            why=wish.why,
            by=self.current_user["name"],
            dry_run=dry_run,
        )

    async def _tell_students(self, course: Course, report: ExtendReport) -> str:
        """Put the dates where students' pages look; what to say of it."""
        said = "Done."
        if report.penalties:
            said += " Late penalties have changed: make and release feedback again."
        try:
            unreached = await asyncio.to_thread(
                publish_own_dates, course, self.state.exchange
            )
        except UserError as error:
            return f"{said} {error}"
        if unreached:
            said += (
                f" These do not see it on their course page: {', '.join(unreached)}."
            )
            said += " They have no account here, or the disk keeps no access lists."
        return said


def make_wish(fields: Mapping[str, str]) -> Wish:
    """What the form asks for. Raises UserError if it is not filled in."""
    students = tuple(dict.fromkeys(re.findall(r"[^\s,;]+", fields["students"])))
    until, why = fields["until"].strip(), fields["why"].strip()
    if not students:
        raise UserError("name a student.")
    if fields["change"] == "remove":
        return Wish(students=students, until=None)
    if not until:
        raise UserError("say until when.")
    if max(len(until), len(why)) > MOST_LETTERS:
        raise UserError(f"time and reason have at most {MOST_LETTERS} letters each.")
    return Wish(students=students, until=until, why=why)


def leave_out_done(course: Course, name: str, wish: Wish) -> Wish:
    """The wish without those whose extension has been taken back already."""
    if wish.until is not None:
        return wish
    there = {entry.student for entry in list_extensions(course, [name])}
    return Wish(students=tuple(s for s in wish.students if s in there), until=None)


def read_page(course: Course, name: str) -> dict[str, Any]:
    """The extensions that stand, and who is in the class."""
    people = {row.id: row for row in read_student_rows(course)}
    standing = []
    for entry in list_extensions(course, [name]):
        row = people.get(entry.student)
        standing.append(
            {
                "student": entry.student,
                "full_name": join_names(row.first_name, row.last_name) if row else "",
                "until": format_moment(entry.until, course.timezone)
                if entry.until
                else "",
                "why": entry.why,
                "by": entry.by,
            }
        )
    names = [(k, join_names(r.first_name, r.last_name)) for k, r in people.items()]
    return {"standing": standing, "people": sorted(names)}


def join_names(*parts: str | None) -> str:
    """The name in one piece, "" if it is not known."""
    return " ".join(part for part in parts if part)


def format_due(course: Course, name: str) -> str:
    """The class's due date, "" without one."""
    due = course.assignments[name].due
    return format_moment(due, course.timezone) if due else ""


def describe_change(course: Course, report: ExtendReport) -> dict[str, Any]:
    """The change in words and numbers, as the page shows it."""
    zone = course.timezone
    deadlines = [
        {
            "student": one.student,
            "before": format_moment(one.before, zone),
            "after": format_moment(one.after, zone),
            "handed_in": format_moment(one.handed_in, zone) if one.handed_in else "",
        }
        for one in report.deadlines
    ]
    penalties = [
        {
            "student": one.student,
            "title": course.assignments[one.assignment].title
            if one.assignment in course.assignments
            else one.assignment,
            "before": format_penalty(one.before),
            "after": format_penalty(one.after),
        }
        for one in report.penalties
    ]
    return {"deadlines": deadlines, "penalties": penalties}


def format_penalty(points: float | None) -> str:
    """Points with at most two decimals; none if in time."""
    return f"{points:.2f}".rstrip("0").rstrip(".") if points else "none"

"""The pages and texts of the course in Canvas, from course.toml and the lessons."""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import Any

import mistune

from unrolled.author.lesson import read_lesson
from unrolled.course import Assignment, Course

_HEADING = re.compile(r"\A\s*#\s+[^\n]*\n?")


def make_hub_link(course: Course) -> str:
    """A link to the hub, "" if course.toml names none."""
    if not course.canvas.hub:
        return ""
    address = html.escape(course.canvas.hub, quote=True)
    return f'<a href="{address}" target="_blank" rel="noopener">the course\'s hub</a>'


def build_syllabus(course: Course, link: dict[str, str]) -> str:
    """What there is, when, and for how many points; `link` by assignment."""
    rows = "".join(
        f"<tr><td>{link[a.name]}</td><td>{_format_time(course, a.release)}</td>"
        f"<td>{_format_time(course, a.due)}</td><td>{a.points:g}</td>"
        f"<td>{html.escape(format_late_policy(a))}</td></tr>"
        for a in course.assignments.values()
    )
    head = "".join(
        f"<th>{name}</th>" for name in ("Assignment", "Opens", "Due", "Points", "Late")
    )
    total = sum(a.points for a in course.assignments.values())
    return (
        f"<p>{html.escape(course.title)}: {len(course.assignments)} assignments, "
        f"{total:g} points together. All times are of {course.timezone.key}.</p>"
        f'<table border="1"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        "<p>Each assignment is a notebook with exercises, visible checks and written "
        "answers. The checks that you see run while you work; others run after you "
        "have handed in. A wrong answer gets a reason, and one mistake costs its "
        "points once.</p>"
    )


def build_instructions(course: Course) -> str:
    """How to work on an assignment and hand it in."""
    hub = (
        make_hub_link(course) or "the course's hub (your instructor tells its address)"
    )
    steps = (
        f"Sign in on {hub}.",
        "Open <em>Nbgrader &gt; Assignment List</em> and press <em>Fetch</em>.",
        "Work in the notebook. Write only in the cells of exercises and answers; "
        "cells of your own are welcome.",
        "<em>Kernel &gt; Restart Kernel and Run All Cells</em>, then "
        "<em>Validate</em>: it runs the visible checks.",
        "<em>Submit</em> in the Assignment List. You may submit again until the due "
        "date; the last one counts.",
        "Read the feedback: <em>Fetch Feedback</em> in the same list, or the file in "
        "the comments on your grade here.",
    )
    items = "".join(f"<li>{s}</li>" for s in steps)
    return (
        "<p>Nothing is handed in here in Canvas: you work on the hub, and your points "
        f"appear in Grades afterwards.</p><ol>{items}</ol>"
    )


def build_assignment_text(course: Course, assignment: Assignment, overview: str) -> str:
    """What stands on the assignment's own page; `overview` links to the lesson's."""
    where = make_hub_link(course)
    work = f"Work on it on {where}." if where else "Work on it on the course's hub."
    how = "$WIKI_REFERENCE$/pages/how-to-hand-in"
    late = f"<p>Late: {html.escape(format_late_policy(assignment))}.</p>"
    return (
        f"<p>{overview}</p><p>{work} It is the folder "
        f"<code>{html.escape(assignment.name)}</code> in the Assignment List. "
        f'<a href="{how}">How to hand in</a>.</p>{late}'
    )


def format_late_policy(assignment: Assignment) -> str:
    """The late policy in words."""
    late = assignment.late
    if not late.per_day:
        return "no points are taken off"
    grace = f", after {late.grace_minutes} minutes" if late.grace_minutes else ""
    return f"{late.per_day:g} % for each started day, at most {late.max:g} %{grace}"


def _format_time(course: Course, moment: datetime | None) -> str:
    if moment is None:
        return "open"
    return f"{moment.astimezone(course.timezone):%a %d %b %Y, %H:%M}"


def build_overview(course: Course, assignment: Assignment) -> str:
    """The beginning of the lesson, up to its first code, without its heading."""
    path = course.lessons / assignment.name / f"{assignment.notebook}.py"
    texts = []
    for cell in read_lesson(path).cells:
        if cell.role != "prose":
            break
        texts.append(cell.source)
    return render_markdown(_HEADING.sub("", "\n\n".join(texts)))


class _Renderer(mistune.HTMLRenderer):
    """Headings one step down, since Canvas shows the title; pictures as their text."""

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """A heading, one step down."""
        return f"<h{min(6, level + 1)}>{text}</h{min(6, level + 1)}>\n"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """The text of a picture: the picture itself is not in the cartridge."""
        return f"<em>{text}</em>"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link to the web; one to a file of the course is its text."""
        if not re.match(r"https?://|mailto:", url):
            return text
        return super().link(text, url, title)


def render_markdown(markdown: str) -> str:
    """Markdown as HTML that is also XML; formulas in the marks that Canvas renders."""
    renderer = _Renderer(escape=True)
    convert = mistune.create_markdown(renderer=renderer, plugins=["table", "math"])
    return str(convert(markdown))

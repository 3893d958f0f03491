"""What a cartridge holds: modules of pages and assignments, with lasting ids."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import mistune

from unrolled.author.lesson import read_lesson
from unrolled.course import Assignment, Course

_HEADING = re.compile(r"\A\s*#\s+[^\n]*\n?")


@dataclass(frozen=True)
class Page:
    """A wiki page; its slug is its address in Canvas, which makes it of the title."""

    id: str
    title: str
    slug: str
    body: str

    @property
    def address(self) -> str:
        """What a link to it says in a cartridge."""
        return f"$WIKI_REFERENCE$/pages/{self.slug}"


@dataclass(frozen=True, kw_only=True)
class AssignmentItem:
    """An assignment as Canvas shall have it."""

    id: str
    title: str
    body: str
    position: int
    source: Assignment

    @property
    def address(self) -> str:
        """What a link to it says in a cartridge."""
        return f"$CANVAS_OBJECT_REFERENCE$/assignments/{self.id}"


@dataclass(frozen=True)
class Module:
    """A heading of the course, and the pages and assignments below it."""

    id: str
    title: str
    items: tuple[Page | AssignmentItem, ...]
    opens: datetime | None = None


def list_items(modules: Sequence[Module]) -> Iterator[Page | AssignmentItem]:
    """All pages and assignments in their order."""
    for module in modules:
        yield from module.items


def make_identifier(course: Course, kind: str, name: str) -> str:
    """The same for the same thing at every run; begins with a letter."""
    key = f"{course.id}/{kind}/{name}"
    return "g" + hashlib.sha256(key.encode()).hexdigest()[:32]


def build_modules(course: Course) -> list[Module]:
    """Start here, then a module for each assignment with its overview."""
    slugs = {"syllabus", "how-to-hand-in"}
    lessons = [
        _build_module(course, assignment, position, slugs)
        for position, assignment in enumerate(course.assignments.values(), 1)
    ]
    tasks = [i for i in list_items(lessons) if isinstance(i, AssignmentItem)]
    times = build_syllabus(course, {t.source.name: _format_link(t) for t in tasks})
    steps = build_instructions(course)
    ids = [make_identifier(course, "page", name) for name in ("syllabus", "hand-in")]
    start = (
        Page(ids[0], "Syllabus", "syllabus", times),
        Page(ids[1], "How to hand in", "how-to-hand-in", steps),
    )
    first = Module(make_identifier(course, "module", "start"), "Start here", start)
    return [first, *lessons]


def _build_module(
    course: Course, assignment: Assignment, position: int, slugs: set[str]
) -> Module:
    name = assignment.name
    title = f"Overview: {assignment.title}"
    slug = _make_slug(title, f"overview-{name}", slugs)
    body = build_overview(course, assignment)
    page = Page(make_identifier(course, "page", name), title, slug, body)
    task = AssignmentItem(
        id=make_identifier(course, "assignment", name),
        title=assignment.title,
        body=build_assignment_text(course, assignment, _format_link(page)),
        position=position,
        source=assignment,
    )
    identifier = make_identifier(course, "module", name)
    heading = f"{position}. {assignment.title}"
    return Module(identifier, heading, (page, task), assignment.release)


def _make_slug(title: str, otherwise: str, taken: set[str]) -> str:
    """What Canvas makes of a title; two alike are numbered, as Canvas does."""
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    if not title.isascii():
        plain = re.sub(r"[^a-z0-9]+", "-", otherwise.lower()).strip("-")
    slug, number = plain, 2
    while slug in taken:
        slug, number = f"{plain}-{number}", number + 1
    taken.add(slug)
    return slug


def _format_link(to: Page | AssignmentItem) -> str:
    return f'<a href="{to.address}">{html.escape(to.title)}</a>'


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

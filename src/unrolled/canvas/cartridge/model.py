"""What a cartridge holds: modules of pages and assignments, with lasting ids."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from unrolled.canvas.cartridge.pages import (
    build_assignment_text,
    build_instructions,
    build_overview,
    build_syllabus,
)
from unrolled.course import Assignment, Course


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
    start = (
        Page(_make_page_id(course, "syllabus"), "Syllabus", "syllabus", times),
        Page(
            _make_page_id(course, "hand-in"), "How to hand in", "how-to-hand-in", steps
        ),
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
    page = Page(_make_page_id(course, name), title, slug, body)
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


def _make_page_id(course: Course, name: str) -> str:
    return make_identifier(course, "page", name)


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

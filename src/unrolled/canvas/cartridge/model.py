"""What a cartridge holds: modules of pages and assignments, with lasting ids."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from unrolled.canvas.cartridge.pages import assignment_text, hand_in, overview, syllabus
from unrolled.course.model import Assignment, Course


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


@dataclass(frozen=True)
class Task:
    """An assignment as Canvas shall have it."""

    id: str
    title: str
    body: str
    position: int
    source: Assignment

    @property
    def address(self) -> str:
        """What a link to it says in a cartridge."""
        return address_of(self.id)


@dataclass(frozen=True)
class Module:
    """A heading of the course, and the pages and assignments below it."""

    id: str
    title: str
    items: tuple[Page | Task, ...]
    opens: datetime | None = None


def items_of(modules: Sequence[Module]) -> Iterator[Page | Task]:
    """All pages and assignments in their order."""
    for module in modules:
        yield from module.items


def identifier(course: Course, kind: str, name: str) -> str:
    """The same for the same thing at every run; begins with a letter."""
    key = f"{course.id}/{kind}/{name}"
    return "g" + hashlib.sha256(key.encode()).hexdigest()[:32]


def address_of(task_id: str) -> str:
    """What a link to an assignment says in a cartridge."""
    return f"$CANVAS_OBJECT_REFERENCE$/assignments/{task_id}"


def course_modules(course: Course) -> list[Module]:
    """Start here, then a module for each assignment with its overview."""
    slugs = {"syllabus", "how-to-hand-in"}
    lessons = [
        _lesson(course, assignment, position, slugs)
        for position, assignment in enumerate(course.assignments.values(), 1)
    ]
    tasks = [i for i in items_of(lessons) if isinstance(i, Task)]
    times = syllabus(course, {t.source.name: _link(t) for t in tasks})
    start = (
        Page(_page_id(course, "syllabus"), "Syllabus", "syllabus", times),
        Page(
            _page_id(course, "hand-in"),
            "How to hand in",
            "how-to-hand-in",
            hand_in(course),
        ),
    )
    first = Module(identifier(course, "module", "start"), "Start here", start)
    return [first, *lessons]


def _lesson(
    course: Course, assignment: Assignment, position: int, slugs: set[str]
) -> Module:
    name = assignment.name
    title = f"Overview: {assignment.title}"
    slug = _slug(title, f"overview-{name}", slugs)
    page = Page(_page_id(course, name), title, slug, overview(course, assignment))
    task = Task(
        identifier(course, "assignment", name),
        assignment.title,
        assignment_text(course, assignment, _link(page)),
        position,
        assignment,
    )
    number = identifier(course, "module", name)
    heading = f"{position}. {assignment.title}"
    return Module(number, heading, (page, task), assignment.release)


def _page_id(course: Course, name: str) -> str:
    return identifier(course, "page", name)


def _slug(title: str, otherwise: str, taken: set[str]) -> str:
    """What Canvas makes of a title; two alike are numbered, as Canvas does."""
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    if not title.isascii():
        plain = re.sub(r"[^a-z0-9]+", "-", otherwise.lower()).strip("-")
    slug, number = plain, 2
    while slug in taken:
        slug, number = f"{plain}-{number}", number + 1
    taken.add(slug)
    return slug


def _link(to: Page | Task) -> str:
    return f'<a href="{to.address}">{html.escape(to.title)}</a>'

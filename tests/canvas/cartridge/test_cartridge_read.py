"""The cartridge as a reader sees it that was written without sight of the writer."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.cartridge_reader import Cartridge, read_cartridge
from support.odd_course import make_odd

from unrolled.canvas.cartridge.build import zip_cartridge
from unrolled.canvas.cartridge.model import build_modules
from unrolled.course.model import Course, load_course

ROOT = Path(__file__).parents[3]


def as_read(course: Course, folder: Path) -> Cartridge:
    """The course's cartridge, read; the reader refuses it if anything is amiss."""
    path = folder / "course.imscc"
    path.write_bytes(zip_cartridge(course, build_modules(course)))
    return read_cartridge(path)


def test_all_that_the_course_has_is_read(tmp_path: Path) -> None:
    """Does the reader find each assignment with its title, points and dates?"""
    course = load_course(ROOT)
    found = {a.title: a for a in as_read(course, tmp_path).assignments}
    assert set(found) == {a.title for a in course.assignments.values()}
    for wanted in course.assignments.values():
        assert found[wanted.title].points == wanted.points
        assert found[wanted.title].due == _utc(wanted.due)
        assert found[wanted.title].workflow_state in ("published", "unpublished")


def _utc(moment: object) -> object:
    return moment.astimezone(ZoneInfo("UTC")) if hasattr(moment, "astimezone") else None


def test_every_lesson_has_a_module_with_its_page_and_its_assignment(
    tmp_path: Path,
) -> None:
    """Do the items of the modules lead to all pages and assignments, in order?"""
    course = load_course(ROOT)
    read = as_read(course, tmp_path)
    targets = [item.target for module in read.modules for item in module.items]
    titles = {a.identifier: a.title for a in read.assignments}
    assert set(targets) == {p.identifier for p in read.pages} | set(titles)
    in_modules = [titles[t] for t in targets if t in titles]
    assert in_modules == [a.title for a in course.assignments.values()]
    slugs = {p.slug for p in read.pages}
    assert {"syllabus", "how-to-hand-in"} <= slugs


def test_odd_titles_are_read_as_they_are(tmp_path: Path) -> None:
    """Do quotes, brackets and other scripts come through?"""
    course = make_odd(tmp_path)
    found = {a.title for a in as_read(course, tmp_path).assignments}
    assert found == {a.title for a in course.assignments.values()}


def test_a_second_cartridge_has_the_same_identifiers(tmp_path: Path) -> None:
    """Would Canvas update what the first import made, after titles have changed?"""
    course = load_course(ROOT)
    first, second = as_read(course, tmp_path), as_read(course, tmp_path)
    assert [a.identifier for a in first.assignments] == [
        a.identifier for a in second.assignments
    ]
    assert {p.identifier for p in first.pages} == {p.identifier for p in second.pages}


@pytest.mark.parametrize("what", ["assignments", "pages", "modules"])
def test_nothing_is_missing(what: str, tmp_path: Path) -> None:
    """Is there something of each kind?"""
    assert getattr(as_read(load_course(ROOT), tmp_path), what)

"""The pages of the cartridge, and the command that writes it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from lxml import etree
from support.cli import Call, command
from support.odd_course import all_items, make_odd

from unrolled.canvas.cartridge.build import make_cartridge
from unrolled.canvas.cartridge.model import Page, render_markdown
from unrolled.course.model import Course, load_course
from unrolled.errors import UserError


@pytest.fixture
def odd(tmp_path: Path) -> Course:
    """A course of odd titles."""
    return make_odd(tmp_path)


def test_two_titles_with_one_slug_are_two_pages(odd: Course) -> None:
    """Do "R&D <1>" and "R&D 1" not overwrite each other, and "門" have an address?"""
    slugs = [i.slug for i in all_items(odd) if isinstance(i, Page)]
    assert slugs[2:] == ["overview-r-d-1", "overview-02-b", "overview-r-d-1-2"]


def test_the_hub_is_linked_where_students_look(odd: Course) -> None:
    """Is it on how to hand in and on every assignment, escaped?"""
    link = 'href="https://hub.example.edu/?a=1&amp;b=2"'
    assert sum(link in i.body for i in all_items(odd)) == 1 + len(odd.assignments)


def test_an_overview_is_the_lesson_up_to_its_first_code(odd: Course) -> None:
    """Are heading and code left out, formulas in Canvas's marks, scripts harmless?"""
    body = next(i.body for i in all_items(odd) if i.title == "Overview: R&D <1>")
    assert "Title" not in body and "never in the overview" not in body
    assert r"\(x &lt; y\)" in body and "$$" in body
    assert "<script" not in body and "NOTATION.md" not in body
    assert "<em>a picture</em>" in body and 'href="https://example.org"' in body


def test_lessons_make_pages_that_are_also_xml() -> None:
    """Do tables, code and odd characters come out well-formed?"""
    made = render_markdown(
        "a | b\n-|-\n`<x>` | &\n\n```python\na < b\n```\n\n***\n\nx  \ny"
    )
    etree.fromstring(f"<body>{made}</body>")


def test_it_is_never_overwritten_unasked(odd: Course, tmp_path: Path) -> None:
    """Is an existing file kept until --force, and nothing written in a dry run?"""
    out = tmp_path / "x.imscc"
    assert not make_cartridge(odd, out, dry_run=True).written and not out.exists()
    assert make_cartridge(odd, out).written
    with pytest.raises(UserError, match="--force"):
        make_cartridge(odd, out)
    assert make_cartridge(odd, out, force=True).without_dates == ("02_b", "03_c")


def test_the_command_says_what_it_made(
    odd: Course, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are modules, pages and assignments listed, for people and for programs?"""
    (odd.root / "nbgrader_config.py").write_text("")
    monkeypatch.chdir(odd.root)
    call: Call = partial(command, capfd)
    document = call("canvas", "cartridge", "--dry-run", "--json").document()
    assert document["assignments"] == ["R&D <1>", "門", "R&D 1"]
    said = call("canvas", "cartridge")
    assert said.code == 0 and "written" in said.out
    assert (odd.root / "course.imscc").read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("https://hub.example.edu/?a=1&b=2", "ftp://x", "canvas.hub: .*https://"),
        ("https://hub.example.edu/?a=1&b=2", "https://u:p@x", "no password"),
        ("hub =", "hubb =", "canvas.hubb: unknown; did you mean hub"),
        ("hub =", 'url = "https://c.edu/courses/1"\nhub =', "address of Canvas itself"),
        ("hub =", 'url = "http://c.edu"\nhub =', "canvas.url: .*https://"),
        ("hub =", "course = -1\nhub =", "canvas.course"),
    ],
)
def test_mistakes_in_the_canvas_table_are_named(
    odd: Course, old: str, new: str, said: str
) -> None:
    """Is the key named, and what it should be?"""
    path = odd.root / "course.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UserError, match=said):
        load_course(odd.root)

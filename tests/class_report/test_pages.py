"""Are the pages harmless, whoever wrote what is in them, and the tables?"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from dataclasses import replace
from typing import Any

from bs4 import BeautifulSoup
from support.class_work import failed, make_work
from support.small_assignment import material

from unrolled.class_report.mistakes import find_mistakes
from unrolled.class_report.model import (
    ClassReport,
    StudentLine,
    TermReport,
    TermStudent,
)
from unrolled.class_report.pages import (
    Links,
    make_policy,
    render_csv,
    render_page,
    render_term_page,
)

EVIL = "</pre></script><script>alert(1)</script><img src=x onerror=alert(2)>"


def make_report(**more: Any) -> ClassReport:
    evil = failed("double_values", EVIL)
    works = {
        EVIL: make_work(EVIL, small=evil, large=1, code=f"def double(x): '{EVIL}'")
    }
    known, unknown = find_mistakes(material(), works, {})
    line = StudentLine(
        student=EVIL, name=EVIL, state="ungraded", reason=EVIL, mistakes=(EVIL,)
    )
    report = ClassReport(
        assignment="01_tiny",
        title=EVIL,
        course=EVIL,
        made="today",
        distribution=None,
        questions=(),
        mistakes=known,
        unexplained=unknown,
        students=(line,),
    )
    return replace(report, **more)


def test_nothing_that_students_wrote_is_markup() -> None:
    """Is the page's own script the only one, and no picture in it?"""
    term = TermReport(
        course=EVIL,
        made="",
        assignments=(),
        students=(
            TermStudent(student=EVIL, name=EVIL, shares=(), mean=None, behind=EVIL),
        ),
    )
    for page in (render_page(make_report()), render_term_page(term)):
        soup = BeautifulSoup(page, "lxml")
        (script,) = soup.find_all("script")
        assert "sortable" in script.get_text()
        assert not soup.find_all("img")
        assert soup.body is not None and EVIL in soup.body.get_text()


def test_the_policy_is_that_of_the_script() -> None:
    """Does the browser run what is in the page, and nothing else?"""
    soup = BeautifulSoup(render_page(make_report()), "lxml")
    (script,) = soup.find_all("script")
    digest = hashlib.sha256(script.get_text().encode()).digest()
    wanted = f"script-src 'sha256-{base64.b64encode(digest).decode()}'"
    (meta,) = soup.find_all("meta", {"http-equiv": "Content-Security-Policy"})
    assert wanted in make_policy()
    assert meta["content"] == make_policy()


def test_links_are_there_where_they_lead_somewhere() -> None:
    """Has a file no way to the hub, and a hub's page one?"""
    page = render_page(make_report())
    assert "Grading</a>" not in page and "Table (CSV)" not in page
    links = Links(back="/b", term="/t", csv="/c", other_names="?names=hidden")
    page = render_page(make_report(), links)
    for address in ("/b", "/t", "/c", "?names=hidden"):
        assert f'href="{address}"' in page
    assert "Hide names" in page
    assert "Show names" in render_page(make_report(nameless=True), links)


def test_a_spreadsheet_runs_no_formula() -> None:
    """Are cells that begin like one kept as text?"""
    line = StudentLine(
        student="=1+1", name="+x", state="graded", score=-1.0, reason="@a"
    )
    text = render_csv(make_report(students=(line,)))
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["student"], row["name"], row["reason"]) == ("'=1+1", "'+x", "'@a")
    assert row["score"] == "-1.0"

"""Formgrader's lists in a browser: its own scripts work, and no other runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from nbgrader.api import Gradebook
from support.author_course import make_course
from support.cli import NAME, hand_in
from support.formgrader import formgrader
from support.jupyter import browser_page, needs_browser
from support.payloads import LISTENS

from unrolled.author.build import build_assignments
from unrolled.grade.run import grade
from unrolled.hub.setup.jupyter_config import FORMGRADER_MODULE

pytestmark = needs_browser
POLICY = "content-security-policy"
ATTACK = "<img src=x onerror=ran(7)>"
PAGES = (
    "manage_assignments",
    f"manage_submissions/{NAME}",
    "gradebook",
    f"gradebook/{NAME}",
    f"gradebook/{NAME}/tiny",
    "manage_students",
    "manage_students/ada",
    f"manage_students/ada/{NAME}",
)
# What would run if a list wrote a name into the page as HTML, and no policy held.
INJECT = """() => {
  const row = document.querySelector("#main-table td");
  row.innerHTML += "<img src=x onerror=ran(1)><a href=javascript:ran(2)>x</a>"
    + "<button id=mine onclick='ran(3)'>x</button>";
  const script = document.createElement("script");
  script.text = "ran(4)";
  row.append(script);
  row.querySelector("a[href^=javascript]").click();
  row.querySelector("#mine").click();
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Formgrader, with two students' graded work; the name of one attacks."""
    course = make_course(tmp_path_factory.mktemp("lists") / "course")
    build_assignments(course, [NAME])
    for student in ("ada", "bob"):
        hand_in(course, student)
    assert grade(course, NAME).ungraded == ()
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.update_or_create_student("ada", first_name=ATTACK, last_name=ATTACK)
    with formgrader(course, FORMGRADER_MODULE) as found:
        yield f"{found}/formgrader"


@pytest.fixture
def page() -> Iterator[Any]:
    """A page that collects what goes wrong in it: `errors` of scripts and policy."""
    with browser_page() as page:
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda m: _keep_refusals(page.errors, m.text))
        page.add_init_script(LISTENS)
        yield page


def _keep_refusals(errors: list[str], text: str) -> None:
    if "Content Security Policy" in text:
        errors.append(text)


@pytest.mark.parametrize("path", PAGES)
def test_a_list_fills_itself_and_runs_nothing_else(
    address: str, page: Any, path: str
) -> None:
    """Do a list's own scripts run under a policy that refuses all others?"""
    policies = [page.goto(f"{address}/{path}").headers[POLICY] for _ in range(2)]
    assert all("default-src 'none'" in p for p in policies)
    scripts = [p.split("script-src ")[1].split(";")[0] for p in policies]
    assert scripts[0] != scripts[1]
    assert "'unsafe-inline'" not in scripts[0] and "'self'" not in scripts[0]
    page.locator("#main-table tr td").first.wait_for()
    page.wait_for_load_state("networkidle")
    assert (page.errors, page.evaluate("window.ranList")) == ([], [])
    page.evaluate(INJECT)
    page.wait_for_timeout(300)
    assert page.evaluate("window.ranList") == []
    assert len(page.errors) >= 4


def test_the_lists_buttons_work(address: str, page: Any) -> None:
    """Do names, forms and links do what they did without a policy?"""
    page.goto(f"{address}/gradebook/{NAME}/tiny")
    name = page.locator("a.name-shown", has_text=ATTACK)
    name.wait_for(state="attached")
    assert not name.is_visible()
    page.locator("#toggle_names").click()
    name.wait_for(state="visible")
    name.click()
    page.wait_for_url("**/formgrader/submissions/**")
    page.goto(f"{address}/manage_students")
    row = page.locator("tr", has_text="ada")
    assert ATTACK in row.inner_text()
    row.locator(".edit a").click()
    form = page.locator(".modal.in")
    form.locator("input.modal-email").fill("ada@example.org")
    form.locator("button.save").click()
    form.wait_for(state="detached")
    page.reload()
    row = page.locator("tr", has_text="ada")
    row.wait_for()
    row.locator(".edit a").click()
    field = page.locator(".modal.in input.modal-email")
    assert field.input_value() == "ada@example.org"
    assert (page.errors, page.evaluate("window.ranList")) == ([], [])


@pytest.mark.parametrize("path", ["manage_assignments", "manage_students"])
def test_the_button_to_add_opens_its_form(address: str, page: Any, path: str) -> None:
    """Is what the button says in an attribute of the page allowed, too?"""
    page.goto(f"{address}/{path}")
    page.locator("tfoot a").last.click()
    page.locator(".modal.in button.save").wait_for()
    assert page.errors == []


def test_a_due_date_is_changed_in_its_form(address: str, page: Any) -> None:
    """Does the form of an assignment open, save, and show what was saved?"""
    page.goto(f"{address}/manage_assignments")
    row = page.locator("#main-table tr", has_text=NAME)
    row.locator(".edit a").click()
    form = page.locator(".modal.in")
    form.locator("input.modal-duedate").fill("2027-07-01T23:59")
    form.locator("button.save").click()
    form.wait_for(state="detached")
    row.get_by_text("2027-07-01 23:59").wait_for()
    assert page.errors == []

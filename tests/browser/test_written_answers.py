"""What students write, in the browser of who reads it: nothing in it ever runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from nbgrader.api import Gradebook
from support.cli import NAME, hand_in
from support.formgrader import STOCK, formgrader
from support.hostile_answers import ANSWERS
from support.judges import grade_here
from support.jupyter import browser_page, needs_browser
from support.payloads import (
    COMMENT,
    LISTENS,
    UNFOLD,
    add_hostile_answers,
    check_nothing_runs,
    watched,
    write_answer,
)
from support.shared import make_built_course

from unrolled.course.model import Course
from unrolled.feedback.generate import generate_feedback
from unrolled.hub.setup.jupyter_config import FORMGRADER_MODULE

pytestmark = needs_browser
POLICY = "content-security-policy"
HARMLESS = r"""Why? <b>bold</b>, x<sub>t</sub>, List<int>, a < b, `<b>` and ``` `` ```.

| a | b |
|:-:|---|
| 1 | $h_t$ |

- [x] done

<details><summary>More</summary>

[a paper](https://example.org/a?b=1&c=2 "A title"), <ada@example.org>

</details>

```python
def f(x): return x < 1
```
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A graded course: ada's answers attack, bob's are good Markdown."""
    made = make_built_course(tmp_path_factory.mktemp("written") / "course")
    for student in ("ada", "bob"):
        hand_in(made, student)
    add_hostile_answers(made.submitted / "ada" / NAME / "tiny.ipynb")
    write_answer(made.submitted / "bob" / NAME / "tiny.ipynb", HARMLESS)
    assert grade_here(made, NAME).ungraded == ()
    with Gradebook(made.db_url, made.id) as gradebook:
        comment = gradebook.find_comment("why", "tiny", NAME, "ada")
        comment.manual_comment = COMMENT
        gradebook.db.commit()
    generate_feedback(made, NAME)
    return made


def part(course: Course, student: str) -> str:
    """The id of a student's notebook in formgrader."""
    with Gradebook(course.db_url, course.id) as gradebook:
        return str(gradebook.find_submission_notebook("tiny", NAME, student).id)


def test_there_are_answers_of_all_kinds() -> None:
    """Are there enough of them, no two alike?"""
    assert len(set(ANSWERS)) == len(ANSWERS) >= 100


def test_no_answer_runs_in_a_feedback_page(course: Course) -> None:
    """Is the page, opened from disk, dead to every kind of attack?"""
    path: Path = course.feedback / "ada" / NAME / "tiny.html"
    with browser_page() as page, watched(page) as seen:
        page.goto(path.as_uri())
        check_nothing_runs(page, seen)
        assert "Good, " in page.locator("body").inner_text()
        assert seen.errors == []


@pytest.mark.parametrize(
    ("extension", "points"), [(STOCK, "30"), (FORMGRADER_MODULE, "29")]
)
def test_no_answer_runs_in_formgrader(
    course: Course, extension: str, points: str
) -> None:
    """Is the marker's page dead to them, and do its own buttons and keys work?"""
    with (
        formgrader(course, extension) as address,
        browser_page() as page,
        watched(page) as seen,
    ):
        page.goto(f"{address}/formgrader/submissions/{part(course, 'ada')}/?index=0")
        check_nothing_runs(page, seen)
        page.locator("#why").fill(points)
        page.locator("#why").press("Tab")
        page.wait_for_selector(".score-saved >> visible=true")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "why-comment"
        name = page.locator("a.name-shown")
        assert not name.is_visible()
        page.locator("span.glyphicon-eye-open").click()
        assert name.is_visible() and name.inner_text() == "ada"
        assert "notebooks/" in name.get_attribute("href")
        check_policy_holds(page)
        assert seen.errors == []
    with Gradebook(course.db_url, course.id) as gradebook:
        found = gradebook.find_grade("why", "tiny", NAME, "ada")
        assert found.manual_score == float(points)


def check_policy_holds(page: Any) -> None:
    """Would the browser refuse what got past the sanitiser all the same?"""
    page.evaluate(
        """() => {
          const text = document.querySelector(".text_cell_render, .written");
          const script = document.createElement("script");
          script.text = "ran(1)";
          const other = document.createElement("script");
          other.src = "tiny.js";
          const image = document.createElement("div");
          image.innerHTML = "<img src=x onerror=ran(2)><a href=javascript:ran(3)>x</a>";
          text.append(script, other, image);
          image.querySelector("a").click();
        }"""
    )
    page.wait_for_timeout(500)
    assert page.evaluate("window.ranList") == []


def test_a_hub_says_in_headers_what_may_run(course: Course) -> None:
    """Do headers refuse inline scripts, by a new nonce each time, and files?"""
    folder = course.autograded / "ada" / NAME
    (folder / "page.html").write_text("<script>parent.ran(1); ran(1)</script>I am here")
    (folder / "tiny.js").write_text("ran(4)")
    with formgrader(course, FORMGRADER_MODULE) as address, browser_page() as page:
        start = f"{address}/formgrader/submissions/{part(course, 'ada')}/"
        policies = [page.goto(start).headers[POLICY] for _ in range(2)]
        for policy in policies:
            assert "script-src 'nonce-" in policy and "default-src 'none'" in policy
            scripts = policy.split("script-src")[1].split(";")[0]
            assert "unsafe" not in scripts and "self" not in scripts
        assert policies[0] != policies[1]
        page.add_init_script(LISTENS)
        answer = page.goto(f"{start}page.html")
        assert answer.headers[POLICY].count("sandbox; default-src 'none'") == 1
        assert "I am here" in page.locator("body").inner_text()
        assert page.evaluate("window.ranList") == []


def test_an_address_that_a_student_sends_runs_nothing(course: Course) -> None:
    """Is a part of formgrader's address a name on the page, and never HTML?"""
    attack = "<img src=x onerror=ran(1)>"
    part = quote(attack, safe="")
    string = quote('";ran(2);//', safe="")
    with formgrader(course, FORMGRADER_MODULE) as address, browser_page() as page:
        page.add_init_script(LISTENS)
        for place in (
            *("manage_submissions", "manage_students", "gradebook"),
            *(f"manage_students/{string}", f"gradebook/{string}"),
        ):
            for name in (part, string):
                page.goto(f"{address}/formgrader/{place}/{name}")
                page.wait_for_load_state("networkidle")
                assert page.evaluate("window.ranList") == []
                assert page.locator(".breadcrumb li.active").count() == 1
            page.goto(f"{address}/formgrader/{place}/{part}")
            assert page.locator(".breadcrumb li.active").inner_text() == attack


def test_a_good_answer_is_shown_as_it_was_meant(course: Course) -> None:
    """Do harmless HTML, tables, lists, links and code stay, and is the rest text?"""
    with browser_page() as page:
        page.goto((course.feedback / "bob" / NAME / "tiny.html").as_uri())
        page.evaluate(UNFOLD)
        written = page.locator(".rendered_html, .written", has_text="Why?").last
        text = written.inner_text()
        assert "List<int>, a < b, <b> and ``." in text and "☑ done" in text
        assert written.locator("b", has_text="bold").count() == 1
        assert written.locator("sub", has_text="t").count() == 1
        assert written.locator("td math").count() == 1
        assert written.locator("th[align=center]").count() == 1
        assert written.locator("details[open], details").count() == 1
        assert written.locator(".highlight span.k").count() >= 1
        links = written.locator("a").evaluate_all("(all) => all.map((a) => a.href)")
        assert links == ["https://example.org/a?b=1&c=2", "mailto:ada@example.org"]

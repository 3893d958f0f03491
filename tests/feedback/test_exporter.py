"""The feedback page as a file, and formgrader's as it is sent: no browser is needed.

The other tests of these pages look with a browser, and are skipped where there is none;
what must never be given away, or never run, is asked here as well.
"""

from __future__ import annotations

import re
import shutil
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbgrader.api import Gradebook
from support.author_course import LESSON, make_course
from support.cli import NAME, hand_in
from support.formgrader import STOCK, formgrader
from support.hostile_answers import ANSWERS
from support.judges import grade_here
from support.payloads import COMMENT, add_hostile_answers, write_answer
from support.stock_autograde import stock

from unrolled.author.build import build_assignments
from unrolled.course.model import Course, load_course
from unrolled.feedback.generate import generate_feedback
from unrolled.hub.setup.jupyter_config import FORMGRADER_MODULE

TAG = "<b id=mine>x</b>"
HIDDEN = ("oracle.double", "rng.integers")
ACTS = ("script", "style", "link", "meta", "base", "iframe", "object", "embed", "svg")
FORMS = ("form", "input", "button")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A graded course: ada is late, bob wrong and marked, eve attacks who reads her."""
    lesson = LESSON.replace("# Because.", "# A model answer.")
    course = make_course(tmp_path_factory.mktemp("pages") / "course", lesson)
    build_assignments(course, [NAME])
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.add_student("ada", first_name="Ada", last_name=f"Noël {TAG}")
    for student in ("ada", "bob", "eve"):
        hand_in(course, student)
    write_answer(course.submitted / "ada" / NAME / "tiny.ipynb", "Twice is twice.")
    stamp = course.submitted / "ada" / NAME / "timestamp.txt"
    stamp.write_text("2027-02-07 12:00:00 UTC")
    bob = course.submitted / "bob" / NAME / "tiny.ipynb"
    wrong = f"print('{TAG}'); raise ValueError('{TAG}')"
    bob.write_text(bob.read_text().replace("return 2 * x", wrong))
    add_hostile_answers(course.submitted / "eve" / NAME / "tiny.ipynb")
    assert grade_here(course, NAME).ungraded == ()
    with Gradebook(course.db_url, course.id) as gradebook:
        marked = gradebook.find_grade("why", "tiny", NAME, "bob")
        marked.manual_score, marked.needs_manual_grade = 30.5, False
        for student in ("bob", "eve"):
            comment = gradebook.find_comment("why", "tiny", NAME, student)
            comment.manual_comment = COMMENT
        gradebook.db.commit()
    generate_feedback(course, NAME)
    return course


def text_of(course: Course, student: str) -> str:
    """A student's page, as it was written."""
    return (course.feedback / student / NAME / "tiny.html").read_text()


def page_of(course: Course, student: str) -> BeautifulSoup:
    """A student's page, parsed."""
    return BeautifulSoup(text_of(course, student), "html.parser")


def words(page: BeautifulSoup, place: str) -> str:
    """What stands at a place, with single spaces."""
    found = page.select_one(place)
    assert found is not None, place
    return " ".join(found.get_text().split())


def facts(page: BeautifulSoup) -> dict[str, str]:
    """What stands at the head of a page."""
    return {dt.text: dt.find_next("dd").text for dt in page.select(".facts dt")}  # type: ignore[union-attr]


def check_nothing_acts(page: BeautifulSoup) -> None:
    """Is what students and markers wrote there, and nothing in it alive?"""
    texts = page.select(".text_cell_render, .rendered_html, .written")
    assert len(texts) > len(ANSWERS)
    said = page.get_text()
    assert all(f"answer{n}begin" in said for n in range(len(ANSWERS)))
    for tag in (t for text in texts for t in text.find_all(True)):
        assert tag.name not in (*ACTS, *FORMS), tag
        for key, value in ((k, str(v)) for k, v in tag.attrs.items()):
            assert not re.match(r"on|style$|id$|name$|srcset|ping|target", key), tag
            if key == "href":
                assert re.match(r"https?://|mailto:", value, re.IGNORECASE), tag
            if key == "src":
                assert re.match("data:image/(png|jpeg);base64,", value), tag


def test_what_students_and_markers_wrote_does_nothing_in_feedback(
    made: Course,
) -> None:
    """Is every attack, in answers and in a comment, text on the page that is kept?"""
    page = page_of(made, "eve")
    check_nothing_acts(page)
    assert "Good, " in words(page, "#comment-why")
    assert page.find("script") is None


def test_names_prints_and_errors_are_text_on_the_page(made: Course) -> None:
    """Is a tag in a student's name, output, code and exception shown as typed?"""
    for student in ("ada", "bob"):
        assert TAG not in text_of(made, student)
    assert TAG in facts(page_of(made, "ada"))["Student"]
    assert TAG in words(page_of(made, "bob"), ".output_error")


def test_the_page_asks_a_browser_to_run_nothing(made: Course) -> None:
    """Does the file carry its policy, wherever it is opened?"""
    found = page_of(made, "ada").find("meta", {"http-equiv": "Content-Security-Policy"})
    assert found is not None
    policy = str(found["content"])
    assert "default-src 'none'" in policy and "script-src" not in policy


def test_late_waiting_and_marked_work_is_told(made: Course) -> None:
    """Are penalty, zone, waiting answers and halves of points said, and to whom?"""
    ada, bob = page_of(made, "ada"), page_of(made, "bob")
    assert words(ada, ".score") == "48 of 100 points"
    told = facts(ada)
    assert told["Late penalty"] == "12 points, of 60"
    assert told["Handed in"] == "Sun 7 Feb 2027, 06:00 CST"
    assert told["Not final"] == "1 answer not marked yet"
    assert "waits for a mark, of 40" in words(ada, "#answer-why")
    assert words(bob, ".score") == "30.5 of 100 points"
    assert not {"Late penalty", "Not final", "Handed in"} & set(facts(bob))
    assert "waits for a mark" not in bob.get_text()
    assert "30.5 of 40 points" in words(bob, "#answer-why")


def test_nothing_hidden_is_on_the_page(made: Course) -> None:
    """Are hidden tests and the marking scheme kept from right and wrong students?"""
    for student in ("ada", "bob"):
        said = page_of(made, student).get_text()
        assert "assert double(2) == 4" in said
        for secret in (*HIDDEN, "Marking scheme", "A model answer"):
            assert secret not in said


def test_an_instructor_may_open_the_hidden_tests(made: Course, tmp_path: Path) -> None:
    """Does `show_hidden_tests = true` show them, and only then?"""
    root = shutil.copytree(made.root, tmp_path / "course")
    toml = root / "course.toml"
    toml.write_text(f"{toml.read_text()}\n[feedback]\nshow_hidden_tests = true\n")
    course = load_course(root)
    generate_feedback(course, NAME, ["bob"], force=True)
    said = page_of(course, "bob").get_text()
    assert all(secret in said for secret in HIDDEN)


def test_model_answers_wait_for_the_last_extension(
    made: Course, tmp_path: Path
) -> None:
    """Are they shown where the instructor says so, and nobody has more time left?"""
    root = shutil.copytree(made.root, tmp_path / "course")
    toml = root / "course.toml"
    text = f'{toml.read_text()}\n[feedback]\nschemes = "after-deadline"\n'
    toml.write_text(text.replace("due = 2027-", "due = 2020-"))
    course = load_course(root)
    generate_feedback(course, NAME, ["bob"], force=True)
    assert "A model answer" in words(page_of(course, "bob"), "#answer-why .scheme")
    with Gradebook(course.db_url, course.id) as gradebook:
        late = gradebook.find_submission(NAME, "eve")
        late.extension = timedelta(days=20000)
        gradebook.db.commit()
    generate_feedback(course, NAME, ["bob"], force=True)
    assert "A model answer" not in page_of(course, "bob").get_text()


def test_nbgrader_makes_the_same_page(made: Course, tmp_path: Path) -> None:
    """Does the button of formgrader write what `unrolled feedback` does?"""
    course = load_course(shutil.copytree(made.root, tmp_path / "course"))
    shutil.rmtree(course.feedback)
    assert stock(course, "generate_feedback", NAME).returncode == 0
    for student in ("ada", "bob", "eve"):
        assert text_of(course, student) == text_of(made, student)
    ours, theirs = (
        sorted(path.relative_to(c.feedback) for path in c.feedback.rglob("*"))
        for c in (made, course)
    )
    assert ours == theirs and len(ours) > 9


@pytest.mark.parametrize("extension", [STOCK, FORMGRADER_MODULE])
def test_what_students_wrote_does_nothing_in_formgrader(
    made: Course, extension: str
) -> None:
    """Is the marker's page, as a server sends it, dead to every attack?"""
    with Gradebook(made.db_url, made.id) as gradebook:
        part = gradebook.find_submission_notebook("tiny", NAME, "eve").id
    with formgrader(made, extension) as address:
        url = f"{address}/formgrader/submissions/{part}/?index=0"
        text = urllib.request.urlopen(url, timeout=60).read().decode()
    page = BeautifulSoup(text, "html.parser")
    check_nothing_acts(page)
    found = page.find("meta", {"http-equiv": "Content-Security-Policy"})
    assert found is not None
    policy = str(found["content"])
    (nonce,) = re.findall(r"script-src 'nonce-([\w-]+)'(?:;|$)", policy)
    assert "default-src 'none'" in policy
    assert {s.get("nonce") for s in page.find_all("script")} == {nonce}

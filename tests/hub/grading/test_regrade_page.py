"""A regrade on the hub: looked at, applied with a reason, undone; for instructors."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.axe import needs_axe, violations
from support.gradebook_dump import dump
from support.grading_service import PREFIX, FakeHub, fake_hub, grading_service, sign_in
from support.jupyter import CHROMIUM, MISSING
from support.rich_class import NAME, make_rich_class
from support.student_server import Browser

from unrolled.author.build import build_assignments
from unrolled.course.model import Course
from unrolled.hub.grading.regrade import make_options
from unrolled.regrade import list_logs

pytest.importorskip("jupyterhub", reason="pip install jupyterhub")
SHOTS = os.environ.get("UNROLLED_LOOKS")
PAGE = f"{PREFIX}regrade/{NAME}"
# bob's function does not know the number that quadruple_large asked for.
MENDED = ("assert quadruple(100) == 400", "assert quadruple(2) == 8")
HIDDEN = ("int(rng.integers(100, 999))\nassert quadruple", "2\nassert quadruple")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Four graded students; a test was mended since."""
    made = make_rich_class(tmp_path_factory.mktemp("regrade") / "course")
    (path,) = made.lessons.glob("*/tiny.py")
    text = path.read_text("utf-8")
    for old, new in (MENDED, HIDDEN):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    build_assignments(made, [NAME])
    return made


@pytest.fixture(scope="module")
def service(course: Course) -> Iterator[tuple[FakeHub, Browser]]:
    with fake_hub() as hub, grading_service(course.root, hub) as (browser, _):
        yield hub, browser


def enter(service: tuple[FakeHub, Browser], who: str) -> Browser:
    return sign_in(*service, who)


def wait_for_job(browser: Browser) -> str:
    """The page once nothing runs any more."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        page = browser.get(PAGE)[1]
        if 'http-equiv="refresh"' not in page:
            return page
        time.sleep(0.3)
    raise AssertionError("the job does not end")


def find_fingerprint(page: str) -> str:
    found = re.search(r'name="fingerprint" value="(\w+)"', page)
    assert found, page
    return found[1]


@pytest.mark.parametrize("who", ["ta", "ada"])
def test_nobody_else_may(
    service: tuple[FakeHub, Browser], course: Course, who: str
) -> None:
    """Is an assistant, or a student, refused whatever is asked for, and told of no
    button?"""
    before = dump(course)
    other = enter(service, who)
    assert other.token, "what follows is refused, but not as a forgery"
    assert other.get(PAGE)[0] == 403
    token = {"why": "mine", "number": "1", "give": "double_small"}
    for verb in ("preview", "apply", "undo"):
        assert other.post(f"{PAGE}/{verb}", **token)[0] == 403
        assert other.post(f"{PREFIX}{verb}", assignment=NAME)[0] in (403, 404)
    assert f'href="{PAGE}"' not in other.get(PREFIX)[1]
    assert dump(course) == before and list_logs(course, NAME) == []


def test_a_mended_test_is_shown_applied_and_undone(
    service: tuple[FakeHub, Browser], course: Course
) -> None:
    """Who goes up, by which check; written with name and reason; and as it was?"""
    prof = enter(service, "instructor")
    assert f'href="{PAGE}"' in prof.get(PREFIX)[1]
    before = dump(course)
    prof.post(f"{PAGE}/preview")
    page = wait_for_job(prof)
    assert "1 go up, 0 go down, 3 stay" in page and "55.12 to 60.00 of 100" in page
    assert dump(course) == before, "a look writes nothing"
    shown = find_fingerprint(page)
    for wrong in ({"why": "mended"}, {"fingerprint": shown, "why": "  "}):
        assert 'role="alert"' in prof.post(f"{PAGE}/apply", **wrong)[1]
    assert dump(course) == before and list_logs(course, NAME) == []
    why = "the test asked for a number <b>too large</b> {name} --undo=1"
    prof.post(f"{PAGE}/apply", fingerprint=shown, why=why)
    page = wait_for_job(prof)
    (log,) = list_logs(course, NAME)
    assert (log.record.who, log.record.why) == ("instructor", why)
    assert log.record.finished and "<b>too large" not in page
    assert "&lt;b&gt;too large" in page and 'name="fingerprint"' not in page
    assert dump(course) != before
    prof.post(f"{PAGE}/undo", number="1")
    page = wait_for_job(prof)
    assert "undone by instructor" in page
    assert dump(course) == before


def test_what_was_not_seen_is_not_applied(
    service: tuple[FakeHub, Browser], course: Course
) -> None:
    """Is it refused where the class has changed since the look?"""
    prof = enter(service, "instructor")
    prof.post(f"{PAGE}/preview", give="double_small")
    shown = find_fingerprint(wait_for_job(prof))
    before = dump(course)
    prof.post(f"{PAGE}/preview", never_lower="1")
    other = find_fingerprint(wait_for_job(prof))
    assert shown != other
    _, said, _ = prof.post(f"{PAGE}/apply", fingerprint=shown, why="seen before")
    assert "no longer what you saw" in said
    assert dump(course) == before


def test_a_form_gives_no_option_of_its_own() -> None:
    """Are checks that are none refused, so that nothing else reaches the command?"""
    known = ["a", "b"]
    made = make_options(known, ["a"], [], never_lower=True)
    assert made == ["--only=a", "--never-lower"]
    assert make_options(known, [], ["b"], never_lower=False) == ["--give=b"]
    for odd in ("c", "--apply", "a --yes", ""):
        with pytest.raises(Exception, match="There is no check"):
            make_options(known, [odd], [], never_lower=False)


def test_other_addresses_are_none(service: tuple[FakeHub, Browser]) -> None:
    """Other assignments, other verbs?"""
    prof = enter(service, "instructor")
    assert prof.get(f"{PREFIX}regrade/09_none")[0] == 404
    assert prof.get(f"{PAGE}/preview")[0] == 404
    assert prof.post(f"{PAGE}/grade")[0] == 404
    assert "Which regrade" in prof.post(f"{PAGE}/undo", number="1 --apply")[1]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
@needs_axe
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_everybody_can_use_it(
    service: tuple[FakeHub, Browser], scheme: str, width: int
) -> None:
    """With a look on the page: is no rule of accessibility broken, and nothing wider
    than the screen?"""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="pip install playwright"
    )
    prof = enter(service, "instructor")
    prof.post(f"{PAGE}/preview")
    wait_for_job(prof)
    with sync_api.sync_playwright() as playwright:
        chromium: Any = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        size = {"width": width, "height": 900}
        page = chromium.new_page(viewport=size, color_scheme=scheme)
        page.goto(prof.address + PAGE)
        for summary in page.locator("details:not([open]) > summary").all():
            summary.click()
        if SHOTS:
            name = f"regrade-{width}-{scheme}.png"
            page.screenshot(path=Path(SHOTS) / name, full_page=True)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        chromium.close()

"""Do those who grade, and nobody else, get a page that grades the class?"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.class_on_a_hub import CONFIG, grade
from support.exchange_course import NAME, NOTEBOOK, Hub, make_hub
from support.grading_service import PREFIX, FakeHub, fake_hub, grading_service, sign_in
from support.jupyter import CHROMIUM, MISSING
from support.student_server import Browser

from unrolled.grade.warm.address import FOLDER, connect

pytest.importorskip("jupyterhub", reason="pip install jupyterhub")


@dataclass
class Service:
    """The service of a course, and a hub that signs people in."""

    course: Hub
    hub: FakeHub
    stranger: Browser

    def enter(self, who: str) -> Browser:
        """The browser of somebody who has signed in, with the token of the page."""
        return sign_in(self.hub, self.stranger, who)

    def state(self, browser: Browser, name: str = NAME) -> dict[str, Any]:
        told: dict[str, Any] = browser.data(PREFIX + "state")
        return next(a for a in told["assignments"] if a["name"] == name)

    def wait(self, browser: Browser) -> dict[str, Any]:
        """The state when the job has ended."""
        for _ in range(300):
            state = self.state(browser)
            if state["job"] and state["job"]["ended"]:
                return state
            time.sleep(0.1)
        raise AssertionError(state)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patched:
        course = make_hub(tmp_path_factory.mktemp("service"), patched)
    (course.course / "nbgrader_config.py").write_text(
        CONFIG.format(exchange=str(course.exchange))
    )
    with fake_hub() as hub, grading_service(course.course, hub) as (browser, _):
        yield Service(course, hub, browser)


@pytest.fixture
def clean(service: Service) -> Service:
    for folder in (service.course.inbound, service.course.course / "submitted"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    return service


def test_who_gets_in(service: Service) -> None:
    """Are graders let in, students refused, strangers sent to the hub?"""
    status, page, where = service.enter("ta").get(PREFIX)
    assert (status, where) == (200, service.stranger.address + PREFIX)
    assert "Grading: Recurrent Networks" in page
    assert "The Forward Pass" in page
    assert 'href="/services/rnn/formgrader"' in page
    student = service.enter("ada")
    status, page, _ = student.get(PREFIX)
    assert status == 403
    assert "for the people who grade" in page
    assert student.get(PREFIX + "state")[0] == 403
    assert student.post(PREFIX + "collect", assignment=NAME)[0] == 403
    assert Browser(service.stranger.address).get(PREFIX + "state")[0] == 403


def test_judges_are_warm_for_who_looks(service: Service) -> None:
    """Does the page keep warm judges for who looks at it, closed to all others?"""
    service.enter("ta")
    root = service.course.course
    until = time.monotonic() + 120
    while (call := connect(root)) is None:
        assert time.monotonic() < until
        time.sleep(0.1)
    call.close()
    assert (root / FOLDER).stat().st_mode & 0o077 == 0


def test_forged_forms(service: Service) -> None:
    """Is a form without the page's token refused, and an odd name not found?"""
    browser = service.enter("ta")
    path = PREFIX + "collect"
    assert browser.post_without_token(path, assignment=NAME)[0] == 403
    forged = browser.post_without_token(path, assignment=NAME, _xsrf="made up")
    assert forged[0] == 403
    for name in ("../x", "99_other", "--force"):
        assert browser.post(path, assignment=name)[0] == 404
    assert browser.get(path)[0] == 405
    assert service.state(browser)["job"] is None


def test_collect(clean: Service) -> None:
    """Does the button collect, and do all who look see what was refused?"""
    clean.course.hand_in("ada")
    bad = clean.course.hand_in("emmy")
    (bad / "link").symlink_to("/etc/passwd")
    ta, instructor = clean.enter("ta"), clean.enter("instructor")
    assert ta.post(PREFIX + "collect", assignment=NAME)[0] == 200
    seen = clean.wait(instructor)
    assert (seen["job"]["state"], seen["job"]["by"]) == ("done", "ta")
    assert [r["student"] for r in seen["refused"]] == ["emmy"]
    assert "is a symbolic link" in seen["html"]
    assert clean.course.submitted("ada").is_dir()
    time.sleep(2.1)  # numbers are counted every other second
    standing = clean.state(ta)["standing"]
    assert (standing["handed_in"], standing["collected"]) == (2, 1)
    assert clean.state(ta)["next"] == "grade"


def test_the_next_step_is_to_mark(clean: Service) -> None:
    """While answers wait for a mark, is that the step which stands out?"""
    clean.course.hand_in("ada")
    browser = clean.enter("ta")
    browser.post(PREFIX + "collect", assignment=NAME)
    clean.wait(browser)
    try:
        for waits, step in ((True, "mark"), (False, "feedback")):
            grade(clean.course, "ada", waits)
            time.sleep(2.1)  # numbers are counted every other second
            state = clean.state(browser)
            assert state["next"] == step
            marks = f'id="mark-{NAME}" class="button first"' in state["html"]
            assert marks == waits
    finally:
        (clean.course.course / "gradebook.db").unlink()


def test_only_instructors_release(clean: Service) -> None:
    """Is an assignment released by an instructor's click, and by nobody else's?"""
    name = "01_sequences"
    release = clean.course.course / "release" / name
    release.mkdir(exist_ok=True)
    (release / "sequences.ipynb").write_text(NOTEBOOK)
    assistant = clean.enter("ta")
    assert "Release to students" not in assistant.get(PREFIX)[1]
    assert assistant.post(PREFIX + "publish", assignment=name)[0] == 403
    assert not (clean.course.outbound / name).exists()
    try:
        instructor = clean.enter("instructor")
        page = instructor.get(PREFIX)[1]
        assert "Release to students" in page
        assert "/services/rnn-authoring/lab" in page
        instructor.post(PREFIX + "publish", assignment=name)
        for _ in range(300):
            job = clean.state(instructor, name)["job"]
            if job and job["ended"]:
                break
            time.sleep(0.1)
        assert job["state"] == "done", job
        assert (clean.course.outbound / name / "sequences.ipynb").exists()
    finally:
        shutil.rmtree(clean.course.outbound / name, ignore_errors=True)


def test_a_job_that_fails(clean: Service) -> None:
    """Are the last lines of the log on the page?"""
    browser = clean.enter("ta")
    browser.post(PREFIX + "grade", assignment=NAME)
    seen = clean.wait(browser)
    assert seen["job"]["state"] == "failed"
    assert "unrolled:" in seen["html"]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/tree/rnn/source", "/services/rnn/lab/tree/rnn/source"),
        ("/notebooks/a%20b/x.ipynb", "/services/rnn/lab/tree/a%20b/x.ipynb"),
        ("/edit//evil.example/x", "/services/rnn/lab/tree/evil.example/x"),
        ("/tree/https://evil.example", "/services/rnn/lab/tree/https%3A/evil.example"),
        ("/tree/", "/services/rnn/lab/tree/"),
        ("/tree/../../hub/logout", None),
        ("/tree/%2e%2e/x", None),
        ("/tree/a%5c..%5cb", None),
        ("/tree/a%0d%0ab", None),
    ],
)
def test_links_of_formgrader(service: Service, path: str, target: str | None) -> None:
    """Do formgrader's links lead to its files, and nowhere else?"""
    status, where = service.stranger.where(path)
    assert (status, where) == ((302, target) if target else (404, None))


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
def test_live(clean: Service) -> None:
    """Does the page follow a job by itself, under its own strict policy?"""
    from playwright.sync_api import sync_playwright

    clean.course.hand_in("ada")
    clean.hub.who = "ta"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = chromium.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(clean.stranger.address + PREFIX)
        page.get_by_role("button", name="Collect The Forward Pass").click()
        page.get_by_role("button", name="Stop").wait_for()
        page.get_by_text("Collect: done").wait_for()
        row = page.locator(f"#row-{NAME}")
        row.get_by_text("1 to grade").wait_for()
        assert said == []
        chromium.close()


def test_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does the service end at once when JupyterHub says so, and its job with it?"""
    course = make_hub(tmp_path, monkeypatch)
    monkeypatch.undo()
    (course.course / "nbgrader_config.py").write_text(
        CONFIG.format(exchange=str(course.exchange))
    )
    with fake_hub() as hub, grading_service(course.course, hub) as (browser, process):
        me = Service(course, hub, browser).enter("ta")
        me.post(PREFIX + "collect", assignment=NAME)
        process.terminate()
        assert process.wait(20) == 0
    record = (course.course / f"build/jobs/{NAME}.collect.json").read_text()
    assert '"state": "running"' not in record

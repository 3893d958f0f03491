"""A day of a term on a hub that `unrolled hub` has started, in a real browser.

The tests of this file go on where the one before has ended: a student, assistants,
then the instructor. UNROLLED_SCREENSHOTS=docs/images/hub renews the guides' pictures.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from nbgrader.utils import parse_utc
from support import lab_hands as lab
from support.hub_day import (
    CLASS,
    ROOT,
    Browser,
    Hub,
    cells,
    chromium,
    quiet_lab,
    run_as,
    running_hub,
    wait_until,
    why_not,
)
from support.payloads import add_hostile_answers, check_nothing_runs, watched

from unrolled.assignment.load import load_material, load_reference
from unrolled.course.model import load_course
from unrolled.hub.servers import list_hub_processes, list_student_servers
from unrolled.hub.setup.memory import open_groups
from unrolled.hub.setup.process import require_free
from unrolled.samples.build_submission import build_notebook
from unrolled.samples.recipe import load_students

NAME, NOTEBOOK = "02_forward_pass", "forward_pass.ipynb"
PATH = f"unrolled/{NAME}/{NOTEBOOK}"
LABELS = {
    "collect": "Collect",
    "grade": "Grade",
    "feedback": "Make feedback",
    "release": "Release feedback",
}
SCREENSHOTS = os.environ.get("UNROLLED_SCREENSHOTS")
MISSING = why_not()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"no hub here: {MISSING}"),
]
expect = pytest.importorskip(
    "playwright.sync_api", reason="pip install playwright"
).expect


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """A hub with one assignment, which the grader has released."""
    with running_hub() as hub:
        released = hub.as_grader("nbgrader", "release_assignment", NAME)
        assert released.returncode == 0, released.stderr
        yield hub


@pytest.fixture(scope="module")
def browser(hub: Hub) -> Iterator[Browser]:
    """A Chromium for everybody."""
    with chromium() as found:
        yield Browser(found, hub)


def picture(page: Any, name: str) -> None:
    """Keep a picture for the guides."""
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


def test_a_student_fetches_works_validates_and_hands_in(
    hub: Hub, browser: Browser
) -> None:
    """Does a student get all the way by clicking and typing?"""
    server, work = f"{hub.address}/user/ada", hub.home("ada") / PATH
    quiet_lab(hub, "ada")
    with browser.person("ada") as page:
        picture(page, "student-course")
        lab.open_lab(page, server)
        lab.menu(page, "Nbgrader", "Assignment List")
        page.locator("#released_assignments_list button", has_text="Fetch").click()
        wait_until(work.exists)
        picture(page, "student-fetched")
        lab.open_lab(page, server, PATH)
        lab.wait_for_kernel(page)
        assert "failed" in lab.validate(page)
        release = hub.plan.course_root / "release" / NAME / NOTEBOOK
        solution = hub.plan.course_root / "solutions" / NAME / NOTEBOOK
        lab.solve(page, release, solution)
        lab.save(page, work, "np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)")
        lab.menu(page, "Run", "Run All Cells")
        lab.move_a_slider(page)
        picture(page, "student-notebook")
        assert "passes all the tests" in lab.validate(page)
        page.goto(f"{server}/course")
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_text("Handed in").first).to_be_visible()
        picture(page, "student-handed-in")
        lab.open_lab(page, server)
        lab.menu(page, "Nbgrader", "Assignment List")
        handed_in = page.locator("#submitted_assignments_list .item_name", has_text=":")
        expect(handed_in.last).to_have_text(re.compile(r"20\d\d, \d\d:\d\d C[SD]T"))


def test_others_hand_in_wrong_and_broken_work(hub: Hub, browser: Browser) -> None:
    """Can anybody hand in anything, with two clicks?"""
    for name, kind in (
        ("emmy", "several_misconceptions"),
        ("sophie", "not_a_notebook"),
    ):
        with browser.person(name) as page:
            page.get_by_role("button", name="Start").click()
            page.wait_for_url("**/lab/**")
            put(hub, name, handed_in(hub, kind))
            page.goto(f"{hub.address}/user/{name}/course")
            page.get_by_role("button", name="Submit").click()
            expect(page.get_by_text("Handed in").first).to_be_visible()


def handed_in(hub: Hub, kind: str) -> bytes:
    """What a made student of tests/submissions/ hands in."""
    material = load_material(load_course(ROOT), NAME)
    students = {s.name: s for s in load_students(ROOT / "tests" / "submissions")}
    recipe = students[kind].recipes[NAME]
    return build_notebook(recipe, material, load_reference(material))


def is_of(process: psutil.Process, account: str) -> bool:
    """Whether a process is somebody's."""
    return bool(process.username() == account)


def put(hub: Hub, name: str, content: bytes) -> None:
    """Put a file in the place of a student's notebook, as their own."""
    place = hub.home(name) / PATH
    wait_until(place.exists)
    place.write_bytes(content)


def test_an_assistant_collects_and_grades_a_class(hub: Hub, browser: Browser) -> None:
    """Does one click each collect and grade everybody, the broken one explained?"""
    with browser.person("ta") as page:
        page.goto(f"{hub.address}/services/{hub.plan.grading}/")
        press(page, "collect")
        row = page.locator(f"#row-{NAME}")
        expect(row).to_contain_text("3 to grade", timeout=120_000)
        press(page, "grade")
        expect(row).to_contain_text("sophie", timeout=240_000)
        picture(page, "assistant-graded")
        assert scores(hub) == {"ada": 84.0, "emmy": 59.0}


def press(page: Any, verb: str) -> None:
    """Press a button of the grading page, and wait until its work is done."""
    page.locator(f"#{verb}-{NAME}").click()
    done = page.locator(f"#row-{NAME} .job:not(.running)", has_text=LABELS[verb])
    expect(done).to_contain_text("done", timeout=240_000)


def scores(hub: Hub) -> dict[str, float]:
    """Students' scores in the gradebook."""
    code = (
        "from nbgrader.api import Gradebook; import json;"
        "g = Gradebook('sqlite:///gradebook.db', 'unrolled');"
        f"found = g.assignment_submissions('{NAME}');"
        "print(json.dumps({s.student.id: s.score for s in found}))"
    )
    said = hub.as_grader("python", "-c", code)
    found: dict[str, float] = json.loads(said.stdout)
    return found


def test_another_assistant_grades_with_formgrader_and_marks_by_hand(
    hub: Hub, browser: Browser
) -> None:
    """Do formgrader's button, marks, comments and links work in a tab of its own?"""
    with browser.person("tara") as page:
        formgrader = f"{hub.address}/services/{hub.plan.formgrader}/formgrader"
        page.goto(f"{formgrader}/manage_submissions/{NAME}")
        row = page.locator("tbody tr", has=page.get_by_text("emmy", exact=True))
        row.locator(".autograde a").click()
        done = page.locator(".modal.in", has_text="Success")
        done.wait_for(timeout=240_000)
        assert scores(hub)["emmy"] == 59.0
        page.goto(formgrader)
        with page.expect_popup() as popup:
            page.get_by_role("link", name=NAME).first.click()
        file = popup.value.locator(".jp-DirListing-item", has_text=NOTEBOOK)
        expect(file).to_be_visible(timeout=90_000)
        page.goto(f"{formgrader}/gradebook/{NAME}/forward_pass")
        emmy = page.locator("a.name-shown", has_text="emmy").get_attribute("href")
        page.goto(f"{hub.address}{emmy}", wait_until="networkidle")
        comment = page.locator("#why_share_weights-comment")
        comment.fill("Say why: what would a longer text need?")
        mark = page.locator("#why_share_weights")
        mark.fill("4")
        mark.press("Tab")
        wait_until(lambda: scores(hub)["emmy"] == 63.0)
        mark.scroll_into_view_if_needed()
        picture(page, "assistant-marks")


def test_feedback_is_made_and_released(hub: Hub, browser: Browser) -> None:
    """Does a student read score, message, hint and comment, and nothing hidden?"""
    with browser.person("ta") as page:
        page.on("dialog", lambda dialog: dialog.accept())  # marks are still missing
        page.goto(f"{hub.address}/services/{hub.plan.grading}/")
        press(page, "feedback")
        press(page, "release")
    with browser.person("emmy") as page:
        page.get_by_role("button", name="Feedback").click()
        page.wait_for_load_state()
        page.frames[-1].locator(".mistake").first.scroll_into_view_if_needed()
        picture(page, "student-feedback")
        text = "\n".join(frame.inner_text("body") for frame in page.frames)
    for words in ("63", "what would a longer text need?", "tanh"):
        assert words in text
    assert "BEGIN HIDDEN" not in text


def test_what_a_student_writes_runs_nothing_anywhere(
    hub: Hub, browser: Browser, tmp_path: Path
) -> None:
    """Do hostile answers run in no marker's browser, nor in feedback on a server?"""
    notebook = tmp_path / NOTEBOOK
    shutil.copyfile(hub.plan.course_root / "release" / NAME / NOTEBOOK, notebook)
    add_hostile_answers(notebook, "why_share_weights")
    with browser.person("sophie") as page:
        start = page.get_by_role("button", name="Start")
        if start.count():
            start.click()
            page.wait_for_url("**/lab/**")
        put(hub, "sophie", notebook.read_bytes())
        page.goto(f"{hub.address}/user/sophie/course")
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_text("Handed in").first).to_be_visible()
    with browser.person("tara") as page:
        page.on("dialog", lambda dialog: dialog.accept())  # marks are still missing
        page.goto(f"{hub.address}/services/{hub.plan.grading}/")
        for verb in LABELS:
            press(page, verb)
    with browser.person("tara") as page, watched(page) as seen:
        formgrader = f"{hub.address}/services/{hub.plan.formgrader}/formgrader"
        page.goto(f"{formgrader}/gradebook/{NAME}/forward_pass")
        link = page.locator("a.name-shown", has_text="sophie").get_attribute("href")
        answer = page.goto(f"{hub.address}{link}", wait_until="networkidle")
        policy = answer.headers["content-security-policy"]
        assert "script-src 'nonce-" in policy and "unsafe-eval" not in policy
        check_nothing_runs(page, seen)
        assert seen.errors == []
    with browser.person("sophie") as page, watched(page) as seen:
        page.get_by_role("button", name="Feedback").click()
        page.wait_for_url(f"**/course/feedback/{NAME}")
        check_nothing_runs(page, seen)
        page.get_by_role("link", name="Back to the course page").click()
        page.wait_for_url("**/user/sophie/course")


def test_students_are_refused_what_is_not_theirs(hub: Hub, browser: Browser) -> None:
    """Does a student see neither formgrader nor anybody else's files?"""
    with browser.person("ada") as page:
        for service in (hub.plan.formgrader, hub.plan.authoring, hub.plan.grading):
            answer = page.goto(f"{hub.address}/services/{service}/")
            assert answer.status == 403
        page.context.clear_cookies()
        browser.sign_in(page, hub.plan.grader)
        expect(page.get_by_text("nobody signs in as it")).to_be_visible()
    course = hub.plan.exchange / hub.plan.course
    clones = (hub.root, hub.root / "solutions", hub.clone, hub.clone / "lessons")
    theirs = (hub.home("emmy"), hub.plan.course_root, course / "inbound")
    for path in (*theirs, *clones):
        seen = run_as(hub.plan, "ada", Path("/"), "ls", str(path))
        assert seen.returncode != 0, path
    assert hub.run("check").returncode == 0


def test_thirty_students_hand_in_within_a_minute(hub: Hub) -> None:
    """Is every submission collected once, with the time at which it was made?"""
    content = handed_in(hub, "perfect")
    for name in CLASS:
        folder = hub.home(name) / "unrolled" / NAME
        folder.mkdir(parents=True)
        (folder / NOTEBOOK).write_bytes(content)
        shutil.chown(folder.parent, name, name)
    began = datetime.now(UTC)
    script = Path(__file__).parents[1] / "support" / "submit_all.py"
    python = hub.plan.students_env / "bin" / "python"
    where = (str(hub.plan.exchange), str(hub.plan.homes), NAME)
    done = subprocess.run(
        [python, script, *where, *CLASS], capture_output=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    ended = datetime.now(UTC)
    plain = "--Authenticator.plugin_class=nbgrader.auth.base.NoAuthPlugin"
    for _ in range(2):
        collected = hub.as_grader("nbgrader", "collect", NAME, "--update", plain)
        assert collected.returncode == 0, collected.stderr
    for name in CLASS:
        place = hub.plan.course_root / "submitted" / name / NAME
        assert (place / NOTEBOOK).read_bytes() == content
        stamp = (place / "timestamp.txt").read_text().strip()
        assert began <= parse_utc(stamp).replace(tzinfo=UTC) <= ended


def test_a_restart_keeps_those_who_work(hub: Hub, browser: Browser) -> None:
    """Does a server run on while the hub starts anew, or has been killed?"""
    with browser.person("ada") as page:
        servers = {p.pid for p in list_student_servers(hub.plan)}
        limits = Path(f"/proc/{min(servers)}/limits").read_text()
        assert f"{hub.plan.memory_mb}000000" in limits
        groups = open_groups(hub.plan)
        if groups is not None:  # where this machine has control groups
            mine = [p.pid for p in list_student_servers(hub.plan) if is_of(p, "ada")]
            assert mine and set(mine) <= groups.list_members("ada")
        toml = hub.root / "course.toml"
        good = toml.read_text()
        toml.write_text(f"{good}\nwrong = 1\n")
        refused = hub.run("restart")
        assert (refused.returncode, "unknown" in refused.stderr) == (2, True)
        toml.write_text(good)
        lab.open_lab(page, f"{hub.address}/user/ada")
        restart = subprocess.Popen(
            [*hub.command(), "restart"], stderr=subprocess.PIPE, text=True
        )
        try:
            told = page.get_by_text("The hub restarts in a moment").first
            expect(told).to_be_visible()
            words = restart.communicate(timeout=600)[1]
        finally:
            restart.kill()
        assert (restart.returncode, "ada" in words) == (0, True), words
        expect(told).to_have_count(0)
        assert hub.process is not None
        assert hub.process.poll() is None
        hub.process.kill()
        hub.process.wait(60)
        hub.start()
        assert {p.pid for p in list_student_servers(hub.plan)} >= servers
        wait_until(lambda: page.goto(f"{hub.address}/user/ada/course").ok)


def test_a_restart_loses_nothing(hub: Hub, browser: Browser) -> None:
    """Is what a student saved and handed in still there, and nothing left running?"""
    work = hub.home("ada") / PATH
    with browser.person("ada") as page:
        lab.open_lab(page, f"{hub.address}/user/ada", PATH)
        lab.wait_for_kernel(page)
        first = [c["cell_type"] for c in cells(work)].index("code")
        lab.write_cell(page, first, "# A note that I have saved")
        lab.save(page, work, "# A note that I have saved")
        inbound = hub.plan.exchange / hub.plan.course / "inbound"
        before = sorted(p.name for p in inbound.iterdir())
        assert hub.process is not None
        hub.process.send_signal(signal.SIGINT)
        told = page.get_by_text("The hub stops in less than 40 seconds").first
        expect(told).to_be_visible(timeout=30_000)
        picture(page, "student-warned")
        assert hub.process.wait(150) == 0
        assert list_hub_processes(hub.plan) == []
        require_free(hub.plan)
        hub.start()
    assert "# A note that I have saved" in work.read_text()
    assert sorted(p.name for p in inbound.iterdir()) == before
    with browser.person("ada") as page:
        expect(page.get_by_text("Handed in").first).to_be_visible()


def test_an_instructor_changes_a_date_and_corrects_an_assignment(
    hub: Hub, browser: Browser
) -> None:
    """Do students get the new date and text, and is their work kept?"""
    toml = hub.plan.course_root / "course.toml"
    with browser.person("instructor") as page:
        server = f"{hub.address}/services/{hub.plan.authoring}"
        lab.open_lab(page, server, "unrolled/course.toml")
        text = toml.read_text().replace("2027-02-05 23:59:00", "2027-02-12 12:00:00")
        lab.write_file(page, text)
        page.keyboard.press("Control+s")
        wait_until(lambda: "2027-02-12" in toml.read_text())
        lab.terminal(page, server)
        old, new = "Move the slider.", "Now move the slider."
        lesson = f"lessons/{NAME}/forward_pass.py"
        lab.type_line(page, f"cd ~/unrolled && sed -i 's/{old}/{new}/' {lesson}")
        lab.type_line(page, f"unrolled build && nbgrader release_assignment {NAME}")
        released = hub.plan.exchange / "unrolled" / "outbound" / NAME / NOTEBOOK
        wait_until(lambda: new in released.read_text())
        picture(page, "instructor-release")
    with browser.person("ada") as page:
        expect(page.get_by_text("Fri 12 Feb 2027, 12:00 CST")).to_be_visible()
        assert "# A note that I have saved" in (hub.home("ada") / PATH).read_text()
        page.locator("details summary").click()
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="fresh copy").click()
        wait_until(lambda: new in (hub.home("ada") / PATH).read_text())
    kept = [p for p in (hub.home("ada") / "unrolled").iterdir() if "kept" in p.name]
    assert "# A note that I have saved" in (kept[0] / NOTEBOOK).read_text()


def test_an_instructor_adds_a_student_and_exports_grades(
    hub: Hub, browser: Browser
) -> None:
    """Can somebody of the roster sign in at once, and does Canvas get the grades?"""
    with browser.person("instructor") as page:
        lab.terminal(page, f"{hub.address}/services/{hub.plan.authoring}")
        people = "Name,ID,Login ID\\nEmmy Noether,101,emmy\\nGrace Hopper,102,grace\\n"
        lab.type_line(page, f"cd ~/unrolled && printf '{people}' > people.csv")
        lab.type_line(page, "unrolled canvas roster people.csv --keep --yes")
        lab.type_line(page, "unrolled canvas export --force")
        exported = hub.plan.course_root / "canvas.csv"
        wait_until(exported.exists)
        picture(page, "instructor-roster")
    assert "emmy" in exported.read_text()
    with browser.person("grace") as page:
        expect(page.get_by_role("button", name="Start")).to_be_visible()
    assert hub.home("grace").stat().st_mode & 0o777 == 0o700


def test_an_instructor_begins_a_new_term(hub: Hub, browser: Browser) -> None:
    """Is the course as new, with last term's work kept where students cannot see it?"""
    with browser.person("instructor") as page:
        lab.terminal(page, f"{hub.address}/services/{hub.plan.authoring}")
        lab.type_line(
            page, "cd ~/unrolled && unrolled new-term --yes; touch ~/new-term"
        )
        wait_until((hub.home(hub.plan.grader) / "new-term").exists)
    assert scores(hub) == {}
    kept = list((hub.plan.course_root / "build" / "terms").glob("*/submitted/ada"))
    assert len(kept) == 1
    with browser.person("ada") as page:
        expect(page.get_by_text("Nothing has been released yet")).to_be_visible()
    aside = hub.plan.exchange / hub.plan.course / ".terms"
    assert run_as(hub.plan, "ada", Path("/"), "ls", str(aside)).returncode != 0

"""Does a student get from a released assignment to its feedback on one page?"""

from __future__ import annotations

import errno
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
from nbgrader.auth.jupyterhub import JupyterhubApiError
from nbgrader.exchange import ExchangeError
from nbgrader.utils import notebook_hash
from support.exchange_course import COURSE, NAME, NOTEBOOK, Hub, make_hub
from support.jupyter import CHROMIUM, MISSING
from support.student_server import Browser, said, student_server

from unrolled.course.dates import CourseDates, ReleasedAssignment
from unrolled.feedback.markup.policy import FEEDBACK as FREE
from unrolled.hub.notice import Notice, write_notice
from unrolled.hub.student.exchange_client import (
    AssignmentStatus,
    StudentFacingError,
    Submission,
    explain_errors,
)
from unrolled.hub.student.page import (
    LINK_MARKER,
    LabLinks,
    add_back_link,
    format_distance,
    make_rows,
)
from unrolled.timestamps import format_moment

PAGE = "/user/ada/course"
CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Browser]]:
    """A released assignment, and the server of a student who is signed in."""
    with pytest.MonkeyPatch.context() as patched:
        hub = make_hub(tmp_path_factory.mktemp("student"), patched)
    with student_server(hub, "ada") as browser:
        browser.get(f"{PAGE}?token=open")
        yield hub, browser


@pytest.fixture
def clean(student: tuple[Hub, Browser]) -> tuple[Hub, Browser]:
    """The same, with nothing fetched and nothing handed in."""
    hub, browser = student
    shutil.rmtree(hub.home("ada") / COURSE, ignore_errors=True)
    shutil.rmtree(hub.home("ada") / ".data" / "nbgrader_cache", ignore_errors=True)
    for entry in hub.inbound.iterdir():
        shutil.rmtree(entry)
    browser.get(PAGE)
    return hub, browser


def act(browser: Browser, verb: str, name: str = NAME) -> tuple[int, str, str]:
    return browser.post(f"{PAGE}/{verb}", assignment=name)


def notebook(hub: Hub) -> Path:
    return hub.home("ada") / COURSE / NAME / "forward_pass.ipynb"


def test_what_is_released(clean: tuple[Hub, Browser]) -> None:
    """Are title, due date, points and the next step there, and nothing from outside?"""
    _, browser = clean
    status, page, _ = browser.get(PAGE)
    assert status == 200
    for words in ("Recurrent Networks", "The Forward Pass", ">50<", "Not started"):
        assert words in page
    assert "Fri 5 Feb 2027, 23:59 CST" in page
    assert "Start<span" in page
    assert "Submit<span" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_start_opens_the_notebook(clean: tuple[Hub, Browser]) -> None:
    """Does Start fetch and lead to JupyterLab, and never fetch over work?"""
    hub, browser = clean
    _, _, where = act(browser, "start")
    assert where.endswith(f"/user/ada/lab/tree/{COURSE}/{NAME}/forward_pass.ipynb")
    notebook(hub).write_text("mine")
    act(browser, "start")
    assert notebook(hub).read_text() == "mine"
    assert "Started, not handed in" in browser.get(PAGE)[1]


def test_submit(clean: tuple[Hub, Browser]) -> None:
    """Is what is saved handed in, told with its time, and a change after it seen?"""
    hub, browser = clean
    act(browser, "start")
    _, page, where = act(browser, "submit")
    assert where.endswith(PAGE)
    assert said(page).startswith("The Forward Pass was handed in ")
    assert "Submit again" in page
    assert "changed since then" not in page
    assert len(list(hub.inbound.iterdir())) == 1
    assert said(browser.get(PAGE)[1]) == ""
    notebook(hub).write_text("more")
    assert "changed since then" in browser.get(PAGE)[1]


def test_three_presses_of_submit(clean: tuple[Hub, Browser]) -> None:
    """Do quick presses, one after the other or at once, make one submission?"""
    hub, browser = clean
    act(browser, "start")
    told = said(act(browser, "submit")[1])
    assert said(act(browser, "submit")[1]) == told
    with ThreadPoolExecutor(3) as presses:
        pages = list(presses.map(lambda _: act(browser, "submit")[1], range(3)))
    assert {said(page) for page in pages} <= {told, ""}
    assert len(list(hub.inbound.iterdir())) == 1
    notebook(hub).write_text("more")
    assert said(act(browser, "submit")[1])
    assert len(list(hub.inbound.iterdir())) == 2
    (notebook(hub).parent / "data.csv").write_text("1,2")
    act(browser, "submit")
    assert len(list(hub.inbound.iterdir())) == 3


def test_a_fresh_copy(clean: tuple[Hub, Browser]) -> None:
    """Is the old folder kept, named, and linked?"""
    hub, browser = clean
    act(browser, "start")
    notebook(hub).write_text("mine")
    _, page, _ = act(browser, "fresh")
    (kept,) = hub.home("ada").glob(f"{COURSE}/{NAME} (kept *)")
    assert f"Your own was kept: {COURSE}/{kept.name}" in said(page)
    assert f"lab/tree/{COURSE}/{NAME}%20%28kept%20" in page
    assert (kept / "forward_pass.ipynb").read_text() == "mine"
    assert notebook(hub).read_text() == NOTEBOOK


FEEDBACK = (
    f"<body>{LINK_MARKER}<h1>Forward "
    "<span class='points'>(Score: 81.5 / 100.0)</span></h1>"
    f"<p>{LINK_MARKER}</p></body>"
)


def test_feedback(clean: tuple[Hub, Browser]) -> None:
    """Does the feedback open, lead back, and is its score on the page then?"""
    hub, browser = clean
    act(browser, "start")
    act(browser, "submit")
    assert "There is no feedback" in said(act(browser, "feedback")[1])
    (entry,) = hub.inbound.iterdir()
    secret = (entry / "submission_secret.txt").read_text()
    place = hub.exchange / COURSE / "feedback"
    place.mkdir(exist_ok=True)
    name = notebook_hash(secret=secret, notebook_id="forward_pass")
    (place / f"{name}.html").write_text(FEEDBACK)
    assert "Feedback is there" in browser.get(PAGE)[1]
    status, page, where = act(browser, "feedback")
    back = '<a class="back" href="/user/ada/course">← Back to the course page</a>'
    assert (status, page) == (200, FEEDBACK.replace(LINK_MARKER, back, 1))
    assert where.endswith(f"/user/ada/course/feedback/{NAME}")
    assert "Graded: 81.5 / 100" in browser.get(PAGE)[1]


def release_page(hub: Hub, entry: Path, score: float) -> None:
    """Feedback for one submission, as it is released."""
    secret = (entry / "submission_secret.txt").read_text()
    place = hub.exchange / COURSE / "feedback"
    place.mkdir(exist_ok=True)
    name = notebook_hash(secret=secret, notebook_id="forward_pass")
    page = FEEDBACK.replace("81.5", f"{score:.1f}")
    (place / f"{name}.html").write_text(page)


def test_the_last_that_was_graded_is_shown(clean: tuple[Hub, Browser]) -> None:
    """Are score and feedback those of the last of several graded submissions?"""
    hub, browser = clean
    act(browser, "start")
    for score, words in ((10.0, "first"), (20.0, "second")):
        notebook(hub).write_text(words)
        before = set(hub.inbound.iterdir())
        act(browser, "submit")
        (entry,) = set(hub.inbound.iterdir()) - before
        release_page(hub, entry, score)
    assert "(Score: 20.0 / 100.0)" in act(browser, "feedback")[1]
    page = browser.get(PAGE)[1]
    assert "Graded: 20 / 100" in page
    assert "an earlier submission" not in page
    assert "changed since then" not in page
    notebook(hub).write_text("third")
    act(browser, "submit")
    assert "Graded: 20 / 100, an earlier submission" in browser.get(PAGE)[1]


def test_the_same_work_later_counts_again(clean: tuple[Hub, Browser]) -> None:
    """Does handing in again after a while, or after other work, count as anew?"""
    hub, browser = clean
    act(browser, "start")
    for words in ("one", "other", "one"):
        notebook(hub).write_text(words)
        act(browser, "submit")
    assert len(list(hub.inbound.iterdir())) == 3
    for copy in (hub.home("ada") / ".data" / "nbgrader_cache" / COURSE).iterdir():
        student, name, stamp, *salt = copy.name.split("+")
        time = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S.%f UTC")
        earlier = f"{time - timedelta(minutes=5):%Y-%m-%d %H:%M:%S.%f} UTC"
        copy.rename(copy.with_name("+".join((student, name, earlier, *salt))))
    act(browser, "submit")
    assert len(list(hub.inbound.iterdir())) == 4


@pytest.mark.parametrize(
    ("days", "word"), [(1.5, "soon"), (3, ""), (19, ""), (-1.5, "overdue")]
)
def test_what_is_due_soon_stands_out(
    clean: tuple[Hub, Browser], days: float, word: str
) -> None:
    """Is a due date marked on the page two days before, and no sooner?"""
    hub, browser = clean
    told = hub.exchange / COURSE / "assignments.json"
    kept = told.read_text()
    due = datetime.now(UTC) + timedelta(days=days, minutes=5)
    document = json.loads(kept)
    document["assignments"][NAME]["due"] = due.isoformat()
    try:
        told.write_text(json.dumps(document))
        page = browser.get(PAGE)[1]
    finally:
        told.write_text(kept)
    (marked,) = re.findall(r'<span class="small ?(\w*)">(?:in )?\d+ day', page)
    assert marked == word


def test_what_the_hub_tells_is_told_while_it_is_true(
    clean: tuple[Hub, Browser],
) -> None:
    """Is a notice on the page until its end, and gone afterwards?"""
    hub, browser = clean
    words = "The hub stops at noon."
    for seconds, there in ((600, True), (-5, False)):
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        write_notice(hub.exchange / COURSE, Notice(words, until))
        assert (words in browser.get(PAGE)[1]) == there


def test_pages_say_what_may_run_on_them(clean: tuple[Hub, Browser]) -> None:
    """Does the browser hear from both pages that no script of anybody's runs?"""
    hub, browser = clean
    act(browser, "start")
    act(browser, "submit")
    (entry,) = hub.inbound.iterdir()
    release_page(hub, entry, 50)
    act(browser, "feedback")
    for path, said_there in (("", "default-src 'none'"), (f"/feedback/{NAME}", FREE)):
        opened = browser._opener.open(f"{browser.address}{PAGE}{path}", timeout=60)
        with opened as answer:
            assert said_there in answer.headers["Content-Security-Policy"]


def test_nobody_else(student: tuple[Hub, Browser]) -> None:
    """Are strangers sent to sign in, forged forms refused, and links harmless?"""
    _, browser = student
    assert "/login" in Browser(browser.address).get(PAGE)[2]
    assert browser.post_without_token(f"{PAGE}/submit", assignment=NAME)[0] == 403
    assert browser.get(f"{PAGE}/submit")[0] == 405
    assert browser.post(f"{PAGE}/delete", assignment=NAME)[0] == 404


@pytest.mark.parametrize("name", ["../../etc", "99_other", "", "<b>"])
def test_unknown_assignments(student: tuple[Hub, Browser], name: str) -> None:
    """Is a name that is not released answered in words?"""
    for verb in ("start", "submit", "fresh", "feedback"):
        page = act(student[1], verb, name)[1]
        assert said(page) == "This assignment is not released any more."


def test_a_lost_notebook(clean: tuple[Hub, Browser]) -> None:
    """Is nothing handed in without the notebook, and the reason told?"""
    hub, browser = clean
    act(browser, "start")
    notebook(hub).rename(notebook(hub).with_name("renamed.ipynb"))
    assert "its notebook is not in your folder" in said(act(browser, "submit")[1])
    assert list(hub.inbound.iterdir()) == []


def test_withdrawn(clean: tuple[Hub, Browser]) -> None:
    """Is handed-in work still shown when the assignment was taken back?"""
    hub, browser = clean
    act(browser, "start")
    act(browser, "submit")
    (hub.outbound / NAME).rename(hub.root / "aside")
    try:
        page = browser.get(PAGE)[1]
        assert "Handed in" in page
        assert "this assignment is not released any more" in page
        assert "Submit again" not in page
    finally:
        (hub.root / "aside").rename(hub.outbound / NAME)


def test_no_exchange(student: tuple[Hub, Browser]) -> None:
    """Is a missing exchange a message, and no error page?"""
    hub, browser = student
    hub.exchange.rename(hub.root / "gone")
    try:
        status, page, _ = browser.get(PAGE)
        assert status == 200
        assert "is missing. Please tell your instructor." in said(page)
    finally:
        (hub.root / "gone").rename(hub.exchange)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "x"), "the disk is full"),
        (OSError(errno.EDQUOT, "x"), "quota"),
        (PermissionError(errno.EACCES, "x"), "no permission to read or write"),
        (
            shutil.Error([("a", "b", "[Errno 28] No space left on device")]),
            "the disk is full",
        ),
        (requests.ConnectionError("refused"), "the hub does not answer"),
        (JupyterhubApiError("500"), "the hub does not answer"),
        (ExchangeError("You do not have access to this course."), "not enrolled"),
        (ExchangeError("Something of its own."), "Something of its own."),
        (RuntimeError("Directory size is too big. Size is 1"), "too large"),
        (KeyError("x"), "KeyError"),
    ],
)
def test_errors_in_words(error: Exception, words: str) -> None:
    """Does every error become a sentence that says what to do?"""
    with (
        pytest.raises(StudentFacingError, match=words) as caught,
        explain_errors("It failed"),
    ):
        raise error
    assert str(caught.value).startswith("It failed: ")


def test_what_a_student_has_not_installed() -> None:
    """Does the page need nothing that only graders install?"""
    code = (
        "import sys\n"
        "for name in ('typer', 'rich', 'canvasapi', 'jupytext', 'lxml'):\n"
        "    sys.modules[name] = None\n"
        "import unrolled.hub.student.page, unrolled.hub.exchange.plugins\n"
        "assert 'torch' not in sys.modules and 'keras' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_times_in_words() -> None:
    """Are times in the course's zone, and distances in the largest unit?"""
    due = datetime(2027, 7, 1, 4, 59, tzinfo=UTC)
    assert format_moment(due, CHICAGO) == "Wed 30 Jun 2027, 23:59 CDT"
    assert format_distance(timedelta(days=3, hours=5)) == "in 3 days"
    assert format_distance(timedelta(hours=-1.5)) == "1 hour ago"
    assert format_distance(timedelta(seconds=20)) == "in 1 minute"


def test_rows_of_all_states(tmp_path: Path) -> None:
    """Are late, overdue, graded and withdrawn work told apart, by due date?"""
    now = datetime(2027, 2, 1, tzinfo=UTC)
    day = timedelta(days=1)
    late = Submission(now, feedback=False)
    graded = Submission(now - 9 * day, feedback=True, score="80 / 100")
    submissions = {"late": (late,), "graded": (graded, late)}
    work = [
        AssignmentStatus(
            name=name,
            released=name != "04_gone_by",
            folder=tmp_path / name,
            submissions=submissions.get(name, ()),
        )
        for name in ("late", "graded", "overdue", "soon", "04_gone_by")
    ]
    offsets = {"late": -2, "graded": -3, "overdue": -1, "soon": 1}
    told = {
        n: ReleasedAssignment(title=n.title(), due=now + k * day, points=10)
        for n, k in offsets.items()
    }
    dates = CourseDates("", CHICAGO, told)
    table = make_rows({w.name: w for w in work}, dates, LabLinks("/", tmp_path), now)
    assert [r.name for r in table] == [
        "graded",
        "late",
        "overdue",
        "soon",
        "04_gone_by",
    ]
    assert [r.state for r in table] == ["graded", "handed-in", "new", "new", "gone"]
    assert table[0].status == "Graded: 80 / 100, an earlier submission"
    assert table[1].more.startswith("late, ")
    assert [r.overdue for r in table] == [False, False, True, False, False]
    assert [r.soon for r in table] == [False, False, False, True, False]
    assert table[4].title == "Gone by"
    assert not table[4].can_start


@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
@pytest.mark.browser
def test_without_javascript(clean: tuple[Hub, Browser]) -> None:
    """Does it all work by keyboard, with JavaScript off?"""
    from playwright.sync_api import sync_playwright

    _, browser = clean
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{browser.address}{PAGE}?token=open")
        page.get_by_role("button", name="Start The Forward Pass").press("Enter")
        page.goto(f"{browser.address}{PAGE}")
        page.get_by_role("button", name="Submit The Forward Pass").press("Enter")
        assert "was handed in" in page.get_by_role("status").inner_text()
        page.locator("summary").press("Enter")
        page.get_by_role("button", name="Give me a fresh copy").press("Enter")
        assert "A fresh copy" in page.get_by_role("status").inner_text()
        chromium.close()


def test_no_feedback_says_so(clean: tuple[Hub, Browser]) -> None:
    """Does the address of a page that is not there lead back to the course page?"""
    _, browser = clean
    for name in (NAME, "nothing", "..%2f..%2fetc"):
        status, page, where = browser.get(f"{PAGE}/feedback/{name}")
        assert status == 200 and where.endswith("/user/ada/course")
        assert "There is no feedback for" in said(page)


def test_an_older_feedback_page_leads_back_too() -> None:
    """Does a page without a place for the link get it before all else?"""
    old = "<html><body class='x'><h4>forward_pass (Score: 1.0 / 2.0)</h4></body></html>"
    page = add_back_link(old, "/user/ada/course")
    assert page.index("<body class='x'>") < page.index("Back to") < page.index("<h4>")
    assert "Back to" in add_back_link("", "/user/ada/course")

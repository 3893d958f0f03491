"""Do all pages tell times in the course's zone, on both sides of a clock change?"""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc, to_numeric_tz
from support.exchange_course import NAME, Hub
from traitlets.config import Config

from unrolled.hub.exchange.collect_report import read_report
from unrolled.hub.staff.formgrader import DueDateHandler, HardenedFormgrader
from unrolled.pipeline import configure

CHICAGO = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d C[SD]T"


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        ("2027-02-06 05:59", "2027-02-05 23:59:00 CST"),
        ("2027-03-13 07:59", "2027-03-13 01:59:00 CST"),
        ("2027-03-15 04:59", "2027-03-14 23:59:00 CDT"),
        ("2027-11-08 05:59", "2027-11-07 23:59:00 CST"),
        ("2027-07-01 04:59", "2027-06-30 23:59:00 CDT"),
    ],
)
def test_formgrader(hub: Hub, moment: str, told: str) -> None:
    """Does formgrader show due date and hand-in as the class's clock had them?"""
    config = Config()
    configure(config, hub.course)
    time = datetime.fromisoformat(moment)
    course = CourseDirectory(config=config)
    with Gradebook(course.db_url, course.course_id) as gradebook:
        gradebook.add_assignment(NAME, duedate=time)
        gradebook.add_student("ada")
        gradebook.add_notebook("forward_pass", NAME)
        gradebook.add_submission(NAME, "ada", timestamp=time)
    (hub.course / "source" / NAME).mkdir(parents=True)
    shutil.copytree(hub.course / "release" / NAME, hub.submitted("ada"))
    (hub.submitted("ada") / "timestamp.txt").write_text(f"{moment}:00 UTC")
    api = NbGraderAPI(course, config=config)
    assert api.get_assignment(NAME)["display_duedate"] == told
    assert api.get_submission(NAME, "ada")["display_timestamp"] == told


def test_what_collecting_found(hub: Hub) -> None:
    """Does the remark on a wrong time tell both times so?"""
    entry = hub.hand_in("ada")
    wrong = datetime.now(UTC) - timedelta(days=200)
    name = f"ada+{NAME}+{wrong:%Y-%m-%d %H:%M:%S.%f} UTC+x"
    entry.rename(entry.with_name(name))
    hub.run("Collect")
    report = read_report(hub.course, NAME)
    assert report is not None
    (note,) = report.notes
    assert len(re.findall(CHICAGO, note.reason)) == 2
    assert "UTC" not in note.reason


def test_a_folder_that_is_kept(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is the name of a kept folder the time on the class's clock, not the machine's?"""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    hub.run("FetchAssignment", "ada")
    plugin = hub.run("FetchAssignment", "ada")
    stamp = re.search(r"kept (.*)\)", Path(plugin.kept).name)
    assert stamp is not None
    told = datetime.strptime(stamp[1], "%Y-%m-%d %H.%M.%S")
    offset = told - datetime.now(UTC).replace(tzinfo=None)
    assert timedelta(hours=-6.1) < offset < timedelta(hours=-4.9)


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2027-02-05T23:59", "2027-02-06 05:59"),
        ("2027-07-01T23:59", "2027-07-02 04:59"),
    ],
)
def test_a_due_date_that_is_saved_as_it_is_shown(local: str, utc: str) -> None:
    """Does formgrader's form keep a due date of winter in summer, and the reverse?"""

    class Asked(DueDateHandler):
        api = SimpleNamespace(timezone="America/Chicago")

    sent = {"duedate_notimezone": local}
    sent["duedate_timezone"] = to_numeric_tz("America/Chicago")
    asked = Asked.__new__(Asked)
    asked.request = SimpleNamespace(body=json.dumps(sent).encode())
    got = asked.get_json_body()
    meant = parse_utc(f"{got['duedate_notimezone']} {got['duedate_timezone']}")
    assert f"{meant:%Y-%m-%d %H:%M}" == utc


def test_formgrader_s_form_comes_to_us() -> None:
    """Does the address of an assignment's settings lead to our handler first?"""
    routes: list[tuple[str, type]] = []
    webapp = SimpleNamespace(
        settings={"base_url": "/services/rnn/"},
        add_handlers=lambda _, more: routes.extend((p, h) for p, h, *_ in more),
    )
    HardenedFormgrader().init_handlers(webapp)
    path = f"/services/rnn/formgrader/api/assignment/{NAME}"
    found = [h for pattern, h in routes if re.fullmatch(pattern, path)]
    assert found[0] is DueDateHandler

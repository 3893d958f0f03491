"""nbgrader's list of assignments, as a student's server answers JupyterLab."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.exchange_course import COURSE, NAME, make_hub
from support.student_server import student_server

from unrolled.hub.student.assignment_list import _format_stamp


def test_times_are_on_the_class_s_clock(tmp_path: Path) -> None:
    """Is it told when something was handed in, and do paths still lead to it?"""
    with pytest.MonkeyPatch.context() as patched:
        hub = make_hub(tmp_path, patched)
    with student_server(hub, "ada") as browser:
        browser.get("/user/ada/course?token=open")
        browser.post("/user/ada/course/start", assignment=NAME)
        browser.post("/user/ada/course/submit", assignment=NAME)
        answer = browser.data(f"/user/ada/assignments?course_id={COURSE}")
    assert answer["success"], answer
    (handed_in,) = [a for a in answer["value"] if a["status"] == "submitted"]
    (submission,) = handed_in["submissions"]
    told = submission["timestamp"]
    assert re.fullmatch(r"\w{3} \d+ \w{3} 20\d\d, \d\d:\d\d C[SD]T", told)
    now = datetime.now(UTC).astimezone(ZoneInfo("America/Chicago"))
    assert f"{now:%b %Y}" in told
    assert "UTC" in submission["path"] and Path(submission["path"]).is_dir()


def test_what_is_no_time_is_shown_as_it_is() -> None:
    """Does a folder that somebody renamed break no list?"""
    zone = ZoneInfo("America/Chicago")
    assert (
        _format_stamp("2027-07-01 04:59:00 UTC", zone) == "Wed 30 Jun 2027, 23:59 CDT"
    )
    assert _format_stamp("yesterday's", zone) == "yesterday's"

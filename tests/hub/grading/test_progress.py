"""Are the numbers on the grading page those of the class?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from nbgrader.utils import notebook_hash
from support.class_on_a_hub import grade
from support.exchange_course import COURSE, NAME, Hub

from unrolled.course.dates import read_dates
from unrolled.course.model import load_course
from unrolled.hub.grading.progress import ClassProgress, count_progress
from unrolled.hub.grading.state import GradingState


def standing(hub: Hub) -> ClassProgress:
    return count_progress(load_course(hub.course), hub.exchange / COURSE)[NAME]


def page(hub: Hub, student: str) -> Path:
    place = hub.course / "feedback" / student / NAME
    place.mkdir(parents=True, exist_ok=True)
    secret = (hub.submitted(student) / "submission_secret.txt").read_text()
    (place / "submission_secret.txt").write_text(secret)
    path = place / "forward_pass.html"
    path.write_text("page")
    return path


def later(path: Path, seconds: float) -> None:
    time = path.stat().st_mtime + seconds
    os.utime(path, (time, time))


def test_from_handed_in_to_released(hub: Hub) -> None:
    """Does each step count when it is done, and count again when work is renewed?"""
    assert standing(hub) == ClassProgress(released=True)
    hub.hand_in("ada", late=-60)
    hub.hand_in("emmy")  # of a wrong owner
    assert (standing(hub).handed_in, standing(hub).fresh) == (2, 2)
    hub.run("Collect", update=True)
    now = standing(hub)
    assert (now.fresh, now.collected, now.to_grade, now.graded) == (0, 1, 1, 0)
    grade(hub, "ada", waits=True)
    now = standing(hub)
    assert (now.to_grade, now.graded, now.waiting, now.pages) == (0, 1, 1, 0)
    grade(hub, "ada", waits=False)
    made = page(hub, "ada")
    now = standing(hub)
    assert (now.waiting, now.pages, now.out) == (0, 1, 0)
    secret = (hub.submitted("ada") / "submission_secret.txt").read_text()
    name = notebook_hash(secret=secret, notebook_id="forward_pass")
    out = hub.exchange / COURSE / "feedback" / f"{name}.html"
    out.parent.mkdir()
    out.write_text("page")
    assert standing(hub).out == 1
    later(made, 60)
    assert standing(hub).out == 0
    later(hub.course / "autograded/ada" / NAME / "forward_pass.ipynb", 120)
    assert standing(hub).pages == 0
    hub.hand_in("ada")
    assert standing(hub).fresh == 1
    hub.run("Collect", update=True)
    now = standing(hub)
    assert (now.fresh, now.to_grade, now.graded) == (0, 1, 1)


def test_releasing_feedback_stops_at_nobody(hub: Hub) -> None:
    """Does one student's missing secret leave the others' feedback released?"""
    for student, secret in (("ada", ""), ("emmy", "5e" * 64), ("sophie", "")):
        place = hub.course / "feedback" / student / NAME
        place.mkdir(parents=True)
        (place / "forward_pass.html").write_text(student)
        (place / "timestamp.txt").write_text("2027-01-01 00:00:00 UTC")
        if secret:
            (place / "submission_secret.txt").write_text(secret)
    (hub.course / "feedback/sophie" / NAME / "submission_secret.txt").touch()
    hub.run("ReleaseFeedback")
    (out,) = (hub.exchange / COURSE / "feedback").iterdir()
    assert out.read_text() == "emmy"


def test_a_changed_date_reaches_students(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is a new due date told without a release, once course.toml was changed?"""
    monkeypatch.setattr(
        "unrolled.hub.grading.state.find_exchange_folder",
        lambda _: hub.exchange / COURSE,
    )
    gradings = GradingState(hub.course)
    toml = hub.course / "course.toml"
    toml.write_text(toml.read_text().replace("2027-02-05", "2027-02-12"))
    gradings._read_progress()
    due = read_dates(hub.exchange / COURSE).assignments[NAME].due
    assert due is not None
    assert due.day == 12

"""Is a student of the roster whole, or not there at all?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from support.cli import command, make_class

from unrolled.hub.members import enroll_students

CAPFD = pytest.CaptureFixture[str]
PEOPLE = """\
Name,ID,Login ID
Emmy Noether,1,emmy
Ada Lovelace,2,Ada.Lovelace
Number Five,3,5five
An Assistant,4,ta
A Program,5,daemon
The Grader,6,grader-tiny
"""


class FakeHub:
    """A hub's REST interface that remembers who was added."""

    members: list[str]
    removed: list[str]

    def __init__(self, url: str, token: str) -> None:
        type(self).members, type(self).removed = [], []

    def get(self, path: str) -> Any:
        return {"users": ["left"]}

    def add_user(self, name: str) -> None:
        self.members.append(name)

    def change(self, method: str, path: str, names: Any) -> None:
        if method == "DELETE":
            self.removed.extend(names)


def test_a_name_that_cannot_be_an_account(
    tmp_path: Path, capfd: CAPFD, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is whoever could not sign in left out of gradebook and hub, with the reason?"""
    course = make_class(tmp_path / "course")
    (course.root / "people.csv").write_text(PEOPLE)
    monkeypatch.setattr("unrolled.hub.members.HubClient", FakeHub)
    monkeypatch.setenv("JUPYTERHUB_SERVICE_NAME", f"{course.id}-authoring")
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://nowhere")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "token")
    monkeypatch.setenv("COLUMNS", "200")
    with Gradebook(course.db_url, course.id) as gradebook:
        gradebook.add_student("Grace.Hopper")  # in formgrader, where no rule of ours is
    people = str(course.root / "people.csv")
    words = ("canvas", "roster", people, "--keep", "--yes")
    told = command(capfd, "--course", str(course.root), *words)
    assert told.code == 0, told.err
    with Gradebook(course.db_url, course.id) as gradebook:
        there = {s.id for s in gradebook.students}
    assert there == {"emmy", "Grace.Hopper"}
    assert FakeHub.members == ["emmy"]
    assert FakeHub.removed == ["left"]  # nobody of the gradebook
    for name in ("Ada.Lovelace", "5five", "ta", "daemon", "grader-tiny"):
        assert f"{name!r} cannot be" in told.out
    assert "small letters" in told.out
    assert "cannot have an account" in told.out and "Grace.Hopper" in told.out


def test_without_a_hub_names_are_free(tmp_path: Path, capfd: CAPFD) -> None:
    """Does a course without a hub take the names that Canvas has?"""
    course = make_class(tmp_path / "course")
    people = tmp_path / "people.csv"
    people.write_text("Name,ID,Login ID\nAda Lovelace,2,Ada.Lovelace\n")
    words = ("canvas", "roster", str(people), "--keep", "--yes")
    assert command(capfd, "--course", str(course.root), *words).code == 0
    with Gradebook(course.db_url, course.id) as gradebook:
        assert "Ada.Lovelace" in {s.id for s in gradebook.students}


def test_who_is_enrolled_is_read_without_nbgrader(tmp_path: Path) -> None:
    """Does a start of a hub, where nobody is new, wait for no import of nbgrader's?"""
    course = make_class(tmp_path / "course")
    assert enroll_students(course, ["ada", "emmy", "ada"]) == ["ada", "emmy"]
    look = """
import sys
from unrolled.hub import members
members.main()
print("nbgrader" in sys.modules)
"""
    ran = subprocess.run(
        [sys.executable, "-c", look, str(course.root), "emmy"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.stdout.split() == ["ada", "emmy", "False"], ran.stderr

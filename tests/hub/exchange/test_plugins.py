"""Do fetching and releasing again keep what is there until the new is complete?"""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest
from nbgrader.exchange import ExchangeError
from support.exchange_course import NAME, NOTEBOOK, Hub

from unrolled.course.dates import read_dates
from unrolled.files import replace_folder


def work(hub: Hub) -> Path:
    return hub.home("ada") / "rnn" / NAME


def test_a_fresh_copy_keeps_the_old_one(hub: Hub) -> None:
    """Is the student's work aside, under names that never coincide?"""
    assert hub.run("FetchAssignment", "ada").kept is None
    notebook = work(hub) / "forward_pass.ipynb"
    kept = []
    for text in ("mine", "mine too", "mine three"):
        notebook.write_text(text)
        kept.append(hub.run("FetchAssignment", "ada").kept)
        assert notebook.read_text() == NOTEBOOK
    assert [(k / "forward_pass.ipynb").read_text() for k in kept] == [
        *("mine", "mine too", "mine three")
    ]
    assert all(k.name.startswith(f"{NAME} (kept 2") for k in kept)
    assert len(list(work(hub).parent.iterdir())) == 4


def test_a_fetch_that_fails_half_way(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is the work where it was if the disk is full, or the folder cannot be moved?"""
    hub.run("FetchAssignment", "ada")
    (work(hub) / "forward_pass.ipynb").write_text("mine")

    def full(*_: object, **__: object) -> None:
        raise shutil.Error([("a", "b", "[Errno 28] No space left on device")])

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copytree", full)
        with pytest.raises(ExchangeError, match="No space left on device"):
            hub.run("FetchAssignment", "ada")
    rename = Path.rename

    def stuck(self: Path, target: Path) -> Path:
        if self.name.startswith(f".{NAME}"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", stuck)
        with pytest.raises(ExchangeError, match="Your folder has not changed"):
            hub.run("FetchAssignment", "ada")
    assert (work(hub) / "forward_pass.ipynb").read_text() == "mine"
    assert [p.name for p in work(hub).parent.iterdir()] == [NAME]


def test_replace_still_means_missing_files(hub: Hub) -> None:
    """Does nbgrader's own --replace do what it says?"""
    hub.run("FetchAssignment", "ada")
    (work(hub) / "notes.txt").write_text("mine")
    (work(hub) / "forward_pass.ipynb").unlink()
    hub.run("FetchAssignment", "ada", replace_missing_files=True)
    assert (work(hub) / "notes.txt").exists()
    assert (work(hub) / "forward_pass.ipynb").exists()


def test_dates_that_students_can_read(hub: Hub) -> None:
    """Are title, due date, points and the late policy there, of what is released?"""
    path = hub.exchange / "rnn" / "assignments.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    dates = read_dates(path.parent)
    assert dates.title == "Recurrent Networks"
    assert list(dates.assignments) == [NAME]
    told = dates.assignments[NAME]
    assert told.title == "The Forward Pass"
    assert told.due is not None
    assert told.due.isoformat() == "2027-02-05T23:59:00-06:00"
    assert told.points == 50
    assert told.late.startswith("10 % off for each started day after 15 minutes")
    path.write_text(json.dumps({"assignments": {"x": 3}}))
    assert read_dates(path.parent).assignments == {}


def test_releasing_a_correction(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does a second release replace the first, whole or not at all?"""
    released = hub.outbound / NAME / "forward_pass.ipynb"
    hub.run("FetchAssignment", "ada")
    source = hub.course / "release" / NAME / "forward_pass.ipynb"
    source.write_text("corrected")
    hub.run("ReleaseAssignment")
    assert released.read_text() == "corrected"
    assert stat.S_IMODE(released.stat().st_mode) == 0o644
    assert stat.S_IMODE(released.parent.stat().st_mode) == 0o755
    assert (work(hub) / "forward_pass.ipynb").read_text() == NOTEBOOK
    source.write_text("again")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copytree", full)
        with pytest.raises(ExchangeError, match="No space left"):
            hub.run("ReleaseAssignment")
    assert released.read_text() == "corrected"
    assert [p.name for p in hub.outbound.iterdir()] == [NAME]


def test_a_folder_that_cannot_take_its_place(tmp_path: Path) -> None:
    """Is the old folder back when the new one cannot be moved?"""
    place = tmp_path / "place"
    place.mkdir()
    (place / "old").touch()
    with pytest.raises(FileNotFoundError):
        replace_folder(tmp_path / "lost", place)
    assert [p.name for p in tmp_path.rglob("*")] == ["place", "old"]


def test_nobody_removes_what_others_own(hub: Hub) -> None:
    """Are the exchange and inbound sticky, as they are writable by everybody?"""
    assert hub.exchange.stat().st_mode & stat.S_ISVTX
    assert stat.S_IMODE(hub.inbound.stat().st_mode) == 0o3733


def test_no_release_without_a_date(hub: Hub) -> None:
    """Is an assignment that course.toml does not know, or a bad one, refused?"""
    toml = hub.course / "course.toml"
    toml.write_text(toml.read_text().replace("02_forward_pass", "02_other"))
    with pytest.raises(ExchangeError, match="has no assignment 02_forward_pass"):
        hub.run("ReleaseAssignment")
    toml.write_text("[course")
    with pytest.raises(ExchangeError, match="not valid TOML"):
        hub.run("ReleaseAssignment")

"""Does `unrolled hub down --purge` ask before it stops anything?"""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.cli import command, make_class

from unrolled.course.model import load_course
from unrolled.hub.plan import HubPlan, make_plan
from unrolled.hub.setup import start
from unrolled.hub.setup.process import prepare_state

pytest.importorskip("psutil", reason="pip install psutil")
CAPFD = pytest.CaptureFixture[str]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubPlan]:
    """A hub that was started once; `stopped` counts how often it is stopped."""
    root = make_class(tmp_path / "course").root
    toml = root / "course.toml"
    toml.write_text(f'{toml.read_text()}\n[hub]\nfolder = "{tmp_path / "hub"}"\n')
    plan = make_plan(load_course(root))
    plan.folder.mkdir()
    prepare_state(plan)
    monkeypatch.setattr("unrolled.hub.commands.require_root", lambda _: None)
    yield plan


def purge(
    capfd: CAPFD, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> tuple[str, list[str]]:
    """What was said, and what was done, in its order."""
    done: list[str] = []

    def stop(plan: HubPlan, now: bool = False) -> bool:
        done.append("stopped")
        return True

    monkeypatch.setattr("unrolled.hub.setup.process.stop_hub", stop)
    monkeypatch.setattr("unrolled.hub.setup.start.stop_hub", stop)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    told = command(
        capfd, "--course", str(tmp_path / "course"), "hub", "down", "--purge"
    )
    return told.out + told.err, done


def test_no_stops_nothing(
    hub: HubPlan, capfd: CAPFD, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does a hub of people who work go on after No, with everything in its place?"""
    said, done = purge(capfd, tmp_path, monkeypatch, "n\n")
    assert "stops the hub and removes" in said
    assert done == []
    assert (hub.state / "plan.json").exists()


def test_yes_stops_and_removes(
    hub: HubPlan, capfd: CAPFD, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does Yes remove the hub and leave the archive?"""
    said, done = purge(capfd, tmp_path, monkeypatch, "y\n")
    assert done[0] == "stopped"
    assert not hub.folder.exists()
    assert "the archive is" in said


def test_the_archive_has_the_course_and_is_its_owner_s(
    hub: HubPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are gradebook, work and exchange kept, for nobody else, and other files left?"""
    plan = replace(hub, homes=tmp_path / "homes")
    for path in (
        plan.course_root / "gradebook.db",
        plan.course_root / "submitted/ada/01/a.ipynb",
        plan.exchange / plan.course / "inbound/ada/a.ipynb",
        plan.folder / "mine.txt",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    monkeypatch.setattr("unrolled.hub.setup.start.stop_hub", lambda _: True)
    archive = start.purge_hub(plan, tmp_path / "kept")
    assert archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as tar:
        names = set(tar.getnames())
    root, course = plan.grader, plan.course
    assert {
        f"{root}/{course}/gradebook.db",
        f"{root}/{course}/submitted/ada/01/a.ipynb",
        f"exchange/{course}/inbound/ada/a.ipynb",
    } <= names
    assert [p.name for p in plan.folder.iterdir()] == ["mine.txt"]

"""What does `unrolled hub` do when somebody asks for a restart?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.cli import make_class

pytest.importorskip("psutil", reason="pip install psutil")

from unrolled.cli import hub as command
from unrolled.course.model import load_course
from unrolled.errors import UserError
from unrolled.hub.plan import HubPlan, make_plan
from unrolled.hub.setup.process import READY_FILE


class Hub:
    """Stands for a hub that runs: asked for a restart each time it waits."""

    def __init__(self, plan: HubPlan, *_: object) -> None:
        self.plan = plan
        self.keep_servers = False
        self.ended: bool | None = None
        self.done: list[str] = []

    def __enter__(self) -> Hub:
        return self

    def __exit__(self, *_: object) -> None:
        self.ended = self.keep_servers

    def wait(self, asked: Callable[[], bool]) -> None:
        self.done.append("waited")

    def announce_restart(self) -> None:
        self.done.append("announced")

    def withdraw_notice(self) -> None:
        self.done.append("withdrawn")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """It runs, of a course of its own."""
    root = make_class(tmp_path / "course").root
    toml = root / "course.toml"
    toml.write_text(f'{toml.read_text()}\n[hub]\nfolder = "{tmp_path / "hub"}"\n')
    found = Hub(make_plan(load_course(root)))
    found.plan.state.mkdir(parents=True)
    door = "unrolled.hub.setup"
    monkeypatch.setattr(f"{door}.RunningHub", lambda *_: found, raising=False)
    monkeypatch.setattr("unrolled.report.hub.render_welcome", lambda _: "")
    monkeypatch.setattr(command, "open_course", lambda _: None)
    return found


def run(hub: Hub) -> Any:
    """Until the restart."""
    return command._run(None, hub.plan, command._Signals())  # type: ignore[arg-type]


def prepared_by(monkeypatch: pytest.MonkeyPatch, make: Callable[[], HubPlan]) -> None:
    """What the next start is prepared by."""
    name = "unrolled.hub.setup.prepare_hub"
    monkeypatch.setattr(name, lambda *_: make(), raising=False)


def test_a_restart_is_announced_and_keeps_servers(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are people told, and do those who work keep their servers?"""
    prepared_by(monkeypatch, lambda: hub.plan)
    assert run(hub) is hub.plan
    assert hub.done == ["waited", "announced"]
    assert hub.ended is True


def test_a_course_toml_that_is_wrong_stops_nothing(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does the hub run on as it was, is the notice withdrawn, and the reason kept?"""
    tries: list[bool | None] = []

    def prepare() -> HubPlan:
        tries.append(hub.ended)
        if len(tries) == 1:
            raise UserError("course.toml: no such key")
        return hub.plan

    prepared_by(monkeypatch, prepare)
    run(hub)
    assert tries == [None, None]
    assert hub.done == ["waited", "announced", "withdrawn", "waited", "announced"]
    said = (hub.plan.state / READY_FILE).read_text()
    assert said == "course.toml: no such key"

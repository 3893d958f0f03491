"""A course with an exchange, and accounts that exist in these tests only."""

from __future__ import annotations

import os
import pwd
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from traitlets.config import Config

NAME = "02_forward_pass"
COURSE = "rnn"
TOML = """
[course]
id = "rnn"
title = "Recurrent Networks"
timezone = "America/Chicago"

[assignments.01_sequences]
title = "Sequences"

[assignments.02_forward_pass]
title = "The Forward Pass"
due = 2027-02-05 23:59:00
points = 50
late = { per_day = 10, max = 50, grace_minutes = 15 }
"""
NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
PLUGINS = {
    "release_feedback": "unrolled.hub.exchange.plugins.ReleaseEachFeedback",
    "fetch_assignment": "unrolled.hub.exchange.plugins.FetchKeepingWork",
    "collect": "unrolled.hub.exchange.collect.CheckedCollect",
    "release_assignment": "unrolled.hub.exchange.plugins.ReleaseWithDates",
}


@dataclass
class Accounts:
    """Names of user numbers, in place of the machine's."""

    names: dict[int, str] = field(default_factory=dict)

    def getpwuid(self, uid: int) -> Any:
        if uid not in self.names:
            raise KeyError(uid)
        return pwd.struct_passwd((self.names[uid], "x", uid, uid, "", "/nowhere", ""))


@dataclass(frozen=True)
class Hub:
    """A course folder, an exchange, and a home for each student."""

    root: Path
    accounts: Accounts

    @property
    def course(self) -> Path:
        return self.root / "course"

    @property
    def exchange(self) -> Path:
        return self.root / "exchange"

    @property
    def inbound(self) -> Path:
        return self.exchange / COURSE / "inbound"

    @property
    def outbound(self) -> Path:
        return self.exchange / COURSE / "outbound"

    def home(self, student: str) -> Path:
        return self.root / "homes" / student

    def config(self, student: str = "") -> Config:
        config = Config()
        config.Exchange.root = str(self.exchange)
        config.Exchange.path_includes_course = True
        config.CourseDirectory.course_id = COURSE
        config.CourseDirectory.root = str(self.course)
        config.CourseDirectory.assignment_id = NAME
        for key, value in PLUGINS.items():
            config.ExchangeFactory[key] = value
        if student:
            config.Exchange.assignment_dir = str(self.home(student))
            config.Exchange.cache = str(self.home(student) / ".cache")
        return config

    def run(
        self,
        verb: str,
        student: str = "",
        settings: Config | None = None,
        **options: Any,
    ) -> Any:
        """Do what nbgrader's command `verb` does; the plug-in that did it."""
        config = self.config(student)
        config.merge(settings or Config())
        factory = ExchangeFactory(config=config)
        plugin = getattr(factory, verb)(
            coursedir=CourseDirectory(config=config),
            authenticator=Authenticator(config=config),
            config=config,
            **options,
        )
        plugin.start()
        return plugin

    def submitted(self, student: str) -> Path:
        return self.course / "submitted" / student / NAME

    def hand_in(self, student: str, text: str = "mine", late: float = 0.0) -> Path:
        """A folder in inbound as nbgrader makes it, `late` seconds from now."""
        now = datetime.now(UTC) + timedelta(seconds=late)
        salt = os.urandom(6).hex()
        place = self.inbound / f"{student}+{NAME}+{now:%Y-%m-%d %H:%M:%S.%f} UTC+{salt}"
        place.mkdir()
        (place / "forward_pass.ipynb").write_text(text)
        (place / "timestamp.txt").write_text(f"{now:%Y-%m-%d %H:%M:%S.%f} UTC")
        (place / "submission_secret.txt").write_text("5e" * 64)
        return place


def as_user(uid: int, work: Callable[[], object]) -> None:
    """Do `work` in a process of another user; raise if it failed."""
    child = os.fork()
    if not child:
        signal.alarm(300)  # its end is waited for
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A course and its exchange."""
    return make_hub(tmp_path, monkeypatch)


def make_hub(root: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A course with one released assignment; this process is the account "ada"."""
    accounts = Accounts({os.geteuid(): "ada"})
    monkeypatch.setattr(pwd, "getpwuid", accounts.getpwuid)
    hub = Hub(root, accounts)
    release = hub.course / "release" / NAME
    release.mkdir(parents=True)
    (release / "forward_pass.ipynb").write_text(NOTEBOOK)
    (hub.course / "course.toml").write_text(TOML)
    hub.exchange.mkdir()
    hub.exchange.chmod(0o1777)
    hub.home("ada").mkdir(parents=True)
    hub.run("ReleaseAssignment")
    return hub

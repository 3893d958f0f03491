"""Are accounts made so that nobody reads in another's home?"""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from unrolled.hub import accounts
from unrolled.hub.plan import HubPlan
from unrolled.hub.setup.process import prepare_state

STUDENTS = ("zz-ada", "zz-emmy")


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubPlan:
    """A hub whose people sign in with passwords; `useradd` makes a home, as usual."""
    plan = HubPlan(
        course="zz",
        title="A course",
        folder=tmp_path / "hub",
        port=18700,
        sign_in="pam",
        instructors=(),
        assistants=(),
        students=STUDENTS,
        homes=tmp_path,
    )

    def run(words: Sequence[object], given: str = "") -> str:
        if words[0] == "useradd":
            Path(str(words[3])).mkdir(mode=0o755)
        return ""

    monkeypatch.setattr(accounts, "run_program", run)
    prepare_state(plan)
    return plan


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_homes_and_passwords_are_closed(plan: HubPlan) -> None:
    """Is each home its owner's alone, and the list of first passwords root's?"""
    made = accounts.make_accounts(plan)
    assert made == [plan.grader, *STUDENTS]
    for name in made:
        assert mode(plan.homes / name) == 0o700
    passwords = plan.state / accounts.PASSWORDS_FILE
    assert mode(passwords) == 0o600
    lines = [line.split(",") for line in passwords.read_text().split()]
    assert [name for name, _ in lines] == list(STUDENTS)
    assert len({word for _, word in lines}) == 2
    assert all(len(word) >= 12 for _, word in lines)


def test_whoever_is_enrolled_later_gets_the_same(plan: HubPlan) -> None:
    """Has a student of the running hub a closed home and a password of their own?"""
    spawner = SimpleNamespace(
        user=SimpleNamespace(name="zz-sophie"),
        environment={"UNROLLED_HUB": str(plan.folder)},
    )
    accounts.ensure_student(spawner)
    assert mode(plan.homes / "zz-sophie") == 0o700
    assert "zz-sophie," in (plan.state / accounts.PASSWORDS_FILE).read_text()


def test_what_the_hub_keeps_is_root_s(plan: HubPlan) -> None:
    """Are the hub's state and the words in it closed to everybody else?"""
    assert mode(plan.state) == 0o700
    for name in ("password", "check.token"):
        assert mode(plan.state / name) == 0o600

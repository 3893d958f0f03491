"""Does `unrolled hub check` judge the sandbox that grading would take, and no other?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from unrolled.hub.check import check
from unrolled.hub.plan import HubPlan

FAILS = "does not start here"
PLAN = HubPlan(
    course="rnn",
    title="A course",
    folder=Path("/srv/rnn"),
    port=8000,
    sign_in="password",
    instructors=(),
    assistants=(),
    students=(),
)


@pytest.mark.parametrize(
    ("machine", "holds", "said"),
    [
        ({"namespaces": (True, ""), "landlock": (False, "")}, True, "namespaces"),
        ({"namespaces": (False, ""), "landlock": (True, "")}, False, "namespaces"),
        ({"namespaces": (False, FAILS), "landlock": (True, "")}, True, "landlock"),
        (
            {
                "namespaces": (False, FAILS),
                "landlock": (False, FAILS),
                "none": (False, ""),
            },
            False,
            "no sandbox starts",
        ),
    ],
)
def test_the_first_sandbox_that_starts_is_judged(
    machine: dict[str, tuple[bool, str]],
    holds: bool,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Does the verdict hang on the tier that grading takes, asked for once?"""
    asked: list[str] = []

    def doctor(plan: HubPlan, command: Sequence[str | Path]) -> str:
        asked.append(str(command[-1]))
        return json.dumps(
            [
                {"tier": tier, "sufficient": sufficient, "trouble": trouble}
                for tier, (sufficient, trouble) in machine.items()
            ]
        )

    monkeypatch.setattr(check, "run_as_grader", doctor)
    (found,) = check._check_sandbox(PLAN)
    assert found.holds == holds
    assert said in found.found
    (command,) = asked  # each more would load the libraries again
    assert "doctor --json" in command

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
        ({"namespaces": (True, "")}, True, "namespaces"),
        ({"namespaces": (False, "")}, False, "namespaces"),
        ({"namespaces": (False, FAILS), "landlock": (True, "")}, True, "landlock"),
        ({"namespaces": (False, FAILS), "landlock": (False, FAILS)}, False, FAILS),
    ],
)
def test_the_first_sandbox_that_starts_is_tried(
    machine: dict[str, tuple[bool, str]],
    holds: bool,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Is no sandbox tried that grading would never take? That took a minute."""
    asked: list[str] = []

    def doctor(plan: HubPlan, command: Sequence[str | Path]) -> str:
        tier = str(command[-1]).split("--tier ")[1].split()[0]
        asked.append(tier)
        sufficient, trouble = machine[tier]
        return json.dumps(
            [{"tier": tier, "sufficient": sufficient, "trouble": trouble}]
        )

    monkeypatch.setattr(check, "run_as_grader", doctor)
    (found,) = check._check_sandbox(PLAN)
    assert (found.holds, asked) == (holds, list(machine))
    assert said in found.found

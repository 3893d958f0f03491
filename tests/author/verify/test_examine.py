"""One submission under several seeds: its processes are started once."""

from __future__ import annotations

from typing import Any

import pytest
from support.small_assignment import cell, material, submission

from unrolled.assignment.reference import build_reference
from unrolled.author.verify import cases
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.submission.rebuild import rebuild_submission

WRONG = {"double": "return x * x", "quadruple": "return x"}
LATER = "quadruple(start)"  # a call behind all checks, which may change anything


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was asked for a process of the student's, each time."""
    asked: list[Any] = []

    def select() -> Any:
        worker = select_trusted_worker()
        start = worker.open

        def note(*wanted: Any) -> Any:
            asked.append(wanted)
            return start(*wanted)

        monkeypatch.setattr(worker, "open", note)
        return worker

    monkeypatch.setattr(cases, "select_trusted_worker", select)
    return asked


def test_a_further_seed_starts_no_process(opened: list[Any]) -> None:
    """Are processes that end at a check asked again, and is the verdict the same?"""
    known = material()
    made = submission(**WRONG)
    made["cells"].append(cell("code", LATER))
    notebook = rebuild_submission(known, made).notebook
    counts, said = [], []
    examined = cases.examine(known, build_reference(known), notebook, range(3))
    for _, verdicts in examined:
        counts.append(len(opened))
        said.append([(v.grade_id, v.passed, v.misconception) for v in verdicts])
    assert said == [[("double_values", False, ("squares",)), said[0][1]]] * 3
    # The whole notebook twice, and up to each check; the second with `double` mended.
    assert counts == [5, 5, 5]

"""The judge: runs every grade cell against a student's process, and says why.

The student's cells run first, all of them; then each grade cell is run here, in
the trusted process, with the student's names as proxies. Points are given only
when a grade cell, visible and hidden part, has run to its end.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.grade.calls import Call
from unrolled.grade.diagnose import explain, fits, quiet
from unrolled.grade.process import StudentProcess
from unrolled.grade.reference import Check, Reference
from unrolled.grade.session import Session, StudentLost, StudentMissing
from unrolled.grade.task import (
    CellVerdict,
    ProcessLostError,
    Task,
    Verdict,
    cell_seed,
)
from unrolled.grade.worker import Worker


@dataclass(frozen=True)
class Outcome:
    """How one run of a grade cell ended; `calls` is the evidence."""

    passed: bool
    message: str = ""
    calls: tuple[Call, ...] = ()


MOST_TRIES = 25
MOST_OUT_OF_MEMORY = 2


def judge(task: Task, reference: Reference, worker: Worker) -> Verdict:
    """Judge one submission.

    Where a process was killed from outside (by an operator, say), it is judged
    again for as long as a submission may take; after the second time that the
    machine ran out of memory, the last verdict counts. Raises GradingError if
    grading itself cannot work; whatever the submission does, short of that, ends
    in a verdict.
    """
    until = time.monotonic() + task.limits.submission_seconds
    enough = _out_of_memory() + MOST_OUT_OF_MEMORY
    for left in reversed(range(MOST_TRIES)):
        last = not left
        try:
            verdict, killed = _examine(task, reference, worker)
        except ProcessLostError:
            if last or time.monotonic() >= until:
                raise
            continue
        last |= time.monotonic() >= until or _out_of_memory() >= enough
        if last or not killed:
            break
    return verdict


def _out_of_memory() -> int:
    """How often this machine has killed a process for want of memory (Linux)."""
    with contextlib.suppress(OSError, ValueError):
        words = Path("/proc/vmstat").read_text(encoding="ascii").split()
        return int(words[words.index("oom_kill") + 1])
    return 0


def _examine(task: Task, reference: Reference, worker: Worker) -> tuple[Verdict, bool]:
    """The verdict, and whether somebody else may have killed the process."""
    began = time.monotonic()
    examination = Examination(task, reference, worker)
    try:
        cells = tuple(examination.verdicts())
    finally:
        examination.close()
    first = examination.process
    seconds = time.monotonic() - began
    verdict = Verdict(cells, first.outputs, tuple(first.notes), seconds)
    return verdict, first.killed or examination.second.killed


class Examination:
    """All grade cells of one submission, under one seed or several."""

    def __init__(self, task: Task, reference: Reference, worker: Worker) -> None:
        self.task = task
        self.reference = reference
        end = time.monotonic() + task.limits.submission_seconds
        self.process = StudentProcess(task, worker, end)
        self.second = StudentProcess(task, worker, end)

    def close(self) -> None:
        """End the student's processes."""
        self.process.close()
        self.second.close()

    def verdicts(
        self, seed: int | None = None, only: str | None = None
    ) -> Iterator[CellVerdict]:
        """The verdict on each grade cell, in the notebook's order.

        `only` limits the checks to those of one exercise.
        """
        seed = self.task.seed if seed is None else seed
        checks = tuple(c for c in self.reference.checks if only in (None, c.exercise))
        first = {c.grade_id: self._run(c, seed, self.process) for c in checks}
        wrong = {c.exercise for c in checks if not first[c.grade_id].passed}
        last = {c.grade_id: self._last(c, first, wrong, seed) for c in checks}
        for check in checks:
            blamed = self._blamed(check, wrong)
            evidence = _evidence(check, checks, first, last, bool(blamed))
            yield self._verdict(check, first, last, blamed, evidence)

    def _blamed(self, check: Check, wrong: set[str]) -> list[str]:
        """The earlier exercises that are wrong."""
        return [e for e in self.reference.earlier(check.exercise) if e in wrong]

    def _last(
        self, check: Check, first: dict[str, Outcome], wrong: set[str], seed: int
    ) -> Outcome:
        """The outcome that counts: the first one, or that of the follow-through."""
        outcome = first[check.grade_id]
        if outcome.passed or not self._blamed(check, wrong):
            return outcome
        return self._follow_through(check, outcome, seed)

    def _verdict(
        self,
        check: Check,
        first: dict[str, Outcome],
        last: dict[str, Outcome],
        blamed: list[str],
        evidence: list[Call],
    ) -> CellVerdict:
        outcome = last[check.grade_id]
        follow = outcome.passed and not first[check.grade_id].passed
        message = _followed(blamed) if follow else outcome.message
        found = () if outcome.passed else self._explain(check, outcome, evidence)
        return CellVerdict(
            check.grade_id,
            check.exercise,
            check.points,
            outcome.passed,
            message,
            " ".join(m.hint for m in found),
            tuple(m.name for m in found),
            follow,
        )

    def _explain(
        self, check: Check, outcome: Outcome, evidence: list[Call]
    ) -> tuple[Any, ...]:
        """Misconceptions behind a failed check.

        All calls of the exercise tell more than those of one check; where they
        agree with none (two mistakes at once), the check speaks for itself.
        """
        with quiet():
            mine = explain(outcome.calls, check.exercise, self.reference)
            if len(mine) < 2:
                return mine
            return tuple(m for m in mine if fits(m, evidence, self.reference)) or mine

    def _follow_through(self, check: Check, first: Outcome, seed: int) -> Outcome:
        """Judge again with all earlier functions bound to the reference."""
        earlier = self.reference.earlier(check.exercise)
        names = [n for exercise in earlier for n in self.reference.defines[exercise]]
        self.second.bindings = {n: self.reference.names[n] for n in names}
        again = self._run(check, seed, self.second)
        return again if again.passed or again.calls else first

    def _run(self, check: Check, seed: int, process: StudentProcess) -> Outcome:
        """Run one grade cell; whatever the student's code does becomes an outcome."""
        try:
            session = process.session()
            session.begin_check()
            return self._run_in(check, seed, session)
        except StudentLost as lost:
            calls = process.lose(lost)
            return Outcome(False, _lost_message(check, lost, calls), calls)

    def _run_in(self, check: Check, seed: int, session: Session) -> Outcome:
        names = self.reference.fresh(check.names)
        graded = self.reference.graded_names()
        for name in sorted(check.names & graded):
            try:
                names[name] = session.lookup(name)
            except StudentMissing:
                return Outcome(False, _missing_message(name, check, session))
        for name in sorted(check.names & self.reference.helper_names):
            names[name] = session.helper(name, self.reference.helpers)
        message = _attempt(check.visible, names)
        if check.hidden is not None:
            names["rng"] = np.random.default_rng(cell_seed(seed, check.grade_id))
            names["oracle"] = self.reference.oracle
            names["expected"] = self.reference.expected
            # Run it also after a visible miss: its calls are evidence for the hint.
            hidden = _attempt(check.hidden, names)
            message = hidden if message is None else message
        return Outcome(message is None, message or "", tuple(session.calls))


def _evidence(
    check: Check,
    checks: tuple[Check, ...],
    first: dict[str, Outcome],
    last: dict[str, Outcome],
    blamed: bool,
) -> list[Call]:
    """All calls that the checks of an exercise made.

    Where an earlier exercise is wrong, only those made with the reference in its
    place.
    """
    siblings = [c.grade_id for c in checks if c.exercise == check.exercise]
    return [
        call
        for name in siblings
        if not blamed or last[name] is not first[name]
        for call in last[name].calls
    ]


def _attempt(code: Any, names: dict[str, Any]) -> str | None:
    """Run a part of a grade cell; None if it passed, else what it said."""
    try:
        with quiet():
            exec(code, names)
    except Exception as error:
        text = str(error).strip()
        if type(error).__name__ == "CheckFailed":
            return text
        return f"{type(error).__name__}: {text}" if text else type(error).__name__
    return None


def _followed(blamed: list[str]) -> str:
    names = ", ".join(blamed)
    return (
        f"Passed with the reference {names} in place of yours: "
        "an earlier mistake costs its own points once."
    )


def _lost_message(check: Check, lost: StudentLost, calls: tuple[Call, ...]) -> str:
    name = calls[-1].name if calls else check.exercise
    if lost.kind == "timeout":
        return f"{name} did not come back in time: is there a loop that never ends?"
    if lost.kind == "died":
        return f"{name} ended its own process (exit, or far too much memory)."
    return f"{name}: {lost}"


def _missing_message(name: str, check: Check, session: Session) -> str:
    del session
    return (
        f"{name} is not defined. The cell of exercise {check.exercise} must define it "
        "under exactly this name, and must run without an error."
    )

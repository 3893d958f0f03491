"""The judge: runs every check against a student's process, and says why.

The student's cells run first, all of them; then each check is run here, in the trusted
process, with a `StudentObject` for each of the student's names. Points are given only
when a check, visible and hidden part, has run to its end.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.assignment import Check, Misconception, Reference
from unrolled.assignment.seeds import derive_cell_seed
from unrolled.grade.judge.diagnose import explain
from unrolled.grade.judge.evidence import Outcome, Outcomes
from unrolled.grade.judge.plan import make_plan
from unrolled.grade.judge.student_process import StudentProcess
from unrolled.grade.judge.verdict import CellVerdict, JudgeInput, Verdict
from unrolled.grade.protocol.quiet import silence_output
from unrolled.grade.session import Call, Session, StudentProcessLost
from unrolled.grade.session.session import UndefinedNameError
from unrolled.grade.worker import ProcessLostError, Worker

_UNDEFINED = re.compile(r"name '(\w+)' is not defined")
MAX_TRIES = 25
MAX_OOM_KILLS = 2


def judge_submission(
    submission: JudgeInput, reference: Reference, worker: Worker
) -> Verdict:
    """Judge one submission.

    Where a process was killed from outside (by an operator, say), it is judged
    again for as long as a submission may take; after the second time that the
    machine ran out of memory, the last verdict counts. Raises GradingError if
    grading itself cannot work; whatever the submission does, short of that, ends
    in a verdict.
    """
    until = time.monotonic() + submission.limits.submission_seconds
    enough = _count_oom_kills() + MAX_OOM_KILLS
    for left in reversed(range(MAX_TRIES)):
        last = not left
        try:
            verdict, killed = _examine(submission, reference, worker)
        except ProcessLostError:
            if last or time.monotonic() >= until:
                raise
            continue
        last |= time.monotonic() >= until or _count_oom_kills() >= enough
        if last or not killed:
            break
    return verdict


def _count_oom_kills() -> int:
    """How often this machine has killed a process for want of memory (Linux)."""
    with contextlib.suppress(OSError, ValueError):
        words = Path("/proc/vmstat").read_text(encoding="ascii").split()
        return int(words[words.index("oom_kill") + 1])
    return 0


def _examine(
    submission: JudgeInput, reference: Reference, worker: Worker
) -> tuple[Verdict, bool]:
    """The verdict, and whether somebody else may have killed the process."""
    began = time.monotonic()
    examination = Examination(submission, reference, worker)
    try:
        cells = tuple(examination.judge_checks())
    finally:
        examination.close()
    first = examination.first
    seconds = time.monotonic() - began
    verdict = Verdict(cells, first.outputs, tuple(first.notes), seconds)
    return verdict, examination.killed


class Examination:
    """All checks of one submission, under one seed or several.

    `first` has run the notebook as it is, `second` is for the follow-through. A third
    process ends at the place of a check, for one that fails although cells behind it
    may be the reason: `kept` of them are kept, for other seeds come to the same places.
    Where `strict`, a fault of the catalogue is an error (explain).
    """

    def __init__(
        self,
        submission: JudgeInput,
        reference: Reference,
        worker: Worker,
        *,
        strict: bool = False,
        kept: int = 1,
    ) -> None:
        self.submission = submission
        self.reference = reference
        self.worker = worker
        self.strict = strict
        self.kept = kept
        self.plan = make_plan(submission)
        self.end = time.monotonic() + submission.limits.submission_seconds
        self.first = StudentProcess(submission, worker, self.end, plan=self.plan)
        self.second = StudentProcess(submission, worker, self.end, plan=self.plan)
        self.thirds: list[StudentProcess] = []  # the last used comes last

    @property
    def killed(self) -> bool:
        """Whether somebody else may have killed a process."""
        return self.first.killed or self.second.killed

    def close(self) -> None:
        """End the student's processes."""
        for process in (self.first, self.second, *self.thirds):
            process.close()

    def judge_checks(
        self, seed: int | None = None, only: str | None = None
    ) -> Iterator[CellVerdict]:
        """The verdict on each check, in the notebook's order.

        `only` limits the checks to those of one exercise.
        """
        seed = self.submission.seed if seed is None else seed
        checks = tuple(c for c in self.reference.checks if only in (None, c.exercise))
        first = {c.grade_id: self._run(c, seed, self.first) for c in checks}
        first |= {
            c.grade_id: self._retry_undisturbed(c, first[c.grade_id], seed, {})
            for c in checks
        }
        outcomes = Outcomes(reference=self.reference, checks=checks, first=first)
        for check in checks:
            outcome = first[check.grade_id]
            if not outcome.passed and outcomes.find_suspects(check):
                outcome = self._follow_through(check, outcome, seed)
            outcomes.last[check.grade_id] = outcome
        for check in checks:
            yield self._make_verdict(check, outcomes)

    def _make_verdict(self, check: Check, outcomes: Outcomes) -> CellVerdict:
        outcome = outcomes.last[check.grade_id]
        message, found = outcome.message, self._find_misconceptions(check, outcomes)
        follow = outcome.passed and not outcomes.first[check.grade_id].passed
        if follow:
            names = ", ".join(outcomes.find_blamed(check))
            message = (
                f"Passed with the reference {names} in place of yours: "
                "an earlier mistake costs its own points once."
            )
        return CellVerdict(
            grade_id=check.grade_id,
            exercise=check.exercise,
            max_score=check.points,
            passed=outcome.passed,
            message=message,
            hint=" ".join(m.hint for m in found),
            misconception=tuple(m.name for m in found),
            follow_through=follow,
        )

    def _find_misconceptions(
        self, check: Check, outcomes: Outcomes
    ) -> tuple[Misconception, ...]:
        """Misconceptions behind a check that the others do not refute.

        A match with one check can be chance: what is shown agrees with all calls of
        the exercise.
        """
        outcome = outcomes.last[check.grade_id]
        if outcome.passed:
            return ()
        passed = {name for name, other in outcomes.last.items() if other.passed}
        with silence_output():
            mine = explain(
                outcome.calls, check.exercise, self.reference, strict=self.strict
            )
            mine = tuple(m for m in mine if passed.isdisjoint(m.fails))
            return tuple(m for m in mine if outcomes.is_possible(m, check))

    def _follow_through(self, check: Check, first: Outcome, seed: int) -> Outcome:
        """Judge again with all earlier functions bound to the reference."""
        earlier = self.reference.list_earlier(check.exercise)
        names = [n for exercise in earlier for n in self.reference.defines[exercise]]
        bindings: dict[str, object] = {n: self.reference.names[n] for n in names}
        self.second.bindings = bindings
        again = self._run(check, seed, self.second)
        again = self._retry_undisturbed(check, again, seed, bindings)
        return again if again.passed or again.calls else first

    def _retry_undisturbed(
        self, check: Check, outcome: Outcome, seed: int, bindings: dict[str, object]
    ) -> Outcome:
        """Judge a check that fails in a process that ends at its place, if need be.

        Names are as they were there in any case. What they stand for may have been
        changed by a later cell. Or a cell has read an earlier function while it ran
        (`step = rnn_step`): with the reference it reads that one, and does not stop.
        """
        place = self.plan.places[check.grade_id]
        own = [c.index for c in self.plan.cells if c.exercise == check.exercise]
        stopped = any(self.second.stopped.get(index) for index in own)
        early = self.plan.reads(bindings, place) or stopped
        if outcome.passed or not (
            self.plan.is_disturbed(place) or (bindings and early)
        ):
            return outcome
        if outcome.lost:  # it would be lost there, too, and take as long again
            return outcome
        if self.end - time.monotonic() < self.submission.limits.submission_seconds / 2:
            return outcome  # the time that is left belongs to the other checks
        third = self._get_third_process(place, bindings)
        again = self._run(check, seed, third)
        self.first.killed |= third.killed  # another may take its place
        return outcome if again.lost else again

    def _get_third_process(
        self, place: int, bindings: dict[str, object]
    ) -> StudentProcess:
        """A process that ends at a place; the last ones are kept for later checks."""
        wanted = (place, bindings)
        for third in self.thirds:
            if (third.until, third.bindings) == wanted:
                self.thirds.remove(third)
                self.thirds.append(third)
                return third
        while len(self.thirds) >= self.kept:
            self.thirds.pop(0).close()
        third = self._make_third_process(place, bindings)
        self.thirds.append(third)
        return third

    def _make_third_process(
        self, place: int, bindings: dict[str, object]
    ) -> StudentProcess:
        third = StudentProcess(
            self.submission, self.worker, self.end, plan=self.plan, until=place
        )
        third.bindings = bindings
        for index in self.first.skipped:
            third.skipped.add(index)
            third.stopped[index] = self.first.stopped[index]
        return third

    def _run(self, check: Check, seed: int, process: StudentProcess) -> Outcome:
        """Run one check; whatever the student's code does becomes an outcome."""
        try:
            session = process.open_session(self.plan.places[check.grade_id])
            session.begin_check()
            return self._run_in(check, seed, session, process)
        except StudentProcessLost as lost:
            calls = process.discard(lost)
            message = _explain_loss(check, lost, calls)
            return Outcome(passed=False, message=message, calls=calls, lost=True)

    def _run_in(
        self, check: Check, seed: int, session: Session, process: StudentProcess
    ) -> Outcome:
        names = self.reference.fresh(check.names)
        graded = self.reference.find_graded_names()
        for name in sorted(check.names & graded):
            try:
                names[name] = session.look_up_name(name)
            except UndefinedNameError:
                why = self._explain_missing(name, check, process)
                return Outcome(passed=False, message=why)
        for name in sorted(check.names & self.reference.helper_names):
            names[name] = session.load_helper(name, self.reference.helpers)
        message = _attempt(check.visible, names)
        if check.hidden is not None:
            names["rng"] = np.random.default_rng(derive_cell_seed(seed, check.grade_id))
            names["oracle"] = self.reference.oracle
            names["expected"] = self.reference.expected
            # Run it also after a visible miss: its calls are evidence for the hint.
            hidden = _attempt(check.hidden, names)
            message = hidden if message is None else message
        called = {id(target) for target in session.called_back}
        return Outcome(
            passed=message is None,
            message="" if message is None else self._add_cause(message, process),
            calls=tuple(session.calls),
            used=frozenset(n for n, v in process.bindings.items() if id(v) in called),
        )

    def _add_cause(self, message: str, process: StudentProcess) -> str:
        """A name that a function misses may be missing because its cell stopped."""
        found = _UNDEFINED.search(message)
        for cell in self.plan.cells:
            stop = process.stopped.get(cell.index)
            if found and stop and found[1] in cell.names.binds:
                return f"{message}\nThe cell that defines {found[1]} {stop}"
        return message

    def _explain_missing(self, name: str, check: Check, process: StudentProcess) -> str:
        """Why a name is not there: its cell stopped, or does not define it."""
        defines = self.reference.defines.items()
        exercise = next((e for e, names in defines if name in names), "")
        home = [c for c in self.plan.cells if c.exercise == exercise]
        stop = process.stopped.get(home[0].index, "") if home else ""
        if stop:
            return f"{name} is not defined, because its cell {stop}"
        place = self.plan.places[check.grade_id]
        where = [c.index for c in self.plan.cells if c.own and name in c.names.binds]
        if where and min(where) > place:
            return (
                f"{name} is not defined yet where its check stands, only in a cell "
                "below it."
            )
        return (
            f"{name} is not defined. The cell of exercise {check.exercise} must "
            "define it under exactly this name."
        )


def _attempt(code: Any, names: dict[str, Any]) -> str | None:
    """Run a part of a check; None if it passed, else what it said."""
    try:
        with silence_output():
            exec(code, names)
    except Exception as error:
        text = str(error).strip()
        if type(error).__name__ == "CheckFailed":
            return text
        if isinstance(error, KeyError) and error.args:  # str() would quote it
            text = str(error.args[0])
        return f"{type(error).__name__}: {text}" if text else type(error).__name__
    return None


def _explain_loss(
    check: Check, lost: StudentProcessLost, calls: tuple[Call, ...]
) -> str:
    name = calls[-1].name if calls else check.exercise
    if lost.kind == "timeout":
        return f"{name} did not come back in time: is there a loop that never ends?"
    if lost.kind == "died":
        return f"{name} ended its own process (exit, or far too much memory)."
    return f"{name}: {lost}"

"""One student's process over the whole examination: started, lost, started again.

A cell that hangs or kills the process is left out the next time, so that the rest
of the notebook still gets the points it has earned. Each check finds the names as
they stand at its own place: what later cells have made of them is put aside.
"""

from __future__ import annotations

import os
import time
from signal import SIGKILL
from typing import Any

from unrolled.grade.judge.cell_names import find_syntax_error
from unrolled.grade.judge.plan import BEFORE_ALL, Plan, PlannedCell, make_plan
from unrolled.grade.judge.verdict import JudgeInput
from unrolled.grade.session import Budget, Call, Session, StudentProcessLost
from unrolled.grade.session.exceptions import ReportedError, SourceLine, describe_error
from unrolled.grade.student.preload import find_slow_imports
from unrolled.grade.worker import GradingError, ProcessLostError, Worker

MAX_STARTS = 12
_REASONS = {
    "timeout": "did not end in time and was left out",
    "died": "ended the process (exit, or far too much memory) and was left out",
    "protocol": "disturbed the grader and was left out",
}


class StudentProcess:
    """A session that comes back to life, with the bindings of a follow-through.

    One that ends at a place (`until`) runs no cell behind it, and binds a name as soon
    as the cell that defines it has run.
    """

    def __init__(
        self,
        submission: JudgeInput,
        worker: Worker,
        end: float,
        *,
        plan: Plan | None = None,
        until: int | None = None,
    ) -> None:
        self.submission = submission
        self.worker = worker
        self.budget = Budget(limits=submission.limits, end=end)
        self.plan = plan or make_plan(submission)
        self.until = until
        self.cells = [c for c in self.plan.cells if until is None or c.index <= until]
        self.skipped: set[int] = set()  # cells that are left out
        self.starts = 0
        self.killed = False
        self.outputs: dict[int, list[dict[str, Any]]] = {}
        self.stopped: dict[int, str] = {}  # cells that did not end well, and why
        self.notes: list[str] = []
        self.bindings: dict[str, object] = {}
        self._bound: set[str] = set()
        self._place: int | None = None
        self._session: Session | None = None

    def open_session(self, place: int | None = None) -> Session:
        """A live session with the names of a place; StudentProcessLost if that fails.

        Without a place the names are as the last cell has left them.
        """
        while self._session is None:
            self._refuse_if_spent()
            self._start()
        if place is not None and place != self._place:
            self._session.restore_names(place)
            self._place, self._bound = place, set()
        self._sync_bindings(self._session)
        return self._session

    def _sync_bindings(self, session: Session) -> None:
        """Bind the names of `bindings`, and no others, to what it says."""
        for name in self._bound - self.bindings.keys():
            session.unbind(name)
        for name in self.bindings.keys() - self._bound:
            session.bind(name, self.bindings[name])
        self._bound = set(self.bindings)

    def discard(self, lost: StudentProcessLost) -> tuple[Call, ...]:
        """Give the process up after it was lost in a check; its recorded calls."""
        calls = tuple(self._session.calls) if self._session is not None else ()
        ended = self._session
        self.close()
        self._note_end(ended, lost)
        return calls

    def _note_end(self, session: Session | None, lost: StudentProcessLost) -> None:
        """Note a process that somebody else has killed."""
        if session is not None and lost.kind == "died":
            self.killed |= self._was_killed(session.channel.usage)

    def _was_killed(self, usage: dict[str, Any]) -> bool:
        """Whether a process was killed from outside, or its zygote was.

        Code cannot send itself SIGKILL: it is the first process of its namespace,
        or the filter refuses it. What it can do is use up its seconds of CPU.
        """
        status = usage.get("status", 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == SIGKILL
        spent = usage.get("cpu_seconds", 0.0) >= self.submission.limits.cpu_seconds
        return bool(usage.get("lost")) or (killed and not spent)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._session is not None:
            self._session.close()
        self._session = None
        self._bound, self._place = set(), None

    def _refuse_if_spent(self) -> None:
        if self.starts >= MAX_STARTS:
            raise StudentProcessLost(
                "died", "the code ended its process too many times"
            )
        if time.monotonic() >= self.budget.end:
            raise StudentProcessLost("timeout", "the time for this submission is over")
        self.starts += 1

    def _start(self) -> None:
        """Start a process and run the cells; a cell that kills it is noted."""
        limits = self.submission.limits
        material = self.submission.material
        own = (cell.source for cell in self.cells)
        libraries = find_slow_imports(material.source, own)
        channel = self.worker.open(material.data, limits, libraries)
        session = Session(channel, self.budget, self.find_source_line)
        running = -1
        try:
            session.start()
            self._keep(session, BEFORE_ALL)
            for cell in self.cells:
                running = cell.index
                if cell.index not in self.skipped:
                    self._run_cell(session, cell)
                self._keep(session, cell.index)
        except StudentProcessLost as lost:
            session.close()
            self._note_end(session, lost)
            self._skip(running, lost)
        except GradingError as error:
            session.close()
            if self._was_killed(channel.usage):
                raise ProcessLostError(str(error)) from error
            raise
        except BaseException:
            session.close()
            raise
        else:
            self._session = session

    def _keep(self, session: Session, place: int) -> None:
        if place in self.plan.places.values():
            session.save_names(place)

    def _run_cell(self, session: Session, cell: PlannedCell) -> None:
        stop, outputs = session.run_cell(cell.index, cell.source)
        if cell.index not in self.plan.checks:
            self.outputs.setdefault(cell.index, outputs)
        self.stopped.pop(cell.index, None)
        if stop:
            self.stopped[cell.index] = (
                f"stopped: {self._explain_syntax_error(cell) or stop}"
            )
        if self.until is not None:
            for name in cell.names.binds & self.bindings.keys():
                session.bind(name, self.bindings[name])

    def _explain_syntax_error(self, cell: PlannedCell) -> str:
        """Why a cell that has stopped is no Python; the judge reads that for itself."""
        error = find_syntax_error(cell.source)
        if error is None:
            return ""
        claim = ReportedError(cell=cell.index, line=error.lineno or 1)
        where = describe_error(claim, self.find_source_line(claim.cell, claim.line))
        return f"{type(error).__name__}: {error.msg} ({where})"

    def _skip(self, index: int, lost: StudentProcessLost) -> None:
        if time.monotonic() >= self.budget.end:
            raise lost
        self.skipped.add(index)
        why = self.stopped[index] = _REASONS[lost.kind]
        self.notes.append(f"Cell {index + 1} {why}.")
        output = {"output_type": "stream", "name": "stderr"}
        self.outputs[index] = [{**output, "text": f"This cell {why}.\n"}]

    def find_source_line(self, cell: int, line: int) -> SourceLine | None:
        """A line of the rebuilt notebook, for messages; None if there is none."""
        known = {c.index: c for c in self.cells}.get(cell)
        if known is None:
            return None
        lines = known.source.split("\n")
        code = lines[line - 1] if 0 < line <= len(lines) else ""
        made = self.submission.cells[cell]
        whose = "a cell you added" if made.is_own else "a given cell"
        if made.role == "exercise":
            whose = f"your cell of {made.grade_id}"
        return SourceLine(whose, code, known.source)

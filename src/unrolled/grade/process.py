"""One student's process over the whole examination: started, lost, started again.

A cell that hangs or kills the process is left out the next time, so that the rest
of the notebook still gets the points it has earned.
"""

from __future__ import annotations

import contextlib
import os
import time
from signal import SIGKILL
from typing import Any

from unrolled.grade.calls import Call
from unrolled.grade.reference import runs_in_grading
from unrolled.grade.session import Budget, Session, StudentLost
from unrolled.grade.slow_imports import slow_imports
from unrolled.grade.task import GradingError, ProcessLostError, Task
from unrolled.grade.worker import Worker

MAX_STARTS = 12
_WHY = {
    "timeout": "did not end in time and was left out",
    "died": "ended the process (exit, or far too much memory) and was left out",
    "protocol": "disturbed the grader and was left out",
}


class StudentProcess:
    """A session that comes back to life, with the bindings of a follow-through."""

    def __init__(self, task: Task, worker: Worker, end: float) -> None:
        self.task = task
        self.worker = worker
        self.budget = Budget(task.limits, end)
        self.cells = [
            (index, cell["source"])
            for index, cell in enumerate(task.rebuilt["cells"])
            if runs_in_grading(cell)
        ]
        self.skipped: set[int] = set()
        self.starts = 0
        self.killed = False
        self.outputs: dict[int, list[dict[str, Any]]] = {}
        self.notes: list[str] = []
        self.bindings: dict[str, object] = {}
        self._bound: set[str] = set()
        self._session: Session | None = None

    def session(self) -> Session:
        """A live session in which all cells have run; StudentLost if that fails."""
        while self._session is None:
            self._refuse_if_spent()
            self._start()
        self._rebind(self._session)
        return self._session

    def _rebind(self, session: Session) -> None:
        """Bind the names of `bindings`, and no others, to what it says."""
        for name in self._bound - self.bindings.keys():
            session.unbind(name)
        for name in self.bindings.keys() - self._bound:
            session.bind(name, self.bindings[name])
        self._bound = set(self.bindings)

    def lose(self, lost: StudentLost) -> tuple[Call, ...]:
        """Give the process up after it was lost in a check; its recorded calls."""
        calls = tuple(self._session.calls) if self._session is not None else ()
        ended = self._session
        self.close()
        self._note_end(ended, lost)
        return calls

    def _note_end(self, session: Session | None, lost: StudentLost) -> None:
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
        spent = usage.get("cpu_seconds", 0.0) >= self.task.limits.cpu_seconds
        return bool(usage.get("lost")) or (killed and not spent)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._session is not None:
            self._session.close()
        self._session = None
        self._bound = set()

    def _refuse_if_spent(self) -> None:
        if self.starts >= MAX_STARTS:
            raise StudentLost("died", "the code ended its process too many times")
        if time.monotonic() >= self.budget.end:
            raise StudentLost("timeout", "the time for this submission is over")
        self.starts += 1

    def _start(self) -> None:
        """Start a process and run the cells; a cell that kills it is noted."""
        limits = self.task.limits
        material = self.task.material
        own = (source for _, source in self.cells)
        libraries = slow_imports(material.source, own)
        channel = self.worker.open(material.data, limits, libraries)
        session = Session(channel, self.budget, self._source_line)
        running = -1
        try:
            session.start()
            for index, source in self.cells:
                running = index
                if index not in self.skipped:
                    self._run_cell(session, index, source)
        except StudentLost as lost:
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

    def _run_cell(self, session: Session, index: int, source: str) -> None:
        _, outputs = session.run_cell(index, source)
        self.outputs.setdefault(index, outputs)

    def _skip(self, index: int, lost: StudentLost) -> None:
        if time.monotonic() >= self.budget.end:
            raise lost
        self.skipped.add(index)
        why = _WHY[lost.kind]
        self.notes.append(f"Cell {index + 1} {why}.")
        text = f"This cell {why}.\n"
        self.outputs[index] = [
            {"output_type": "stream", "name": "stderr", "text": text}
        ]

    def _source_line(self, cell: int, line: int) -> str:
        """A line of the rebuilt notebook, for messages; empty if there is none."""
        with contextlib.suppress(IndexError):
            return str(self.task.rebuilt["cells"][cell]["source"].split("\n")[line - 1])
        return ""

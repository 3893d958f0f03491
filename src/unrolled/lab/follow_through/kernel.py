"""Follow-through in a notebook's kernel: what runs before and after each cell.

Only a real kernel takes part. Where a notebook is graded there is none, and a check
says there what it says by itself.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from unrolled.lab.checks.errors import CheckFailed
from unrolled.lab.follow_through.outline import Outline, read_outline
from unrolled.lab.follow_through.session import UNWRITTEN, Session

Shell = Any  # InteractiveShell is untyped


@dataclass(eq=False)
class Watch:
    """What happens in one kernel: the cell that runs, and the session so far."""

    shell: Shell
    session: Session = field(init=False)
    source: str = ""
    is_waiting: bool = False  # for an error of a demonstration
    told: Exception | None = None

    def __post_init__(self) -> None:
        """Begin a session that knows nothing yet."""
        self.session = Session(Outline(), self.shell.user_ns)

    def begin_cell(self, info: Any) -> None:
        """Note which cell runs; a demonstration that fails shall say so in a line."""
        self.source = str(info.raw_cell)
        self.session.outline = read_outline()
        cell = self.session.outline.find_cell(self.source)
        self.is_waiting = cell is not None and bool(cell.needs)
        if self.is_waiting:
            self.shell.set_custom_exc((Exception,), self.take_error)

    def end_cell(self, result: Any) -> None:
        """Note how a check ended; a demonstration that has explained itself is done.

        So "Run all" goes on to the check, which stops it and says more.
        """
        error = result.error_before_exec or result.error_in_exec
        if error is None or isinstance(error, Exception):
            self.session.note_verdict(self.source, passed=error is None)
        if self.told is not None and error is self.told:
            result.error_in_exec = None
        if self.is_waiting:  # a handler of the student's own stays in other cells
            self.shell.set_custom_exc((), None)
        self.source, self.told, self.is_waiting = "", None, False

    def take_error(
        self, shell: Shell, kind: Any, error: Exception, trace: Any, tb_offset: Any
    ) -> None:
        """Say what a demonstration needs; show the traceback if it has all of it."""
        del kind, trace, tb_offset
        text = ""
        with contextlib.suppress(Exception):
            cell = self.session.outline.find_cell(self.source)
            text = self.session.explain_demo(cell, error) if cell else ""
        if not text:
            shell.showtraceback(running_compiled_code=True)
            return
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")  # a figure half drawn
        print(text)
        self.told = error


def watch_kernel() -> None:
    """Follow what happens in this process's kernel, if it has one."""
    if InteractiveShell.initialized():
        shell = InteractiveShell.instance()
        if getattr(shell, "kernel", None) is not None:
            _open_watch(shell)


@cache
def _open_watch(shell: Shell) -> Watch:
    """The one watch of a shell."""
    watch = Watch(shell)
    shell.events.register("pre_run_cell", watch.begin_cell)
    shell.events.register("post_run_cell", watch.end_cell)
    return watch


def tell_earlier(failure: CheckFailed) -> bool:
    """Whether an earlier exercise is the reason: the message then begins with it."""
    shell = InteractiveShell.instance() if InteractiveShell.initialized() else None
    if getattr(shell, "kernel", None) is None or UNWRITTEN in failure.facts:
        return False
    watch = _open_watch(shell)
    note = ""
    with contextlib.suppress(Exception):
        note = watch.session.explain_check(watch.source)
    if note:
        failure.begin_with(note)
    return bool(note)

"""The status line of a long command; plain lines where there is no terminal."""

from __future__ import annotations

import contextlib
import threading
import time
from types import TracebackType

from rich.console import Console
from rich.status import Status


class StatusLine:
    """Says what is being done, and at least every `every` seconds that it goes on.

    In a terminal one line with a spinner counts the seconds; in a pipe or a log each
    step is a line of its own, and a line follows while it lasts.
    """

    def __init__(self, console: Console, every: float = 5.0) -> None:
        self.console, self.every = console, every
        self._what, self._began = "", time.monotonic()
        self._end = threading.Event()
        self._status: Status | None = None
        if console.is_terminal:
            self._status = console.status("")
        self._thread = threading.Thread(target=self._repeat_line, daemon=True)

    def __enter__(self) -> StatusLine:
        """Begin to talk."""
        if self._status:
            self._status.start()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Be silent from now on."""
        self.stop()

    def stop(self) -> None:
        """Be silent from now on."""
        self._end.set()
        if self._status:
            self._status.stop()
        if self._thread.is_alive():
            self._thread.join()

    def say(self, what: str) -> None:
        """Something new is being done."""
        self._what, self._began = what, time.monotonic()
        if self._status:
            self._status.update(f"{what} ...")
        else:
            self._print(f"{what} ...")

    def _repeat_line(self) -> None:
        every = 1.0 if self._status else self.every
        while not self._end.wait(every):
            seconds = time.monotonic() - self._began
            if not self._what or seconds < every:
                continue
            line = f"{self._what} ... {seconds:.0f} s"
            if self._status:
                self._status.update(line)
            else:
                self._print(f"  {line}")

    def _print(self, line: str) -> None:
        with contextlib.suppress(OSError):  # nobody reads any more
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)

"""Progress on standard error: bars for people, silent where nobody watches; lines of
JSON for programs."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.status import Status

from unrolled.grade import SubmissionResult

ProgressStyle = Literal["bar", "lines"]  # how progress is told
LEAST, ROOMY = 80, 100  # columns of a terminal for a bar, and for the time as well


def has_bar(console: Console) -> bool:
    """Whether progress is a bar here: in a narrow one its words would be cut."""
    return console.is_terminal and console.width >= LEAST


def _make_bar(console: Console) -> Progress:
    columns: list[ProgressColumn] = [
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),  # what the words leave
        MofNCompleteColumn(),
        TextColumn("{task.fields[talk]}", markup=False),
    ]
    if console.width >= ROOMY:
        columns.append(TimeRemainingColumn())
    return Progress(
        *columns,
        console=console,
        transient=True,
        expand=True,
        disable=not has_bar(console),
    )


@contextlib.contextmanager
def show_grading(
    console: Console, name: str, total: int
) -> Iterator[Callable[[SubmissionResult], None]]:
    """A bar over submissions, with counts: graded, with failed checks, ungraded."""
    counts = {"graded": 0, "failed": 0, "ungraded": 0}
    with _make_bar(console) as bar:
        first = "starting judges, testing the sandbox"
        task = bar.add_task(f"grade {name}", total=total, talk=first)

        def step(result: SubmissionResult) -> None:
            counts[result.status] += 1
            counts["failed"] += bool(result.failed)
            talk = (
                f"{counts['graded']} graded, {counts['failed']} with failed checks, "
                f"{counts['ungraded']} ungraded"
            )
            bar.update(task, advance=1, talk=talk)

        yield step


@contextlib.contextmanager
def show_steps(console: Console, first: str) -> Iterator[Callable[[str], None]]:
    """What is being done: in one place of a terminal, elsewhere a line for each."""
    if console.is_terminal:
        with console.status(f"{first} ...") as status:
            yield lambda what: status.update(f"{what} ...")
    else:

        def say(what: str) -> None:
            console.print(f"{what} ...", markup=False)

        say(first)
        yield say


def _print_line(done: int, total: int, **more: str) -> None:
    print(
        json.dumps({"done": done, "total": total, **more}), file=sys.stderr, flush=True
    )


@contextlib.contextmanager
def print_grading(total: int) -> Iterator[Callable[[SubmissionResult], None]]:
    """A line of JSON at the start and for each submission: done, total, student,
    status, reason."""
    done = 0

    def step(result: SubmissionResult) -> None:
        nonlocal done
        done += 1
        _print_line(
            done,
            total,
            student=result.student,
            status=result.status,
            reason=result.reason,
        )

    _print_line(0, total)
    yield step


@contextlib.contextmanager
def print_progress() -> Iterator[Callable[[int, int, str], None]]:
    """Lines of JSON for work that says itself how far it is: done, total, talk."""
    yield lambda done, total, talk: _print_line(done, total, talk=talk)


@contextlib.contextmanager
def show_progress(
    console: Console, name: str
) -> Iterator[Callable[[int, int, str], None]]:
    """A bar for work that says itself how far it is: step(done, total, talk)."""
    with _make_bar(console) as bar:
        task = bar.add_task(name, total=None, talk="")

        def step(done: int, total: int, talk: str) -> None:
            bar.update(task, completed=done, total=total, talk=talk)

        yield step


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

    def __exit__(self, *_: object) -> None:
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

"""Collect, grade and give feedback as jobs: one at a time for each assignment.

A job is a command in the course folder. Its state is kept in `build/jobs/`, so a
restart of the page forgets nothing; the job itself ends with the page.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from unrolled.errors import UserError
from unrolled.files import write_file
from unrolled.processes import command_tied_to_parent

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "publish": ("nbgrader", "release_assignment", "{name}"),
    "collect": ("nbgrader", "collect", "{name}", "--update"),
    "grade": ("unrolled", "grade", "{name}", "--json", "--progress", "lines"),
    # A mark given by hand leaves no trace in the files: all pages are made again.
    "feedback": ("unrolled", "feedback", "{name}", "--force", "--progress", "lines"),
    "release": ("nbgrader", "release_feedback", "{name}"),
}
_REGRADE = ("unrolled", "regrade", "{name}", "--json", "--progress", "lines")
# With options that a form has filled in; what they print is kept to be shown.
REGRADE_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "preview": _REGRADE,
    "apply": (*_REGRADE, "--apply", "--yes"),
    "undo": (*_REGRADE, "--yes"),
}
KEEP_LINES = 40
STOP_TIMEOUT = 8.0
_LINE = 1 << 20


@dataclass(kw_only=True)
class Job:
    """One run of a command; `total` is None while nobody knows it."""

    assignment: str
    verb: str
    by: str
    began: str
    state: str = "running"
    done: int = 0
    total: int | None = None
    failures: int = 0
    ended: str = ""
    lines: list[str] = field(default_factory=list)
    ungraded: list[dict[str, str]] = field(default_factory=list)
    options: list[str] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.state == "running"

    def read_line(self, line: str) -> None:
        """Take a line of its standard error: progress as JSON, or any other text."""
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            progress = json.loads(line)
            self.done, self.total = int(progress["done"]), int(progress["total"])
            self.failures += progress.get("status") == "ungraded"
            return
        if line.strip():
            self.lines = [*self.lines, line.rstrip()][-KEEP_LINES:]

    def finish(self, code: int, output: bytes) -> None:
        """Take the exit code and what it printed."""
        self.ended = _format_now()
        if self.state == "stopping":
            self.state = "stopped"
        elif self.verb == "grade":
            # One ungraded submission makes it exit with 1: only no report is a failure.
            self.state = "done" if self._read_report(output) else "failed"
        else:
            self.state = "failed" if code else "done"

    def _read_report(self, output: bytes) -> bool:
        try:
            results = json.loads(output)["submissions"]
            self.ungraded = [
                {"student": r["student"], "reason": r["reason"]}
                for r in results
                if r["status"] == "ungraded"
            ]
            self.done = self.total = len(results)
        except (ValueError, KeyError, TypeError):
            return False
        return True


def _format_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Jobs:
    """The jobs of a course: those that run, and the last of each kind."""

    def __init__(
        self,
        root: Path,
        commands: Mapping[str, tuple[str, ...]] = MappingProxyType(
            {**COMMANDS, **REGRADE_COMMANDS}
        ),
    ) -> None:
        self.root, self.commands = root, commands
        self.folder = root / "build" / "jobs"
        self._last: dict[tuple[str, str], Job] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._load_jobs()

    def running(self, assignment: str) -> Job | None:
        """The job that runs for an assignment."""
        job = self.latest(assignment)
        return job if job is not None and not job.ended else None

    def latest(self, assignment: str) -> Job | None:
        """The job that runs, or the one that ran last."""
        jobs = [j for (a, _), j in self._last.items() if a == assignment]
        return max(jobs, key=lambda j: (not j.ended, j.began, j.ended), default=None)

    def last(self, assignment: str, verb: str) -> Job | None:
        """The last job of a kind."""
        return self._last.get((assignment, verb))

    def read_output(self, assignment: str, verb: str) -> bytes:
        """What the last job of a regrade's kind has printed; b"" if nothing is kept."""
        with contextlib.suppress(OSError):
            return self._locate_output(assignment, verb).read_bytes()
        return b""

    def _locate_output(self, assignment: str, verb: str) -> Path:
        return self.folder / f"{assignment}.{verb}.out"

    async def start(
        self, assignment: str, verb: str, by: str, options: Sequence[str] = ()
    ) -> Job:
        """Start a job, with more `options`; UserError if one runs for this
        assignment."""
        if self.running(assignment) is not None:
            raise UserError(f"{assignment}: another step is still running.")
        job = Job(
            assignment=assignment,
            verb=verb,
            by=by,
            began=_format_now(),
            options=list(options),
        )
        self._last[assignment, verb] = job
        self._keep(job)
        try:
            process = await self._spawn(job)
        except OSError as error:
            job.lines.append(str(error))
            job.finish(1, b"")
            self._keep(job)
            return job
        self._processes[assignment] = process
        task = asyncio.create_task(self._watch(job, process))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def _spawn(self, job: Job) -> asyncio.subprocess.Process:
        words = [w.replace("{name}", job.assignment) for w in self.commands[job.verb]]
        command = [*words, *job.options]
        # The job runs students' code: it needs no token for the hub.
        clean = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTERHUB_")}
        return await asyncio.create_subprocess_exec(
            *command_tied_to_parent(*command),
            cwd=self.root,
            env=clean,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LINE,
            start_new_session=True,  # so that one signal reaches all that it starts
        )

    async def _watch(self, job: Job, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None and process.stderr is not None
        output = asyncio.create_task(process.stdout.read())
        try:
            await _listen(job, process.stderr)
            job.finish(await process.wait(), await output)
            if job.verb in REGRADE_COMMANDS:
                self._keep_output(job, await output)
        finally:
            _signal(process, signal.SIGKILL)  # whatever is left of its session
            self._processes.pop(job.assignment, None)
            job.ended = job.ended or _format_now()
            self._keep(job)

    async def stop(self, assignment: str) -> None:
        """Ask a job to end, and make it end if it does not."""
        job, process = self.running(assignment), self._processes.get(assignment)
        if job is None or process is None:
            return
        job.state = "stopping"  # `finish` makes "stopped" of it, whatever the exit code
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT)
        _signal(process, signal.SIGKILL)

    async def close(self) -> None:
        """End all jobs; the page shows them as stopped when it comes back."""
        await asyncio.gather(*(self.stop(name) for name in list(self._processes)))
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=STOP_TIMEOUT)

    def _keep(self, job: Job) -> None:
        with contextlib.suppress(OSError):  # a full disk stops no job
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"{job.assignment}.{job.verb}.json"
            write_file(path, json.dumps(asdict(job)))

    def _keep_output(self, job: Job, output: bytes) -> None:
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self._locate_output(job.assignment, job.verb)
            write_file(path, output if job.state == "done" else b"")

    def _load_jobs(self) -> None:
        for path in sorted(self.folder.glob("*.json")):
            with contextlib.suppress(OSError, ValueError, TypeError):
                job = Job(**json.loads(path.read_text(encoding="utf-8")))
                if not job.ended:  # the page was killed: its jobs went with it
                    job.state, job.ended = "cut off", job.began
                self._last[job.assignment, job.verb] = job


async def _listen(job: Job, stream: asyncio.StreamReader) -> None:
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than any line we print
            continue
        if not line:
            return
        job.read_line(line.decode("utf-8", "replace"))


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    """Signal a job and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)

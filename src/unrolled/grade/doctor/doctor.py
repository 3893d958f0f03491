"""`unrolled doctor`: which protections hold on this machine, found by trying them.

Each probe is student code, run through the real worker of a tier, that tries to
break out. It prints what it got; nothing printed means that it got nothing.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from unrolled.course.limits import Limits
from unrolled.errors import UserError
from unrolled.grade.doctor.probes import ENDLESS, FLOOD, PROBES, SIBLING, filled
from unrolled.grade.session.session import Budget, Session, StudentLost
from unrolled.grade.worker.errors import GradingError
from unrolled.grade.worker.worker import SubprocessWorker, Worker
from unrolled.grade.worker.zygote_worker import ZygoteWorker
from unrolled.sandbox.isolate import TIERS, Tier

FLOOR = ("files", "network", "processes", "memory", "cpu")
LIMITS = Limits(
    memory_bytes=2**30,
    cell_seconds=10.0,
    submission_seconds=30.0,
    file_bytes=64 * 2**20,
)

ADVICE = {
    "files": "Linux 5.13 or newer (Landlock), or user namespaces "
    "(sysctl kernel.unprivileged_userns_clone=1; in a container: --privileged)",
    "network": "Linux on x86_64 or aarch64 with seccomp",
    "processes": "Linux on x86_64 or aarch64 with seccomp",
    "memory": "Linux: RLIMIT_AS",
    "cpu": "Linux: RLIMIT_CPU",
    "disk": "user namespaces, or run the grader as root: only a private file system "
    "has a size of its own",
    "output": "nothing: the grader itself cuts outputs",
    "siblings": "user namespaces, or Landlock of Linux 6.12 or newer",
}


@dataclass(frozen=True)
class Protection:
    """One protection: whether it holds, what the probe got, and what would help."""

    name: str
    holds: bool
    evidence: str
    advice: str = ""


@dataclass(frozen=True)
class Checkup:
    """What was found on this machine for one tier."""

    tier: Tier
    protections: tuple[Protection, ...]
    trouble: str = ""

    @property
    def sufficient(self) -> bool:
        """Whether untrusted code may be graded in this tier."""
        held = {p.name for p in self.protections if p.holds}
        return not self.trouble and set(FLOOR) <= held

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return {**asdict(self), "sufficient": self.sufficient}


@contextlib.contextmanager
def _student(worker: Worker) -> Iterator[Session]:
    files = {"sibling.txt": b"", "data.txt": b"given"}
    channel = worker.open(files, LIMITS)
    session = Session(channel, Budget(LIMITS, time.monotonic() + 60))
    try:
        session.start()
        yield session
    finally:
        session.close()


def _said(session: Session, code: str) -> str:
    """What a probe printed; an error that it did not expect counts as said, too."""
    try:
        _, outputs = session.run_cell(0, code)
    except StudentLost as lost:
        return f"the probe was lost: {lost}"
    texts = [o.get("text") or f"{o.get('ename')}: {o.get('evalue')}" for o in outputs]
    return "".join(texts).strip()


def _pid(session: Session) -> int:
    """The number of a child, as it knows itself."""
    session.begin_check()
    found = session.lookup("pid")
    return found if type(found) is int else 0


class _Traps:
    """Things of the grader's that a probe must not reach."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="unrolled-doctor-")
        self.door = socket.socket()
        self.door.bind(("127.0.0.1", 0))
        self.door.listen()
        self.unix = socket.socket(socket.AF_UNIX)
        self.abstract = f"\0unrolled-doctor-{os.getpid()}-{id(self)}"
        self.unix.bind(self.abstract)
        self.unix.listen()
        self.canary = Path(self.folder.name) / "gradebook.db"
        self.canary.write_text("secret", encoding="ascii")

    def fields(self, sibling: int) -> dict[str, Any]:
        """What the probes are told."""
        return {
            "canary": str(self.canary),
            "port": self.door.getsockname()[1],
            "door": self.abstract,
            "grader": os.getpid(),
            "sibling": sibling,
        }

    def close(self) -> None:
        """Take them down."""
        self.door.close()
        self.unix.close()
        self.folder.cleanup()


def examine(tier: Tier) -> Checkup:
    """Try every protection of a tier; a tier that does not start says why."""
    traps = _Traps()
    try:
        with _worker(tier) as worker:
            return Checkup(tier, tuple(_tried(worker, traps)))
    except GradingError as error:
        return Checkup(tier, (), f"does not start here: {str(error)[-500:]}")
    finally:
        traps.close()


def checkups(
    tier: str | None = None, say: Callable[[str], None] = lambda what: None
) -> list[Checkup]:
    """One tier, tried, or all that isolate; the open one if none of these will do.

    `say` is told what is being tried. Raises UserError if there is no such tier.
    """
    if tier is not None and tier not in TIERS:
        raise UserError(f"there is no tier {tier!r}; there are {', '.join(TIERS)}.")
    if tier is not None:
        say(f"trying to break out of the tier {tier}")
        return [examine(t) for t in TIERS if t == tier]
    isolating: tuple[Tier, ...] = ("namespaces", "landlock")
    say(f"trying to break out of the tiers {' and '.join(isolating)}")
    with ThreadPoolExecutor() as pool:  # each has processes of its own, and waits
        found = list(pool.map(examine, isolating))
    if not any(checkup.sufficient for checkup in found):
        say("neither will do; trying a process that is not isolated")
        found.append(examine("none"))
    return found


@contextlib.contextmanager
def _worker(tier: Tier) -> Iterator[Worker]:
    if tier == "none":
        yield SubprocessWorker()
    else:
        with ZygoteWorker(tier) as worker:
            yield worker


def _tried(worker: Worker, traps: _Traps) -> Iterator[Protection]:
    with _student(worker) as sibling:
        _said(sibling, SIBLING)
        fields = traps.fields(_pid(sibling))
        for name in PROBES:
            with _student(worker) as session:
                yield _protection(name, _said(session, filled(name, fields)))
    yield _endless(worker)
    yield _output(worker)


def _protection(name: str, said: str) -> Protection:
    first = said.split("\n")[0][:120]
    return Protection(
        name, not said, first or "refused", "" if not said else ADVICE[name]
    )


def _endless(worker: Worker) -> Protection:
    """A loop that never ends must end with its time."""
    limits = replace(LIMITS, cell_seconds=1.0)
    channel = worker.open({}, limits)
    session = Session(channel, Budget(limits, time.monotonic() + 60))
    try:
        session.start()
        session.run_cell(0, ENDLESS)
    except StudentLost:
        return _protection("time", "")
    finally:
        session.close()
    return Protection("time", False, "an endless loop was not ended")


def _output(worker: Worker) -> Protection:
    with _student(worker) as session:
        _, outputs = session.run_cell(0, FLOOD)
    size = sum(len(str(o)) for o in outputs)
    return _protection("output", f"sent {size} bytes" if size > 10**6 else "")


def comes_up(worker: Worker) -> None:
    """Start one student process; GradingError if it does not come up."""
    with _student(worker):
        pass


def lacking(worker: Worker) -> tuple[str, ...]:
    """The protections of the floor that do not hold under a worker, as tried."""
    traps = _Traps()
    try:
        fields = traps.fields(0)
        found = []
        for name in FLOOR:
            with _student(worker) as session:
                if _said(session, filled(name, fields)):
                    found.append(name)
        return tuple(found)
    finally:
        traps.close()

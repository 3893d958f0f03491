"""`unrolled doctor`: which protections hold on this machine, found by trying them.

Each probe is student code, run through the real worker of a tier, that tries to
break out. It prints what it got; nothing printed means that it got nothing.
"""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from unrolled.course import Limits
from unrolled.errors import UserError
from unrolled.grade.doctor.probes import ENDLESS, FLOOD, PROBES, SIBLING, fill_probe
from unrolled.grade.session import Budget, Session, StudentProcessLost
from unrolled.grade.worker import GradingError, SubprocessWorker, Worker, ZygoteWorker
from unrolled.sandbox import TIERS
from unrolled.sandbox.isolate import Tier

REQUIRED_PROTECTIONS = ("files", "network", "processes", "memory", "cpu")
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
        return not self.trouble and set(REQUIRED_PROTECTIONS) <= held

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return {**asdict(self), "sufficient": self.sufficient}


@contextmanager
def _open_session(worker: Worker, limits: Limits = LIMITS) -> Iterator[Session]:
    files = {"sibling.txt": b"", "data.txt": b"given"}
    channel = worker.open(files, limits)
    session = Session(channel, Budget(limits=limits, end=time.monotonic() + 60))
    try:
        session.start()
        yield session
    finally:
        session.close()


def _run_probe(session: Session, code: str) -> str:
    """What a probe printed; an error that it did not expect counts, too."""
    try:
        _, outputs = session.run_cell(0, code)
    except StudentProcessLost as lost:
        return f"the probe was lost: {lost}"
    texts = [o.get("text") or f"{o.get('ename')}: {o.get('evalue')}" for o in outputs]
    return "".join(texts).strip()


def _read_pid(session: Session) -> int:
    """The number of a child, as it knows itself."""
    session.begin_check()
    pid = session.look_up_name("pid")
    return pid if type(pid) is int else 0


class _ForbiddenTargets:
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
    try:
        with closing(_ForbiddenTargets()) as traps, _open_worker(tier) as worker:
            return Checkup(tier, tuple(_try_protections(worker, traps)))
    except GradingError as error:
        return Checkup(tier, (), f"does not start here: {str(error)[-500:]}")


def run_checkups(
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
        checkups = list(pool.map(examine, isolating))
    if not any(checkup.sufficient for checkup in checkups):
        say("neither is enough; trying a process that is not isolated")
        checkups.append(examine("none"))
    return checkups


@contextmanager
def _open_worker(tier: Tier) -> Iterator[Worker]:
    if tier == "none":
        yield SubprocessWorker()
    else:
        with ZygoteWorker(tier) as worker:
            yield worker


def _try_protections(worker: Worker, traps: _ForbiddenTargets) -> Iterator[Protection]:
    with _open_session(worker) as sibling:
        _run_probe(sibling, SIBLING)
        fields = traps.fields(_read_pid(sibling))
        for name in PROBES:
            with _open_session(worker) as session:
                yield _make_protection(
                    name, _run_probe(session, fill_probe(name, fields))
                )
    yield _try_endless_loop(worker)
    yield _try_output_flood(worker)


def _make_protection(name: str, output: str) -> Protection:
    if not output:
        return Protection(name, holds=True, evidence="refused")
    evidence = output.split("\n")[0][:120]
    return Protection(name, holds=False, evidence=evidence, advice=ADVICE[name])


def _try_endless_loop(worker: Worker) -> Protection:
    """A loop that never ends must end with its time."""
    try:
        with _open_session(worker, replace(LIMITS, cell_seconds=1.0)) as session:
            session.run_cell(0, ENDLESS)
    except StudentProcessLost:
        return _make_protection("time", "")
    return Protection("time", holds=False, evidence="an endless loop was not ended")


def _try_output_flood(worker: Worker) -> Protection:
    with _open_session(worker) as session:
        _, outputs = session.run_cell(0, FLOOD)
    size = sum(len(str(o)) for o in outputs)
    return _make_protection("output", f"sent {size} bytes" if size > 10**6 else "")


def check_start(worker: Worker) -> None:
    """Start one student process; GradingError if it does not come up."""
    with _open_session(worker):
        pass


def find_missing_protections(worker: Worker) -> tuple[str, ...]:
    """The protections of the floor that do not hold under a worker, as tried."""
    missing: list[str] = []
    todo = list(REQUIRED_PROTECTIONS)
    with closing(_ForbiddenTargets()) as traps:
        fields = traps.fields(0)
        while todo:
            with _open_session(worker) as session:
                # One process tries all; after one that got something comes another.
                while todo and todo[0] not in missing:
                    if _run_probe(session, fill_probe(todo[0], fields)):
                        missing.append(todo[0])
                    else:
                        todo.pop(0)
            todo = [name for name in todo if name not in missing]
    return tuple(missing)

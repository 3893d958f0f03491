"""The worker with a zygote: a warm process that forks an isolated child at a time."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from unrolled.course import Limits
from unrolled.grade.protocol.frames import Frame, send_frame
from unrolled.grade.student.preload import find_env_dependent
from unrolled.grade.worker.errors import ProcessLostError
from unrolled.grade.worker.worker import Channel, make_environment
from unrolled.sandbox import Bounds, view
from unrolled.sandbox.isolate import Tier
from unrolled.sandbox.scratch import ScratchFolder

START_SECONDS = 120.0
CLOSE_SECONDS = 30.0  # it may import a library for another judge just then


@dataclass
class ForkedChannel:
    """A socket to one child of the zygote.

    Once it is closed, `usage` holds `status`, `cpu_seconds` and `peak_kib`, or
    `lost` if the zygote ended before it could tell.
    """

    sock: socket.socket
    worker: ZygoteWorker
    name: str
    usage: dict[str, Any] = field(default_factory=dict)

    def diagnosis(self) -> str:
        """The end of what zygote and children wrote before they were shut off."""
        return self.worker.log()

    def close(self) -> None:
        """Kill the child; all it has started and written goes with it."""
        self.sock.close()
        self.usage = self.worker.end(self.name)


class ZygoteWorker:
    """Opens channels to children that are forked from one warm process.

    `start` raises GradingError where the tier is refused. Not for several threads.
    """

    def __init__(
        self,
        tier: Tier,
        python: str = sys.executable,
        *,
        libraries: Sequence[str] = (),
    ) -> None:
        self.tier = tier
        self.python = python
        self._first = tuple(libraries)  # imported when it first starts
        self.usages: list[dict[str, Any]] = []
        self._count = 0
        self._libraries: set[str] = set()
        self._name = "0"  # of the client, before the names of its children
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None  # None: somebody else's
        self._scratch: ScratchFolder | None = None

    def __enter__(self) -> ZygoteWorker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the warm process, unless it was launched, and wait until it is warm."""
        if self._control is None:
            self.launch()
        self._expect("ready", START_SECONDS)

    def connect(self, name: str) -> ZygoteWorker:
        """A worker for another judge, on the same warm process.

        When that process is lost, or must be another, it starts one of its own.
        Raises ProcessLostError if it is gone already.
        """
        worker = ZygoteWorker(self.tier, self.python)
        worker._name, worker.folder = name, self.folder
        worker._libraries = set(self._libraries)
        worker._control, theirs = _make_control_pair()
        with theirs:
            self._send({"client": name}, [theirs.fileno()])
        return worker

    def forget(self) -> None:
        """Leave the warm process to the process that this one was forked from."""
        if self._control is not None:
            self._control.close()
        self._control = self._process = self._scratch = None

    def launch(self) -> None:
        """Start the warm process; it warms up while we do something else."""
        libraries, self._first = self._first, ()
        self._libraries = set(libraries)
        self._scratch = ScratchFolder.make()
        self.folder = self._scratch.path
        scratch = self.folder / "root"
        scratch.mkdir()
        self._control, theirs = _make_control_pair()
        words = ["-I", "-X", "utf8", "-m", "unrolled.grade.student.zygote"]
        arguments = (theirs.fileno(), self.tier, scratch, *libraries)
        with theirs, (self.folder / "log.txt").open("wb") as log:
            self._process = subprocess.Popen(
                [self.python, *words, *map(str, arguments)],
                cwd="/",
                # In namespaces the folder is seen under another name.
                env=make_environment(
                    view.HOME if self.tier == "namespaces" else self.folder
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def stop(self) -> None:
        """End every child; the warm process, too, if it is this worker's own."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self._process.kill()
            self._process.wait()
        if self._scratch is not None:
            self._scratch.remove()
        self._control = self._process = self._scratch = None

    def open(
        self, data: dict[str, bytes], limits: Limits, libraries: Sequence[str] = ()
    ) -> Channel:
        """Fork a child; ProcessLostError if the warm process is gone.

        The warm process imports `libraries` first. It is started anew if it holds
        others that the child's notebook would import in another way.
        """
        if not find_env_dependent(self._libraries) <= set(libraries):
            self.stop()
        if self._control is None:
            self.start()
        self._libraries |= set(libraries)
        self._count += 1
        ours, theirs = socket.socketpair()
        name = f"{self._name}-{self._count}"
        request: dict[str, Any] = {"open": name, "libraries": list(libraries)}
        bounds = Bounds(limits.memory_bytes, limits.cpu_seconds, limits.file_bytes)
        request["bounds"] = asdict(bounds)
        with theirs:
            self._send(request, [theirs.fileno()])
        files = Frame(json.dumps({"files": list(data)}).encode(), tuple(data.values()))
        with contextlib.suppress(Exception):  # a dead child is seen by the session
            send_frame(ours, files, time.monotonic() + limits.start_seconds)
        return ForkedChannel(ours, self, name)

    def end(self, name: str) -> dict[str, Any]:
        """End a child; what it has used."""
        try:
            self._send({"close": name}, [])
            usage = self._expect("closed", CLOSE_SECONDS)
        except ProcessLostError:
            self.stop()
            return {"lost": True}
        shutil.rmtree(self.folder / "root" / name, ignore_errors=True)
        self.usages.append(usage)
        return usage

    def log(self) -> str:
        """The end of what the warm process wrote."""
        path = self.folder / "log.txt"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def _send(self, request: dict[str, Any], fds: list[int]) -> None:
        try:
            if self._control is None:
                raise OSError("it was stopped")
            socket.send_fds(self._control, [json.dumps(request).encode()], fds)
        except OSError as error:
            raise self._give_up() from error

    def _expect(self, key: str, seconds: float) -> dict[str, Any]:
        try:
            if self._control is None:
                raise OSError("it was stopped")
            self._control.settimeout(seconds)
            data = self._control.recv(65536)
        except OSError as error:
            raise self._give_up() from error
        if not data:
            raise self._give_up()
        answer: dict[str, Any] = json.loads(data)
        if key not in answer:
            raise ProcessLostError(f"the warm process answers {answer}")
        return answer

    def _give_up(self) -> ProcessLostError:
        log = self.log()  # stop() removes it
        self.stop()
        return ProcessLostError(f"the warm process is gone. {log}")


def _make_control_pair() -> tuple[socket.socket, socket.socket]:
    """Packets, not a stream: a request comes whole, with its file descriptor."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

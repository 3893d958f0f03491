"""The process that keeps judges warm for a course, and gives them to who asks.

Started as ``python -P -m unrolled.grade.warm.host COURSE`` by the grading page of a
hub, with one thread a library (`ONE_THREAD` of the pool). It has imported what judges
need, has a warm process for students' code, and has tried its sandbox. It ends when
nobody has asked for long, when memory is short, and when its code is no longer the
code on the disk. It sees no submission itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from unrolled.assignment import load_material, load_reference
from unrolled.course import Course, load_course
from unrolled.errors import UserError
from unrolled.grade.doctor import select_trusted_worker
from unrolled.grade.doctor.select_worker import (
    JudgeReady,
    has_warm_worker,
    stop_warm_worker,
)
from unrolled.grade.scheduling.judge_process import (
    MAX_REQUEST,
    SAME_MATERIAL,
    fork_judge,
    list_libraries,
    run_judge,
    warm_up,
)
from unrolled.grade.student.preload import find_env_dependent, find_slow_imports
from unrolled.grade.warm.address import Door, read_peer
from unrolled.grade.warm.freshness import LoadedCode, describe_process
from unrolled.grade.warm.memory import is_memory_short

TRY_SECONDS = 120.0
TICK_SECONDS = 2.0
IDLE_SECONDS = 900.0
END_SECONDS = 10.0
IDLE_VARIABLE = "UNROLLED_WARM_SECONDS"  # for tests


def main(argv: list[str]) -> None:
    """Make ready, then give judges until nobody needs them."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # and clean up
    if is_memory_short():
        return
    code = LoadedCode.read()
    course = load_course(Path(argv[0]))
    try:
        _prepare(course)
        tier = try_sandbox()
        if tier is None or not code.is_current():
            return
        with contextlib.suppress(BlockingIOError):  # there is one already
            WarmHost(course, code, tier).run()
    finally:
        stop_warm_worker()


def _prepare(course: Course) -> None:
    """Load what the judges of all assignments need."""
    slow: dict[str, None] = {}
    modules = {"unrolled.grade.scheduling.job": None}
    for name in course.assignments:
        with contextlib.suppress(UserError):  # it is not built
            material = load_material(course, name)
            slow |= dict.fromkeys(find_slow_imports(material.source))
            modules |= dict.fromkeys(list_libraries(material))
    # Of these a notebook that does not use them would need another warm process.
    special = find_env_dependent(slow)
    warm_up([name for name in slow if name not in special], modules)


def try_sandbox() -> str | None:
    """The tier in which a judge of ours has found that the sandbox holds."""
    ours, theirs = Pipe()

    def work() -> None:
        ours.close()
        run_judge(theirs, SAME_MATERIAL, tries_sandbox=True, allow_weak=False)

    pid = fork_judge("first", work)
    theirs.close()
    answer = None
    with contextlib.suppress(EOFError, OSError):
        answer = ours.recv() if ours.poll(TRY_SECONDS) else None
    ours.close()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return answer.tier if isinstance(answer, JudgeReady) else None


@dataclass(kw_only=True)
class Caller:
    """A run of grading that has judges of ours."""

    call: socket.socket
    assignment: str = ""
    material: str = ""
    is_known: bool = False
    judges: dict[int, int] = field(default_factory=dict)  # its number to the process id


@dataclass
class SpareJudge:
    """A judge that has run the reference of an assignment, and waits for a run."""

    assignment: str
    process: int
    door: socket.socket
    material: str = ""

    def read_material(self) -> str:
        """The digest of the material that it has, once it is ready; "" before."""
        if not self.material and select.select([self.door], [], [], 0)[0]:
            self.material = self.door.recv(MAX_REQUEST).decode()
        return self.material


class WarmHost:
    """Gives judges to callers, and keeps a spare one for what was asked for last."""

    def __init__(self, course: Course, code: LoadedCode, tier: str) -> None:
        self.course, self.code, self.tier = course, code, tier
        self.door = Door(course.root)
        self.callers: dict[int, Caller] = {}
        self.spare: SpareJudge | None = None
        self.wanted = find_last_graded(course)
        self.left: dict[int, float] = {}  # of callers that are gone, with their end
        self.forked = 0
        self.idle_seconds = float(os.environ.get(IDLE_VARIABLE, IDLE_SECONDS))
        self.last = time.monotonic()

    def run(self) -> None:
        """Answer until nobody has asked for long, or this process is of no more use."""
        wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            while self.is_useful():
                files = [self.door.socket.fileno(), wake, *self.callers]
                ready, _, _ = select.select(files, [], [], TICK_SECONDS)
                if wake in ready:
                    os.read(wake, 4096)
                if self.door.socket.fileno() in ready:
                    self.accept()
                for number in self.callers.keys() & ready:
                    self.answer(self.callers[number])
                self.reap()
                if not ready and not self.callers:
                    self.keep_spare()
        finally:
            self.door.close()
            for pid in self.list_processes():
                os.kill(pid, signal.SIGKILL)

    def is_useful(self) -> bool:
        """Whether anybody is at work, or may come, and finds what there should be."""
        if self.callers:
            return True
        is_idle = time.monotonic() - self.last > self.idle_seconds
        return not is_idle and not is_memory_short() and has_warm_worker()

    def accept(self) -> None:
        """Take a call, if it comes from this account."""
        call, _ = self.door.socket.accept()
        if read_peer(call)[1] == os.getuid():
            self.callers[call.fileno()] = Caller(call=call)
        else:
            call.close()

    def answer(self, caller: Caller) -> None:
        """Answer one request; a caller that is gone leaves its judges time to end."""
        self.last = time.monotonic()
        request, fds = receive_request(caller.call)
        try:
            if "hello" in request:
                self.greet(caller, request)
            elif "start" in request and caller.is_known:
                self.give_judge(caller, int(request["start"]), fds.pop())
            elif "kill" in request:
                pid = caller.judges.get(request["kill"])
                if pid is not None:
                    os.kill(pid, signal.SIGKILL)
            else:
                self.part(caller)
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            self.part(caller)
        for fd in fds:
            os.close(fd)

    def greet(self, caller: Caller, request: dict[str, Any]) -> None:
        """Say in which tier its judges will be; nothing if they would be of other code.

        Then this process is of no more use to anybody.
        """
        same = request["hello"] == describe_process()
        if not self.code.is_current():
            self.idle_seconds = 0.0
            same = False
        if not same or request["engine"] != self.code.digest:
            self.part(caller)
            return
        caller.is_known = True
        caller.assignment, caller.material = request["assignment"], request["material"]
        self.wanted = caller.assignment
        caller.call.send(json.dumps({"tier": self.tier}).encode())

    def give_judge(self, caller: Caller, number: int, fd: int) -> None:
        """The spare judge, if it has this very material; else a new one."""
        spare = self.spare
        try:
            if spare is not None and spare.read_material() == caller.material:
                socket.send_fds(spare.door, [b"judge"], [fd])
                spare.door.close()
                caller.judges[number], self.spare = spare.process, None
            else:
                caller.judges[number] = self.fork(fd)
        finally:
            os.close(fd)

    def fork(self, fd: int) -> int:
        """A new judge; its process id."""

        def work() -> None:
            self.leave()
            pipe = Connection(fd)
            run_judge(pipe, SAME_MATERIAL, tries_sandbox=False, allow_weak=False)

        self.forked += 1
        return fork_judge(f"warm{self.forked}", work)

    def keep_spare(self) -> None:
        """Let a spare judge come up for what was graded last."""
        spare = self.spare
        if spare is not None and spare.assignment != self.wanted:
            os.kill(spare.process, signal.SIGKILL)
        elif spare is None and self.wanted in self.course.assignments:
            name, (ours, theirs) = self.wanted, make_pair()
            self.forked += 1

            def work() -> None:
                self.leave()
                ours.close()
                wait_for_run(theirs, self.course, name)

            pid = fork_judge(f"warm{self.forked}", work)
            theirs.close()
            self.spare = SpareJudge(name, pid, ours)

    def leave(self) -> None:
        """Close, in a fork, what is this process's own."""
        self.door.leave()
        for caller in self.callers.values():
            caller.call.close()
        if self.spare is not None:
            self.spare.door.close()

    def part(self, caller: Caller) -> None:
        """Forget a caller; its judges end by themselves, or are ended."""
        self.callers.pop(caller.call.fileno(), None)
        caller.call.close()
        end = time.monotonic() + END_SECONDS
        self.left |= dict.fromkeys(caller.judges.values(), end)

    def reap(self) -> None:
        """Take note of judges that have ended, and end those that should have."""
        for pid in self.list_processes():
            if self.left.get(pid, float("inf")) < time.monotonic():
                os.kill(pid, signal.SIGKILL)
            if os.waitpid(pid, os.WNOHANG)[0]:
                self.forget(pid)

    def forget(self, pid: int) -> None:
        """A process that has ended."""
        self.left.pop(pid, None)
        if self.spare is not None and self.spare.process == pid:
            self.spare.door.close()
            self.spare = None
        for caller in self.callers.values():
            numbers = caller.judges.items()
            caller.judges = {n: process for n, process in numbers if process != pid}

    def list_processes(self) -> list[int]:
        """All judges that are not known to have ended."""
        judges = [p for caller in self.callers.values() for p in caller.judges.values()]
        spare = [] if self.spare is None else [self.spare.process]
        return [*judges, *self.left, *spare]


def wait_for_run(door: socket.socket, course: Course, assignment: str) -> None:
    """A spare judge: it runs the reference, says so, and judges for the first run."""
    try:
        material = load_material(course, assignment)
        load_reference(material)
    except UserError:  # a run is told why
        material = SAME_MATERIAL
    select_trusted_worker()
    door.send(material.digest.encode())
    _, fds = receive_request(door)
    door.close()
    for fd in fds:
        run_judge(Connection(fd), material, tries_sandbox=False, allow_weak=False)


def receive_request(call: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """What somebody asks for, and the file descriptors with it; {} if they are gone."""
    try:
        data, fds, _, _ = socket.recv_fds(call, MAX_REQUEST, 1)
    except OSError:
        return {}, []
    with contextlib.suppress(ValueError):
        request = json.loads(data)
        if isinstance(request, dict):
            return request, list(fds)
    return {}, list(fds)


def make_pair() -> tuple[socket.socket, socket.socket]:
    """A way to a spare judge."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def find_last_graded(course: Course) -> str:
    """The assignment that was graded last; "" if none was."""
    folders = [course.build / "results" / name for name in course.assignments]
    graded = [folder for folder in folders if folder.is_dir()]
    last = max(graded, key=lambda folder: folder.stat().st_mtime, default=None)
    return last.name if last is not None else ""


if __name__ == "__main__":
    main(sys.argv[1:])

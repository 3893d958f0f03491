"""The warm process: imports the libraries once, forks a child for each submission.

Started as ``python -I -m unrolled.grade.student.zygote FD TIER SCRATCH LIBRARY...``,
with what the first notebook imports. Over the control socket come requests: ``open``
with the child's own socket, ``close``, ``client`` with the control socket of another
judge, whose children are ended when it is gone. It runs no line of student code itself;
children shut themselves off before they do.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from unrolled.grade.protocol.frames import receive_frame
from unrolled.grade.student.preload import find_missing_libraries, import_libraries
from unrolled.sandbox import Bounds, isolate_child, isolate_zygote, view
from unrolled.sandbox.isolate import Forker, Tier
from unrolled.sandbox.syscalls import close_other_files, collapse_memory

MAX_REQUEST = 65536
# It takes as long as it saves with thirty forks, and a single submission needs ten.
FORKS_BEFORE_COLLAPSE = 16
Serve = Callable[[socket.socket], None]


class Zygote:
    """Forks, reaps and ends children as the grader asks."""

    def __init__(
        self, control: socket.socket, tier: Tier, scratch: Path, serve: Serve
    ) -> None:
        self.grader = control  # the zygote ends with it
        self.clients = {control.fileno(): control}
        self.tier = tier
        self.scratch = scratch
        self.serve = serve
        self.forker = Forker(tier)
        self.forks = 0  # since the last import
        self.children: dict[int, str] = {}  # process id to the client's name for it
        self.owners: dict[str, int] = {}  # that name to the client
        self.ended: dict[str, dict[str, Any]] = {}  # that name to what it used

    def run(self) -> None:
        """Answer requests until the grader is gone."""
        # Python calls select again after a signal: this pipe ends it, so that a child
        # that has ended is reaped at once.
        wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        grader = self.grader.fileno()
        self._send(grader, {"ready": True})
        while grader in self.clients:
            ready, _, _ = select.select([wake, *self.clients], [], [])
            if wake in ready:
                os.read(wake, 4096)
                self._reap()
            for client in self.clients.keys() & ready:
                self._answer(client)

    def _answer(self, client: int) -> None:
        try:
            data, fds, _, _ = socket.recv_fds(self.clients[client], MAX_REQUEST, 1)
        except OSError:
            data, fds = b"", []
        request: dict[str, Any] = json.loads(data) if data else {"leave": True}
        if "open" in request:
            self.import_missing(request["libraries"])
            self.owners[request["open"]] = client
            self._open(request["open"], Bounds(**request["bounds"]), fds[0])
            os.close(fds[0])
        elif "close" in request:
            used = self._close(request["close"])
            self._send(client, {"closed": request["close"], **used})
        elif "client" in request:
            self.clients[fds[0]] = socket.socket(fileno=fds[0])
            self._send(fds[0], {"ready": True})
        elif "leave" in request:
            for name in [n for n, owner in self.owners.items() if owner == client]:
                self._close(name)
            self.clients.pop(client).close()

    def import_missing(self, libraries: Sequence[str]) -> None:
        """Import what the next child's notebook imports, unless it is there."""
        names = find_missing_libraries(libraries)
        if not names:
            return
        with contextlib.ExitStack() as stack:
            if self.tier == "namespaces":
                stack.enter_context(view.mount_temporary_home(Bounds().disk_bytes))
            import_libraries(names)
        self.forks = 0

    def _open(self, name: str, bounds: Bounds, fd: int) -> None:
        self.forks += 1
        if self.forks == FORKS_BEFORE_COLLAPSE:
            collapse_memory()
        pid = self.forker.fork()
        if pid:
            self.children[pid] = name
            return
        try:
            self._run_child(name, bounds, fd)
        except BaseException as error:
            print(f"child {name}: {error!r}", file=sys.stderr, flush=True)
        finally:
            os._exit(0)  # no clean-up of the zygote's: this is a copy of it

    def _run_child(self, name: str, bounds: Bounds, fd: int) -> None:
        signal.set_wakeup_fd(-1)  # the pipe is the zygote's, and so are the signals
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        close_other_files(fd)
        sock = socket.socket(fileno=fd)
        frame = receive_frame(sock, None)
        names = json.loads(frame.text)["files"]
        files = dict(zip(names, frame.buffers, strict=True))
        isolate_child(self.tier, bounds, self.scratch / name, files)
        null = os.open("/dev/null", os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.environ["HOME"] = os.environ["TMPDIR"] = str(Path.cwd())
        self.serve(sock)

    def _close(self, name: str) -> dict[str, Any]:
        """End a child; what it has used."""
        for pid, known in list(self.children.items()):
            if known == name:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                self._note(os.wait4(pid, 0))
        self.owners.pop(name, None)
        return self.ended.pop(name, {})

    def _reap(self) -> None:
        """Take note of children that ended by themselves."""
        while self.children:
            try:
                ended = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if ended[0] == 0:
                return
            self._note(ended)

    def _note(self, ended: tuple[int, int, Any]) -> None:
        pid, status, usage = ended
        name = self.children.pop(pid, None)
        if name is not None:
            self.ended[name] = {
                "status": status,
                "cpu_seconds": usage.ru_utime + usage.ru_stime,
                "peak_kib": usage.ru_maxrss,
            }

    def _send(self, client: int, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # it is gone: that is read next
            self.clients[client].send(json.dumps(message).encode())


def warm_up() -> Serve:
    """Import what notebooks import, use each once, and stay in one thread."""
    from unrolled.grade.student.child import serve
    from unrolled.grade.student.shell import make_child_shell

    shell = make_child_shell(warm=True)
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise RuntimeError(f"{threads} threads before the fork: a child would hang")
    return lambda sock: serve(sock, shell)


def main(argv: list[str]) -> None:
    """Shut off, warm up, serve."""
    control = socket.socket(fileno=int(argv[0]))
    tier: Tier = argv[1]  # type: ignore[assignment]
    scratch = Path(argv[2])
    isolate_zygote(tier, scratch)
    gc.disable()  # what an import makes stays: to look for garbage takes a tenth of it
    serve = warm_up()
    if tier == "namespaces":
        view.seal()
    # A collection in a child would write to every object, and copy all shared memory.
    gc.freeze()
    gc.enable()
    zygote = Zygote(control, tier, scratch, serve)
    zygote.import_missing(argv[3:])
    zygote.run()


if __name__ == "__main__":
    main(sys.argv[1:])

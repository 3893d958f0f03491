"""The student's process: runs the notebook's cells, then answers calls.

Started as ``python -I -m unrolled.grade.student.child FD``. It holds the student's code
and the arguments it is called with, and nothing else: no test, no solution, no
seed. Whatever it claims, the judge believes only as a value.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import resource
import socket
import sys
import threading
from typing import Any

from unrolled.grade.protocol.copies import copy_value, find_changed_arrays
from unrolled.grade.protocol.frames import FrameClosedError
from unrolled.grade.protocol.quiet import silence_output
from unrolled.grade.protocol.rpc import (
    Message,
    RemoteRef,
    Reply,
    RpcConnection,
    Value,
)
from unrolled.grade.student.shell import (
    StudentShell,
    find_notebook_frames,
    find_operand_shapes,
    format_safely,
    make_child_shell,
    run_cell,
)

_ABSENT = object()


class JudgeFunction:
    """A function (or iterator) that lives in the judge and is called back."""

    def __init__(
        self, rpc: RpcConnection, remote: RemoteRef, name: str = "function"
    ) -> None:
        self._rpc = rpc
        self._remote = remote
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Ask the judge for the result."""
        return self._ask("call", args=Value(list(args)), kwargs=Value(kwargs))

    def __deepcopy__(self, memo: Any) -> JudgeFunction:
        """There is only one of it, in the judge."""
        return self

    def __iter__(self) -> JudgeFunction:
        """An iterator iterates over itself."""
        return self

    def __next__(self) -> Any:
        """The next item, or StopIteration."""
        return self._ask("next")

    def _ask(self, do: str, **fields: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("only the main thread may call it: two talk at once")
        answer = self._rpc.request(do, target=Value(self), **fields)
        if "error" in answer.body:
            raise _make_exception(answer.body["error"])
        return answer.value("value")


def _make_exception(error: Any) -> Exception:
    cls = getattr(builtins, str(error.get("type")), RuntimeError)
    if isinstance(cls, type) and issubclass(cls, Exception):
        return cls(error.get("message", ""))
    return RuntimeError(error.get("message", ""))


_REQUESTS = """
cell save_names restore_names name bind unbind helper call attribute item iterate next
"""


class Child:
    """Answers the judge's `_REQUESTS`, a method for each, with the student's code."""

    def __init__(self, sock: socket.socket, shell: StudentShell) -> None:
        self.shell = shell
        self.cells: dict[int, int] = {}
        self.originals: dict[str, object] = {}
        self.helpers: dict[str, object] = {}
        self.saved_names: dict[int, dict[str, object]] = {}
        self.rpc = RpcConnection(sock, self._wrap, self._unwrap)
        self.rpc.handlers = {name: getattr(self, name) for name in _REQUESTS.split()}

    def _wrap(self, remote: RemoteRef) -> object:
        return JudgeFunction(self.rpc, remote)

    @staticmethod
    def _unwrap(value: object) -> RemoteRef | None:
        return value._remote if type(value) is JudgeFunction else None

    def cell(self, message: Message, reply: Reply) -> None:
        """Run a cell; its outputs are all that goes back."""
        self.cells[self.shell.execution_count] = int(message.body["index"])
        error, outputs = run_cell(self.shell, str(message.body["source"]))
        reply.fields = {"success": error is None, "outputs": outputs}
        if error is not None:
            reply.fields["error"] = self._describe(error)

    def save_names(self, message: Message, reply: Reply) -> None:
        """Remember what all names stand for, for a check that stands here."""
        self.saved_names[int(message.body["number"])] = dict(self.shell.user_ns)
        reply.fields = {"value": None}

    def restore_names(self, message: Message, reply: Reply) -> None:
        """Put back what all names stood for.

        The functions of the notebook read this very dict, so its contents change.
        """
        names = self.shell.user_ns
        saved = self.saved_names[int(message.body["number"])]
        names.update(saved)
        for name in names.keys() - saved.keys():
            del names[name]
        self.originals.clear()  # what was bound is gone with the rest
        reply.fields = {"value": None}

    def name(self, message: Message, reply: Reply) -> None:
        """The value of a name of the notebook, if it has one."""
        name = str(message.body["name"])
        if name in self.shell.user_ns:
            reply.fields = {"value": Value(self.shell.user_ns[name])}

    def bind(self, message: Message, reply: Reply) -> None:
        """Give a name of the notebook another value (follow-through)."""
        name, names = str(message.body["name"]), self.shell.user_ns
        self.originals.setdefault(name, names.get(name, _ABSENT))
        names[name] = message.value("value")
        reply.fields = {"value": None}

    def unbind(self, message: Message, reply: Reply) -> None:
        """Give a name of the notebook back what the student made of it."""
        name = str(message.body["name"])
        self.shell.user_ns[name] = self.originals.pop(name)
        if self.shell.user_ns[name] is _ABSENT:
            del self.shell.user_ns[name]
        reply.fields = {"value": None}

    def helper(self, message: Message, reply: Reply) -> None:
        """What the lesson's helper cells define, apart from the student's names."""
        if not self.helpers:
            self.helpers["__name__"] = "helpers"
            for source in message.body["sources"]:
                exec(str(source), self.helpers)
        name = str(message.body["name"])
        self._answer(reply, lambda: self.helpers[name])

    def call(self, message: Message, reply: Reply) -> None:
        """Call a student's function; also say which arrays it changed in place."""
        target = message.value("target")
        args, kwargs = message.value("args"), message.value("kwargs")
        before = None  # where they hold what cannot be copied
        with contextlib.suppress(Exception):
            before = copy_value(args)
        with silence_output():
            self._answer(reply, lambda: target(*args, **kwargs))
        if before is not None:
            changes = [[p, a] for p, a in find_changed_arrays(before, args)]
            reply.fields["changed"] = Value(changes)

    def attribute(self, message: Message, reply: Reply) -> None:
        """An attribute of a student's object."""
        target, name = message.value("target"), str(message.body["name"])
        self._answer(reply, lambda: getattr(target, name))

    def item(self, message: Message, reply: Reply) -> None:
        """An item of a student's object."""
        target, key = message.value("target"), message.value("key")
        self._answer(reply, lambda: target[key])

    def iterate(self, message: Message, reply: Reply) -> None:
        """An iterator over a student's object."""
        target = message.value("target")
        self._answer(reply, lambda: iter(target))

    def next(self, message: Message, reply: Reply) -> None:
        """The next item of a student's iterator."""
        target = message.value("target")
        self._answer(reply, lambda: next(target))

    def _answer(self, reply: Reply, compute: Any) -> None:
        try:
            reply.fields = {"value": Value(compute())}
        except BaseException as error:
            reply.fields = {"error": self._describe(error)}

    def _describe(self, error: BaseException) -> dict[str, Any]:
        """Type (the nearest built-in one) and lines of an exception."""
        bases = (
            c for c in type(error).__mro__ if getattr(builtins, c.__name__, None) is c
        )
        return {
            "type": next(bases, Exception).__name__,
            "message": format_safely(error),
            "lines": [
                [self.cells[count], line]
                for count, line in find_notebook_frames(error)
                if count in self.cells
            ],
            "shapes": find_operand_shapes(error),
        }


def _set_limits(memory: int, cpu_seconds: int, file_bytes: int) -> None:
    """Bound what the process may use; the sandbox proper stands outside."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open("/proc/self/statm") as file:  # noqa: PTH123
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))


def serve(sock: socket.socket, shell: StudentShell) -> None:
    """Answer the judge until it closes the connection."""
    child = Child(sock, shell)
    with contextlib.suppress(FrameClosedError):
        child.rpc.request("ready", pid=os.getpid())
        child.rpc.serve()


def main(argv: list[str]) -> None:
    """A process of its own, without the zygote: started, limited, served."""
    fd, memory, cpu_seconds, file_bytes = (int(a) for a in argv)
    sock = socket.socket(fileno=fd)
    shell = make_child_shell(warm=False)
    _set_limits(memory, cpu_seconds, file_bytes)
    serve(sock, shell)


if __name__ == "__main__":
    main(sys.argv[1:])

"""The judge's side of one student process: run cells, look names up, call functions."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from unrolled.course import Limits
from unrolled.grade.protocol.codec import CodecError
from unrolled.grade.protocol.frames import FrameError, FrameTimeoutError
from unrolled.grade.protocol.rpc import (
    Message,
    ProtocolError,
    RemoteRef,
    Reply,
    RpcConnection,
    Value,
)
from unrolled.grade.session.exceptions import ReportedError, SourceLine, describe_error
from unrolled.grade.session.recorded_calls import (
    Call,
    copy_changes_back,
    copy_with_changes,
    make_record,
)
from unrolled.grade.session.student_object import StudentCallable, StudentObject
from unrolled.grade.worker import GradingError
from unrolled.grade.worker.worker import Channel


class StudentProcessLost(BaseException):
    """The student's process is gone; a test's `except Exception` cannot hide it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class UndefinedNameError(NameError):
    """The notebook defines no such name."""


@dataclass(kw_only=True)
class Budget:
    """Deadlines, in seconds of time.monotonic, and the round trips that are left."""

    limits: Limits
    end: float
    cell_end: float = 0.0
    call_end: float = 0.0
    trips: int = 0
    patience: float = field(init=False)

    def __post_init__(self) -> None:
        self.patience = self.limits.call_seconds

    def start_trip(self) -> float:
        """Count a message; the next moment at which something is over time."""
        self.trips += 1
        if self.trips > self.limits.round_trips:
            raise StudentProcessLost("protocol", "the code asked too many times")
        return min(self.end, self.cell_end, self.call_end)


class Session:
    """A conversation with one student process."""

    def __init__(
        self,
        channel: Channel,
        budget: Budget,
        find_line: Callable[[int, int], SourceLine | None] = lambda cell, line: None,
    ) -> None:
        self.channel = channel
        self.budget = budget
        self.find_line = find_line
        self.calls: list[Call] = []
        self.called_back: list[object] = []
        self._origin = ""
        self.rpc = RpcConnection(channel.sock, self._wrap, _unwrap, _is_referable)
        self.rpc.deadline = budget.start_trip
        self.rpc.handlers = {
            "ready": lambda _, reply: reply.fields.update(value=None),
            "call": self._answer_callback,
            "next": self._answer_next,
        }

    def start(self) -> None:
        """Wait until the process is ready; GradingError if it does not come up."""
        self._allow(self.budget.limits.start_seconds, self.budget.limits.start_seconds)
        try:
            self.rpc.answer_next()
        except (FrameError, ProtocolError) as error:
            log = self.channel.diagnosis()
            raise GradingError(f"the student process did not start: {log}") from error

    def run_cell(self, index: int, source: str) -> tuple[str, list[dict[str, Any]]]:
        """Run a cell of the notebook: how it stopped ("" if it did not), its outputs.

        Raises StudentProcessLost if that ends the process.
        """
        seconds = self.budget.limits.cell_seconds
        self._allow(seconds, seconds)
        body = self._request("cell", index=index, source=source).body
        outputs = body.get("outputs")
        if type(outputs) is not list:
            raise _make_nonsense()
        if body.get("success") is True:
            return "", outputs
        error = self._make_exception(body.get("error"))  # in words that are ours
        text = f": {error.args[0]}" if error.args and error.args[0] else ""
        return f"{type(error).__name__}{text}", outputs

    def save_names(self, number: int) -> None:
        """Remember what the names of the notebook stand for now, under a number."""
        self._begin_call()
        self._request("save_names", number=number)

    def restore_names(self, number: int) -> None:
        """Let all names stand for what they stood for when they were saved."""
        self._begin_call()
        self._request("restore_names", number=number)

    def begin_check(self) -> None:
        """Give the next check its time and an empty record."""
        self._allow(self.budget.limits.check_seconds, self.budget.patience)
        self.budget.trips = 0
        self.calls = []
        self.called_back = []

    def look_up_name(self, name: str) -> Any:
        """The value of a name of the notebook; UndefinedNameError if there is none."""
        self._begin_call()
        answer = self._request("name", name=name)
        if "value" not in answer.body:
            raise UndefinedNameError(f"{name} is not defined")
        value = self._decode_value(answer)
        if isinstance(value, StudentObject):
            return type(value)(self, value._remote, name)
        self.calls.append(Call(name=name, before=((), {}), result=value, verb="value"))
        return value

    def load_helper(self, name: str, sources: tuple[str, ...]) -> Any:
        """What a helper cell defines, made afresh from our text in their process."""
        self._begin_call()
        answer = self._request("helper", name=name, sources=list(sources))
        value = self._decode_result(answer)
        if isinstance(value, StudentObject):
            return type(value)(self, value._remote, name)
        return value

    def bind(self, name: str, value: object) -> None:
        """Give a name of the notebook another value."""
        self._begin_call()
        self._request("bind", name=name, value=Value(value))

    def unbind(self, name: str) -> None:
        """Give a name of the notebook back its own value."""
        self._begin_call()
        self._request("unbind", name=name)

    def call(self, target: StudentObject, args: Any, kwargs: Any) -> Any:
        """Call a student's function by value; its in-place changes come along."""
        record = self._begin_record("call", target, args, kwargs)
        fields = {"args": Value(list(args)), "kwargs": Value(kwargs)}
        answer = self._request("call", target=Value(target), **fields)
        if "changed" in answer.body:
            changes = self._decode_value(answer, "changed")
            copy_changes_back(list(args), changes)
            record.after = copy_with_changes(record.before, changes)
        return self._finish_record(record, answer)

    def ask(self, do: str, target: Any, **values: Any) -> Any:
        """Ask for something of a student's object: an item, an iterator, the next."""
        record = self._begin_record(do, target, tuple(values.values()), {})
        fields = {key: Value(value) for key, value in values.items()}
        answer = self._request(do, target=Value(target), **fields)
        return self._finish_record(record, answer)

    def get_attribute(self, target: StudentObject, name: str) -> Any:
        """An attribute of a student's object."""
        record = self._begin_record("attribute", target, (name,), {})
        answer = self._request("attribute", target=Value(target), name=name)
        return self._finish_record(record, answer)

    def _begin_record(
        self, verb: str, target: StudentObject, args: Any, kwargs: Any
    ) -> Call:
        self._begin_call()
        record = make_record(verb, target, args, kwargs)
        self.calls.append(record)
        self._origin = record.name
        return record

    def _finish_record(self, record: Call, answer: Message) -> Any:
        record.finished = True
        try:
            record.result = self._decode_result(answer)
        except Exception as error:
            record.error = type(error).__name__
            raise
        return record.result

    def close(self) -> None:
        """End the student's process."""
        self.channel.close()

    def _allow(self, cell_seconds: float, call_seconds: float) -> None:
        now = time.monotonic()
        self.budget.cell_end = now + cell_seconds
        self.budget.call_end = now + call_seconds

    def _begin_call(self) -> None:
        self.budget.call_end = time.monotonic() + self.budget.patience

    def _request(self, do: str, **fields: Any) -> Message:
        try:
            return self.rpc.request(do, **fields)
        except FrameTimeoutError:
            # Code that hangs once hangs in the next check as well: it gets less.
            self.budget.patience = max(1.0, self.budget.patience / 2)
            raise StudentProcessLost(
                "timeout", "the code did not end in time"
            ) from None
        except (ProtocolError, CodecError, KeyError):
            raise _make_nonsense() from None
        except FrameError:
            raise StudentProcessLost("died", "the code ended its process") from None

    def _decode_value(self, answer: Message, key: str = "value") -> Any:
        try:
            return answer.value(key)
        except (CodecError, KeyError):
            raise _make_nonsense() from None

    def _decode_result(self, answer: Message) -> Any:
        error = answer.body.get("error")
        if error is not None:
            raise self._make_exception(error)
        return self._decode_value(answer)

    def _make_exception(self, error: Any) -> Exception:
        """The same built-in type; the message is ours, naming the student's line."""
        name = error.get("type") if type(error) is dict else None
        cls = getattr(builtins, str(name), RuntimeError)
        if not (isinstance(cls, type) and issubclass(cls, Exception)):
            return RuntimeError(f"the code raised {str(name)[:30]}")
        claim = ReportedError.read(error)
        message = describe_error(claim, self.find_line(claim.cell, claim.line))
        try:
            return cls(message)
        except TypeError:  # some types want more than a message: UnicodeDecodeError
            return RuntimeError(f"{cls.__name__} {message}")

    def _wrap(self, remote: RemoteRef) -> object:
        callable_ = remote.kind in ("function", "class")
        kind = StudentCallable if callable_ else StudentObject
        return kind(self, remote, origin=self._origin)

    def _answer_callback(self, message: Message, reply: Reply) -> None:
        """The student's code calls a function of the judge's."""
        target = message.value("target")
        args, kwargs = message.value("args"), message.value("kwargs")
        if isinstance(target, StudentObject) or not callable(target):
            raise ProtocolError("no function of the judge")
        self.called_back.append(target)
        _answer(reply, lambda: target(*args, **kwargs))

    def _answer_next(self, message: Message, reply: Reply) -> None:
        target = message.value("target")
        if not isinstance(target, Iterator):
            raise ProtocolError("no iterator of the judge")
        _answer(reply, lambda: next(target))


def _make_nonsense() -> StudentProcessLost:
    return StudentProcessLost("protocol", "the process answered nonsense")


def _answer(reply: Reply, compute: Callable[[], Any]) -> None:
    try:
        reply.fields = {"value": Value(compute())}
    except Exception as error:
        name = type(error).__name__
        reply.fields = {"error": {"type": name, "message": str(error)[:300]}}


def _unwrap(value: object) -> RemoteRef | None:
    return value._remote if isinstance(value, StudentObject) else None


def _is_referable(value: object) -> bool:
    """Only functions and iterators of the judge may be handed to a student."""
    return callable(value) or isinstance(value, Iterator)

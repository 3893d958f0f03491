"""Two processes that call each other: requests, replies, and calls back in between.

Both sides run the same small protocol over a socket. A request is answered by
exactly one reply; while one side waits for it, it serves the requests that the
other makes meanwhile (a function among the arguments is called back). Objects
that do not go by value are kept by their owner under a number.

Nodes: ``["r", number, kind]`` is an object of the sender, ``["o", number]`` gives
the receiver back its own object.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from unrolled.grade.protocol.codec import CodecError, Decoder, Encoder, Node
from unrolled.grade.protocol.frames import Frame, FrameReader, send_frame

Json = dict[str, Any]
MAX_OBJECTS = 100_000
KINDS = ("function", "class", "iterator", "module", "object")


class ProtocolError(Exception):
    """The other side does not keep to the protocol."""


@dataclass(frozen=True)
class RemoteRef:
    """An object that lives in the other process."""

    number: int
    kind: str


def classify_object(value: object) -> str:
    """Which of KINDS an object is; asks nothing of the object itself."""
    cls = type(value)
    if issubclass(cls, type):
        return "class"
    if cls.__name__ == "module":
        return "module"
    methods = {name for c in cls.__mro__ for name in c.__dict__}
    if "__next__" in methods:
        return "iterator"
    return "function" if "__call__" in methods else "object"


@dataclass
class Message:
    """A decoded frame: the JSON document and a decoder of its values."""

    body: Json
    decoder: Decoder

    def value(self, key: str) -> Any:
        """The decoded value under `key`."""
        return self.decoder.decode(self.body[key])


class RpcConnection:
    """One side of the conversation.

    `handlers` answers requests by name; `wrap` and `unwrap` turn a remote
    object into what this side's code holds, and back (None if it is no remote).
    """

    def __init__(
        self,
        sock: socket.socket,
        wrap: Callable[[RemoteRef], object],
        unwrap: Callable[[object], RemoteRef | None],
        allowed: Callable[[object], bool] = lambda _: True,
    ) -> None:
        self.sock = sock
        self.reader = FrameReader(sock)
        self.wrap = wrap
        self.unwrap = unwrap
        self.allowed = allowed
        self.objects: list[object] = []  # that the other side knows by their number
        self.handlers: dict[str, Callable[[Message, Reply], None]] = {}
        self.deadline: Callable[[], float | None] = lambda: None

    def request(self, do: str, **fields: Any) -> Message:
        """Ask the other side and wait for its reply; plain fields are JSON.

        Fields that are `Value` are encoded. Raises FrameError, ProtocolError.
        """
        self._send({"do": do}, fields)
        while "do" in (message := self._receive_message()).body:
            self._answer(message)
        return message

    def serve(self) -> None:
        """Answer requests until the other side closes the connection."""
        while True:
            self.answer_next()

    def answer_next(self) -> None:
        """Wait for one request and answer it."""
        self._answer(self._receive_message())

    def _receive_message(self) -> Message:
        frame = self.reader.receive(self.deadline())
        try:
            body = json.loads(frame.text)
        except (ValueError, RecursionError) as error:
            raise ProtocolError("a message is not JSON") from error
        if type(body) is not dict:
            raise ProtocolError("a message is not an object")
        return Message(body, Decoder(self._resolve, frame.buffers))

    def _answer(self, message: Message) -> None:
        handler = self.handlers.get(str(message.body["do"]))
        if handler is None:
            raise ProtocolError(f"no such request: {str(message.body['do'])[:40]}")
        reply = Reply()
        handler(message, reply)
        self._send({}, reply.fields)

    def _send(self, body: Json, fields: dict[str, Any]) -> None:
        encoder = Encoder(self._refer)
        for key, value in fields.items():
            body[key] = (
                _encode(encoder, value.value) if isinstance(value, Value) else value
            )
        text = json.dumps(body).encode("ascii")
        send_frame(self.sock, Frame(text, tuple(encoder.buffers)), self.deadline())

    def _refer(self, value: object) -> Node:
        remote = self.unwrap(value)
        if remote is not None:
            return ["o", remote.number]
        if not self.allowed(value):
            raise CodecError(f"a {type(value).__name__} cannot be sent")
        if len(self.objects) >= MAX_OBJECTS:
            raise CodecError("too many objects were handed out")
        self.objects.append(value)
        return ["r", len(self.objects) - 1, classify_object(value)]

    def _resolve(self, node: list[Any]) -> object:
        if node[0] == "o" and type(node[1]) is int and node[1] >= 0:
            return self.objects[node[1]]
        if node[0] == "r" and type(node[1]) is int and node[2] in KINDS:
            return self.wrap(RemoteRef(node[1], node[2]))
        raise CodecError("not a value")


@dataclass(frozen=True)
class Value:
    """Marks a field of a message that is encoded by the codec."""

    value: object


@dataclass
class Reply:
    """The fields of the answer to a request."""

    fields: dict[str, Any] = field(default_factory=dict)


def _encode(encoder: Encoder, value: object) -> Node:
    """By value, or as a reference where the whole is too deep or too large."""
    count = len(encoder.buffers)
    try:
        return encoder.encode(value)
    except (CodecError, RecursionError):
        del encoder.buffers[count:]  # of the part that was encoded until then
        return encoder.refer(value)

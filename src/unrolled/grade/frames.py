"""Frames on a socket: a header with all lengths, a JSON text, binary buffers.

The receiver reads the header first and refuses a frame that is too large before
it takes in a byte of it. Nothing here interprets the content.
"""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass

_HEAD = struct.Struct(">4sII")
_LENGTH = struct.Struct(">Q")
_MAGIC = b"UNR1"
MAX_TEXT = 16 * 2**20
MAX_BUFFERS = 4096
MAX_BYTES = 64 * 2**20


class FrameError(Exception):
    """The bytes on the wire are not a frame, or a frame over the limits."""


class FrameTimeoutError(FrameError):
    """No complete frame came before the deadline."""


class FrameClosedError(FrameError):
    """The other side has closed the connection."""


@dataclass(frozen=True)
class Frame:
    """One message: `text` is JSON, `buffers` are the raw bytes it refers to."""

    text: bytes
    buffers: tuple[bytes, ...] = ()


def send_frame(sock: socket.socket, frame: Frame, deadline: float | None) -> None:
    """Send one frame; raises FrameError if it is too large or cannot be sent."""
    _check_sizes(len(frame.text), [len(b) for b in frame.buffers])
    head = _HEAD.pack(_MAGIC, len(frame.text), len(frame.buffers))
    lengths = b"".join(_LENGTH.pack(len(b)) for b in frame.buffers)
    try:
        for part in (head + lengths + frame.text, *frame.buffers):
            sock.settimeout(_left(deadline))
            sock.sendall(part)
    except TimeoutError as error:
        raise FrameTimeoutError("no answer in time") from error
    except OSError as error:
        raise FrameClosedError("the other side is gone") from error


def receive_frame(sock: socket.socket, deadline: float | None) -> Frame:
    """Receive one frame before `deadline` (of time.monotonic, in seconds)."""
    magic, text_length, count = _HEAD.unpack(_exactly(sock, _HEAD.size, deadline))
    if magic != _MAGIC or count > MAX_BUFFERS:
        raise FrameError("not a frame of ours")
    lengths = [
        _LENGTH.unpack(_exactly(sock, _LENGTH.size, deadline))[0] for _ in range(count)
    ]
    _check_sizes(text_length, lengths)
    text = _exactly(sock, text_length, deadline)
    return Frame(text, tuple(_exactly(sock, n, deadline) for n in lengths))


def _check_sizes(text: int, buffers: list[int]) -> None:
    if text > MAX_TEXT or len(buffers) > MAX_BUFFERS or sum(buffers) > MAX_BYTES:
        raise FrameError("the message is too large")


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise FrameTimeoutError("no answer in time")
    return left


def _exactly(sock: socket.socket, count: int, deadline: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        try:
            sock.settimeout(_left(deadline))
            part = sock.recv(min(count - len(parts), 2**20))
        except TimeoutError as error:
            raise FrameTimeoutError("no answer in time") from error
        except OSError as error:
            raise FrameClosedError("the other side is gone") from error
        if not part:
            raise FrameClosedError("the other side is gone")
        parts += part
    return bytes(parts)

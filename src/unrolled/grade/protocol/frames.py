"""Frames on a socket: a header with all lengths, a JSON text, binary buffers.

The receiver reads the header first and refuses a frame that is too large before
it takes in a byte of it. Nothing here interprets the content.
"""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass, field
from itertools import accumulate

_HEAD = struct.Struct(">4sII")
_LENGTH = struct.Struct(">Q")
_MAGIC = b"UNR1"
MAX_TEXT = 16 * 2**20
MAX_BUFFERS = 4096
MAX_BYTES = 64 * 2**20
AHEAD = 2**16


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
    parts = [head + lengths + frame.text, *frame.buffers]
    if sum(map(len, parts)) <= AHEAD:  # a system call each is what costs
        parts = [b"".join(parts)]
    try:
        for part in parts:
            sock.settimeout(_compute_timeout(deadline))
            sock.sendall(part)
    except TimeoutError as error:
        raise FrameTimeoutError("no answer in time") from error
    except OSError as error:
        raise FrameClosedError("the other side is gone") from error


@dataclass
class FrameReader:
    """Receives frames from a socket; reads up to `ahead` bytes more than it needs.

    Nobody else may read from that socket unless `ahead` is 0.
    """

    sock: socket.socket
    ahead: int = AHEAD
    buffer: bytearray = field(default_factory=bytearray)

    def receive(self, deadline: float | None) -> Frame:
        """The next frame, before `deadline` (of time.monotonic, in seconds)."""
        head = self._read_exactly(_HEAD.size, deadline)
        magic, text_length, count = _HEAD.unpack(head)
        if magic != _MAGIC or count > MAX_BUFFERS:
            raise FrameError("not a frame of ours")
        packed = self._read_exactly(count * _LENGTH.size, deadline)
        lengths = [length for (length,) in _LENGTH.iter_unpack(packed)]
        _check_sizes(text_length, lengths)
        text = self._read_exactly(text_length, deadline)
        rest = self._read_exactly(sum(lengths), deadline)
        ends = list(accumulate(lengths))
        return Frame(
            text, tuple(rest[e - n : e] for e, n in zip(ends, lengths, strict=True))
        )

    def _read_exactly(self, count: int, deadline: float | None) -> bytes:
        while len(self.buffer) < count:
            size = max(count - len(self.buffer), self.ahead)
            try:
                # Anew for each part: one that sends a byte at a time gets no more time.
                self.sock.settimeout(_compute_timeout(deadline))
                part = self.sock.recv(min(size, 2**20))
            except TimeoutError as error:
                raise FrameTimeoutError("no answer in time") from error
            except OSError as error:
                raise FrameClosedError("the other side is gone") from error
            if not part:
                raise FrameClosedError("the other side is gone")
            self.buffer += part
        data = bytes(memoryview(self.buffer)[:count])
        del self.buffer[:count]
        return data


def receive_frame(sock: socket.socket, deadline: float | None) -> Frame:
    """Receive one frame, and not a byte more."""
    return FrameReader(sock, 0).receive(deadline)


def _check_sizes(text: int, buffers: list[int]) -> None:
    if text > MAX_TEXT or len(buffers) > MAX_BUFFERS or sum(buffers) > MAX_BYTES:
        raise FrameError("the message is too large")


def _compute_timeout(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    seconds = deadline - time.monotonic()
    if seconds <= 0:  # settimeout(0) would not wait, but fail in another way
        raise FrameTimeoutError("no answer in time")
    return seconds

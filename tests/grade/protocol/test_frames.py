"""Frames are refused by their header, and every silence has an end."""

from __future__ import annotations

import socket
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unrolled.grade.protocol.frames import (
    MAX_TEXT,
    Frame,
    FrameClosedError,
    FrameError,
    FrameTimeoutError,
    receive_frame,
    send_frame,
)


def soon(seconds: float = 5.0) -> float:
    """A deadline that far from now."""
    return time.monotonic() + seconds


@settings(max_examples=50, deadline=None)
@given(st.binary(), st.lists(st.binary(), max_size=5))
def test_what_is_sent_is_received(text: bytes, buffers: list[bytes]) -> None:
    """Does any frame arrive whole?"""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        frame = Frame(text, tuple(buffers))
        send_frame(ours, frame, soon())
        assert receive_frame(theirs, soon()) == frame


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_random_bytes_end_in_a_frame_error(data: bytes) -> None:
    """Does noise on the wire raise anything but a FrameError?"""
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(data)
        ours.close()
        with pytest.raises(FrameError):
            while True:
                receive_frame(theirs, soon())


@pytest.mark.parametrize(
    "header",
    [
        struct.pack(">4sII", b"UNR1", MAX_TEXT + 1, 0),
        struct.pack(">4sII", b"UNR1", 1, 100_000),
        struct.pack(">4sIIQ", b"UNR1", 1, 1, 2**62),
        struct.pack(">4sII", b"EVIL", 1, 0),
    ],
)
def test_too_large_is_refused_before_it_is_read(header: bytes) -> None:
    """Is a giant frame refused from its header, with nothing else sent?"""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(header)
        with pytest.raises(FrameError) as caught:
            receive_frame(theirs, soon())
        assert not isinstance(caught.value, FrameTimeoutError)


def test_silence_and_hanging_up_are_told_apart() -> None:
    """Is a deadline a timeout, and a closed connection a closed connection?"""
    ours, theirs = socket.socketpair()
    with ours:
        with pytest.raises(FrameTimeoutError):
            receive_frame(ours, soon(0.05))
        theirs.close()
        with pytest.raises(FrameClosedError):
            receive_frame(ours, soon())

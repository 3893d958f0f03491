"""Where warm judges of a course are asked for: a socket that one account can reach.

It lies in a folder that nobody else may enter, and both ends ask the kernel who the
other is. Students' processes cannot call it in any tier with a sandbox: the folder is
not there for them, and the call itself is refused (`sandbox/seccomp.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import struct
import sys
from pathlib import Path

NAME = "judges"
FOLDER = Path("build") / "warm"
WAITING = 64


class Door:
    """The socket of a course, while this process is the only one to have it.

    Raises BlockingIOError if another has it, OSError where there can be none.
    """

    def __init__(self, root: Path) -> None:
        (root / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        (root / FOLDER).chmod(0o700)
        self.folder = _enter(root)
        self.socket = _make_socket()
        try:
            fcntl.flock(self.folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with contextlib.suppress(FileNotFoundError):  # of one that was killed
                os.unlink(NAME, dir_fd=self.folder)
            self.socket.bind(f"/proc/self/fd/{self.folder}/{NAME}")
            self.socket.listen(WAITING)
        except OSError:
            self.leave()
            raise

    def close(self) -> None:
        """Take the socket away."""
        with contextlib.suppress(OSError):
            os.unlink(NAME, dir_fd=self.folder)
        self.leave()

    def leave(self) -> None:
        """Leave it to the process that this one was forked from."""
        self.socket.close()
        os.close(self.folder)


def connect(root: Path, seconds: float = 2.0) -> socket.socket | None:
    """A connection to the warm judges of a course; None if there are none of ours."""
    if sys.platform != "linux":
        return None
    try:
        folder = _enter(root)
    except OSError:
        return None
    call = _make_socket()
    call.settimeout(seconds)
    try:
        call.connect(f"/proc/self/fd/{folder}/{NAME}")
        if read_peer(call)[1] != os.getuid():
            raise PermissionError("somebody else answers")
    except OSError:
        call.close()
        return None
    finally:
        os.close(folder)
    return call


def read_peer(call: socket.socket) -> tuple[int, int]:
    """The process and the account at the other end."""
    size = struct.calcsize("3i")
    told = call.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    pid, user, _ = struct.unpack("3i", told)
    return pid, user


def _enter(root: Path) -> int:
    """The folder, open; OSError unless it is ours and nobody else may enter.

    Through its descriptor a socket has a short address, wherever the course lies.
    """
    folder = os.open(root / FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    about = os.fstat(folder)
    if about.st_uid != os.getuid() or stat.S_IMODE(about.st_mode) & 0o077:
        os.close(folder)
        raise PermissionError(f"{root / FOLDER} is not this account's alone")
    return folder


def _make_socket() -> socket.socket:
    """Packets, not a stream: a request comes whole, with its file descriptors."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)

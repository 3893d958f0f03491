"""What an account can read, tried as that account and not deduced from modes.

A mode says nothing of access lists, of groups, or of the folder above.
"""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


def list_readable(account: str, paths: Iterable[Path]) -> list[Path]:
    """Those of the paths that an account can read, or list if they are folders.

    For root only: a child of this process becomes the account.
    """
    wanted = [str(p) for p in paths]
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _try_paths(account, wanted, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        text = told.read()
    os.waitpid(child, 0)
    if not text:
        raise OSError(f"nothing could be tried as {account}")
    return [Path(p) for p in json.loads(text)]


def _try_paths(account: str, paths: Sequence[str], writer: int) -> None:
    """In the child: become the account, try, tell, and end."""
    try:
        entry = pwd.getpwnam(account)
        os.initgroups(account, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        with os.fdopen(writer, "wb") as told:
            told.write(json.dumps([p for p in paths if _is_readable(p)]).encode())
    finally:
        os._exit(0)


def _is_readable(path: str) -> bool:
    with suppress(OSError):
        os.close(os.open(path, FLAGS))
        return True
    return False

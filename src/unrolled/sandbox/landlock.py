"""Landlock: which files a process may reach, set by the process itself.

Works without privileges and without namespaces; once set it cannot be undone.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from unrolled.sandbox.syscalls import PR_SET_NO_NEW_PRIVS, make_syscall, prctl

_CREATE_VERSION, _RULE_PATH = 1, 1
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2
# How many access rights each version of the interface knows.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_FILE_RIGHTS = _EXECUTE | _READ_FILE | _WRITE_FILE | _TRUNCATE | 1 << 15
_NET_BIND_AND_CONNECT = 3


class _Rule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


def read_version() -> int:
    """The version of the interface; 0 where there is none."""
    try:
        return make_syscall("landlock_create_ruleset", None, ctypes.c_size_t(0), 1)
    except OSError:
        return 0


def restrict(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Let this process read below some paths, write below others, and no more.

    Raises OSError where Landlock is missing.
    """
    known = read_version()
    handled = (1 << _RIGHTS.get(known, 16)) - 1
    network = _NET_BIND_AND_CONNECT if known >= 4 else 0
    scope = _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if known >= 6 else 0
    attributes = (ctypes.c_uint64 * 3)(handled, network, scope)
    size = ctypes.c_size_t(24 if known >= 6 else 16 if known >= 4 else 8)
    rules = make_syscall("landlock_create_ruleset", ctypes.byref(attributes), size, 0)
    try:
        for path in readable:
            _allow(rules, path, (_EXECUTE | _READ_FILE | _READ_DIR) & handled)
        for path in writable:
            _allow(rules, path, handled & ~_EXECUTE)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        make_syscall("landlock_restrict_self", rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, access: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there need not be allowed
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            access &= _FILE_RIGHTS
        rule = _Rule(access, fd)
        make_syscall("landlock_add_rule", rules, _RULE_PATH, ctypes.byref(rule), 0)
    finally:
        os.close(fd)

"""The Linux calls that Python 3.11 has no names for, through the C library.

Each function raises OSError with the errno of the call. Numbers are those of
Linux on x86_64 and aarch64; other machines have no sandbox.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38

HUGE_PAGE, MADV_COLLAPSE = 2 << 20, 25

_AT_RECURSIVE, _AT_FDCWD = 0x8000, -100
_MOUNT_RDONLY, _MOUNT_NOSUID, _MOUNT_NODEV = 1, 2, 4
_CAPABILITY_VERSION_3 = 0x20080522

MACHINE = platform.machine()
NUMBERS = {
    "pivot_root": {"x86_64": 155, "aarch64": 41},
    "capset": {"x86_64": 126, "aarch64": 91},
    "mount_setattr": {"x86_64": 442, "aarch64": 442},
    "close_range": {"x86_64": 436, "aarch64": 436},
    "landlock_create_ruleset": {"x86_64": 444, "aarch64": 444},
    "landlock_add_rule": {"x86_64": 445, "aarch64": 445},
    "landlock_restrict_self": {"x86_64": 446, "aarch64": 446},
}


def load_libc() -> ctypes.CDLL:
    """The C library, with errno."""
    return ctypes.CDLL(None, use_errno=True)


def check_result(result: int, what: str) -> int:
    """The result of a call, or OSError."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def make_syscall(name: str, *args: object) -> int:
    """Make a call by its number."""
    if MACHINE not in NUMBERS[name]:
        raise OSError(38, f"{name}: no sandbox on {MACHINE}")
    return check_result(load_libc().syscall(NUMBERS[name][MACHINE], *args), name)


def unshare(flags: int) -> None:
    """Leave namespaces for new ones."""
    check_result(load_libc().unshare(flags), "unshare")


def setns(fd: int, kind: int) -> None:
    """Enter a namespace, given as a file descriptor."""
    check_result(load_libc().setns(fd, kind), "setns")


def mount(
    source: str, target: Path | str, kind: str = "", flags: int = 0, data: str = ""
) -> None:
    """Mount, as mount(2)."""
    words = [source.encode(), str(target).encode(), kind.encode() or None]
    result = load_libc().mount(*words, ctypes.c_ulong(flags), data.encode() or None)
    check_result(result, f"mount {target}")


def unmount(target: Path | str, flags: int = MNT_DETACH) -> None:
    """Unmount, lazily."""
    check_result(load_libc().umount2(str(target).encode(), flags), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root; the last root goes to `old`."""
    make_syscall("pivot_root", new.encode(), old.encode())


def make_read_only(target: Path) -> None:
    """Make a mount and all below it read-only, without devices and set-uid."""
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_RDONLY | _MOUNT_NOSUID | _MOUNT_NODEV)
    path = str(target).encode()
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    here = ctypes.c_int(_AT_FDCWD)
    make_syscall(
        "mount_setattr", here, path, _AT_RECURSIVE, ctypes.byref(attributes), size
    )


def prctl(option: int, value: int = 0, pointer: object = None) -> None:
    """Set a property of this process."""
    zero = ctypes.c_ulong(0)
    last = pointer if pointer is not None else zero
    result = load_libc().prctl(option, ctypes.c_ulong(value), last, zero, zero)
    check_result(result, f"prctl {option}")


def end_with_parent(number: int = signal.SIGKILL) -> None:
    """Be sent a signal when the parent ends, however it ends (Linux only).

    It outlives exec, and is forgotten by a fork and by a change of user.
    """
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, number)


def drop_capabilities() -> None:
    """Give up all capabilities, for good."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            break
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    empty = (ctypes.c_uint32 * 6)()
    make_syscall("capset", ctypes.byref(header), ctypes.byref(empty))


def close_other_files(keep: int) -> None:
    """Close every descriptor from 3 on but one."""
    if keep > 3:
        make_syscall("close_range", 3, keep - 1, 0)
    make_syscall("close_range", keep + 1, ctypes.c_uint(0xFFFFFFFF), 0)


def collapse_memory() -> int:
    """Put this process's own memory into huge pages; how many there are now.

    A fork copies an entry for each page, and so does the end of what was forked: of a
    process that has imported everything these are tens of thousands, or some hundred.
    A kernel before 6.1 has no such advice, and nothing changes.
    """
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    done = 0
    for first, last in _list_own_memory(maps):
        start = -(-first // HUGE_PAGE) * HUGE_PAGE
        for address in range(start, last - HUGE_PAGE + 1, HUGE_PAGE):
            place, size = ctypes.c_void_p(address), ctypes.c_size_t(HUGE_PAGE)
            done += load_libc().madvise(place, size, MADV_COLLAPSE) == 0
    return done


def _list_own_memory(maps: list[str]) -> Iterator[tuple[int, int]]:
    """Where the memory lies that is written to and belongs to no file."""
    for line in maps:
        addresses, rights, *more = line.split(maxsplit=5)
        if rights == "rw-p" and (len(more) < 4 or more[3] == "[heap]"):
            first, last = addresses.split("-")
            yield int(first, 16), int(last, 16)

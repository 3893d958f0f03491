"""How a process shuts itself off, in tiers; nothing of a student has run before.

`namespaces`: own files, processes, network and IPC, made with a user namespace,
or as root with the user given up at the end. `landlock`: files by Landlock and
the rest by the system call filter. `none`: resource limits only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unrolled.sandbox import landlock, seccomp, view
from unrolled.sandbox.syscalls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    PR_SET_DUMPABLE,
    drop_capabilities,
    end_with_parent,
    load_libc,
    prctl,
    setns,
    unshare,
)

Tier = Literal["namespaces", "landlock", "none"]
TIERS: tuple[Tier, ...] = ("namespaces", "landlock", "none")
NOBODY = 65534


@dataclass(frozen=True)
class Bounds:
    """What one child may use: bytes of memory beyond the warm libraries, seconds of
    CPU, bytes of one file, bytes of its whole disk."""

    memory_bytes: int = 2 * 2**30
    cpu_seconds: int = 240
    file_bytes: int = 64 * 2**20
    disk_bytes: int = 256 * 2**20


def isolate_zygote(tier: Tier, scratch: Path) -> None:
    """Shut the zygote off before it imports anything; OSError if that is refused.

    In the first tier this forks: the caller goes on as process 1 of a namespace,
    the process that called stays behind and ends with it.
    """
    end_with_parent()
    if tier != "namespaces":
        return
    user, group = os.getuid(), os.getgid()
    flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
    unshare(flags if user == 0 else flags | CLONE_NEWUSER)
    if user != 0:
        # The kernel takes a map of groups only after setgroups was given up.
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    _become_first()
    load_libc().sethostname(b"grading", ctypes.c_size_t(7))
    view.RootFilesystem(scratch).build()


def _become_first() -> None:
    """Go on in a fork, which is process 1 of the new namespace."""
    child = os.fork()
    if child:
        # What stays behind only passes the exit status on; Ctrl-C is for the child.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    end_with_parent()


class Forker:
    """Forks children, each alone in process and IPC namespaces of its own."""

    def __init__(self, tier: Tier) -> None:
        self.tier = tier
        self._home = -1
        if tier == "namespaces":
            self._home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def fork(self) -> int:
        """As os.fork()."""
        # unshare() moves no process, only its later children: after each fork the way
        # back, or every child's namespace would lie inside the one before.
        if self.tier == "namespaces":
            unshare(CLONE_NEWPID)
        try:
            return os.fork()
        finally:
            if self.tier == "namespaces":
                with contextlib.suppress(OSError):  # in the child: it is no child's
                    setns(self._home, CLONE_NEWPID)


def isolate_child(
    tier: Tier, bounds: Bounds, scratch: Path, files: dict[str, bytes]
) -> None:
    """Shut a freshly forked child off; after this, student code may run."""
    os.setsid()  # signals to the own group reach nobody else
    end_with_parent()
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    used = int(pages) * resource.getpagesize()  # of address space
    folder = scratch
    if tier == "namespaces":
        unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET)
        view.mount_private_proc()
        view.mount_private_home(bounds.disk_bytes)
        folder = view.WORK
    view.write_files(folder, files)
    if tier == "namespaces" and os.getuid() == 0:
        _become_nobody(folder)
    os.chdir(folder)
    _set_limits(bounds, used)
    if tier == "landlock":
        landlock.restrict(view.list_visible_paths(), [folder, *view.list_devices()])
    if tier != "none":
        drop_capabilities()
        prctl(PR_SET_DUMPABLE, 0)
        end_with_parent()  # once more: becoming another user has cleared it
        seccomp.install(None if tier == "namespaces" else os.getpid())


def _become_nobody(folder: Path) -> None:
    """Root becomes a user who owns the working folder and nothing else."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _set_limits(bounds: Bounds, used: int) -> None:
    memory, cpu = used + bounds.memory_bytes, bounds.cpu_seconds
    limits = {
        # Libraries map gigabytes that they never touch, so what is mapped already is
        # added to the bound.
        resource.RLIMIT_AS: (memory, memory),
        # The first is a signal that can be caught, the second a kill.
        resource.RLIMIT_CPU: (cpu, cpu + 1),
        resource.RLIMIT_FSIZE: (bounds.file_bytes, bounds.file_bytes),
        resource.RLIMIT_NOFILE: (256, 256),
        resource.RLIMIT_CORE: (0, 0),
    }
    for which, values in limits.items():
        resource.setrlimit(which, values)

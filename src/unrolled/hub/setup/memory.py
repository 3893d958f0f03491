"""How much memory a student may take: a control group of Linux for each of them.

A limit of a process does not bound several notebooks together. Where root can write
control groups (version 2, or the older 1), each student's server starts in one of its
own, with all that it will start; nobody but root can leave or change it. Elsewhere, as
in most containers, the limit of each process stays the only one.

The groups lie at the top of the tree, as Docker's own do, and not in the unit or the
session that `unrolled hub` was started from: servers outlive that.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from unrolled.hub.plan import HubPlan

ROOT = Path("/sys/fs/cgroup")
MEMORY_AND_SWAP = "memory.memsw.limit_in_bytes"
MEGABYTE = 1_000_000
SERVER_MB = 300  # for the server itself, beside what notebooks may take
CLASS_SHARE = 0.9  # of the machine's memory, for all students: the hub needs some, too
log = logging.getLogger("unrolled.hub")


@dataclass(frozen=True)
class MemoryGroups:
    """The folder of a hub's groups, and the files that take a limit in bytes.

    Some machines have no file for swap.
    """

    folder: Path
    limit_file: str
    swap_file: str

    def make_group(self, name: str, limit: int) -> Path:
        """Make somebody's group, or set its limit anew. Raises OSError."""
        group = self.folder / name
        group.mkdir(exist_ok=True)
        self.set_limit(group, limit)
        return group

    def set_limit(self, group: Path, limit: int) -> None:
        """Set a limit in bytes, for memory and, where it can be, for swap."""
        # Version 1 counts memory and swap together, version 2 swap by itself.
        swap = limit if self.swap_file == MEMORY_AND_SWAP else 0
        # A higher limit has to be set for both together first, a lower one last.
        for _ in range(2):
            with suppress(OSError):
                _write(group / self.swap_file, swap)
            with suppress(OSError):
                _write(group / self.limit_file, limit)
        _write(group / self.limit_file, limit)

    def list_members(self, name: str) -> set[int]:
        """The processes in somebody's group."""
        with suppress(OSError, ValueError):
            words = (self.folder / name / "cgroup.procs").read_text("ascii").split()
            return {int(word) for word in words}
        return set()


def find_groups(plan: HubPlan, root: Path = ROOT) -> MemoryGroups | None:
    """Where the groups of this hub lie on this machine; None if it has no such."""
    name = f"unrolled-{plan.course}"
    with suppress(OSError):
        if "memory" in (root / "cgroup.controllers").read_text("ascii").split():
            return MemoryGroups(root / name, "memory.max", "memory.swap.max")
    if (root / "memory" / "memory.limit_in_bytes").exists():
        folder = root / "memory" / name
        return MemoryGroups(folder, "memory.limit_in_bytes", MEMORY_AND_SWAP)
    return None


def open_groups(plan: HubPlan, root: Path = ROOT) -> MemoryGroups | None:
    """The groups of this hub, made and tried; None if they do not work here."""
    groups = find_groups(plan, root) if plan.memory_mb else None
    if groups is None:
        return None
    try:
        groups.folder.mkdir(exist_ok=True)
        for folder in (groups.folder.parent, groups.folder):
            control = folder / "cgroup.subtree_control"  # of version 2 only
            if control.exists() and "memory" not in control.read_text("ascii").split():
                control.write_text("+memory", encoding="ascii")
        share = psutil.virtual_memory().total * CLASS_SHARE
        groups.set_limit(groups.folder, int(share))
        groups.make_group("-tried", compute_limit(plan)).rmdir()
    except OSError as error:
        log.info("no control groups for students' memory: %s", error)
        return None
    return groups


def compute_limit(plan: HubPlan) -> int:
    """What everything that a student runs may take together, in bytes."""
    return (plan.memory_mb + SERVER_MB) * MEGABYTE


def make_joining(plan: HubPlan, name: str, root: Path = ROOT) -> Callable[[], None]:
    """What a new process of somebody does, as root, to be in their group.

    It does nothing where there are no groups.
    """
    groups = open_groups(plan, root)
    if groups is None:
        return lambda: None
    members = groups.make_group(name, compute_limit(plan)) / "cgroup.procs"
    return lambda: _write(members, 0)  # 0 is whoever writes


def _write(path: Path, number: int) -> None:
    """Write into a file of the system, which is there already."""
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, str(number).encode())
    finally:
        os.close(file)


def remove_groups(plan: HubPlan, root: Path = ROOT) -> None:
    """Remove the groups in which nothing runs any more."""
    groups = find_groups(plan, root)
    if groups is not None:
        for folder in (*_list_groups(groups.folder), groups.folder):
            with suppress(OSError):
                folder.rmdir()


def _list_groups(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from (p for p in list(folder.iterdir()) if p.is_dir())

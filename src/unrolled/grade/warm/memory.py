"""Whether the machine is short of memory, so that nothing should be kept for later."""

from __future__ import annotations

from pathlib import Path

LEAST_BYTES = 512 * 2**20
LEAST_SHARE = 0.1
MACHINE = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")


def is_memory_short() -> bool:
    """Whether less than a tenth is free, or less than 512 MB."""
    rooms = [room for room in (_read_machine(), _read_group()) if room is not None]
    return any(free < max(LEAST_BYTES, LEAST_SHARE * all_) for free, all_ in rooms)


def _read_machine() -> tuple[float, float] | None:
    """Bytes that are free on this machine, and all that it has."""
    try:
        lines = MACHINE.read_text(encoding="ascii").splitlines()
        known = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
        return known["MemAvailable"], known["MemTotal"]
    except (OSError, ValueError, KeyError, IndexError):
        return None


def _read_group() -> tuple[float, float] | None:
    """The same of the container that this process is in, where it has a limit."""
    try:
        most = int((GROUP / "memory.max").read_text(encoding="ascii"))
        used = int((GROUP / "memory.current").read_text(encoding="ascii"))
        stat = (GROUP / "memory.stat").read_text(encoding="ascii")
        # Pages of files count as used, and are given back when somebody needs them.
        parts = dict(line.split() for line in stat.splitlines())
        return most - used + int(parts["inactive_file"]), most
    except (OSError, ValueError, KeyError):
        return None

"""Watches the memory of a process and its descendants: `memory.py PID`.

Ends when its standard input ends, and prints the peak in megabytes.
"""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """A process and all below it, but this one."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if int(child) != os.getpid():
                found += descendants(int(child))
    return found


def kilobytes(pid: int) -> int:
    """The proportional set size of a process; 0 if it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(int(x.split()[1]) for x in text.split("\n") if x.startswith("Pss:"))


def main() -> None:
    """Sample until told to stop."""
    peak, root = 0, int(sys.argv[1])
    while not select.select([sys.stdin], [], [], 0.5)[0]:
        try:
            peak = max(peak, sum(map(kilobytes, descendants(root))))
        except OSError:
            continue
    print(peak // 1024)


if __name__ == "__main__":
    main()

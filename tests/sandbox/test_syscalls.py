"""Calls of Linux that Python has no names for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.tiers import has_huge_pages

from unrolled.sandbox.syscalls import _list_own_memory

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="needs Linux: seccomp is a part of its kernel"
)
SCRIPT = """
import mmap, os, pathlib
from unrolled.sandbox.syscalls import HUGE_PAGE, collapse_memory

own = mmap.mmap(-1, 16 * HUGE_PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
own.write(os.urandom(HUGE_PAGE) * 16)
before = hash(own[:])
print(collapse_memory())
assert hash(own[:]) == before
if (child := os.fork()) == 0:
    own[HUGE_PAGE] = 255 - own[HUGE_PAGE]
    os._exit(hash(own[:]) == before)
assert os.waitpid(child, 0)[1] == 0
assert hash(own[:]) == before
print(pathlib.Path("/proc/self/smaps_rollup").read_text())
"""
MAPS = """\
55d0c0000000-55d0c0021000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000400000 rw-p 00000000 00:00 0
7f0000400000-7f0000500000 r--p 00000000 00:00 0
7f1000000000-7f1000100000 rw-p 00001000 08:01 77                         /lib/a b.so
7f2000000000-7f2000100000 rw-s 00000000 00:01 12                         /dev/zero
7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]
"""


def test_memory_is_put_together_and_stays_the_same() -> None:
    """Are there huge pages afterwards, the same bytes, and a fork with its own?"""
    words = [sys.executable, "-c", SCRIPT]
    run = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    number, *rollup = run.stdout.splitlines()
    if has_huge_pages():
        assert int(number) >= 15
        (line,) = (one for one in rollup if one.startswith("AnonHugePages"))
        assert int(line.split()[1]) >= 15 * 2048
    else:
        assert int(number) == 0


def test_only_memory_of_its_own_is_asked_for() -> None:
    """Are files, what is shared, and the stack left as they are?"""
    assert list(_list_own_memory(MAPS.splitlines())) == [
        (0x55D0C0000000, 0x55D0C0021000),
        (0x7F0000000000, 0x7F0000400000),
    ]

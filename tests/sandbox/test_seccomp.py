"""The filter of system calls, asked call by call in a process that has it."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import pytest

from unrolled.sandbox.seccomp import AUDIT_ARCH

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in AUDIT_ARCH,
    reason="the filter needs Linux on x86_64 or aarch64",
)
# Numbers of the kernel's, not of ours: x86_64 and aarch64.
REFUSED = {
    "execve": (59, 221),
    "ptrace": (101, 117),
    "connect": (42, 203),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "open_by_handle_at": (304, 265),
    "finit_module": (313, 273),
}
SCRIPT = """
import ctypes, errno, json, os, socket, sys
from unrolled.sandbox.seccomp import install

numbers = json.loads(sys.argv[1])
install(os.getpid())
libc = ctypes.CDLL(None, use_errno=True)
told = {}
for name, number in numbers.items():
    ctypes.set_errno(0)
    result = libc.syscall(number, -1, -1, -1, -1, -1)
    number = ctypes.get_errno() if result < 0 else 0
    told[name] = errno.errorcode.get(number, "done")
for name, action in (
    ("clone", os.fork),
    ("a network socket", lambda: socket.socket(socket.AF_INET)),
    ("SIGKILL to itself", lambda: os.kill(os.getpid(), 9)),
    ("a signal to its parent", lambda: os.kill(os.getppid(), 0)),
):
    try:
        action()
        told[name] = "done"
    except OSError as error:
        told[name] = errno.errorcode[error.errno]
os.kill(os.getpid(), 0)
socket.socket(socket.AF_UNIX).close()
print(json.dumps(told))
"""


def test_every_dangerous_call_is_refused_and_harmless_ones_are_not() -> None:
    """Does each fail with EPERM, whatever its arguments, and the process go on?"""
    which = 0 if platform.machine() == "x86_64" else 1
    numbers = {name: pair[which] for name, pair in REFUSED.items()}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(numbers)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told.values()) == {"EPERM"}, told
    assert len(told) == len(REFUSED) + 4

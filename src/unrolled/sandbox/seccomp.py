"""A filter of system calls: what student code has no use for, it cannot call.

Refused calls fail with an error number; nothing is killed, so that a notebook
that tries gets an exception and goes on.
"""

from __future__ import annotations

import ctypes
import errno
import resource
import signal
import struct

from unrolled.sandbox.syscalls import (
    MACHINE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    PR_SET_SECCOMP,
    prctl,
)

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# Names with their numbers on x86_64 and aarch64; None where there is no such call.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    # Landlock asks nobody who calls a socket by its path: warm judges have one.
    "connect": (42, 203),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "setns": (308, 268),
    "unshare": (272, 97),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # Memory that the address-space limit would not count.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "semget": (64, 190),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "personality": (135, 92),
    "landlock_restrict_self": (446, 446),
}
CLONE, CLONE3 = (56, 220), (435, 435)
SOCKET, PRCTL = (41, 198), (157, 167)
KILL, TKILL, TGKILL = (62, 129), (200, 130), (234, 131)
SIGQUEUE, TGSIGQUEUE = (129, 138), (297, 240)
SETRLIMIT, PRLIMIT = (160, 164), (302, 261)
# Calls whose first argument is a process: 0 is this one.
ON_A_PROCESS = {
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
}
SETPRIORITY, IOPRIO_SET = (141, 140), (251, 30)
_CLONE_THREAD, _AF_UNIX = 0x00010000, 1
_X32 = 0x40000000

_LOAD, _JEQ, _JGE, _JSET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH = 0, 4
_ARG0, _ARG1, _ARG2, _ARG2_HIGH = 16, 24, 32, 36
# Where these calls have the signal's number.
SIGNALS = {KILL: _ARG1, TGKILL: _ARG2, SIGQUEUE: _ARG1, TGSIGQUEUE: _ARG2}
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_REFUSE, _NO_SUCH_CALL = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS


_Instruction = tuple[int, int, int, int]


class _Program:
    """A classic BPF program, instruction by instruction."""

    def __init__(self) -> None:
        self.code: list[bytes] = []

    def add(self, op: int, value: int, yes: int = 0, no: int = 0) -> None:
        """Append an instruction; `yes` and `no` say how many to skip."""
        self.code.append(struct.pack("=HBBI", op, yes, no, value))

    def refuse_unless(self, number: int, inner: list[_Instruction]) -> None:
        """For one call: run `inner`, which must end in a return."""
        self.add(_JEQ, number, 0, len(inner))
        for op, value, yes, no in inner:
            self.add(op, value, yes, no)


def build_filter(own_pid: int | None = None, machine: str = MACHINE) -> bytes:
    """The program; with `own_pid`, signals may go to this process only, but SIGKILL.

    A process that was ended by SIGKILL was ended by somebody else: code can neither
    send it to itself nor have it sent by a smaller limit of its seconds of CPU.
    """
    which = {"x86_64": 0, "aarch64": 1}[machine]
    program = _Program()
    # 32-bit code has other numbers for the same calls: all of it is ended.
    program.add(_LOAD, _ARCH)
    program.add(_JEQ, AUDIT_ARCH[machine], 1, 0)
    program.add(_RETURN, _KILL)
    program.add(_LOAD, _NUMBER)
    if machine == "x86_64":  # the x32 calls have numbers of their own
        program.add(_JGE, _X32, 0, 1)
        program.add(_RETURN, _NO_SUCH_CALL)
    for numbers in REFUSED.values():
        number = numbers[which]
        if number is not None:
            program.refuse_unless(number, [(_RETURN, _REFUSE, 0, 0)])
    _add_conditional_rules(program, which, own_pid)
    program.add(_RETURN, _ALLOW)
    return b"".join(program.code)


def _add_conditional_rules(program: _Program, which: int, own_pid: int | None) -> None:
    """Calls that are refused by their arguments. Threads are clones that share all."""
    no, yes = (_RETURN, _REFUSE, 0, 0), (_RETURN, _ALLOW, 0, 0)
    # clone3 has its flags in memory, where a filter cannot look. "No such call" makes
    # the C library fall back to clone.
    unknown = (_RETURN, _NO_SUCH_CALL, 0, 0)
    first = (_LOAD, _ARG0, 0, 0)
    program.refuse_unless(CLONE3[which], [unknown])
    program.refuse_unless(CLONE[which], [first, (_JSET, _CLONE_THREAD, 0, 1), yes, no])
    program.refuse_unless(SOCKET[which], [first, (_JEQ, _AF_UNIX, 0, 1), yes, no])
    # It would outlive the judge that is killed.
    program.refuse_unless(
        PRCTL[which], [first, (_JEQ, PR_SET_PDEATHSIG, 0, 1), no, yes]
    )
    cpu = (_JEQ, resource.RLIMIT_CPU, 0, 1)
    program.refuse_unless(SETRLIMIT[which], [first, cpu, no, yes])
    mine = [] if own_pid is None else [first, (_JEQ, 0, 0, 7)]
    # Reading the limit stays allowed: the new one is then a null pointer. A pointer has
    # 64 bits and a filter compares 32, so both halves are looked at.
    set_cpu = [(_LOAD, _ARG1, 0, 0), (_JEQ, resource.RLIMIT_CPU, 0, 4)]
    is_null = [(_LOAD, _ARG2, 0, 0), (_JEQ, 0, 0, 3)]
    is_null += [(_LOAD, _ARG2_HIGH, 0, 0), (_JEQ, 0, 0, 1)]
    program.refuse_unless(PRLIMIT[which], [*mine, *set_cpu, *is_null, yes, no])
    if own_pid is None:
        return  # a process namespace of its own: there is nobody else to reach
    for numbers, signal_at in SIGNALS.items():
        kill = [(_LOAD, signal_at, 0, 0), (_JEQ, signal.SIGKILL, 0, 1)]
        itself = (_JEQ, own_pid, 0, 2)
        program.refuse_unless(numbers[which], [first, itself, *kill, no, yes])
    for numbers in (TKILL, SETPRIORITY, IOPRIO_SET):
        program.refuse_unless(numbers[which], [no])
    for numbers in ON_A_PROCESS.values():
        program.refuse_unless(numbers[which], [first, (_JEQ, 0, 0, 1), yes, no])


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def install(own_pid: int | None = None) -> None:
    """Put this process under the filter, for good; OSError if there is none here."""
    if MACHINE not in AUDIT_ARCH:
        raise OSError(errno.ENOSYS, f"no system call filter for {MACHINE}")
    code = build_filter(own_pid)
    program = _Filter(len(code) // 8, code)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, 2, ctypes.byref(program))

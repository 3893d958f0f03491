"""What `unrolled doctor` lets student code try: one text for each protection.

A probe prints what it got; nothing printed means that it got nothing. Names in
double braces are filled in: things of the grader's that must be out of reach.
"""

from __future__ import annotations

PRELUDE = """
import ctypes, mmap, os, resource, socket, subprocess

def tries(what, action):
    try:
        got = action()
    except (Exception, MemoryError):
        return
    print(what, repr(got)[:60])

def other(pid):
    if pid == os.getpid():
        raise LookupError("that is this process itself")
    return pid

def connect(family, address):
    door = socket.socket(family)
    door.settimeout(2)
    return door.connect(address)
"""

PROBES = {
    "files": """
for path in ({{canary}}, "/etc/shadow", "/proc/%d/environ" % {{grader}}):
    tries("read " + path, lambda: open(path).read(9))
    tries("wrote " + path, lambda: open(path, "a"))
tries("wrote beside a library", lambda: open(os.__file__ + ".txt", "w"))
""",
    "network": """
tries("connected to the host", lambda: connect(socket.AF_INET, ("127.0.0.1", {{port}})))
tries("reached a socket of the host", lambda: connect(socket.AF_UNIX, {{door}}))
for name in ("AF_INET", "AF_INET6", "AF_VSOCK"):
    tries("made " + name, lambda: socket.socket(getattr(socket, name)))
tries("made AF_NETLINK", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
""",
    "processes": """
def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return pid
tries("forked", fork)
tries("spawned", lambda: os.posix_spawn("/bin/true", ["true"], {}))
tries("started a program", lambda: subprocess.run(["/bin/true"]))
tries("signalled the grader", lambda: os.kill(other({{grader}}), 0))
tries("became a program", lambda: os.execv("/bin/true", ["true"]))
""",
    "memory": """
kept = []
def fill():
    while len(kept) < 40:
        kept.append(mmap.mmap(-1, 64 * 2**20))  # the limit is of address space
tries("took 2.5 GB of a 1 GB budget", fill)
kept.clear()
tries("mapped 3 GB", lambda: mmap.mmap(-1, 3 * 2**30))
tries("made a file in memory", lambda: os.memfd_create("x"))
""",
    "cpu": """
soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
if soft == resource.RLIM_INFINITY:
    print("no limit of CPU time")
more = (hard + 99, hard + 99)
tries("raised the limit", lambda: resource.setrlimit(resource.RLIMIT_CPU, more))
""",
    "disk": """
import errno
block = bytes(32 * 2**20)
def take(file):
    try:  # the room alone: writing 384 MB takes seconds where nothing forbids it
        os.posix_fallocate(file.fileno(), 0, len(block))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        file.write(block)  # a file system, or a filter, that knows no such call
def fill():
    for number in range(12):
        with open("file%d" % number, "wb") as file:
            take(file)
tries("took 384 MB of a 256 MB disk", fill)
""",
    "siblings": """
pid = {{sibling}}
tries("signalled a sibling", lambda: os.kill(other(pid), 0))
tries("read its memory", lambda: open("/proc/%d/mem" % other(pid), "rb"))
tries("saw its command", lambda: open("/proc/%d/cmdline" % other(pid)).read())
tries("called its socket", lambda: connect(socket.AF_UNIX, "\\0unrolled-sibling"))
here = os.path.basename(os.getcwd())
tries("saw its folder", lambda: [p for p in os.listdir("..") if p != here][0])
""",
}

# What a sibling does before: it opens a door that nobody may find.
SIBLING = """
import os, socket
pid = os.getpid()
door = socket.socket(socket.AF_UNIX)
door.bind("\\0unrolled-sibling")
door.listen()
"""

ENDLESS = """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""

FLOOD = "print('x' * 100_000_000)"


def fill_probe(probe: str, values: dict[str, object]) -> str:
    """The text of a probe with its names filled in."""
    text = PRELUDE + PROBES[probe]
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", repr(value))
    return text

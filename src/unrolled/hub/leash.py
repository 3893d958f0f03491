"""Run a command that ends when the process that started it ends.

`python -m unrolled.hub.leash PARENT COMMAND...`: PARENT is the starter's number.
"""

from __future__ import annotations

import os
import signal
import sys

from unrolled.sandbox.syscalls import PR_SET_PDEATHSIG, prctl


def leashed(*command: str) -> list[str]:
    """The command line that runs a Python module's command on a leash."""
    python = [sys.executable, "-P", "-m"]
    return [*python, "unrolled.hub.leash", str(os.getpid()), *python, *command]


def main(arguments: list[str]) -> None:
    """Become the command, told by the kernel when the starter is gone."""
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(arguments[0]):
        sys.exit("the starter is gone already")
    os.execv(arguments[1], arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])

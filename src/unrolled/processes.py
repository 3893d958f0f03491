"""Processes that share work, and never outlive the one that started them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread

from unrolled.sandbox.syscalls import end_with_parent


def command_tied_to_parent(*command: str) -> list[str]:
    """The command line that runs a Python module's command, and ends it with us."""
    python = [sys.executable, "-P", "-m"]
    return [*python, "unrolled.processes", str(os.getpid()), *python, *command]


def main(arguments: list[str]) -> None:
    """Become the command, told by the kernel when the starter is gone."""
    end_with_parent(signal.SIGTERM)
    if os.getppid() != int(arguments[0]):
        sys.exit("the starter is gone already")
    os.execv(arguments[1], arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])


def count_processors() -> int:
    """How many judges this machine has room for."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2


def make_process_pool(
    count: int, prepare: Callable[[], None] | None = None
) -> ProcessPoolExecutor:
    """A pool of `count` fresh processes; each calls `prepare` first.

    They end with this process, also when it is killed: left to themselves they
    would wait for more work for ever.
    """
    return ProcessPoolExecutor(
        count, get_context("spawn"), _prepare_process, (prepare,)
    )


def _prepare_process(prepare: Callable[[], None] | None) -> None:
    Thread(target=_exit_after_parent, name="parent", daemon=True).start()
    if prepare is not None:
        prepare()


def _exit_after_parent() -> None:
    """Wait for the parent: the kernel would tell the end of the thread that started
    this process, and that is no sign that the pool is gone."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

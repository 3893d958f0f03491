"""The server that judges are forked from: started early, it warms up by the way.

Judges are not forked from the grader itself: it has threads (the progress bar),
and a fork of a process with threads may hang.
"""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

THREADS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR")


def context() -> ForkServerContext:
    """The context for judge processes; the server begins to import what they need."""
    for name in THREADS:  # parallel libraries would hang after a fork
        os.environ[f"{name}_NUM_THREADS"] = "1"
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["unrolled.grade.pool"])
    forkserver.ensure_running()
    return found

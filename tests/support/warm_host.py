"""The process that keeps judges warm for a course, as the grading page starts it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from unrolled.course.model import Course
from unrolled.grade.scheduling.pool import ONE_THREAD
from unrolled.grade.warm.address import connect
from unrolled.hub.grading.warm import HOST
from unrolled.processes import command_tied_to_parent

PATIENCE = 120.0


def start_host(course: Course, **environ: str) -> subprocess.Popen[bytes]:
    """Start it, ready or not."""
    return subprocess.Popen(
        command_tied_to_parent(HOST, str(course.root)),
        env={**os.environ, **ONE_THREAD, **environ},
        start_new_session=True,
    )


def wait_until_ready(course: Course, host: subprocess.Popen[bytes]) -> None:
    """Until somebody answers at the socket."""
    until = time.monotonic() + PATIENCE
    while (call := connect(course.root)) is None:
        assert host.poll() is None, "the process with warm judges has ended"
        assert time.monotonic() < until
        time.sleep(0.05)
    call.close()


@contextmanager
def warm_host(course: Course, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """Warm judges for a course, until the end of the block."""
    host = start_host(course, **environ)
    try:
        wait_until_ready(course, host)
        yield host
    finally:
        host.terminate()
        host.wait(PATIENCE)

"""A server with formgrader for a course, nbgrader's own or ours."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from support.jupyter import wait_for

from unrolled.course.model import Course

STOCK = "nbgrader.server_extensions.formgrader"


@contextmanager
def formgrader(course: Course, extension: str = STOCK) -> Iterator[str]:
    """The address of a server with formgrader for a course."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    extensions = {STOCK: False, extension: True}
    words = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
    words += ["--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token="]
    words += [f"--ServerApp.root_dir={course.root}", "--ServerApp.port_retries=0"]
    words += [f"--ServerApp.jpserver_extensions={extensions}"]
    with (course.root.parent / "log").open("wb") as log:
        server = subprocess.Popen(
            words,
            cwd=course.root,
            env={**os.environ, "HOME": str(course.root.parent)},
            stderr=log,
        )
    try:
        yield wait_for(f"http://127.0.0.1:{port}", server)
    finally:
        server.terminate()
        server.wait(30)

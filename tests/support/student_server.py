"""A student's real Jupyter server on loopback, and a browser's side of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from support.exchange_course import COURSE, Hub

from unrolled.hub.setup.jupyter_config import get_extension_module

CONFIG = """
c = get_config()
c.Exchange.root = {exchange!r}
c.Exchange.path_includes_course = True
c.CourseDirectory.course_id = {course!r}
"""


EXTENSIONS = {
    "nbgrader.server_extensions.assignment_list": False,
    get_extension_module("assignment_list"): True,
    "unrolled.hub.lab_notice": True,
    "unrolled.hub.student.page": True,
}


@dataclass
class Browser:
    """Cookies, pages and forms."""

    address: str
    jar: CookieJar = field(default_factory=CookieJar)

    def __post_init__(self) -> None:
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.jar)
        )

    def get(self, path: str, **headers: str) -> tuple[int, str, str]:
        """Status, text and final address."""
        return self._ask(urllib.request.Request(self.address + path, headers=headers))

    def data(self, path: str) -> Any:
        """A document, asked for as the page's script asks."""
        return json.loads(self.get(path, **{"X-Xsrftoken": self.token})[1])

    def where(self, path: str) -> tuple[int, str | None]:
        """Status, and where the answer sends to; the path goes out as it is."""
        host = urllib.parse.urlsplit(self.address).netloc
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location")

    @property
    def token(self) -> str:
        """The page's token against forgery."""
        return next((c.value or "" for c in self.jar if c.name == "_xsrf"), "")

    def post(self, path: str, **values: str) -> tuple[int, str, str]:
        """Send a form as the page has it, with its token against forgery."""
        return self.post_without_token(path, _xsrf=self.token, **values)

    def send(self, path: str, *values: tuple[str, str]) -> tuple[int, str, str]:
        """The same with names that come more than once."""
        data = urllib.parse.urlencode([("_xsrf", self.token), *values]).encode()
        return self._ask(urllib.request.Request(self.address + path, data))

    def post_without_token(self, path: str, **values: str) -> tuple[int, str, str]:
        data = urllib.parse.urlencode(values).encode()
        return self._ask(urllib.request.Request(self.address + path, data))

    def _ask(self, request: Any) -> tuple[int, str, str]:
        request.add_header("Referer", self.address)
        try:
            with self._opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode(), answer.url
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.url


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextlib.contextmanager
def student_server(
    hub: Hub, student: str, program: str = "jupyter_server"
) -> Iterator[Browser]:
    """A student's server, as this process's account; `program` may be jupyterlab."""
    home = hub.home(student)
    settings = home / ".jupyter"
    settings.mkdir(parents=True)
    (settings / "nbgrader_config.py").write_text(
        CONFIG.format(exchange=str(hub.exchange), course=COURSE)
    )
    port = free_port()
    with (home / ".log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", program, "--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token=open"),
                *(f"--ServerApp.root_dir={home}", "--ServerApp.port_retries=0"),
                *("--ServerApp.base_url=/user/ada/",),
                f"--ServerApp.jpserver_extensions={EXTENSIONS}",
            ],
            cwd=home,
            env={
                **os.environ,
                "HOME": str(home),
                "JUPYTER_CONFIG_DIR": str(settings),
                "JUPYTER_DATA_DIR": str(home / ".data"),
                "UNROLLED_COURSE_TITLE": "A title from the environment",
                "JUPYTERHUB_USER": student,
                "UNROLLED_HUB": str(hub.root),
                "UNROLLED_COURSE_ID": COURSE,
            },
            stderr=log,
        )
    try:
        yield wait_for(
            f"http://127.0.0.1:{port}",
            "/user/ada/api?token=open",
            server,
            home / ".log",
        )
    finally:
        server.terminate()
        server.wait(30)


def wait_for(
    address: str, path: str, process: subprocess.Popen[bytes], log: Path
) -> Browser:
    browser = Browser(address)
    for _ in range(600):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            browser.get(path)
            return browser
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def said(page: str) -> str:
    """The message on a page."""
    found = re.search(r'<p class="said[^>]*>(.*?)</p>', page, re.DOTALL)
    return found[1] if found else ""

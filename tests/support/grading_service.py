"""The grading page as JupyterHub runs it, beside a stand-in for the hub."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from support.student_server import Browser, free_port, wait_for

PREFIX = "/services/rnn-grading/"
SCOPE = "access:services!service=rnn-grading"
GRADERS = ("ta", "instructor")


class FakeHub(ThreadingHTTPServer):
    """Signs everybody in as `who`; a token is the name of its owner."""

    def __init__(self, graders: tuple[str, ...] = GRADERS) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.who = "ta"
        self.graders = graders
        self.service = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    server: FakeHub

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path.endswith("/oauth2/authorize"):
            query = parse_qs(asked.query)
            back = {"code": self.server.who, "state": query["state"][0]}
            self.send_response(302)
            target = f"{self.server.service}{PREFIX}oauth_callback?{urlencode(back)}"
            self.send_header("Location", target)
            self.end_headers()
        elif asked.path.endswith("/user"):
            name = self.headers["Authorization"].split()[-1]
            scopes = [SCOPE] if name in self.server.graders else []
            groups = ["instructors-rnn"] if name == "instructor" else []
            about = {"kind": "user", "name": name, "scopes": scopes, "groups": groups}
            self._json(about)
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        code = parse_qs(body)["code"][0]
        self._json({"access_token": code, "token_type": "Bearer"})

    def _json(self, document: Any) -> None:
        data = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def sign_in(hub: FakeHub, stranger: Browser, who: str) -> Browser:
    """The browser of somebody who has signed in, with the token that forms need."""
    hub.who = who
    browser = Browser(stranger.address)
    browser.get(PREFIX)
    return browser


@contextlib.contextmanager
def fake_hub(graders: tuple[str, ...] = GRADERS) -> Iterator[FakeHub]:
    with FakeHub(graders) as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        yield hub
        hub.shutdown()


@contextlib.contextmanager
def grading_service(
    course: Path, hub: FakeHub, **environ: str
) -> Iterator[tuple[Browser, subprocess.Popen[bytes]]]:
    """The service, and a browser that is not signed in yet."""
    port = free_port()
    hub.service = f"http://127.0.0.1:{port}"
    log = course.parent / "service.log"
    with log.open("ab") as out:
        service = subprocess.Popen(
            [sys.executable, "-m", "unrolled.hub.grading.page", str(course)],
            cwd=course,
            env={
                **os.environ,
                "JUPYTERHUB_API_TOKEN": "the-service",
                "JUPYTERHUB_API_URL": f"{hub.address}/hub/api",
                "JUPYTERHUB_BASE_URL": "/",
                "JUPYTERHUB_CLIENT_ID": "service-rnn-grading",
                "JUPYTERHUB_HOST": hub.address,
                "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([SCOPE]),
                "JUPYTERHUB_SERVICE_NAME": "rnn-grading",
                "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
                "JUPYTERHUB_SERVICE_URL": hub.service,
                "FORMGRADER": "rnn",
                "AUTHORING": "rnn-authoring",
                "INSTRUCTORS": "instructors-rnn",
                "JUPYTER_CONFIG_DIR": str(course),
                **environ,
            },
            stderr=out,
        )
    try:
        yield wait_for(hub.service, PREFIX + "state", service, log), service
    finally:
        service.terminate()
        service.wait(30)

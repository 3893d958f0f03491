"""When does a page of the hub count as one that answers?"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

pytest.importorskip("psutil", reason="pip install psutil")

from unrolled.hub.setup.process import is_answering


class _Status(BaseHTTPRequestHandler):
    """Answers with the status that the address asks for."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "there"),
    [(200, True), (403, True), (404, False), (500, False), (502, False), (503, False)],
)
def test_a_page_that_is_an_error_does_not_answer(status: int, there: bool) -> None:
    """Is a sign-in page that fails (500) found by the start and by the check?"""
    with HTTPServer(("127.0.0.1", 0), _Status) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert is_answering(f"http://127.0.0.1:{server.server_port}/{status}") is there
        server.shutdown()

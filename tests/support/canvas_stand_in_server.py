"""The stand-in's HTTP: paging, throttling, tokens, uploads, and faults on demand."""

from __future__ import annotations

import contextlib
import email.parser
import email.policy
import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support.canvas_stand_in import Fields, StandIn

# A request may be cut before or after it was carried out, or get a status instead.
Fault = str | int | None
Faults = Callable[[int, str, str], Fault]


def no_fault(number: int, method: str, path: str) -> Fault:
    """Everything goes well."""
    return None


class Server(ThreadingHTTPServer):
    """Loopback only; `faults` may be changed at any time."""

    daemon_threads = True

    def __init__(self, canvas: StandIn) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.canvas = canvas
        self.faults: Faults = no_fault
        self.seen: list[tuple[str, str]] = []
        self.refused = 0
        self.leaked: list[str] = []
        self.broken: list[str] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that are cut on purpose are no news; a bug of ours is."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.broken.append(repr(error))


@contextlib.contextmanager
def serve(canvas: StandIn) -> Iterator[Server]:
    """Run it in a thread, and end it."""
    server = Server(canvas)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()
    assert not thread.is_alive()
    assert not server.broken, server.broken


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, *args: Any) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        canvas = self.server.canvas
        with canvas.lock:
            self.server.seen.append((method, self.path))
            number = len(self.server.seen)
            fault = self.server.faults(number, method, self.path)
            if fault == "cut before":
                self._cut()
                return
            if isinstance(fault, int):
                self._send(fault, {"errors": [{"message": "An error occurred."}]})
                return
            status, document, headers = self._carry_out(method, body)
        if fault == "cut after":
            self._cut()
            return
        self._send(status, document, headers)

    def _cut(self) -> None:
        """Hang up without a word."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _send(
        self, status: int, document: Any, headers: dict[str, str] | None = None
    ) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        data = text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(data)

    def _carry_out(self, method: str, body: bytes) -> tuple[int, Any, dict[str, str]]:
        canvas = self.server.canvas
        path = urlsplit(self.path).path
        given = self.headers.get("Authorization")
        if path.startswith("/upload/"):
            if given:
                self.server.leaked.append(path)
            return self._receive(int(path.split("/")[2]), body)
        if not canvas.bucket.takes():
            self.server.refused += 1
            slow = "403 Forbidden (Rate Limit Exceeded)"
            return 403, slow, {"X-Rate-Limit-Remaining": "0.0"}
        if given != f"Bearer {canvas.token}":
            wrong = {"errors": [{"message": f"Invalid access token. {given}"}]}
            return 401, wrong, {"WWW-Authenticate": 'Bearer realm="canvas-lms"'}
        return self._route(method, path, body)

    def _route(
        self, method: str, path: str, body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        canvas = self.server.canvas
        base = f"/api/v1/courses/{canvas.number}"
        progress = re.fullmatch(r"/api/v1/progress/(\d+)", path)
        if progress and int(progress[1]) in canvas.jobs:
            canvas.poll_job(int(progress[1]))
            return 200, canvas.job(int(progress[1])), {}
        if method == "GET" and path == f"{base}/assignments":
            return self._page([canvas.told_assignment(n) for n in canvas.assignments])
        if method == "GET" and path == f"{base}/effective_due_dates":
            return 200, self._due_dates(), {}
        ready = re.fullmatch(r"/api/v1/files/(\d+)/create_success", path)
        if method == "GET" and ready and int(ready[1]) in canvas.files:
            canvas.files[int(ready[1])]["ready"] = True
            return 200, self._file(int(ready[1])), {}
        if method == "GET" and path == f"{base}/search_users":
            return self._page(self._users())
        dates = re.fullmatch(rf"{base}/assignments/(\d+)/overrides", path)
        if method == "GET" and dates:
            return self._page(canvas.own_dates.get(int(dates[1]), []))
        below = re.fullmatch(rf"{base}/assignments/(\d+)/submissions(/.*)?", path)
        if below and int(below[1]) in canvas.assignments:
            return self._submissions(method, int(below[1]), below[2] or "", body)
        return (
            404,
            {"errors": [{"message": "The resource does not exist."}]},
            {},
        )

    def _users(self) -> list[dict[str, Any]]:
        """Who is enrolled so; the Test Student only where a list asks for it."""
        asked = [v for k, v in self._query() if k.startswith("enrollment_state")]
        kinds = [v for k, v in self._query() if k.startswith("enrollment_type")]
        return [
            {k: v for k, v in user.items() if not k.startswith("enrollment")}
            for user in self.server.canvas.users.values()
            if user["enrollment_state"] in (asked or ["active", "invited"])
            and user["enrollment"] in (kinds or ["student"])
        ]

    def _due_dates(self) -> dict[str, Any]:
        """For whom an assignment is in a closed grading period."""
        canvas = self.server.canvas
        return {
            number: {
                str(u): {
                    "due_at": None,
                    "in_closed_grading_period": u in canvas.closed.get(int(number), ()),
                }
                for u in canvas.assigned(int(number))
            }
            for name, number in self._query()
            if name == "assignment_ids[]" and int(number) in canvas.assignments
        }

    def _file(self, number: int) -> dict[str, Any]:
        return {"id": number, "url": f"{self.server.url}/files/{number}"}

    def _query(self) -> Fields:
        return parse_qsl(urlsplit(self.path).query, keep_blank_values=True)

    def _page(self, items: list[Any]) -> tuple[int, Any, dict[str, str]]:
        """Ten a page unless asked, a hundred at most, and where the next one is."""
        asked = dict(self._query())
        size = min(100, int(asked.get("per_page", 10)))
        page = int(asked.get("page", 1))
        part = items[(page - 1) * size : page * size]
        if page * size >= len(items):
            return 200, part, {}
        others = "&".join(f"{k}={v}" for k, v in self._query() if k != "page")
        path = urlsplit(self.path).path
        link = f'<{self.server.url}{path}?{others}&page={page + 1}>; rel="next"'
        return 200, part, {"Link": link}

    def _submissions(
        self, method: str, assignment: int, rest: str, body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        canvas = self.server.canvas
        fields = parse_qsl(body.decode(), keep_blank_values=True)
        if method == "POST" and rest == "/update_grades":
            return 200, canvas.start_job(assignment, fields), {}
        if method == "GET" and not rest:
            return self._page(
                [
                    self._told(assignment, u)
                    for u in canvas.assigned(assignment)
                    if canvas.users[u]["enrollment"] == "student"
                ]
            )
        user = canvas.user_of(rest.split("/")[1]) if rest else None
        if user is None or user not in canvas.assigned(assignment):
            return 404, {"errors": [{"message": "no such user"}]}, {}
        if method == "POST" and rest.endswith("/comments/files"):
            return self._offer(dict(fields))
        if method == "PUT":
            text = dict(fields).get("comment[text_comment]", "")
            files = [int(v) for k, v in fields if k.startswith("comment[file_ids]")]
            canvas.comment(assignment, user, text, files)
        return 200, self._told(assignment, user), {}

    def _told(self, assignment: int, user: int) -> dict[str, Any]:
        canvas = self.server.canvas
        found = canvas.submission(assignment, user)
        entered = found["score"]
        deducted = canvas.late_deduction.get(user, 0.0)
        told = {
            "assignment_id": assignment,
            "user_id": user,
            "score": entered if entered is None else entered - deducted,
            "entered_score": entered,
            "excused": found["excused"],
        }
        if canvas.assignments[assignment]["anonymous_grading"]:
            del told["user_id"]
            told["anonymous_id"] = f"anon{user}"
        if ("include[]", "submission_comments") in self._query():
            told["submission_comments"] = [
                {"id": c["id"], "comment": c["comment"]} for c in found["comments"]
            ]
        return told

    def _offer(self, fields: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        """The first step of an upload: where to, and with what."""
        canvas = self.server.canvas
        number = canvas.fresh()
        size = int(fields["size"])
        canvas.files[number] = {"size": size, "content": None, "ready": False}
        url = f"{self.server.url}/upload/{number}"
        return 200, {"upload_url": url, "upload_params": {"key": str(number)}}, {}

    def _receive(self, number: int, body: bytes) -> tuple[int, Any, dict[str, str]]:
        """The second and third step: the file itself."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parser = email.parser.BytesParser(policy=email.policy.HTTP)
        (part,) = [
            p for p in parser.parsebytes(head + body).iter_parts() if p.get_filename()
        ]
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        file = self.server.canvas.files[number]
        if len(content) != file["size"]:
            return 400, {"message": "file size mismatch"}, {}
        file["content"] = content
        if self.server.canvas.redirect:
            where = f"/api/v1/files/{number}/create_success?uuid=x"
            place = self.server.canvas.redirect.replace("here", self.server.url)
            return 303, "", {"Location": place.removesuffix("/") + where}
        file["ready"] = True
        return 201, self._file(number), {}

"""The gate before a server for staff: only what it lets through reaches Jupyter.

A single-user server answers with all that Jupyter and formgrader can do, and they
ask only whether somebody has signed in. This extension stands before all of their
routes. Assistants may send what a list allows (`assistants_routes`), instructors
everything that is no trap.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from jinja2 import ChoiceLoader, PackageLoader
from nbgrader.server_extensions.formgrader import handlers
from tornado.httputil import HTTPServerRequest
from tornado.routing import Matcher, PathMatches, Rule
from tornado.web import RequestHandler
from traitlets import Enum, Unicode
from traitlets.config import Configurable

from unrolled.hub.staff.assistants_routes import is_allowed
from unrolled.hub.staff.formgrader import ProtectedPage
from unrolled.pages import make_environment

ASSISTANTS, INSTRUCTORS = "assistants", "instructors"
INSTRUCTORS_ONLY = "Assistants can read, grade and mark; this is for instructors."
NO_CODE_REASON = "No code is run here; grading runs in a sandbox."
RUNNING_PATHS = re.compile(r"api/(?:kernels|sessions|terminals)\b")
NO_PICTURE_REASON = "Only pictures that came with a notebook are shown here."
SUBMITTED_PATH = re.compile(
    r"formgrader/submissions/(?!components/)[^/]+/(?!(?:next|prev)(?:_incorrect)?/?$)."
)
PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp)$", re.IGNORECASE)
TRAP_REASON = "This address would make formgrader run settings of another folder."


class Gate(Configurable):  # type: ignore[misc]
    """Whose server it is; without a role it has the narrower gate."""

    role = Enum((ASSISTANTS, INSTRUCTORS), ASSISTANTS, help="Whose.").tag(config=True)
    course = Unicode("/", help="The course folder.").tag(config=True)


class RefusalMatcher(Matcher):
    """Matches the requests that are refused; Tornado asks it before any route."""

    def __init__(self, role: str, base: str, course: Path) -> None:
        self.role, self.base, self.course = role, base, course

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """None lets a request through; else the arguments of the handler."""
        why = self.find_refusal(request)
        return {"target_kwargs": {"why": why}} if why else None

    def find_refusal(self, request: HTTPServerRequest) -> str:
        """Why a request is refused; "" if it is not."""
        path = decode_path(request.path)
        if path is None and self.role == INSTRUCTORS:
            path = request.path  # a strange file name of theirs; no trap matches it
        if path is None or not path.startswith(self.base):
            return INSTRUCTORS_ONLY
        path = path.removeprefix(self.base)
        length = request.headers.get("Content-Length", "0").strip()
        has_body = length != "0" or "Transfer-Encoding" in request.headers
        if request.method in ("GET", "HEAD") and has_body:
            return TRAP_REASON  # it may hold arguments, and is not read yet
        if self.role == ASSISTANTS and not is_allowed(request.method or "", path):
            return NO_CODE_REASON if RUNNING_PATHS.match(path) else INSTRUCTORS_ONLY
        if SUBMITTED_PATH.match(path) and not PICTURE.search(path):
            # A page that a student made would act in the marker's name.
            return NO_PICTURE_REASON
        # Formgrader loads nbgrader_config.py from that folder, for a mere link.
        folders = request.arguments.get("path", [])
        if path.startswith("formgrader") and any(map(self._is_elsewhere, folders)):
            return TRAP_REASON
        return ""

    def _is_elsewhere(self, folder: bytes) -> bool:
        """Whether a folder (relative to the server's) is not the course's."""
        try:
            return Path(folder.decode()).resolve() != self.course.resolve()
        except (ValueError, OSError, RuntimeError):
            return True


def decode_path(path: str) -> str | None:
    """A request's path as handlers will see it; None if it has parts of two meanings.

    An encoded slash, a backslash, "." and "..", control characters and what is no
    UTF-8 have no place in any address of ours.
    """
    parts = []
    for raw in path.split("/"):
        try:
            part = unquote_to_bytes(raw).decode("utf-8")
        except UnicodeDecodeError:
            return None
        if part in (".", "..") or "/" in part or "\\" in part:
            return None
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in part):
            return None
        parts.append(part)
    return "/".join(parts)


class RefusalHandler(RequestHandler):
    """Says 403, and why: a page for people, a document for scripts."""

    def initialize(self, why: str) -> None:
        """`why` is the sentence that people read."""
        self.why = why

    def prepare(self) -> None:
        """Answer, whatever the method is."""
        self.set_status(403)
        self.set_header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        )
        self.set_header("X-Content-Type-Options", "nosniff")
        if "text/html" in self.request.headers.get("Accept", ""):
            page = _PAGES.get_template("error.html")
            self.finish(page.render(code=403, reason=self.why))
        else:
            self.set_header("Content-Type", "application/json")
            self.finish(json.dumps({"message": self.why, "reason": None}))


_PAGES = make_environment("unrolled.hub")


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "unrolled.hub.staff.gate"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Stand before all routes of a Jupyter server, also those that come later."""
    gate = Gate(parent=server)
    base = server.web_app.settings["base_url"]
    refusals = RefusalMatcher(gate.role, base, Path(gate.course))
    first = [Rule(refusals, RefusalHandler)]
    if gate.role == ASSISTANTS:
        pages = {"assignments": AssignmentsHandler, "students": StudentsHandler}
        for name, handler in pages.items():
            path = PathMatches(f"{base}formgrader/manage_{name}/?")
            first.append(Rule(path, handler))
    server.web_app.default_router.rules[:0] = first


class _Page(ProtectedPage):
    """Renders our template of a page, which extends nbgrader's."""

    settings: dict[str, Any]

    def render(self, name: str, **values: Any) -> str:
        """The page as text, its scripts marked."""
        theirs = self.settings["nbgrader_jinja2_env"]
        ours = PackageLoader("unrolled.hub", "templates/assistants")
        both = theirs.overlay(loader=ChoiceLoader([ours, theirs.loader]))
        page: str = both.get_template(f"assistants_{name}").render(
            nonce=self.nonce, **values
        )
        return page


class AssignmentsHandler(_Page, handlers.ManageAssignmentsHandler):  # type: ignore[misc]
    """All assignments, and how many have handed in."""


class StudentsHandler(_Page, handlers.ManageStudentsHandler):  # type: ignore[misc]
    """All students, and their scores."""

"""What all handlers of the grading service share: rights, headers, errors."""

from __future__ import annotations

import secrets
from typing import Any

from jupyterhub.services.auth import HubOAuthenticated
from tornado.web import HTTPError, RequestHandler

from unrolled.course import Course
from unrolled.pages import make_environment

PAGES = make_environment("unrolled.hub")
INSTRUCTORS_ONLY = "This page is for the instructors of this course."


class ServiceHandler(HubOAuthenticated, RequestHandler):  # type: ignore[misc]
    """A page for the people who grade, with headers that let nothing else in."""

    @property
    def course(self) -> Course:
        """The course, as its folder was read last."""
        course: Course = self.settings["gradings"].course
        return course

    @property
    def prefix(self) -> str:
        """The service's address, with a slash at its end."""
        return str(self.settings["prefix"])

    def set_default_headers(self) -> None:
        """No other page may show this one; no script but its own."""
        self.nonce = secrets.token_urlsafe(16)
        self.set_header(
            "Content-Security-Policy",
            f"default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; "
            f"script-src 'nonce-{self.nonce}'; form-action 'self'; "
            "frame-ancestors 'none'; base-uri 'none'",
        )
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")

    @property
    def is_instructor(self) -> bool:
        """Whether who looks is an instructor, as the hub's groups say."""
        groups = (self.current_user or {}).get("groups", [])
        return str(self.settings["instructors"]) in groups

    def require_instructor(self) -> None:
        """Raise 403 for everybody else."""
        if not self.is_instructor:
            raise HTTPError(403, reason=INSTRUCTORS_ONLY)

    def write_error(self, status_code: int, **more: Any) -> None:
        """An error as a page of its own."""
        reason = self._reason
        if status_code == 403 and reason != INSTRUCTORS_ONLY:
            reason = "This page is for the people who grade this course."
        page = PAGES.get_template("error.html")
        self.finish(page.render(code=status_code, reason=reason))

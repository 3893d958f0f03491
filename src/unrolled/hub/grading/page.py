"""The grading page of a course, a service of JupyterHub.

    python -m unrolled.hub.grading.page COURSE_FOLDER

Whoever has the scope to open the service gets in; everybody else gets 403. The service
knows what runs and how far it is, so everybody who looks sees the same.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from jupyterhub.services.auth import HubOAuthCallbackHandler
from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler, authenticated

from unrolled.class_report import make_policy
from unrolled.errors import UserError
from unrolled.hub.grading.class_report import render_report
from unrolled.hub.grading.extensions import ExtensionsHandler
from unrolled.hub.grading.handler import GradingHandler
from unrolled.hub.grading.jobs import COMMANDS, REGRADE_COMMANDS
from unrolled.hub.grading.regrade import RegradeHandler
from unrolled.hub.grading.state import GradingState
from unrolled.hub.marking import make_routes
from unrolled.hub.staff.service import PAGES

INSTRUCTOR_VERBS = ("publish",)


class OverviewHandler(GradingHandler):
    """All assignments."""

    @authenticated
    async def get(self) -> None:
        """The page, as it is now; its script asks for what changed."""
        await self.state.warm.ensure()
        rows, error = await self.state.read_rows()
        message = self.state.messages.pop(self.current_user["name"], "")
        self.finish(
            PAGES.get_template("grading.html").render(
                title=self.state.course.title,
                user=self.current_user["name"],
                rows=[(r.name, self.render_row(r)) for r in rows],
                busy=any(r.job and r.job.running for r in rows),
                error=message or error,
                prefix=self.prefix,
                hub=self.settings["hub"],
                formgrader=self.settings["formgrader"],
                authoring=self.settings["authoring"] if self.is_instructor else "",
                token=self.xsrf_token.decode(),
                nonce=self.nonce,
            )
        )


class StateHandler(GradingHandler):
    """The same as data."""

    async def get(self) -> None:
        """JSON: each assignment's numbers, its job, and its row as HTML."""
        if self.current_user is None:
            raise HTTPError(403)
        rows, error = await self.state.read_rows()
        assignments = [r.as_dict() | {"html": self.render_row(r)} for r in rows]
        self.finish({"assignments": assignments, "error": error})


class ActionHandler(GradingHandler):
    """The buttons."""

    @authenticated
    async def post(self, verb: str) -> None:
        """Start or stop a job, then show the page again."""
        name = self.get_body_argument("assignment", "")
        if name not in self.state.course.assignments:
            raise HTTPError(404, reason="This course has no such assignment.")
        running = self.state.jobs.running(name)
        theirs = verb in INSTRUCTOR_VERBS or (
            running and running.verb in REGRADE_COMMANDS
        )
        if theirs:
            self.require_instructor()
        by = self.current_user["name"]
        try:
            if verb == "stop":
                await self.state.jobs.stop(name)
            else:
                await self.state.jobs.start(name, verb, by)
        except UserError as error:
            self.state.messages[by] = str(error)
        if self.get_body_argument("quiet", ""):
            self.set_status(204)  # the page's script asks for the state by itself
        else:
            self.redirect(self.prefix, status=303)


class ReportHandler(GradingHandler):
    """The class report of an assignment or of the term, as a page or as a table."""

    def set_default_headers(self) -> None:
        """The page's own policy, and nobody may frame it."""
        super().set_default_headers()
        policy = f"{make_policy()}; frame-ancestors 'none'"
        self.set_header("Content-Security-Policy", policy)

    @authenticated
    async def get(self, name: str = "", ending: str = "") -> None:
        """Made anew each time it is asked for; ?names=hidden for a projector."""
        course, as_csv = self.state.course, bool(ending)
        if name and name not in course.assignments:
            raise HTTPError(404, reason="This course has no such assignment.")
        hidden = self.get_query_argument("names", "") == "hidden"
        make = partial(render_report, course, self.prefix, name)
        try:
            text = await asyncio.to_thread(make, as_csv=as_csv, hidden=hidden)
        except UserError as error:
            self.state.messages[self.current_user["name"]] = str(error)
            self.redirect(self.prefix, status=303)
            return
        kind = "text/csv" if as_csv else "text/html"
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.finish(text)


class NotFoundHandler(GradingHandler):
    """An address without a page."""

    def prepare(self) -> None:
        """Say so, in a page of our own."""
        raise HTTPError(404, reason="There is no such page here.")


class FilesRedirectHandler(RequestHandler):
    """Links that formgrader makes in a tab of its own: to JupyterLab's files."""

    def get(self, path: str) -> None:
        """Send on to the assistants' server, never anywhere else."""
        parts = path.split("/")
        if not path.isprintable() or "\\" in path or {"..", "."} & set(parts):
            raise HTTPError(404)
        files = f"{self.settings['formgrader']}lab/tree/"
        self.redirect(files + quote("/".join(p for p in parts if p)), status=302)


def make_app(root: Path, environ: dict[str, str]) -> Application:
    """The application; `environ` is what JupyterHub gives to a service."""
    prefix = environ["JUPYTERHUB_SERVICE_PREFIX"]
    hub = environ.get("JUPYTERHUB_BASE_URL", "/")
    formgrader, authoring = (
        f"{hub}services/{quote(environ.get(name, ''), safe='')}/"
        for name in ("FORMGRADER", "AUTHORING")
    )
    verbs = "|".join((*COMMANDS, "stop"))
    return Application(
        [
            (prefix, OverviewHandler),
            (f"{prefix}state", StateHandler),
            (rf"{prefix}report(?:/(\w+?)(\.csv)?)?", ReportHandler),
            (rf"{prefix}extensions/(\w+)", ExtensionsHandler),
            (f"{prefix}({verbs})", ActionHandler),
            *make_routes(prefix),
            (rf"{prefix}regrade/(\w+)(?:/(\w+))?", RegradeHandler),
            (f"{prefix}oauth_callback", HubOAuthCallbackHandler),
            # Formgrader links to these; the proxy leads them here.
            (f"{hub}(?:tree|notebooks|edit)/(.*)", FilesRedirectHandler),
        ],
        default_handler_class=NotFoundHandler,
        gradings=GradingState(root),
        books={},  # answers that were read, by assignment
        marking_news={},  # what the next marking page tells a person
        prefix=prefix,
        hub=hub,
        formgrader=formgrader,
        authoring=authoring,
        instructors=environ.get("INSTRUCTORS", ""),
        cookie_secret=secrets.token_bytes(32),
        xsrf_cookies=True,
    )


async def serve(root: Path, environ: dict[str, str]) -> None:
    """Serve until SIGTERM or SIGINT; the jobs end with the page."""
    app = make_app(root, environ)
    address = urlsplit(environ["JUPYTERHUB_SERVICE_URL"])
    server = HTTPServer(app)
    server.listen(address.port or 80, address.hostname or "127.0.0.1")
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    await end.wait()
    server.stop()
    state: GradingState = app.settings["gradings"]
    await asyncio.gather(state.jobs.close(), state.warm.close())


def main(arguments: list[str]) -> None:
    """Run the service of the course in the folder that is given."""
    try:
        (folder,) = arguments
        root = Path(folder).resolve(strict=True)
        os.chdir(root)  # nbgrader looks for its configuration here
        asyncio.run(serve(root, dict(os.environ)))
    except (ValueError, OSError, KeyError, UserError) as error:
        sys.exit(f"unrolled.hub.grading.page COURSE_FOLDER: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])

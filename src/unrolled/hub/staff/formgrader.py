"""Formgrader on a hub: nbgrader's own, made safe against what students hand in.

A Jupyter server extension in the place of `nbgrader.server_extensions.formgrader`. Its
pages carry a Content-Security-Policy, so that the browser runs no script but theirs:
they show students' work, and names out of rosters, folders and addresses. All else is
nbgrader's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import BaseLoader, Environment, FileSystemLoader
from jupyter_server.utils import url_path_join
from nbgrader.server_extensions.formgrader import apihandlers, handlers
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from nbgrader.utils import to_numeric_tz

from unrolled.feedback.markup.policy import (
    SUBMITTED_FILE_POLICY,
    list_policy,
    marking_policy,
    new_nonce,
)

SCRIPT = "<script"
MARKED_SCRIPT = '<script nonce="{{ nonce }}"'


class NonceLoader(BaseLoader):
    """Loads templates and marks the scripts in them as ours.

    In the template, and not in the page: what is filled in gets no mark.
    """

    def __init__(self, templates: BaseLoader) -> None:
        self.templates = templates

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """The text of a template, its file, and whether that is still the same."""
        text, path, is_current = self.templates.get_source(environment, template)
        return text.replace(SCRIPT, MARKED_SCRIPT), path, is_current


class ProtectedPage:
    """What the handlers of formgrader's own pages do beside nbgrader's work."""

    make_policy: Callable[[str], str] = staticmethod(list_policy)

    @cached_property
    def nonce(self) -> str:
        """The mark of this answer's own scripts, new for each request."""
        return new_nonce()

    @property
    def content_security_policy(self) -> str:
        """Only the page's own scripts run."""
        theirs: str = super().content_security_policy  # type: ignore[misc]
        return f"{theirs}; {self.make_policy(self.nonce)}"

    def render(self, name: str, **values: Any) -> str:
        """The page as text, its scripts marked."""
        page: str = super().render(name, nonce=self.nonce, **values)  # type: ignore[misc]
        return page


class _NonceExporter:
    """The exporter of pages, which hands its template the nonce for its scripts."""

    def __init__(self, exporter: Any, nonce: str) -> None:
        self.exporter, self.nonce = exporter, nonce

    def from_filename(self, filename: str, resources: dict[str, Any]) -> Any:
        """A notebook as a page, and nbconvert's resources."""
        resources = {**resources, "nonce": self.nonce}
        return self.exporter.from_filename(filename, resources=resources)


class SubmissionHandler(ProtectedPage, handlers.SubmissionHandler):  # type: ignore[misc]
    """The page on which a submission is marked."""

    make_policy = staticmethod(marking_policy)

    @property
    def exporter(self) -> _NonceExporter:
        """nbgrader's exporter of the page."""
        return _NonceExporter(super().exporter, self.nonce)


class SubmittedFileHandler(handlers.SubmissionFilesHandler):  # type: ignore[misc]
    """A file that lies beside a submitted notebook: it is shown, and runs nothing."""

    @property
    def content_security_policy(self) -> str:
        """No scripts, and no part in this server's address."""
        return f"{super().content_security_policy}; {SUBMITTED_FILE_POLICY}"


class DueDateHandler(apihandlers.AssignmentHandler):  # type: ignore[misc]
    """An assignment's settings, whose due date is meant on the class's clock.

    The page sends today's offset from UTC with it; across a clock change that would
    move a due date by an hour, though nobody has touched it.
    """

    def get_json_body(self) -> Any:
        """What the page sent, with the offset that its time has."""
        data = super().get_json_body()
        zone, when = self.api.timezone, data.get("duedate_notimezone")
        if when and data.get("duedate_timezone") == to_numeric_tz(zone):
            local = datetime.fromisoformat(when).replace(tzinfo=ZoneInfo(zone))
            data["duedate_timezone"] = f"{local:%z}"
        return data


def _protect(page: type) -> type:
    """A handler of nbgrader's, as one of the pages under a policy."""
    return type(page.__name__, (ProtectedPage, page), {"__doc__": page.__doc__})


PAGES = (
    handlers.ManageAssignmentsHandler,
    handlers.ManageSubmissionsHandler,
    handlers.GradebookAssignmentsHandler,
    handlers.GradebookNotebooksHandler,
    handlers.GradebookNotebookSubmissionsHandler,
    handlers.ManageStudentsHandler,
    handlers.ManageStudentsAssignmentsHandler,
    handlers.ManageStudentNotebookSubmissionsHandler,
)
OUR_HANDLERS = {
    apihandlers.AssignmentHandler: DueDateHandler,
    handlers.SubmissionHandler: SubmissionHandler,
    handlers.SubmissionFilesHandler: SubmittedFileHandler,
    **{page: _protect(page) for page in PAGES},
}


class HardenedFormgrader(FormgradeExtension):  # type: ignore[misc]
    """nbgrader's formgrader with our handlers before its own."""

    def init_tornado_settings(self, webapp: Any) -> None:
        """As nbgrader's, with templates that take no part of an address for HTML.

        An address is what a student can send: names of students and assignments come
        from it into the page, and nbgrader writes them there as they are.
        """
        super().init_tornado_settings(webapp)
        templates = NonceLoader(FileSystemLoader([handlers.template_path]))
        pages = Environment(loader=templates, autoescape=True)
        webapp.settings["nbgrader_jinja2_env"] = pages

    def init_handlers(self, webapp: Any) -> None:
        """Add all addresses; of two for the same, Tornado takes the first."""
        base = webapp.settings["base_url"]
        ours = [
            (url_path_join(base, pattern), OUR_HANDLERS.get(handler, handler), *more)
            for pattern, handler, *more in handlers.default_handlers
        ]
        ours += [
            (url_path_join(base, pattern), OUR_HANDLERS[handler], *more)
            for pattern, handler, *more in apihandlers.default_handlers
            if handler in OUR_HANDLERS
        ]
        webapp.add_handlers(".*$", ours)
        super().init_handlers(webapp)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "unrolled.hub.staff.formgrader"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Add formgrader to a running Jupyter server."""
    formgrader = HardenedFormgrader(parent=server)
    # As nbgrader's own extension does it, whose class ours replaces.
    formgrader.root_dir = server.root_dir
    formgrader.log = server.log
    formgrader.initialize([])
    formgrader.init_tornado_settings(server.web_app)
    formgrader.init_handlers(server.web_app)

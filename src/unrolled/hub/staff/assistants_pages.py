"""Formgrader's pages without the buttons that assistants may not press."""

from __future__ import annotations

from typing import Any

from jinja2 import ChoiceLoader, PackageLoader
from nbgrader.server_extensions.formgrader import handlers
from tornado.routing import PathMatches, Rule

from unrolled.hub.staff.formgrader import ProtectedPage


class _TemplateMixin:
    """Renders our template of a page, which extends nbgrader's."""

    settings: dict[str, Any]

    def render(self, name: str, **values: Any) -> str:
        """The page as text."""
        theirs = self.settings["nbgrader_jinja2_env"]
        ours = PackageLoader("unrolled.hub", "templates/assistants")
        both = theirs.overlay(loader=ChoiceLoader([ours, theirs.loader]))
        page: str = both.get_template(f"assistants_{name}").render(**values)
        return page


class _Page(ProtectedPage, _TemplateMixin):
    """Our template, under the policy of all pages of formgrader."""


class AssignmentsHandler(_Page, handlers.ManageAssignmentsHandler):  # type: ignore[misc]
    """All assignments, and how many have handed in."""


class StudentsHandler(_Page, handlers.ManageStudentsHandler):  # type: ignore[misc]
    """All students, and their scores."""


def build_rules(base: str) -> list[Rule]:
    """The addresses of these pages; `base` is the server's, with a slash at its end."""
    return [
        Rule(PathMatches(f"{base}formgrader/manage_assignments/?"), AssignmentsHandler),
        Rule(PathMatches(f"{base}formgrader/manage_students/?"), StudentsHandler),
    ]

"""What the handlers of the grading page share: the course's state, and its rows."""

from __future__ import annotations

from unrolled.hub.grading.state import GradingRow, GradingState
from unrolled.hub.staff.service import PAGES, ServiceHandler


class GradingHandler(ServiceHandler):
    """A page about the jobs and numbers of the course."""

    @property
    def state(self) -> GradingState:
        """The course and its jobs."""
        state: GradingState = self.settings["gradings"]
        return state

    def render_row(self, row: GradingRow) -> str:
        """One assignment as HTML."""
        return PAGES.get_template("grading_row.html").render(
            row=row,
            prefix=self.prefix,
            xsrf=self.xsrf_form_html(),
            formgrader=self.settings["formgrader"],
            is_instructor=self.is_instructor,
        )

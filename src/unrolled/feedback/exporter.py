"""nbgrader's way to a feedback page: the exporter of its GenerateFeedback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter
from nbformat import NotebookNode

from unrolled.course import load_course
from unrolled.feedback.page import build_feedback, open_reader, render_feedback


class FeedbackExporter(Exporter):  # type: ignore[misc]
    """The page of `unrolled feedback`, of a notebook that nbgrader has read."""

    output_mimetype = "text/html"

    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(
        self, nb: NotebookNode, resources: Any = None, **kw: Any
    ) -> tuple[str, Any]:
        """A graded notebook as a page, and nbconvert's resources."""
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        names = resources["nbgrader"]
        course = load_course(Path.cwd())  # nbgrader's converters stand in its root
        with open_reader(course, names["assignment"]) as reader:
            work = reader.read(names["student"], nb)
            feedback = build_feedback(reader, work)
        shows_tests = course.feedback_tests
        return render_feedback(feedback, work, shows_tests=shows_tests), resources

"""How nbgrader is told: only what differs from its defaults, each with the reason."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nbgrader
from nbgrader.coursedir import CourseDirectory

from unrolled.course import load_course
from unrolled.files import LEFTOVER_PATTERN
from unrolled.gradebook.sqlite import wait_for_others


def configure(config: Any, root: Path) -> None:
    """Set nbgrader's configuration for the course in `root`."""
    course = load_course(root)
    # nbgrader's database code calls the alembic executable, which lies beside Python.
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = here + os.pathsep + os.environ.get("PATH", "")
    config.CourseDirectory.course_id = course.id
    config.CourseDirectory.root = str(course.root)
    # nbgrader says "solution"; the course has always said "solutions".
    config.CourseDirectory.solution_directory = "solutions"
    # What a killed writer left in source/ holds solutions: it must not travel on.
    ignored = CourseDirectory.ignore.default()
    config.CourseDirectory.ignore = [*ignored, LEFTOVER_PATTERN]
    if course.database.url:
        config.CourseDirectory.db_url = course.db_url
    else:  # wait when another writes it; formgrader, too
        wait_for_others(str(course.gradebook), course.database.lock_seconds)
    _configure_generate(config)
    _configure_autograde(config)
    _configure_feedback(config)
    _configure_exchange(config)
    # Formgrader's pages; what the exchange records stays in UTC.
    config.NbGraderAPI.timezone = course.timezone.key


def _configure_generate(config: Any) -> None:
    """A stub names its exercise; a solution runs anywhere, and has no outputs.

    Hidden tests need the judge's names: with them the solved notebook would stop
    at the first, and could never be shown to students.
    """
    base = "nbgrader.preprocessors"
    config.GenerateAssignment.preprocessors = [
        f"{base}.IncludeHeaderFooter",
        f"{base}.LockCells",
        "unrolled.author.preprocessors.ExerciseStubs",
        f"{base}.ClearOutput",
        f"{base}.CheckCellMetadata",
        f"{base}.ComputeChecksums",
        f"{base}.SaveCells",
        f"{base}.ClearHiddenTests",
        f"{base}.ClearMarkScheme",
        f"{base}.ComputeChecksums",
        f"{base}.CheckCellMetadata",
    ]
    config.GenerateSolution.preprocessors = [
        f"{base}.IncludeHeaderFooter",
        f"{base}.LockCells",
        f"{base}.ClearOutput",
        f"{base}.ClearHiddenTests",
        f"{base}.ClearMarkScheme",
    ]


def _configure_autograde(config: Any) -> None:
    """Submissions are rebuilt first, and judged where nbgrader would execute them."""
    base = "nbgrader.preprocessors"
    config.Autograde.exporter_class = "unrolled.grade.preprocessors.SubmissionExporter"
    config.Autograde.sanitize_preprocessors = [
        "unrolled.grade.preprocessors.Rebuild",
        f"{base}.ClearOutput",
        f"{base}.OverwriteKernelspec",
        f"{base}.OverwriteCells",
        f"{base}.CheckCellMetadata",
    ]
    config.Autograde.autograde_preprocessors = [
        "unrolled.grade.preprocessors.Judge",
        f"{base}.LimitOutput",
        "unrolled.grade.preprocessors.SaveGrades",
        "unrolled.grade.late_plugin.LatePenalties",
        f"{base}.CheckCellMetadata",
    ]


def _configure_feedback(config: Any) -> None:
    """Feedback is our own page, which reads the grades itself."""
    config.GenerateFeedback.exporter_class = (
        "unrolled.feedback.exporter.FeedbackExporter"
    )
    config.GenerateFeedback.preprocessors = []
    _configure_pages(config)


def _configure_pages(config: Any) -> None:
    """Formgrader's pages load nothing from elsewhere; only ours runs.

    Our folder comes before nbgrader's; formulas are MathML, made with the page.
    """
    ours = Path(__file__).parent / "feedback" / "templates"
    theirs = Path(nbgrader.__file__).parent / "server_extensions/formgrader/templates"
    config.HTMLExporter.extra_template_basedirs = [str(ours), str(theirs)]
    config.HTMLExporter.filters = {
        "markdown2html": "unrolled.feedback.markup.mathml.markdown2html",
        "comment2html": "unrolled.feedback.markup.mathml.comment2html",
        "new_nonce": "unrolled.feedback.markup.policy.new_nonce",
        "marking_policy": "unrolled.feedback.markup.policy.marking_policy",
    }


def _configure_exchange(config: Any) -> None:
    """Students' folders are checked when collected; releasing tells the dates."""
    plugins = "unrolled.hub.exchange.plugins"
    config.ExchangeFactory.collect = "unrolled.hub.exchange.collect.CheckedCollect"
    config.ExchangeFactory.release_assignment = f"{plugins}.ReleaseWithDates"
    config.ExchangeFactory.release_feedback = f"{plugins}.ReleaseEachFeedback"
    config.ExchangeFactory.fetch_assignment = f"{plugins}.FetchKeepingWork"
    config.ExchangeFactory.submit = f"{plugins}.SubmitOnce"

"""The class report as the grading page serves it."""

from __future__ import annotations

from unrolled import class_report
from unrolled.class_report import Links
from unrolled.course import Course


def render_report(
    course: Course, prefix: str, name: str, *, as_csv: bool, hidden: bool
) -> str:
    """The report of an assignment, or of the term where `name` is empty.

    `hidden` leaves out names. Raises UserError if the gradebook cannot be read.
    """
    query = "?names=hidden" if hidden else ""
    links = Links(
        back=prefix,
        term=f"{prefix}report{query}",
        csv=f"{prefix}report/{name}.csv{query}",
        other_names="?" if hidden else "?names=hidden",
        assignment=f"{prefix}report/NAME{query}",
    )
    if not name:
        term = class_report.build_term_report(course)
        term = class_report.hide_term_names(term) if hidden else term
        return class_report.render_term_page(term, links)
    report = class_report.build_class_report(course, name)
    report = class_report.hide_names(report) if hidden else report
    if as_csv:
        return class_report.render_csv(report)
    return class_report.render_page(report, links)

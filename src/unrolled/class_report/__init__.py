"""The class at a glance: how it did, which mistakes it makes, which checks are odd."""

from unrolled.class_report.behaviour import compare_unexplained
from unrolled.class_report.build import build_class_report, build_term_report
from unrolled.class_report.model import ClassReport, TermReport
from unrolled.class_report.names import hide_names, hide_term_names
from unrolled.class_report.pages import (
    Links,
    make_policy,
    render_csv,
    render_page,
    render_term_page,
)

__all__ = [
    "ClassReport",
    "Links",
    "TermReport",
    "build_class_report",
    "build_term_report",
    "compare_unexplained",
    "hide_names",
    "hide_term_names",
    "make_policy",
    "render_csv",
    "render_page",
    "render_term_page",
]

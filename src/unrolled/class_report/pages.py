"""The reports as pages and as a table, a file each: nothing is loaded by them."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from dataclasses import dataclass
from functools import cache
from html import unescape
from importlib.resources import files

from markupsafe import Markup

from unrolled.class_report.model import ClassReport, TermReport
from unrolled.pages import make_environment

_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, kw_only=True)
class Links:
    """Addresses that a page leads to; "" for what there is not.

    `other_names` is the same report with names, or without. `assignment` is the address
    of an assignment's report, with NAME in the place of its name.
    """

    back: str = ""
    term: str = ""
    csv: str = ""
    other_names: str = ""
    assignment: str = ""


NO_LINKS = Links()


def render_page(report: ClassReport, links: Links = NO_LINKS) -> str:
    """The page of an assignment."""
    page = _PAGES.get_template("class_report.html")
    return page.render(r=report, links=links, **_read_script())


def render_term_page(report: TermReport, links: Links = NO_LINKS) -> str:
    """The page of the term."""
    page = _PAGES.get_template("term_report.html")
    return page.render(r=report, links=links, **_read_script())


def render_csv(report: ClassReport) -> str:
    """The students as a table, one line each."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    columns = ("student", "name", "state", "score", "max_score", "penalty")
    rows.writerow((*columns, "days_late", "handed_in", "failed", "mistakes", "reason"))
    for s in report.students:
        values = [_guard(getattr(s, column)) for column in columns]
        more = (s.days_late, s.handed_in, s.failed, " ".join(s.mistakes))
        rows.writerow((*values, *more, _guard(s.reason)))
    return text.getvalue()


def _guard(value: object) -> object:
    """What a spreadsheet would take for a formula begins with an apostrophe."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def make_policy() -> str:
    """What a report's page may do: show itself, and run the one script that sorts."""
    digest = base64.b64encode(hashlib.sha256(_read_text().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _read_script() -> dict[str, Markup]:
    return {"script": Markup(_read_text()), "policy": Markup(make_policy())}


@cache
def _read_text() -> str:
    return files(__package__).joinpath("templates", "report.js").read_text("utf-8")


def strip_tags(label: str) -> str:
    """A label of a question as plain text."""
    return unescape(_TAG.sub("", label))


def _format_share(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _format_points(points: float | None) -> str:
    return "" if points is None else f"{points:.2f}".rstrip("0").rstrip(".")


_PAGES = make_environment("unrolled.class_report")
_PAGES.filters |= {
    "share": _format_share,
    "points": _format_points,
    "plain": strip_tags,
    "label": Markup,  # made by us from the source notebook, escaped there
}

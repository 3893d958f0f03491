"""The pairs as a page, one file: nothing is loaded by it, and no script runs in it."""

from __future__ import annotations

from markupsafe import Markup

from unrolled.pages import make_environment
from unrolled.similar.model import Excerpt, SharedPart, SimilarReport

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


def render_pairs_page(report: SimilarReport) -> str:
    """The page of an assignment's pairs, both sides of each beside each other."""
    page = _PAGES.get_template("similar.html")
    return page.render(r=report, policy=Markup(POLICY)).lstrip()


def name_part(part: SharedPart) -> str:
    """What a part is called."""
    return part.name or "cells that were added"


def explain_part(part: SharedPart, total: int) -> str:
    """In words, how far a part is from what the class shares."""
    if part.points <= 0:
        return f"{part.as_alike:,} of {total:,} pairs are as alike here: no points"
    if part.as_alike == 1:
        return f"no other pair of {total:,} is as alike here"
    return f"{part.as_alike:,} of {total:,} pairs are as alike here"


def _split_lines(excerpt: Excerpt) -> list[tuple[str, bool]]:
    """The lines of a text, each with whether it is marked."""
    marked = set(excerpt.marked)
    lines = excerpt.text.split("\n")
    return [(line, number in marked) for number, line in enumerate(lines, 1)]


def _format_points(points: float) -> str:
    return f"{points:.1f}"


_PAGES = make_environment("unrolled.similar")
_PAGES.filters |= {
    "part": name_part,
    "explain": explain_part,
    "marked_lines": _split_lines,
    "points": _format_points,
}

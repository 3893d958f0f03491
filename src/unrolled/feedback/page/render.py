"""Feedback as a page: one file with everything in it, and no script."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape

from markupsafe import Markup

from unrolled.feedback.markup import FEEDBACK, comment2html
from unrolled.feedback.page.model import Check, CodeLine, Feedback, Finding, Mistake
from unrolled.feedback.page.notebook import (
    highlight_code,
    level_headings,
    list_cell_views,
    render_text,
)
from unrolled.feedback.page.read_work import Work
from unrolled.pages import make_environment

_CARD = 3  # the level of the heading of an answer
_TAG = re.compile(r"<[^>]+>")


def render_feedback(
    feedback: Feedback, work: Work, *, shows_tests: bool = False
) -> str:
    """The page of a student; hidden tests stand on it with `shows_tests` only."""
    answers = {a.grade_id for a in feedback.answers}
    texts = {
        cell.grade_id: level_headings(render_text(cell), _CARD)
        for cell in work.cells
        if cell.cell_type == "markdown" and cell.grade_id in answers
    }
    views = list_cell_views(
        work.notebook, work.cells, shows_tests=shows_tests, elsewhere=texts.keys()
    )
    page = _PAGES.get_template("feedback.html")
    return page.render(f=feedback, texts=texts, views=views, policy=Markup(FEEDBACK))


def _format_points(points: float) -> str:
    return f"{points:.2f}".rstrip("0").rstrip(".")


def _count_points(points: float) -> str:
    return f"{_format_points(points)} point{'' if points == 1 else 's'}"


def _format_code(text: str) -> Markup:
    """Plain text with Markdown's code in it, as hints and headings have it."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", escape(text, quote=False)))


def _summarize(mistake: Mistake) -> Markup:
    """What is wrong, in a sentence."""
    first = mistake.evidence[0].finding
    if mistake.hint:
        return _format_code(mistake.hint)
    if mistake.guess:
        return Markup("Likely cause: ") + _format_code(mistake.guess)
    if not first.name:
        return _format_code(first.text)
    many = len(mistake.checks)
    return Markup(
        f"{many} check{'s' if many > 1 else ''} failed, and the cause is none of the "
        "usual ones. Compare what you got with what was expected."
    )


def _format_lines(lines: Sequence[CodeLine]) -> list[tuple[CodeLine, Markup]]:
    """Each line with its colours."""
    text = "\n".join(line.text for line in lines)
    html = [Markup(code) for code in str(highlight_code(text)).split("\n")]
    html += [Markup()] * (len(lines) - len(html))  # blank lines at the end
    return list(zip(lines, html, strict=False))


def _format_names(names: Sequence[str]) -> Markup:
    """Names in a sentence: a, b and c."""
    codes = [Markup("<code>{}</code>").format(name) for name in names]
    if len(codes) < 2:
        return Markup("").join(codes)
    return Markup(", ").join(codes[:-1]) + Markup(" and ") + codes[-1]


def _format_place(finding: Finding) -> Markup:
    """The first wrong place of an array: [N=0, T=2]."""
    axes = [f"{axis}=" for axis in finding.axes] or [""] * len(finding.index)
    spots = (
        Markup("<b>{}{}</b>").format(axis, i)
        for axis, i in zip(axes, finding.index, strict=False)
    )
    return Markup('<span class="spot">[{}]</span>').format(Markup(", ").join(spots))


def _strip_label(check: Check) -> Markup:
    """What a check asks, without the exercise that stands above it."""
    _, colon, asked = check.label.partition("</code>: ")
    return Markup(asked if colon else check.label)


def _strip_tags(label: str) -> str:
    return unescape(_TAG.sub("", label))


_PAGES = make_environment("unrolled.feedback.page")
_PAGES.trim_blocks = _PAGES.lstrip_blocks = True
_PAGES.filters |= {
    "points": _format_points,
    "count_points": _count_points,
    "code": _format_code,
    "summary": _summarize,
    "code_lines": _format_lines,
    "names": _format_names,
    "place": _format_place,
    "asked": _strip_label,
    "plain": _strip_tags,
    "label": Markup,  # made by us from the graded notebook, escaped there
    "markdown": lambda text: level_headings(comment2html(text), _CARD),
}

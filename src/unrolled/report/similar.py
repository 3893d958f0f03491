"""Submissions that are alike, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from unrolled.report.listing import Listing
from unrolled.similar import SimilarReport
from unrolled.similar.model import Author, Pair
from unrolled.similar.pages import name_part


def render_pairs(report: SimilarReport) -> RenderableType:
    """A row for each pair, who was left out, and what it all says."""
    table = Listing(title=f"{report.assignment}: submissions that are alike")
    why = "in common, and in no more than few others"
    table.add_columns("score", "stands out", "pair", why, prose=("pair", why))
    table.columns[0].justify = "right"
    for pair in report.pairs:
        table.add_row(*map(Text, _format_pair(pair)))
    left_out = [
        Text.assemble(("not compared " if not _is_part(one.reason) else "", "yellow"))
        + Text(f"{_format_author(one.author)}: {one.reason}".removesuffix(": "))
        for one in report.left_out
    ]
    return Group(table, *left_out, *map(Text, _summarize(report)))


def _is_part(reason: str) -> bool:
    return reason.startswith("only the first")


def _format_pair(pair: Pair) -> tuple[str, ...]:
    parts = [f"{name_part(p)} {p.points:.1f}" for p in pair.parts if p.points > 0]
    mistakes = [
        f"{m.exercise} wrong in the same way {m.points:.1f}"
        for m in pair.mistakes
        if m.points > 0
    ]
    names = f"{_format_author(pair.first)} and {_format_author(pair.second)}"
    mark = "yes" if pair.stands_out else ""
    return f"{pair.score:.1f}", mark, names, ", ".join((*mistakes, *parts))


def _format_author(author: Author) -> str:
    return f"{author.student} ({author.term})" if author.term else author.student


def _summarize(report: SimilarReport) -> Iterator[str]:
    earlier = f" and {report.earlier} of earlier terms" if report.earlier else ""
    yield f"{report.compared} submissions{earlier} compared, {report.total} pairs"
    if not report.graded:
        yield "nothing is graded: mistakes in common are not counted"
    if report.threshold is None:
        yield "too few submissions to say what is usual: no pair is pointed out"
    else:
        count = len(report.outstanding)
        yield (
            f"{count or 'no'} pair{'' if count == 1 else 's'} "
            f"stand{'s' if count == 1 else ''} out (from {report.threshold:.1f} on). A "
            "score is a reason to look and to talk, and no finding."
        )

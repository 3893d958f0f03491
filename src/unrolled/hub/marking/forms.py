"""What the forms of the marking pages send, made into a mark or a rubric."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tornado.web import RequestHandler

from unrolled.errors import UserError
from unrolled.marking import Mark, Rubric, RubricItem

LONGEST = 10_000  # characters of a comment


def read_mark(handler: RequestHandler) -> Mark:
    """The chosen items, points beside them, a comment; UserError if one is none."""
    items = tuple(_read_whole(text) for text in handler.get_body_arguments("item"))
    comment = handler.get_body_argument("comment", "").replace("\r\n", "\n")
    if len(comment) > LONGEST:
        raise UserError(f"The comment is longer than {LONGEST} signs.")
    adjust = handler.get_body_argument("adjust", "")
    return Mark(items=items, adjust=_read_points(adjust or "0"), comment=comment)


def read_rubric(handler: RequestHandler, used: Sequence[int]) -> Rubric:
    """The rubric as it was filled in: an item without text and points is left out.

    A new item gets a number that none of the items `used` has.
    """
    columns = [
        handler.get_body_arguments(name) for name in ("id", "text", "points", "says")
    ]
    if len({len(column) for column in columns}) > 1:
        raise UserError("The rubric came in pieces; load the page again.")
    version = _read_whole(handler.get_body_argument("version", "0"))
    rows = list(zip(*columns, strict=True))
    return Rubric(items=tuple(_read_items(rows, used)), version=version)


def _read_items(
    rows: Sequence[tuple[str, ...]], used: Sequence[int]
) -> Iterator[RubricItem]:
    known = [_read_whole(row[0]) for row in rows if row[0]]
    fresh = max([0, *known, *used]) + 1
    for number, text, points, says in rows:
        if not (text or points):
            continue
        yield RubricItem(
            id=_read_whole(number) if number else fresh,
            text=" ".join(text.split()),
            points=_read_points(points),
            says=" ".join(says.split()),
        )
        fresh += not number


def _read_whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise UserError(f"{text[:20]!r} is no number of an item.")
    return int(text)


def _read_points(text: str) -> float:
    try:
        points = float(text.replace(",", ".").replace("−", "-"))
    except ValueError:
        points = math.nan
    if not math.isfinite(points):
        raise UserError(f"{text[:20]!r} are no points, such as 2 or 0.5.")
    return points

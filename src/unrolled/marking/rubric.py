"""A rubric as data: made from the lesson's marking scheme, changed by the markers."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from unrolled.errors import UserError
from unrolled.gradebook.marking import RubricRow
from unrolled.marking.model import Mark, MarkRecord, Rubric, RubricItem

SCHEME = "**Marking scheme**"
MOST_ITEMS = 40
LONGEST = 2000  # characters of a text
_ITEM = re.compile(r"^(\d+(?:\.\d+)?) points?\b(?: (\([^)]*\)))?:?\s*(.*)$", re.DOTALL)
_EACH = re.compile(r"(?:^|; )1 for ")


def split_scheme(source: str) -> tuple[str, str]:
    """The model answer and the marking scheme of an answer's cell."""
    answer, _, scheme = source.partition(SCHEME)
    return answer.strip(), scheme.strip()


def make_rubric(scheme: str) -> Rubric:
    """The rubric that a marking scheme begins with.

    A line of the scheme ("- 2 points: ...") is an item; one that says "1 for this; 1
    for that" is an item for each.
    """
    found = [part for line in _list_lines(scheme) for part in _split_line(line)]
    return Rubric(
        items=tuple(
            RubricItem(id=number, text=text[:LONGEST], points=points)
            for number, (points, text) in enumerate(found[:MOST_ITEMS], 1)
        )
    )


def _list_lines(scheme: str) -> list[str]:
    lines = re.split(r"^[-*] ", scheme, flags=re.MULTILINE)
    return [" ".join(line.split()) for line in lines if line.strip()]


def _split_line(line: str) -> Iterator[tuple[float, str]]:
    item = _ITEM.match(line)
    if item is None:
        return
    points, about, text = float(item[1]), item[2] or "", item[3]
    parts = _EACH.split(text)
    if parts[0] == "" and len(parts) - 1 == points > 1:
        for part in parts[1:]:
            yield 1.0, f"{about} {part}".strip()
    else:
        yield points, f"{about} {text}".strip()


def check_rubric(rubric: Rubric) -> Rubric:
    """The same rubric; UserError says which item cannot be used."""
    if len(rubric.items) > MOST_ITEMS:
        raise UserError(f"A rubric has at most {MOST_ITEMS} items.")
    for number, item in enumerate(rubric.items, 1):
        if not item.text.strip():
            raise UserError(f"Item {number} of the rubric has no text.")
        if not math.isfinite(item.points) or abs(item.points) > 1e6:
            raise UserError(
                f"Item {number} of the rubric: {item.points} are no points."
            )
        if max(len(item.text), len(item.says)) > LONGEST:
            raise UserError(
                f"Item {number} of the rubric has more than {LONGEST} signs."
            )
    if len({item.id for item in rubric.items}) < len(rubric.items):
        raise UserError("Two items of the rubric have one number.")
    return rubric


def compute_score(rubric: Rubric, mark: Mark, max_score: float) -> float:
    """The points of a mark: of its items together, never below 0 or above the most."""
    points = sum(item.points for item in rubric.select(mark.items)) + mark.adjust
    return min(max_score, max(0.0, round(points, 6)))


def compose_remark(rubric: Rubric, mark: Mark) -> str | None:
    """The comment that the student reads; None where there is nothing to say."""
    says = [item.says for item in rubric.select(mark.items) if item.says]
    lines = "\n".join(f"- {text}" for text in says)
    text = "\n\n".join(part for part in (lines, mark.comment.strip()) if part)
    return text or None


def encode_rubric(rubric: Rubric) -> RubricRow:
    """The rubric as the gradebook keeps it."""
    document = json.dumps([asdict(item) for item in rubric.items])
    return RubricRow(version=rubric.version, document=document)


def decode_rubric(row: RubricRow | None, scheme: str) -> Rubric:
    """The rubric that is kept, or the first one; UserError if it is not as we write."""
    if row is None:
        return make_rubric(scheme)
    try:
        items = tuple(RubricItem(**item) for item in json.loads(row.document))
    except (ValueError, TypeError) as error:
        raise UserError(
            f"a rubric in the gradebook cannot be read: {error}."
        ) from error
    return Rubric(items=items, version=row.version)


def encode_record(record: MarkRecord) -> str:
    """A mark as the gradebook keeps it."""
    return json.dumps(asdict(record))


def decode_record(document: str) -> MarkRecord | None:
    """A mark that was kept; None if there is none, or none that we can read."""
    try:
        values = json.loads(document) if document else {}
        chosen = values.pop("mark")
        mark = Mark(**{**chosen, "items": tuple(chosen["items"])})
        return MarkRecord(mark=mark, **values)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def drop_missing(rubric: Rubric, mark: Mark) -> Mark:
    """A mark without items that the rubric has no longer."""
    kept: Sequence[int] = [item.id for item in rubric.select(mark.items)]
    return Mark(items=tuple(kept), adjust=mark.adjust, comment=mark.comment)

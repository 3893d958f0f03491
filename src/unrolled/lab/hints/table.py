"""The hints that lie beside a notebook, and the one that belongs to a failed check.

`hints.json` comes with the assignment. It holds, for questions of its visible checks,
wrong results that are known, each as a tag and a sealed hint: neither can be had from
the file without the wrong result itself. An empty hint says that the result is known,
and that nothing can be said of it with certainty.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unrolled.lab.checks.errors import CheckFailed, Seen
from unrolled.lab.hints.encode import Grid, encode_value, identify_question
from unrolled.lab.hints.seal import derive_key, open_text

FILE = "hints.json"
FORMAT = 1


@dataclass(frozen=True)
class Question:
    """A question of the checks: how its results are rounded, and the sealed hints."""

    grid: Grid
    hints: Mapping[str, bytes]


def tell_hint(failure: CheckFailed) -> None:
    """Put what is known of the result into the message, in the place of a guess.

    A hint is a help: without a table, or with a broken one, the message stays.
    """
    if failure.seen is None:
        return
    with contextlib.suppress(Exception):
        hint = find_hint(parse_table(Path(FILE).read_bytes()), failure.seen)
        if hint is not None:
            failure.tell(hint)


def parse_table(content: bytes) -> dict[str, Question]:
    """The questions of a table, by name. ValueError or KeyError if it is none."""
    document = json.loads(content)
    if document["format"] != FORMAT:
        raise ValueError(f"hints of format {document['format']}")
    return {
        name: Question(
            Grid(*entry["grid"]),
            {tag: base64.b64decode(text) for tag, text in entry["hints"].items()},
        )
        for name, entry in document["questions"].items()
    }


def find_hint(table: Mapping[str, Question], seen: Seen) -> str | None:
    """What the table says of a result: a hint, "" if nothing is certain, or None."""
    name = identify_question(seen)
    if name not in table:
        return None
    key = derive_key(encode_value(seen.got, table[name].grid), name)
    sealed = table[name].hints.get(key.tag)
    return None if sealed is None else open_text(sealed, key)

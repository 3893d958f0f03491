"""The table of hints of an assignment: the one that is there, or a new one.

Playing a catalogue takes seconds, so a table says what it was made from, and is made
again only when that has changed.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from unrolled.assignment import Material, load_reference
from unrolled.assignment.cells import split_check
from unrolled.author.hints.outline import make_outline

MAKER = 1  # one more when other hints come from the same lesson


def update_table(material: Material, former: bytes | None) -> bytes | None:
    """The table for this state of the lesson; None if it has no catalogue.

    `former` is the file that is there. Raises UserError if the reference notebook or
    the catalogue cannot be run.
    """
    if not material.misconceptions.strip():
        return None
    made_from = digest_lesson(material)
    if former is not None and read_origin(former) == made_from:
        return add_outline(former, make_outline(material))
    # Late: what plays a lesson is slow to load, and most builds have nothing to play.
    from unrolled.author.hints.make import make_table, play_catalogue

    wrongs = play_catalogue(material, load_reference(material))
    return add_outline(make_table(wrongs, made_from), make_outline(material))


def add_outline(table: bytes, outline: dict[str, Any]) -> bytes:
    """The table with this outline; the same bytes for the same content."""
    document = {**json.loads(table), "outline": outline}
    return (json.dumps(document, indent=0, sort_keys=True) + "\n").encode()


def digest_lesson(material: Material) -> str:
    """A digest of all that the hints hang on: visible checks, code, catalogue, data."""
    told = hashlib.sha256(f"hints {MAKER}\0".encode())
    for cell in material.source_cells:
        if cell.runs or cell.role == "check":
            visible, _ = split_check(cell.source)
            parts = (cell.role, cell.grade_id, cell.exercise, visible)
            told.update("\0".join(parts).encode() + b"\0")
    told.update(material.misconceptions.encode() + b"\0")
    for name, content in sorted(material.data.items()):
        if not name.startswith("data/"):
            continue  # laid beside by somebody, and no part of the lesson
        told.update(f"{name}\0{len(content)}\0".encode() + content)
    return told.hexdigest()


def read_origin(table: bytes) -> str:
    """What a table says that it was made from; "" if it is no table."""
    try:
        return str(json.loads(table)["made_from"])
    except (ValueError, KeyError, TypeError):
        return ""

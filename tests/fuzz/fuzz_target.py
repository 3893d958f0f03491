"""Coverage-guided fuzzing of what reads a student's bytes: python fuzz_target.py WHAT.

WHAT is `codec` (a reply of the student's process) or `notebook` (a submitted file);
what follows are options of libFuzzer. Any exception but the two that say "refused"
is a finding, and ends the run with a crash and the input that made it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["unrolled.grade", "nbformat.v3", "nbformat"]):
    from support.small_assignment import material

    from unrolled.errors import UserError
    from unrolled.grade.protocol.codec import CodecError, Decoder, Encoder
    from unrolled.grade.submission.notebook import parse_submission
    from unrolled.grade.submission.rebuild import rebuild_submission

MATERIAL = material()


def _refuse(_: object) -> object:
    raise CodecError("no references here")


def codec(data: bytes) -> None:
    """Any JSON and any buffers: a value that can travel back, or CodecError."""
    text, _, buffers = data.partition(b"\0")
    try:
        node = json.loads(text)
    except (ValueError, RecursionError):
        return
    try:
        value = Decoder(_refuse, (buffers, buffers[:8], b"")).decode(node)
        Encoder(_refuse).encode(value)
    except CodecError:
        return


def notebook(data: bytes) -> None:
    """Any bytes for a file: a rebuilt notebook with all the cells, or UserError."""
    try:
        submitted = parse_submission(data, Path("submitted.ipynb"))
    except UserError:
        return
    rebuilt = rebuild_submission(MATERIAL, submitted).notebook
    assert len(rebuilt["cells"]) >= len(MATERIAL.release_cells)


def main() -> None:
    """Fuzz one of the two until libFuzzer's own limits end it."""
    what = {"codec": codec, "notebook": notebook}[sys.argv.pop(1)]
    atheris.Setup(sys.argv, what)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

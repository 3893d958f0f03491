"""Does anything that a student can send get past "refused"? Guided by coverage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.small_assignment import release_notebook

from unrolled.grade.protocol.codec import Encoder
from unrolled.grade.protocol.rpc import Node

pytest.importorskip(
    "atheris", reason="pip install atheris (Linux, Python 3.11 to 3.13)"
)
HERE = Path(__file__).parent
RUNS = {"codec": 40_000, "notebook": 4_000}


def encoded(value: object) -> bytes:
    """A value as it travels, with its first buffer behind it."""

    def refer(_: object) -> Node:
        return None

    encoder = Encoder(refer)
    text = json.dumps(encoder.encode(value)).encode()
    return text + b"\0" + (encoder.buffers[0] if encoder.buffers else b"")


VALUES = (
    [1, 2.5, "x", None, True, 2**70, 1j],
    {"a": (np.arange(6.0).reshape(2, 3),), "b": {1, 2}, "c": np.float32(2)},
    b"bytes",
)
OLD = b'{"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [{"cell_type": "code",'
OLD += b' "input": "x = 1", "outputs": [], "language": "python"}], "metadata": {}}]}'


def seeds(what: str) -> list[bytes]:
    """Well-formed inputs from which the fuzzer starts."""
    if what == "codec":
        return [encoded(value) for value in VALUES]
    return [json.dumps(release_notebook()).encode(), OLD]


@pytest.mark.parametrize("what", list(RUNS))
def test_nothing_gets_past_refused(what: str, tmp_path: Path) -> None:
    """Is every input taken or refused, and never an accident?"""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds(what)):
        (corpus / str(number)).write_bytes(seed)
    artifacts = f"-artifact_prefix={tmp_path}/"
    options = [
        artifacts,
        f"-runs={RUNS[what]}",
        "-seed=1",
        "-max_len=8192",
        "-timeout=20",
    ]
    run = subprocess.run(
        [sys.executable, "fuzz_target.py", what, str(corpus), *options],
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert f"Done {RUNS[what]}" in run.stderr

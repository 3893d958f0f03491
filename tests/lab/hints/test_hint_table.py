"""What a check says when the notebook has hints beside it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unrolled.assignment import HINTS_FILE
from unrolled.lab import check
from unrolled.lab.checks.errors import CheckFailed, Seen
from unrolled.lab.hints import table
from unrolled.lab.hints.encode import Grid, encode_value, identify_question
from unrolled.lab.hints.seal import derive_key, seal_text
from unrolled.lab.hints.table import FILE, find_hint, parse_table

WANT = [0.125, 0.4871, -0.9]
DOUBLE = np.array(WANT) * 2
HINT = "The factor 2 is one too many."


def write_table(*entries: tuple[Seen, str]) -> None:
    """A table in the working folder that knows these."""
    questions: dict[str, Any] = {}
    for seen, hint in entries:
        name = identify_question(seen)
        key = derive_key(encode_value(seen.got, Grid(0, -4)), name)
        sealed = base64.b64encode(seal_text(hint, key)).decode()
        entry = questions.setdefault(name, {"grid": [0, -4, 0], "hints": {}})
        entry["hints"][key.tag] = sealed
    Path(FILE).write_text(json.dumps({"format": 1, "questions": questions}))


@pytest.fixture(autouse=True)
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test works in a folder of its own, as a notebook does."""
    monkeypatch.chdir(tmp_path)


def said(run: Callable[[], object]) -> str:
    """What a failing check says."""
    with pytest.raises(CheckFailed) as failure:
        run()
    return str(failure.value)


def close(got: object) -> Callable[[], object]:
    """A check of this result."""
    return lambda: check.close("h", got, WANT)


def test_both_sides_mean_the_same_file() -> None:
    """Does the build write what the checks look for?"""
    assert HINTS_FILE == FILE


def test_without_a_table_a_guess_is_said() -> None:
    """Is everything as before where no hints lie beside the notebook?"""
    assert "Hint" not in said(close(DOUBLE))


def test_the_hint_takes_the_place_of_the_guess() -> None:
    """Does a known result get its hint, after got and expected, and no guess?"""
    want = [0.1234, 0.4871, -0.9331, 0.771]
    guessed = lambda: check.close("h", -np.array(want), want)  # noqa: E731
    assert "Likely cause: the sign is flipped" in said(guessed)
    write_table((Seen("close", "h", -np.array(want), want), HINT))
    message = said(guessed)
    assert message.startswith("h: got -0.1234, expected 0.1234")
    assert message.endswith(f"\nHint: {HINT}")
    assert "Likely cause" not in message


def test_a_known_result_without_a_hint_gets_no_guess() -> None:
    """Is nothing guessed where the catalogue knows that a guess could be wrong?"""
    want = [0.1234, 0.4871, -0.9331, 0.771]
    write_table((Seen("close", "h", -np.array(want), want), ""))
    message = said(lambda: check.close("h", -np.array(want), want, cause="chance"))
    assert "Likely cause" not in message and "Hint" not in message
    assert message.startswith("h: got -0.1234, expected 0.1234")


def test_another_wrong_result_gets_none() -> None:
    """Does a result that nobody knows get no hint of the same question?"""
    write_table((Seen("close", "h", DOUBLE, WANT), HINT))
    assert "Hint" in said(close(DOUBLE))
    assert "Hint" not in said(close(np.array(WANT) * 2.001))
    assert "Hint" not in said(lambda: check.close("c", DOUBLE, WANT))


def fails() -> None:
    """Raises, as a student's function may."""
    raise ValueError("operands of shapes (2,3) and (2,)")


@pytest.mark.parametrize(
    ("seen", "run"),
    [
        (
            Seen("array", "h", DOUBLE, ((2, 3), "float")),
            lambda: check.array("h", DOUBLE, (2, 3)),
        ),
        (
            Seen("double", "h", DOUBLE.astype(np.float32)),
            lambda: check.double("h", DOUBLE.astype(np.float32)),
        ),
        (
            Seen("differs", "two rows", (DOUBLE, DOUBLE)),
            lambda: check.differs("two rows", DOUBLE, DOUBLE),
        ),
        (
            Seen("unchanged", "x", DOUBLE, WANT),
            lambda: check.unchanged("x", WANT, DOUBLE),
        ),
        (Seen("equal", "k", 3, 4), lambda: check.equal("k", 3, 4)),
        (
            Seen("results", "loss, dlogits", DOUBLE),
            lambda: check.results(DOUBLE, "loss", "dlogits"),
        ),
        (
            Seen("call", "fails", ("ValueError", "operands of shapes (2,3) and (2,)")),
            lambda: check.call(fails),
        ),
        (
            Seen("that", "two texts are the same", ("abab", "abab")),
            lambda: check.that(False, "two texts are the same", evidence=("abab",) * 2),
        ),
        (
            Seen("equal", "k", (3, DOUBLE), 4),
            lambda: check.equal("k", 3, 4, evidence=DOUBLE),
        ),
        (
            Seen("close", "parts", [1.5, 2.5], [1.5, 3.5]),
            lambda: check.close("parts", [1.5, 2.5], [1.5, 3.5]),
        ),
    ],
)
def test_every_verb_looks_its_result_up(seen: Seen, run: Callable[[], object]) -> None:
    """Does each kind of check find the hint of what it saw?"""
    if seen.kind == "call":
        seen = Seen(seen.kind, seen.name, seen.got, ((), {}))
    assert "Hint" not in said(run)
    write_table((seen, HINT))
    assert said(run).endswith(f"Hint: {HINT}")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": 2}',
        '{"format": 1, "questions": 3}',
        '{"format": 1, "questions": {"x": {"grid": [1], "hints": {}}}}',
    ],
)
def test_a_broken_table_harms_nobody(content: str) -> None:
    """Does the check say what it always says?"""
    before = said(close(DOUBLE))
    Path(FILE).write_text(content)
    assert said(close(DOUBLE)) == before


def test_a_hint_is_cleaned_and_cut() -> None:
    """Can a table that somebody changed print nothing but a short text?"""
    write_table((Seen("close", "h", DOUBLE, WANT), "\x1b[31m" + "x" * 5000))
    message = said(close(DOUBLE))
    assert "\x1b" not in message and len(message) <= 600


def test_evidence_is_not_compared() -> None:
    """Does a check pass, whatever lies beside what it asks?"""
    check.that(True, "never said", evidence=DOUBLE)
    check.equal("k", 4, 4, evidence=DOUBLE)


def test_an_unwritten_function_asks_for_no_hint() -> None:
    """Is nothing looked up, and no key made, for a stub?"""

    def stub() -> None:
        raise NotImplementedError("stub is not written yet")

    write_table((Seen("call", "stub", ("NotImplementedError", "x"), ((), {})), HINT))
    assert said(lambda: check.call(stub)) == "stub is not written yet"


def test_one_key_is_made_for_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does a failing check take one derivation, and a passing one none?"""
    made = []

    def count(result: bytes, question: str) -> Any:
        made.append(question)
        return derive_key(result, question)

    monkeypatch.setattr(table, "derive_key", count)
    write_table((Seen("close", "h", DOUBLE, WANT), HINT))
    check.close("h", np.array(WANT), WANT)
    assert made == []
    said(close(DOUBLE))
    assert len(made) == 1


def test_the_table_alone_tells_nothing() -> None:
    """Is the hint to be had by nobody who lacks the wrong result?"""
    write_table((Seen("close", "h", DOUBLE, WANT), HINT))
    assert "factor" not in Path(FILE).read_text()
    known = parse_table(Path(FILE).read_bytes())
    assert find_hint(known, Seen("close", "h", np.array(WANT), WANT)) is None
    assert find_hint(known, Seen("close", "h", DOUBLE, WANT)) == HINT

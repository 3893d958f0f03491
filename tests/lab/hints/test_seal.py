"""Does a sealed text open to the one key only?"""

from __future__ import annotations

import pytest

from unrolled.lab.hints.seal import derive_key, open_text, seal_text

KEY = derive_key(b"a result", "a question")


@pytest.mark.parametrize("text", ["", "The bias is missing.", "ü" * 300])
def test_the_same_key_opens(text: str) -> None:
    """Does what was sealed come back?"""
    assert (
        open_text(seal_text(text, KEY), derive_key(b"a result", "a question")) == text
    )


@pytest.mark.parametrize(
    ("result", "question"),
    [(b"another", "a question"), (b"a result", "another"), (b"", "")],
)
def test_no_other_key_opens(result: bytes, question: str) -> None:
    """Is a text closed to another result, and to the result of another question?"""
    other = derive_key(result, question)
    assert open_text(seal_text("The bias is missing.", KEY), other) is None
    assert other.tag != KEY.tag


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_changed_text_does_not_open(place: int) -> None:
    """Is a text refused that somebody changed?"""
    sealed = bytearray(seal_text("The bias is missing.", KEY))
    sealed[place] ^= 1
    assert open_text(bytes(sealed), KEY) is None


def test_nothing_shows() -> None:
    """Are there no words, and is a short hint as long as none?"""
    sealed = seal_text("The bias is missing.", KEY)
    assert b"bias" not in sealed and b"missing" not in sealed
    assert len(sealed) == len(seal_text("", KEY))
    assert sealed != seal_text("The bias is missing.", derive_key(b"other", "q"))

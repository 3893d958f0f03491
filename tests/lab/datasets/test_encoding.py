"""Text as numbers and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.lab.datasets.encoding import decode, encode


def test_the_lectures_word() -> None:
    """Is "hello" what the lecture makes of it?"""
    ids = encode("hello", ["h", "e", "l", "o"])
    assert ids.dtype == np.int64
    assert ids.tolist() == [0, 1, 2, 2, 3]


@given(st.text(alphabet="abc \n", max_size=30))
def test_decoding_undoes_encoding(text: str) -> None:
    """Does every text come back?"""
    assert decode(encode(text, " \nabc"), " \nabc") == text


def test_a_character_outside_the_vocabulary_is_named() -> None:
    """Is the strange character named?"""
    with pytest.raises(ValueError, match="'z' is not in the vocabulary"):
        encode("hz", "he")

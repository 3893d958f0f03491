"""Sealing a text with a key that is made from a result: who has the result reads it.

The key comes from scrypt, so that each guess costs time. The text is enciphered by a
key stream (SHAKE-256) and signed (BLAKE2b): whatever was sealed with another result
does not open.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

_COST = {"n": 2**12, "r": 8, "p": 1}  # 4 MiB, about a hundredth of a second
_BLOCK = 64  # texts are filled up: their length tells little
_SIGNATURE = 16


@dataclass(frozen=True)
class Key:
    """What a result opens: the entry of this `tag`, with the two keys."""

    tag: str
    stream: bytes
    signature: bytes


def derive_key(result: bytes, question: str) -> Key:
    """The key that belongs to this result of this question."""
    made = hashlib.scrypt(result, salt=question.encode(), dklen=72, **_COST)
    return Key(made[:8].hex(), made[8:40], made[40:])


def seal_text(text: str, key: Key) -> bytes:
    """The text, so that only `open_text` with the same key reads it."""
    plain = text.encode()
    plain = len(plain).to_bytes(2, "big") + plain
    plain += bytes(-len(plain) % _BLOCK)
    hidden = _apply_stream(plain, key)
    return _sign(hidden, key) + hidden


def open_text(sealed: bytes, key: Key) -> str | None:
    """The text; None if it was sealed with another key, or was changed."""
    signature, hidden = sealed[:_SIGNATURE], sealed[_SIGNATURE:]
    if not hmac.compare_digest(signature, _sign(hidden, key)):
        return None
    plain = _apply_stream(hidden, key)
    return plain[2 : 2 + int.from_bytes(plain[:2], "big")].decode()


def _apply_stream(text: bytes, key: Key) -> bytes:
    stream = hashlib.shake_256(key.stream).digest(len(text))
    return bytes(a ^ b for a, b in zip(text, stream, strict=True))


def _sign(hidden: bytes, key: Key) -> bytes:
    signed = hashlib.blake2b(hidden, key=key.signature, digest_size=_SIGNATURE)
    return signed.digest()

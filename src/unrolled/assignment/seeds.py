"""Seeds of hidden inputs: one for each student, one for each check of it."""

from __future__ import annotations

import hashlib


def derive_seed(secret: str, assignment: str, student: str) -> int:
    """The seed of one student's hidden inputs; the secret cannot be had from it."""
    text = "\0".join((secret, assignment, student))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def derive_cell_seed(seed: int, grade_id: str) -> list[int]:
    """The seed of one check, as numpy's default_rng takes it."""
    return [seed, int.from_bytes(hashlib.sha256(grade_id.encode()).digest()[:8], "big")]

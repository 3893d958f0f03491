"""The public key that Canvas wants of every app.

An app signs with its key when it asks Canvas for something. This one never asks, so
the private half is not kept at all.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from unrolled.errors import UserError


def ensure_public_key(path: Path) -> dict[str, Any]:
    """The key in `path`, as a JSON Web Key; it is made at first need."""
    try:
        if not path.exists():
            path.write_text(json.dumps(_generate_key()), encoding="utf-8")
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: {error}. Delete it, and a new key is made."
        ) from error


def _generate_key() -> dict[str, Any]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    public = {name: key[name] for name in ("kty", "n", "e")}
    return public | {"alg": "RS256", "use": "sig", "kid": uuid.uuid4().hex}

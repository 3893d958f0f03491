"""Pictures that a student pastes into a written answer: PNG and JPEG, and no more."""

from __future__ import annotations

import base64
import binascii
import io
import re
from typing import Any

from PIL import Image, UnidentifiedImageError

MAX_BYTES = 4 * 2**20
MAX_PIXELS = 40_000_000
MAX_PICTURES = 10
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}
_NAME = re.compile(r"[\w. ()-]{1,80}\Z")


def safe_attachments(attachments: Any) -> dict[str, dict[str, str]]:
    """The attachments that are real pictures of a bounded size, by name."""
    if not isinstance(attachments, dict):
        return {}
    kept: dict[str, dict[str, str]] = {}
    for name, bundle in list(attachments.items())[:MAX_PICTURES]:
        if isinstance(name, str) and _NAME.match(name) and isinstance(bundle, dict):
            pictures = {k: bundle[k] for k in _FORMATS if is_picture(bundle.get(k), k)}
            kept |= {name: pictures} if pictures else {}
    return kept


def is_picture(content: Any, kind: str) -> bool:
    """Whether base64 text is a picture of the kind it claims."""
    if not isinstance(content, str) or len(content) > 4 * MAX_BYTES // 3 + 4:
        return False
    try:
        data = base64.b64decode("".join(content.split()), validate=True)
        with Image.open(io.BytesIO(data), formats=[_FORMATS[kind]]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return False
            picture.verify()
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return False
    except Image.DecompressionBombError:
        return False
    return True

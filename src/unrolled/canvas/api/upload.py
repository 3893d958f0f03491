"""A file to Canvas in its three steps.

canvasapi knows the first two: it follows the redirect that ends the second as any
other, without the token, but Canvas makes a file ready only for somebody it knows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from canvasapi.exceptions import CanvasException
from canvasapi.requester import Requester

from unrolled.canvas.api.http import is_same_origin


def upload(way: Requester, canvas: str, url: str, page: Path) -> int | None:
    """The number that Canvas gives a page sent to `url`; None if it takes none.

    The file itself goes where Canvas says, without the token. The token goes along
    again only if the last step is at `canvas`. Raises what requests and canvasapi do.
    """
    content = page.read_bytes()
    asked = [("name", page.name), ("size", len(content)), ("content_type", "text/html")]
    offer = _parse_document(way.request("POST", url, _kwargs=asked))
    if "upload_url" not in offer:
        raise CanvasException("Canvas does not say where a file is to be sent")
    place, fields = str(offer["upload_url"]), dict(offer.get("upload_params") or {})
    answer = way._session.post(
        place,
        data=fields,
        files={"file": (page.name, content, "text/html")},
        allow_redirects=False,
    )
    if answer.status_code >= 400:
        raise CanvasException(f"the upload failed with status {answer.status_code}")
    next_one = answer.headers.get("Location", "")
    if answer.is_redirect or (next_one and "id" not in _parse_document(answer)):
        return _finish_upload(way, canvas, urljoin(place, next_one))
    return _read_number(_parse_document(answer))


def _finish_upload(way: Requester, canvas: str, place: str) -> int | None:
    """The last step, at Canvas itself."""
    if not is_same_origin(place, canvas):
        raise CanvasException("the upload was sent on to another place than Canvas")
    return _read_number(_parse_document(way.request("GET", _url=place)))


def _parse_document(answer: Any) -> dict[str, Any]:
    """What an answer tells; Canvas may put a guard before its JSON."""
    try:
        found = json.loads(answer.text.removeprefix("while(1);"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _read_number(document: dict[str, Any]) -> int | None:
    return int(document["id"]) if "id" in document else None

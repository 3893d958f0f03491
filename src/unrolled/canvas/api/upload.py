"""A file to Canvas in its three steps.

canvasapi can do the first two: it follows the redirect that ends the second like any
other, without the token, but Canvas finishes an upload only for somebody it knows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from canvasapi.exceptions import CanvasException
from canvasapi.requester import Requester

from unrolled.canvas.api.http import is_same_origin


def upload(requester: Requester, canvas: str, url: str, page: Path) -> int | None:
    """The number that Canvas gives a page sent to `url`; None if it takes none.

    The file itself goes where Canvas says, without the token. The token goes along
    again only if the last step is at `canvas`. Raises what requests and canvasapi do.
    """
    content = page.read_bytes()
    form = [("name", page.name), ("size", len(content)), ("content_type", "text/html")]
    offer = _parse_document(requester.request("POST", url, _kwargs=form))
    if "upload_url" not in offer:
        raise CanvasException("the answer has no address to upload the file to")
    target = str(offer["upload_url"])
    answer = requester._session.post(
        target,
        data=dict(offer.get("upload_params") or {}),
        files={"file": (page.name, content, "text/html")},
        allow_redirects=False,
    )
    if answer.status_code >= 400:
        raise CanvasException(f"the upload failed with status {answer.status_code}")
    location = answer.headers.get("Location", "")
    # The storage may redirect, or answer 201 with the place of the last step.
    if answer.is_redirect or (location and "id" not in _parse_document(answer)):
        return _finish_upload(requester, canvas, urljoin(target, location))
    return _read_number(_parse_document(answer))


def _finish_upload(requester: Requester, canvas: str, url: str) -> int | None:
    """The last step, at Canvas itself: only there may the token go."""
    if not is_same_origin(url, canvas):
        raise CanvasException("the upload was redirected to a server outside Canvas")
    return _read_number(_parse_document(requester.request("GET", _url=url)))


def _parse_document(answer: Any) -> dict[str, Any]:
    """What an answer tells; Canvas may put a guard before its JSON."""
    try:
        document = json.loads(answer.text.removeprefix("while(1);"))
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _read_number(document: dict[str, Any]) -> int | None:
    return int(document["id"]) if "id" in document else None

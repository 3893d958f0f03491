"""Requests to Canvas that wait and try again, and errors that never tell the token."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from canvasapi import exceptions as canvas_errors
from canvasapi.exceptions import CanvasException
from canvasapi.requester import Requester
from requests.auth import AuthBase

from unrolled.canvas.api.errors import CanvasFailedError
from unrolled.canvas.api.token import Token

TRIES = 9
MAX_BACK_OFF = 30.0
TIMEOUT = (10.0, 60.0)
_CONNECTION_ERRORS = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
)
# canvasapi gets this instead of the token, so that it cannot write it anywhere.
PLACEHOLDER_TOKEN = "kept-by-unrolled"
_RETRY = "run the command again; it continues where it stopped"


class _BearerAuth(AuthBase):
    """Puts the token into requests to Canvas itself, never into one to elsewhere."""

    def __init__(self, token: Token, origin: str) -> None:
        self._token = token
        self._origin = _parse_origin(origin)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        header = request.headers.pop("Authorization", "")
        wants_token = header == f"Bearer {PLACEHOLDER_TOKEN}"
        if wants_token and _parse_origin(request.url or "") == self._origin:
            request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


def _parse_origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


class RetryingSession(requests.Session):
    """A session with time limits, that waits when Canvas throttles or is away.

    A throttled request was not carried out: it is repeated. After a lost connection
    or an error of the server nobody knows; what may be done twice is repeated, but
    never a PUT, which carries comments: its caller looks first.
    """

    def __init__(
        self, token: Token, url: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__()
        self.auth = _BearerAuth(token, url)
        self._token = token
        self._pause = pause

    def send(self, request: requests.PreparedRequest, **options: Any) -> Any:
        """Send, and again after a longer and longer pause."""
        options["timeout"] = options.get("timeout") or TIMEOUT
        repeatable = request.method != "PUT"
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                response = super().send(request, **options)
            except requests.exceptions.SSLError:
                raise  # a ConnectionError, too, but no later try will do better
            except _CONNECTION_ERRORS:
                if last or not repeatable:
                    raise
                self._pause(_compute_back_off(attempt))
                continue
            _scrub(response, self._token)
            away = repeatable and response.status_code >= 500
            if last or not (away or is_throttled(response)):
                return response
            self._pause(_parse_retry_after(response) or _compute_back_off(attempt))
        raise AssertionError("the last attempt returns or raises")


def _scrub(response: requests.Response, token: Token) -> None:
    """A server that repeats what it was sent shall not bring the token into a log."""
    secret = token.reveal().encode()
    if secret in (response.content or b""):
        response._content = response.content.replace(secret, b"****")


def is_throttled(response: requests.Response) -> bool:
    """Whether Canvas asks to slow down: 429, or 403 in its own way."""
    return response.status_code == 429 or (
        response.status_code == 403 and "rate limit exceeded" in response.text.lower()
    )


def _parse_retry_after(response: requests.Response) -> float:
    try:
        seconds = float(response.headers.get("Retry-After", 0))
    except ValueError:  # a date
        return 0.0
    return min(MAX_BACK_OFF, max(0.0, seconds))


def _compute_back_off(attempt: int) -> float:
    """From half a second, doubled each time; by chance, lest all come at once."""
    return random.uniform(0.5, 1.0) * min(MAX_BACK_OFF, 0.5 * 2.0**attempt)


def make_requester(url: str, session: requests.Session) -> Requester:
    """canvasapi's way to Canvas, over our session."""
    requester = Requester(url, PLACEHOLDER_TOKEN)
    requester._session = session
    return requester


@contextlib.contextmanager
def translate_errors(token: Token, course: str) -> Iterator[None]:
    """Turn what canvasapi and requests raise into one line without the token."""
    try:
        yield
    except canvas_errors.InvalidAccessToken:
        why = "Canvas does not accept the access token (expired?). Make a new one"
    except canvas_errors.ResourceDoesNotExist:
        why = (
            "Canvas has no such course or assignment, or hides it from the owner of "
            "the access token"
        )
    except (canvas_errors.Unauthorized, canvas_errors.Forbidden) as error:
        why = "the owner of the access token is not allowed to do this in the course"
        if "rate limit" in str(error).lower():
            why = f"Canvas still asks to slow down. Wait a few minutes, then {_RETRY}"
    except CanvasException as error:
        why = f"Canvas refused: {token.scrub(str(error))[:300]}. To retry, {_RETRY}"
    except requests.exceptions.SSLError:
        why = "the server's certificate is not valid, so nothing was sent"
    except requests.exceptions.RequestException as error:
        why = f"the connection was lost ({type(error).__name__}). To retry, {_RETRY}"
    except ValueError as error:
        why = (
            f"the answer does not look like Canvas's ({type(error).__name__}). To "
            f"retry, {_RETRY}"
        )
    else:
        return
    raise CanvasFailedError(f"{course}: {why}.") from None


def upload(requester: Requester, canvas: str, url: str, page: Path) -> int | None:
    """The number that Canvas gives a page sent to `url`; None if it takes none.

    canvasapi could do the first two of the three steps: it follows the redirect that
    ends the second like any other, without the token, but Canvas finishes an upload
    only for somebody it knows. The file itself goes where Canvas says, without the
    token. That goes along again only if the last step is at `canvas`. Raises what
    requests and canvasapi do.
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
        last = urljoin(target, location)
        if _parse_origin(last) != _parse_origin(canvas):  # only there may the token go
            why = "the upload was redirected to a server outside Canvas"
            raise CanvasException(why)
        answer = requester.request("GET", _url=last)
    number = _parse_document(answer).get("id")
    return None if number is None else int(number)


def _parse_document(answer: Any) -> dict[str, Any]:
    """What an answer tells; Canvas may put a guard before its JSON."""
    try:
        document = json.loads(answer.text.removeprefix("while(1);"))
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}

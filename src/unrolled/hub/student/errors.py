"""Turn errors of the exchange into sentences that help a student."""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from nbgrader.exchange import ExchangeError

log = logging.getLogger("unrolled.hub")


class StudentFacingError(Exception):
    """An error whose message is a sentence for the student."""


ASK = "Please tell your instructor."
_ERRNOS = {
    errno.ENOSPC: "the disk is full. Delete what you no longer need and try again.",
    errno.EDQUOT: "your disk quota is used up. Delete what you no longer need and "
    "try again.",
    errno.EACCES: f"you have no permission to read or write there. {ASK}",
    errno.EROFS: f"the disk is read-only. {ASK}",
}
# nbgrader's errors have no types of their own: a part of the message tells them apart.
_SIGNS = {
    "Assignment not found": "it does not exist, or is not released any more.",
    "missing notebooks": "its notebook is not in your folder. If you renamed or "
    "moved it, put it back under its old name, or get a fresh copy.",
    "Unwritable directory": f"the exchange folder is not writable. {ASK}",
    "Inbound directory": f"the folder to hand it in to is missing. {ASK}",
    "do not have access": f"this account is not enrolled in the course. {ASK}",
    "have write permissions": f"the exchange folder is not writable. {ASK}",
    "have read permissions": f"the exchange folder is not readable. {ASK}",
    "No space left": _ERRNOS[errno.ENOSPC],
    "Disk quota exceeded": _ERRNOS[errno.EDQUOT],
    "too big": "the folder is too large. Delete large files that are not needed.",
}


@contextmanager
def explain_errors(what: str) -> Iterator[None]:
    """Turn every error into a StudentFacingError: `what` happened, and why."""
    try:
        yield
    except StudentFacingError:
        raise
    except Exception as error:
        log.exception("%s", what)
        raise StudentFacingError(f"{what}: {_explain(error)}") from error


def _explain(error: Exception) -> str:
    text = _format_message(error)
    for sign, why in _SIGNS.items():
        if sign in text:
            return why
    kind = type(error)
    if kind.__module__.startswith(("requests", "nbgrader.auth")):
        return f"the hub does not answer. Try again in a minute. If that fails: {ASK}"
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return _ERRNOS[error.errno]
    if isinstance(error, ExchangeError):
        return f"{text}."
    return f"{kind.__name__}: {text}. {ASK}"


def _format_message(error: Exception) -> str:
    """The message in one line; of a failed copy, that of its first file."""
    if isinstance(error, shutil.Error) and error.args and error.args[0]:
        first = error.args[0][0]
        return str(first[-1] if isinstance(first, tuple) else first)
    return " ".join(str(error).split()).rstrip(".")

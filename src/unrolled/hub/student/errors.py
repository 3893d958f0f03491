"""What went wrong with the exchange, in words that help a student."""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from nbgrader.exchange import ExchangeError

log = logging.getLogger("unrolled.hub")


class StudentFacingError(Exception):
    """A message for the student."""


ASK = "Please tell your instructor."
_ERRNOS = {
    errno.ENOSPC: "the disk is full. Delete what you no longer need and try again.",
    errno.EDQUOT: "your disk quota is used up. Delete what you no longer need and "
    "try again.",
    errno.EACCES: f"this account may not read or write there. {ASK}",
    errno.EROFS: f"the disk is read-only. {ASK}",
}
_SIGNS = {
    "Assignment not found": "it is not there, or no longer released.",
    "missing notebooks": "its notebook is not in your folder. Was it renamed or "
    "moved? Put it back under its old name, or take a fresh copy.",
    "Unwritable directory": f"the exchange cannot be written to. {ASK}",
    "Inbound directory": f"there is no place to hand it in. {ASK}",
    "do not have access": f"this account is not enrolled in the course. {ASK}",
    "have write permissions": f"the exchange cannot be written to. {ASK}",
    "have read permissions": f"the exchange cannot be read. {ASK}",
    "No space left": _ERRNOS[errno.ENOSPC],
    "Disk quota exceeded": _ERRNOS[errno.EDQUOT],
    "too big": "the folder is too large. Delete large files that it does not need.",
}


@contextmanager
def explain_errors(what: str) -> Iterator[None]:
    """Turn every error into Trouble: `what` happened, and why."""
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
        return f"the hub does not answer. Try again in a minute; if it stays: {ASK}"
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

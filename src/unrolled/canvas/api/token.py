"""The access token for Canvas: from the environment or a file that only you may read.

It is never an argument (other people of the machine see those), and it shows itself
nowhere: its text and its representation are stars.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import NoReturn

from unrolled.course import Course
from unrolled.errors import UserError

VARIABLE = "CANVAS_TOKEN"
FILE = "canvas.token"
_SHAPE = re.compile(r"[!-~]{4,}\Z")


class Token:
    """A secret; `reveal` is called where it enters a request, and nowhere else."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The token itself."""
        return self._value

    def scrub(self, text: str) -> str:
        """A text in which the token, should it be there, is stars."""
        return text.replace(self._value, "****")

    def __repr__(self) -> str:
        return "Token(****)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is never written down")


def read_token(course: Course, file: Path | None = None) -> Token:
    """From `file`, else the environment, else canvas.token of the course folder.

    Raises UserError if there is none, if others may read the file, or if it holds
    something else.
    """
    if file is None and os.environ.get(VARIABLE, "").strip():
        return _parse_token(os.environ[VARIABLE], f"the environment's {VARIABLE}")
    path = file or course.root / FILE
    try:
        with path.open(encoding="ascii", errors="replace") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            text = opened.read(10_000)
    except FileNotFoundError:
        raise UserError(_explain_missing(path)) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}.") from error
    if mode & 0o077:
        raise UserError(f"{path}: others may read it; run `chmod 600 {path.name}`.")
    return _parse_token(text, str(path))


def _explain_missing(path: Path) -> str:
    return (
        f"no access token: set {VARIABLE} in the environment, or write it to {path} "
        "(mode 600). In Canvas: Account > Settings > New Access Token."
    )


def _parse_token(text: str, where: str) -> Token:
    value = text.strip()
    if not _SHAPE.match(value):
        raise UserError(f"{where}: does not hold one access token and nothing else.")
    return Token(value)

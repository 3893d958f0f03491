"""The access token for Canvas: from the environment or a file that only you may read.

It is never an argument (other people on the machine see those), and it shows itself
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


def read_token(course: Course, path: Path | None = None) -> Token:
    """From `path`, else the environment, else canvas.token of the course folder.

    Raises UserError if there is none, if others may read the file, or if it holds
    something else.
    """
    if path is None and os.environ.get(VARIABLE, "").strip():
        return _parse_token(os.environ[VARIABLE], f"the environment's {VARIABLE}")
    path = path or course.root / FILE
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            # Of the open file: a name could change hands between look and read.
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(10_000)
    except FileNotFoundError:
        raise UserError(
            f"no access token: set {VARIABLE} in the environment, or write the token "
            f"to {path} (mode 600). In Canvas: Account > Settings > New Access Token."
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}.") from error
    if mode & 0o077:
        raise UserError(
            f"{path}: other users can read it; run `chmod 600 {path.name}`."
        )
    return _parse_token(text, str(path))


def _parse_token(text: str, where: str) -> Token:
    value = text.strip()
    if not _SHAPE.match(value):
        raise UserError(f"{where}: must hold one access token and nothing else.")
    return Token(value)

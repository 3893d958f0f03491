"""The one exception of the checks: a short message, shown without a traceback."""

from __future__ import annotations

import textwrap
from typing import NoReturn

MESSAGE_LIMIT = 600
LINE_WIDTH = 79


class CheckFailed(AssertionError):
    """A check that did not pass; `str(error)` is what the student reads.

    The message has at most 600 characters, all of them printable. IPython and
    nbgrader's Validate show the message alone, folded to 79 columns.
    """

    def __init__(self, message: str) -> None:
        super().__init__(clip(make_printable(message), MESSAGE_LIMIT))

    def _render_traceback_(self) -> list[str]:
        lines = []
        for line in str(self).splitlines():
            lines += textwrap.wrap(line, LINE_WIDTH, subsequent_indent="  ") or [""]
        return lines


def fail(*lines: str) -> NoReturn:
    """Raise CheckFailed with the lines that are not empty."""
    raise CheckFailed("\n".join(line for line in lines if line))


def clip(text: str, limit: int) -> str:
    """At most `limit` characters of `text`; an ellipsis stands for the rest."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def make_printable(text: str) -> str:
    """`text` without control characters; line ends stay."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)

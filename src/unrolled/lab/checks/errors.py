"""The one exception of the checks: a short message, shown without a traceback."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

MESSAGE_LIMIT = 600
LINE_WIDTH = 79


@dataclass(frozen=True)
class Seen:
    """What a check looked at when it failed: which question, and which answer.

    `kind` is the check's verb, `name` what it calls the part that was compared, `want`
    what was asked of it, if that is plain data; `got` is the part itself.
    """

    kind: str
    name: str
    got: object
    want: object = None


class CheckFailed(AssertionError):
    """A check that did not pass; `str(error)` is what the student reads.

    `guess` is the end of the message that says why, as far as one can guess; `seen`
    is what a hint is looked up by. The message has at most 600 characters, all of
    them printable. IPython and nbgrader's Validate show the message alone, folded to
    79 columns.
    """

    def __init__(self, message: str, guess: str = "") -> None:
        super().__init__(clip(make_printable(message + guess), MESSAGE_LIMIT))
        self.facts = message
        self.seen: Seen | None = None

    def tell(self, hint: str) -> None:
        """Say this hint in the place of a guess, or nothing if it is empty."""
        text = self.facts + (f"\nHint: {hint}" if hint else "")
        self.args = (clip(make_printable(text), MESSAGE_LIMIT),)

    def begin_with(self, note: str) -> None:
        """Say this first, then the facts, and no guess at their reason."""
        text = f"{note}\n{self.facts}"
        self.args = (clip(make_printable(text), MESSAGE_LIMIT),)

    def _render_traceback_(self) -> list[str]:
        lines = []
        for line in str(self).splitlines():
            lines += textwrap.wrap(line, LINE_WIDTH, subsequent_indent="  ") or [""]
        return lines


def fail(*lines: str, guess: str = "") -> NoReturn:
    """Raise CheckFailed with the lines that are not empty, and a guess behind them."""
    raise CheckFailed("\n".join(line for line in lines if line), guess)


def format_cause(cause: str | None) -> str:
    """A guess on a line of its own; "" if there is none."""
    return f"\nLikely cause: {cause}" if cause else ""


@contextlib.contextmanager
def note_seen(seen: Seen) -> Iterator[None]:
    """Note on a check that fails inside what it looked at: the whole result."""
    try:
        yield
    except CheckFailed as failure:
        failure.seen = seen
        raise


def clip(text: str, limit: int) -> str:
    """At most `limit` characters of `text`; an ellipsis stands for the rest."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def make_printable(text: str) -> str:
    """`text` without control characters; line ends stay."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)

"""Keep quiet what a function prints, on both sides of the protocol.

The checks of a lesson have their own (`unrolled.lab.checks.call`): a student installs
the lab without this, and there displayed objects are kept back as well.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator

import numpy as np


class NullStream(io.TextIOBase):
    """A text stream that keeps nothing, however much is printed."""

    def writable(self) -> bool:
        """Whether the stream takes text: yes."""
        return True

    def write(self, text: str) -> int:
        """Forget it."""
        return len(text)


@contextlib.contextmanager
def silence_output() -> Iterator[None]:
    """No warning and no print of the code inside is seen."""
    silent = NullStream()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
            yield

"""What everybody at the hub is told: that it stops, and when.

A file in the exchange, which students' servers may read and only the hub may write.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

NOTICE_FILE = "notice.json"


@dataclass(frozen=True)
class Notice:
    """A text, and until when it is true."""

    text: str
    until: datetime


def write_notice(place: Path, notice: Notice) -> None:
    """Put a notice into the course's folder in the exchange; nothing without one."""
    if not place.is_dir():
        return
    document = {"text": notice.text, "until": notice.until.isoformat()}
    scratch = place / f".{NOTICE_FILE}.new"
    scratch.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(scratch, flags, 0o644), "w", encoding="utf-8") as out:
        json.dump(document, out)
        os.fchmod(out.fileno(), 0o644)
    scratch.replace(place / NOTICE_FILE)


def clear_notice(place: Path) -> None:
    """Take the notice away."""
    (place / NOTICE_FILE).unlink(missing_ok=True)


def read_notice(place: Path, now: datetime | None = None) -> str:
    """The notice of now; "" if there is none, or none that is still true."""
    try:
        document = json.loads((place / NOTICE_FILE).read_text(encoding="utf-8"))
        until = datetime.fromisoformat(document["until"])
        text = str(document["text"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return text if (now or datetime.now(UTC)) <= until else ""

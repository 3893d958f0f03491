"""A notice to everybody at the hub: that it stops, and when.

A file in the exchange, which students' servers may read and only the hub may write.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from unrolled.files import write_file

NOTICE_FILE = "notice.json"


@dataclass(frozen=True)
class Notice:
    """A text, and until when it is true."""

    text: str
    until: datetime


def write_notice(folder: Path, notice: Notice) -> None:
    """Put a notice into the course's folder in the exchange, if that is there."""
    if not folder.is_dir():
        return
    document = {"text": notice.text, "until": notice.until.isoformat()}
    write_file(folder / NOTICE_FILE, json.dumps(document), mode=0o644, exact=True)


def clear_notice(folder: Path) -> None:
    """Take the notice away."""
    (folder / NOTICE_FILE).unlink(missing_ok=True)


def read_notice(folder: Path, now: datetime | None = None) -> str:
    """The notice of now; "" if there is none, or none that is still true."""
    try:
        document = json.loads((folder / NOTICE_FILE).read_text(encoding="utf-8"))
        until = datetime.fromisoformat(document["until"])
        text = str(document["text"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return text if (now or datetime.now(UTC)) <= until else ""

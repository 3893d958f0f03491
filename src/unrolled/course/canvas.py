"""Where the course is in Canvas, and where its hub: `[canvas]` in course.toml."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from unrolled.course.toml import TomlTable

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class CanvasSettings:
    """Canvas's address, the course's number there, the hub's address; all optional."""

    url: str = ""
    course: int = 0
    hub: str = ""


def read_canvas_settings(table: TomlTable) -> CanvasSettings:
    """Read the table; UserError names a key that is wrong."""
    table.only("url", "course", "hub")
    settings = CanvasSettings(
        _read_address(table, "url"),
        table.whole("course", 0, 10**18),
        _read_address(table, "hub"),
    )
    parts = urlsplit(settings.url)
    if parts.path or parts.query or parts.fragment:
        example = f"{parts.scheme}://{parts.netloc}"
        raise table.fail("url", f"only the address of Canvas itself: {example!r}")
    return settings


def _read_address(table: TomlTable, key: str) -> str:
    """An https address without a slash at its end, "" if there is none."""
    text = str(table.get(key, str, "")).rstrip("/")
    parts = urlsplit(text)
    secure = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in LOOPBACK
    )
    if text and not (secure and parts.netloc):
        raise table.fail(key, f"{text!r} is no address that begins with https://")
    if parts.username or parts.password:
        raise table.fail(key, "must hold no user name and no password")
    return text

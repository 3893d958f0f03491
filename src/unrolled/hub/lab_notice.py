"""The hub's notice inside JupyterLab: whoever sits there has no other page open.

A Jupyter server extension that answers at `<base_url>unrolled/notice`, and the script
beside it (`lab_extension/`), which asks there and shows what it is told. The script is
loaded by JupyterLab as it is: it needs no build.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from unrolled.hub.notice import read_notice


class NoticeHandler(JupyterHandler):  # type: ignore[misc]
    """Tells what the hub tells everybody now.

    Not one of Jupyter's API handlers: to be asked is no use of the server.
    """

    @authenticated
    def get(self) -> None:
        """A document with the text; "" where there is none."""
        folder = find_notice_folder(os.environ)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        text = read_notice(folder) if folder else ""
        self.finish(json.dumps({"text": text}))


def find_notice_folder(environment: Mapping[str, str]) -> Path | None:
    """The course's folder in the exchange, by what the hub tells a server.

    None where no hub of ours has started it. (In a cluster nobody writes a notice.)
    """
    hub, course = environment.get("UNROLLED_HUB"), environment.get("UNROLLED_COURSE_ID")
    if hub and course:  # a student's
        return Path(hub, "exchange", course)
    exchange = environment.get("UNROLLED_EXCHANGE")
    root = environment.get("UNROLLED_COURSE")
    return Path(exchange, Path(root).name) if exchange and root else None


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "unrolled.hub.lab_notice"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Add the address to a running Jupyter server."""
    base = server.web_app.settings["base_url"]
    page = url_path_join(base, "unrolled/notice")
    server.web_app.add_handlers(".*$", [(page, NoticeHandler)])

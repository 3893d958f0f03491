"""What axe-core finds on a page: rules of accessibility that a program can check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
INSTALL = "npm install --prefix build/axe axe-core@4.14.1"
needs_axe = pytest.mark.skipif(not AXE.exists(), reason=f"no axe-core here: {INSTALL}")


def violations(page: Any) -> list[str]:
    """The rules that a page breaks, each with the first elements that break it.

    The page is a Playwright page, loaded. The script goes in through the browser's
    own debugger, so a Content-Security-Policy of the page does not stand in its way.
    """
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document).then((result) => result.violations)")
    return [_one(violation) for violation in found]


def _one(violation: dict[str, Any]) -> str:
    """A violation in one line: the rule, what it says, where."""
    nodes = violation["nodes"]
    places = ", ".join(" ".join(map(str, node["target"])) for node in nodes[:5])
    return f"{violation['id']}: {violation['help']} ({len(nodes)}: {places})"

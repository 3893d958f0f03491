"""Fixtures of the hub's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hub_support import Hub, make_hub


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A course and its exchange."""
    return make_hub(tmp_path, monkeypatch)

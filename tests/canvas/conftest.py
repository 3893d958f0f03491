"""A Canvas on loopback: what a folder or a module of tests calls `canvas`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.canvas_stand_in import StandIn
from support.canvas_stand_in_server import Server, serve


@pytest.fixture
def server(canvas: StandIn) -> Iterator[Server]:
    """The stand-in listens."""
    with serve(canvas) as running:
        yield running

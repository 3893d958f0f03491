"""A graded class of two, and a Canvas that knows both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.canvas_stand_in_server import Server, serve
from support.push import make_class, stand_in


@pytest.fixture(scope="module")
def class_of_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course folder of a graded class of two, to be copied."""
    return make_class(tmp_path_factory.mktemp("class"), 2, second=False).root


@pytest.fixture
def server() -> Iterator[Server]:
    """The stand-in listens, with the same class and no grade."""
    with serve(stand_in(2)) as running:
        yield running

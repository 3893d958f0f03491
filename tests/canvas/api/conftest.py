"""A graded class of two, and a Canvas that knows both."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.canvas_stand_in import StandIn
from support.push import make_class, stand_in


@pytest.fixture(scope="module")
def class_of_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course folder of a graded class of two, to be copied."""
    return make_class(tmp_path_factory.mktemp("class"), 2, second=False).root


@pytest.fixture
def canvas() -> StandIn:
    """The same class in Canvas, and no grade."""
    return stand_in(2)

"""A figure's axes, and what is written on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

from unrolled.lab.figures import style


@pytest.fixture
def ax() -> Iterator[Any]:
    """Empty axes in the style of the lessons, of a figure that pyplot doesn't keep."""
    kept = plt.get_fignums()
    with style.context():
        yield Figure(layout="constrained").subplots()
    assert plt.get_fignums() == kept


def title(ax: Any) -> str:
    """The title, which the style puts on the left."""
    return str(ax.get_title(loc="left"))


def texts(ax: Any) -> list[str]:
    """All texts inside the axes, without the empty ones that carry an arrow."""
    return [text.get_text() for text in ax.texts if text.get_text()]


def labels(ax: Any) -> tuple[str, str]:
    """What stands at the two axes."""
    return ax.get_xlabel(), ax.get_ylabel()


def ticks(ax: Any) -> list[str]:
    """The names along the x axis."""
    return [label.get_text() for label in ax.get_xticklabels()]


def rows(ax: Any) -> list[str]:
    """The names along the y axis."""
    return [label.get_text() for label in ax.get_yticklabels()]

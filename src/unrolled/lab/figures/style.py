"""The look of all figures: one style, colour-blind safe colours, two colour maps."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler

STATE = "#0072B2"
"""Blue: state, and everything that runs forward."""
GRADIENT = "#D55E00"
"""Vermillion: gradient, and everything that runs backward."""
CONTEXT = "#6B7280"
"""Grey: context."""
THIRD = "#009E73"
"""Bluish green, for a third series."""
FOURTH = "#CC79A7"
"""Reddish purple, for a fourth."""
SEQUENTIAL = "viridis"
"""Colour map of values from 0 up."""
DIVERGING = "RdBu_r"
"""Colour map of signed values, symmetric about 0: see `get_signed_limits`."""
INK = "#1F2937"

SETTINGS = MappingProxyType(
    {
        "figure.figsize": (6.4, 3.6),
        "figure.dpi": 100,
        "figure.constrained_layout.use": True,
        "figure.facecolor": "white",
        "axes.facecolor": "white",
        "axes.edgecolor": CONTEXT,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "axes.labelsize": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.prop_cycle": cycler(
            color=[STATE, GRADIENT, CONTEXT, THIRD, FOURTH],
            linestyle=["-", "--", ":", "-.", (0, (5, 1))],
        ),
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "font.size": 10,
        "lines.linewidth": 2.0,
        "legend.frameon": False,
        "image.cmap": SEQUENTIAL,
        "savefig.facecolor": "white",
    }
)


def use() -> None:
    """Use the style for all figures from here on."""
    mpl.rcParams.update(SETTINGS)


def context() -> AbstractContextManager[None]:
    """The style inside a `with` block, and what was before after it."""
    manager: AbstractContextManager[None] = mpl.rc_context(dict(SETTINGS))
    return manager


def get_signed_limits(values: Any) -> dict[str, Any]:
    """Arguments of `imshow` or `pcolormesh` for signed values: symmetric about 0.

    `values` is an array of any shape; where all are 0 the limits are -1 and 1.
    """
    finite = np.asarray(values, float)
    limit = float(np.abs(finite[np.isfinite(finite)]).max(initial=0.0)) or 1.0
    return {"cmap": DIVERGING, "vmin": -limit, "vmax": limit}

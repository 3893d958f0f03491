"""A loss with a cliff: one hidden unit that runs for twenty steps.

The state h_t = tanh(w h_prev + b) starts at 0, and its last value should be 0.3.
With w above 1 the state is driven to one of two far ends, by the sign of b: between
them the loss has a wall. (The experiment is that of Pascanu, Mikolov and Bengio,
2013, in section 2.3, with tanh instead of their sigmoid.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = 20
TARGET = 0.3
START = (1.6, 0.3)
"""Where the descents begin: w and b."""

Floats = NDArray[np.float64]
Grads = dict[str, Floats]
Clip = Callable[[Grads], Grads]


def loss(w: Any, b: Any) -> Any:
    """The squared error of the last state, for numbers or arrays w and b."""
    h = np.zeros(np.broadcast_shapes(np.shape(w), np.shape(b)))
    for _ in range(STEPS):
        h = np.tanh(w * h + b)
    return (h - TARGET) ** 2


def slopes(w: float, b: float) -> Grads:
    """The gradient of `loss`, in a dict of w and b, arrays of shape ()."""
    h, dh_dw, dh_db = 0.0, 0.0, 0.0
    for _ in range(STEPS):
        new = float(np.tanh(w * h + b))
        slope = 1 - new**2
        dh_dw, dh_db = slope * (h + w * dh_dw), slope * (1 + w * dh_db)
        h = new
    pull = 2 * (h - TARGET)
    return {"w": np.array(pull * dh_dw), "b": np.array(pull * dh_db)}


def descend(
    clip: Clip, steps: int = 200, learning_rate: float = 0.02
) -> tuple[Floats, Floats]:
    """Gradient descent from START, each gradient going through `clip`.

    Returns the path (steps + 1, 2) of w and b, and the size (steps,) of each
    gradient before `clip`.
    """
    point = dict(zip(("w", "b"), np.array(START), strict=True))
    path, sizes = [list(START)], list[float]()
    while len(sizes) < steps:
        grads = slopes(float(point["w"]), float(point["b"]))
        sizes.append(float(np.hypot(grads["w"], grads["b"])))
        used = clip(grads)
        point = {n: point[n] - learning_rate * used[n] for n in point}
        path.append([float(point["w"]), float(point["b"])])
    return np.array(path), np.array(sizes)

"""The twin of a recurrent network that starts anew at every letter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]


def train_memoryless(
    x: Floats,
    targets: Any,
    params: Mapping[str, Floats],
    *,
    steps: int,
    learning_rate: float,
) -> tuple[list[float], list[int]]:
    """The losses (nats) of the twin without memory, each before its update.

    x (T, D) are inputs, targets (T,) whole numbers, params the names W_xh, b_h, W_hy
    and b_y with the same start as the network's: the recurrent weights are left out,
    so each state comes from its own input alone. Gradient descent by torch's autograd.
    Returns the losses and, at the end, the number (T,) that is said after each input.
    """
    import torch

    names = ("W_xh", "b_h", "W_hy", "b_y")
    W_xh, b_h, W_hy, b_y = leaves = [
        torch.tensor(np.asarray(params[n], float), requires_grad=True) for n in names
    ]
    reads, wanted = torch.tensor(x), torch.tensor(np.asarray(targets))
    losses: list[float] = []
    while len(losses) < steps:
        logits = torch.tanh(reads @ W_xh + b_h) @ W_hy + b_y
        loss = torch.nn.functional.cross_entropy(logits, wanted)
        for leaf, slope in zip(leaves, torch.autograd.grad(loss, leaves), strict=True):
            leaf.data -= learning_rate * slope
        losses.append(float(loss.detach()))
    said = torch.tanh(reads @ W_xh + b_h) @ W_hy + b_y
    return losses, said.argmax(dim=-1).tolist()

"""Weights for a character model, made up for a check: names and shapes as in torch.

A check never looks at the weights that a model starts with. It loads some of its own,
so that every number that it sees is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from unrolled.lab.calling import call
from unrolled.lab.failure import CheckFailed, fail

Weights = dict[str, torch.Tensor]
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def parameter_shapes(cell: str, V: int, H: int, L: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the parameters of a model of L layers of `cell`.

    As torch keeps them, `self.rnn` of input size V and `self.read_out` from H to V:
    the gates of a layer stacked in the first axis, which counts the outputs.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    rows = GATES[cell] * H
    for layer in range(L):
        shapes[f"rnn.weight_ih_l{layer}"] = (rows, H if layer else V)
        shapes[f"rnn.weight_hh_l{layer}"] = (rows, H)
        shapes[f"rnn.bias_ih_l{layer}"] = (rows,)
        shapes[f"rnn.bias_hh_l{layer}"] = (rows,)
    return shapes | {"read_out.weight": (V, H), "read_out.bias": (V,)}


def random_weights(
    rng: np.random.Generator, cell: str, V: int, H: int, L: int, scale: float = 0.5
) -> Weights:
    """Normal random numbers of standard deviation `scale`, in single precision."""
    return {
        name: torch.tensor(rng.normal(0, scale, shape), dtype=torch.float32)
        for name, shape in parameter_shapes(cell, V, H, L).items()
    }


def forgetful_weights(cell: str, V: int, H: int, L: int, bias: Any) -> Weights:
    """All 0, but for the bias of the read-out: every step says `bias` (V,)."""
    shapes = parameter_shapes(cell, V, H, L)
    made = {name: torch.zeros(shape) for name, shape in shapes.items()}
    return made | {"read_out.bias": torch.tensor(bias, dtype=torch.float32)}


def load(model: Any, weights: Mapping[str, torch.Tensor]) -> None:
    """Load weights into a student's model; CheckFailed says what does not fit."""
    if model is None:
        fail("CharRNN(...) gave None: is CharRNN a class?")
    try:
        call(model.load_state_dict, dict(weights))
    except (CheckFailed, AttributeError):
        reason = _misfit(model, weights)
    else:
        return
    fail(f"the model's parameters are not as expected: {reason}")


def _misfit(model: Any, weights: Mapping[str, torch.Tensor]) -> str:
    """The first name or shape that is missing, other, or too much."""
    try:
        own = dict(call(model.state_dict).items())
    except (CheckFailed, AttributeError, TypeError):
        return "CharRNN must be a torch.nn.Module (is super().__init__() called?)"
    for name, tensor in weights.items():
        if name not in own:
            return f"{name} is missing; there are {', '.join(map(str, own))[:200]}"
        if tuple(own[name].shape) != tuple(tensor.shape):
            shape, right = tuple(own[name].shape), tuple(tensor.shape)
            return f"{name} has the shape {shape}, expected {right}"
    return f"{next(n for n in own if n not in weights)} is too much"

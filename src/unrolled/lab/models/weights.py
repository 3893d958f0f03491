"""Weights for a character model, made up for a check: names and shapes as in torch.

A check never looks at the weights that a model starts with. It loads some of its own,
so that every number that it sees is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from unrolled.lab.check import that
from unrolled.lab.checks.call import call
from unrolled.lab.checks.errors import CheckFailed, fail

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
    zeros = {name: torch.zeros(shape) for name, shape in shapes.items()}
    return zeros | {"read_out.bias": torch.tensor(bias, dtype=torch.float32)}


def leaky_weights(rng: np.random.Generator, V: int, H: int) -> Weights:
    """Random weights, in double precision, of the small network of the checks."""
    arrays = {"leak": rng.uniform(0.4, 0.9, H), "W_xh": rng.normal(size=(V, H))}
    arrays |= {"W_hy": rng.normal(size=(H, V)), "b_y": rng.normal(size=V)}
    return {name: torch.tensor(array) for name, array in arrays.items()}


def leaky_zeros(V: int, H: int) -> Weights:
    """All weights of the small network of the checks 0, in double precision."""
    shapes = {"leak": (H,), "W_xh": (V, H), "W_hy": (H, V), "b_y": (V,)}
    return {n: torch.zeros(shape, dtype=torch.float64) for n, shape in shapes.items()}


def load(model: Any, weights: Mapping[str, torch.Tensor]) -> None:
    """Load weights into a student's model; CheckFailed says what does not fit."""
    try:
        read = model.load_state_dict
    except AttributeError:
        fail("CharRNN must be a torch.nn.Module, and CharRNN(...) one of them")
    try:
        answer = call(read, dict(weights), strict=False)
    except CheckFailed as failure:
        misfit = f"the parameters of the model: {_describe_misfit(read, weights)}"
        that(False, misfit, evidence=_list_mismatches(failure))  # noqa: FBT003
    missing, surplus = list(answer.missing_keys), list(answer.unexpected_keys)
    names = surplus, missing
    if surplus:
        lacks = f"the model has no {surplus[0]}: other names, fewer layers, no bias?"
        that(False, lacks, evidence=names)  # noqa: FBT003
    if missing:
        more = f"the model has {missing[0]}, which is not expected: what is it for?"
        that(False, more, evidence=names)  # noqa: FBT003


def _list_mismatches(failure: CheckFailed) -> str:
    """What torch says of the shapes, without the name of the model's class."""
    seen: Any = failure.seen.got if failure.seen else ("", "")
    return str(seen[1]).partition(":")[2]


def _describe_misfit(read: Any, weights: Mapping[str, torch.Tensor]) -> str:
    """The first parameter whose shape is another."""
    for name, tensor in weights.items():
        try:
            call(read, {name: tensor}, strict=False)
        except CheckFailed:
            return f"{name} does not have the shape {tuple(tensor.shape)}"
    return "their names and shapes do not go together"

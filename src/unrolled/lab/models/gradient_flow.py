"""Real backward passes through a plain network, by PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def sizes_of_errors(
    x: Floats, W_xh: Floats, W_hh: Floats, b_h: Floats, errors: Floats
) -> Floats:
    """How large errors at the last state are when they arrive at each state.

    x (T, D), W_xh (D, H), W_hh (H, H), b_h (H,): the network, which starts from 0.
    errors (n, H): each is sent back from the last state on its own, by torch's
    automatic differentiation. Returns their lengths (n, T), the last column being
    that of the errors themselves.
    """
    import torch

    drive, W = torch.tensor(x @ W_xh + b_h), torch.tensor(W_hh)
    states: list[Any] = [torch.tanh(drive[0]).requires_grad_()]
    for a_t in drive[1:]:
        states.append(torch.tanh(a_t + states[-1] @ W))
    sizes = []
    for error in torch.tensor(np.asarray(errors, float)):
        gradients = torch.autograd.grad(states[-1] @ error, states, retain_graph=True)
        sizes.append([float(gradient.norm()) for gradient in gradients])
    return np.array(sizes)

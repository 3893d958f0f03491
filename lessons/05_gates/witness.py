"""A second, independent route to every number that a hidden test of `gates` expects.

Torch's own cells and automatic differentiation, and a difference equation solved as
one linear system.
"""

import numpy as np
import torch


def _run(kind, x, states, *weights):
    """torch.nn.LSTM or GRU with our arrays as its weights: output, last states."""
    W_xh, W_hh, *biases = (torch.as_tensor(np.asarray(w)) for w in weights)
    second = biases[1] if len(biases) > 1 else torch.zeros_like(biases[0])
    network = kind(*W_xh.shape[:1], W_hh.shape[0], batch_first=True).double()
    named = {"weight_ih_l0": W_xh.T, "weight_hh_l0": W_hh.T}
    named |= {"bias_ih_l0": biases[0], "bias_hh_l0": second}
    args = torch.as_tensor(np.asarray(x)), states
    with torch.inference_mode():
        return torch.func.functional_call(network, named, args)


def _state(array):
    return torch.as_tensor(np.asarray(array))[None]


def cell_forward(g, f, c_0):
    """All steps at once: a lower bidiagonal system, one for each unit.

    Route: numpy.linalg.solve of c_t - f_t c_(t-1) = g_t.
    """
    N, T, H = g.shape
    c = np.empty((N, T, H))
    for n, j in np.ndindex(N, H):
        matrix = np.eye(T) - np.diag(f[n, 1:, j], k=-1)
        right = g[n, :, j].copy()
        right[0] += f[n, 0, j] * c_0[n, j]
        c[n, :, j] = np.linalg.solve(matrix, right)
    return c


def lstm_gates(x_t, h_prev, W_xh, W_hh, b_h):
    """A linear layer over both inputs, cut by torch.

    Route: torch.nn.functional.linear, chunk, sigmoid.
    """
    both = torch.as_tensor(np.concatenate([x_t, h_prev], axis=1))
    weight = torch.as_tensor(np.concatenate([W_xh, W_hh]).T)
    a_t = torch.nn.functional.linear(both, weight, torch.as_tensor(b_h))
    i, f, g, o = a_t.chunk(4, dim=1)
    gates = (i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid())
    return tuple(gate.numpy() for gate in gates)


def lstm_step(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """One call of torch's cell.

    Route: torch.nn.LSTM with one step.
    """
    states = (_state(h_prev), _state(c_prev))
    _, (h_t, c_t) = _run(torch.nn.LSTM, x_t[:, None], states, W_xh, W_hh, b_h)
    return h_t[0].numpy(), c_t[0].numpy()


def lstm_forward(x, h_0, c_0, W_xh, W_hh, b_h):
    """Torch's network.

    Route: torch.nn.LSTM.
    """
    states = (_state(h_0), _state(c_0))
    h, (_, c_T) = _run(torch.nn.LSTM, x, states, W_xh, W_hh, b_h)
    return h.numpy(), c_T[0].numpy()


def lstm_cell_backward(dh_t, dc_t, cache_t):
    """The forward equations, differentiated by torch.

    Route: torch autograd.
    """
    i, f, o = (torch.logit(torch.as_tensor(cache_t[k])) for k in "ifo")
    g = torch.atanh(torch.as_tensor(cache_t["g"]))
    leaves = [i, f, g, o, torch.as_tensor(cache_t["c_prev"]).clone()]
    i, f, g, o, c = (leaf.requires_grad_() for leaf in leaves)
    c_t = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h_t = o.sigmoid() * c_t.tanh()
    errors = [torch.as_tensor(dh_t), torch.as_tensor(dc_t)]
    *da, dc_prev = torch.autograd.grad([h_t, c_t], leaves, errors)
    return torch.cat(da, dim=1).numpy(), dc_prev.numpy()


def lstm_step_backward(dh_t, dc_t, cache_t):
    """The whole step, differentiated by torch; a bias makes the gates those given.

    Route: torch autograd.
    """
    names = ("x_t", "h_prev", "c_prev", "W_xh", "W_hh")
    leaves = [
        torch.tensor(cache_t[name], requires_grad=True) for name in names
    ]
    x_t, h_prev, c_prev, W_xh, W_hh = leaves
    a = [torch.logit(torch.as_tensor(cache_t[k])) for k in "ifo"]
    a.insert(2, torch.atanh(torch.as_tensor(cache_t["g"])))
    product = x_t @ W_xh + h_prev @ W_hh
    offset = (
        torch.cat(a, dim=1) - product.detach()
    )  # (N, 4H): a bias for each row
    b_h = torch.zeros(W_xh.shape[1], dtype=torch.float64, requires_grad=True)
    i, f, g, o = (product + offset + b_h).chunk(4, dim=1)
    c_t = f.sigmoid() * c_prev + i.sigmoid() * g.tanh()
    h_t = o.sigmoid() * c_t.tanh()
    errors = [torch.as_tensor(dh_t), torch.as_tensor(dc_t)]
    found = torch.autograd.grad([h_t, c_t], [*leaves, b_h], errors)
    return tuple(slope.numpy() for slope in found)


def gru_step(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    """One call of torch's cell.

    Route: torch.nn.GRU with one step.
    """
    weights = (W_xh, W_hh, b_xh, b_hh)
    return _run(torch.nn.GRU, x_t[:, None], _state(h_prev), *weights)[1][
        0
    ].numpy()


def gru_forward(x, h_0, W_xh, W_hh, b_xh, b_hh):
    """Torch's network.

    Route: torch.nn.GRU.
    """
    weights = (W_xh, W_hh, b_xh, b_hh)
    return _run(torch.nn.GRU, x, _state(h_0), *weights)[0].numpy()


def count_parameters(cell, D, H):
    """The numbers in a network of torch, less the biases that we don't count.

    Route: the sizes of torch's own parameters.
    """
    kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[
        cell
    ]
    network = kind(D, H)
    count = sum(weight.numel() for weight in network.parameters())
    return count if cell == "gru" else count - network.bias_hh_l0.numel()


def weights_from_torch(state_dict):
    """Read off from what torch's network does with unit vectors.

    Route: probing a linear map, column by column.
    """
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    into, back, b_xh, b_hh = (state_dict[name].double() for name in names)

    def columns(weight):
        units = torch.eye(weight.shape[1], dtype=torch.float64)
        return torch.nn.functional.linear(units, weight).numpy()

    found = {"W_xh": columns(into), "W_hh": columns(back)}
    if len(back) // back.shape[1] == 4:
        return found | {"b_h": torch.add(b_xh, b_hh).numpy()}
    return found | {"b_xh": b_xh.numpy(), "b_hh": b_hh.numpy()}

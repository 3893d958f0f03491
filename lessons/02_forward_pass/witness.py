"""The second derivation of what the hidden tests expect, to hold `oracle.py` against.

Each function takes the arguments of the oracle's function of that name, and
shares nothing with it: PyTorch's own recurrent network, which keeps the weights
transposed and has two biases, and decimals of fifty digits.
"""

from decimal import Decimal, localcontext

import numpy as np
import torch


def _tensor(array):
    return torch.tensor(np.asarray(array), dtype=torch.float64)


def _network(layers):
    """torch.nn.RNN with the weights of `layers`; ours is its first bias."""
    D, H = layers[0]["W_xh"].shape
    net = torch.nn.RNN(D, H, len(layers), batch_first=True).double()
    state = {}
    for number, layer in enumerate(layers):
        state[f"weight_ih_l{number}"] = _tensor(layer["W_xh"]).T
        state[f"weight_hh_l{number}"] = _tensor(layer["W_hh"]).T
        state[f"bias_ih_l{number}"] = _tensor(layer["b_h"])
        state[f"bias_hh_l{number}"] = torch.zeros(H, dtype=torch.float64)
    net.load_state_dict(state)
    return net.requires_grad_(False)


def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    """h_t (N, H).

    Route: torch.nn.RNNCell.
    """
    cell = torch.nn.RNNCell(*W_xh.shape).double().requires_grad_(False)
    bias = {"bias_ih": _tensor(b_h), "bias_hh": torch.zeros_like(_tensor(b_h))}
    weights = {"weight_ih": _tensor(W_xh).T, "weight_hh": _tensor(W_hh).T}
    cell.load_state_dict(weights | bias)
    return cell(_tensor(x_t), _tensor(h_prev)).numpy()


def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    """h (N, T, H).

    Route: torch.nn.RNN.
    """
    net = _network([{"W_xh": W_xh, "W_hh": W_hh, "b_h": b_h}])
    h, _ = net(_tensor(x), _tensor(h_0)[None])
    return h.numpy()


def read_out(h, W_hy, b_y):
    """Logits (..., V).

    Route: torch.nn.functional.linear.
    """
    weight, bias = _tensor(W_hy).T, _tensor(b_y)
    return torch.nn.functional.linear(_tensor(h), weight, bias).numpy()


def softmax(logits):
    """Probabilities (..., V), as they are defined: such numbers don't overflow.

    Route: the definition, in decimals of 50 digits.
    """
    probabilities = np.zeros(logits.shape)
    with localcontext(prec=50):
        for row in np.ndindex(*logits.shape[:-1]):
            powers = [Decimal(float(y)).exp() for y in logits[row]]
            probabilities[row] = [float(p / sum(powers)) for p in powers]
    return probabilities


def predict_next(text, vocabulary, params):
    """The most probable next character, and the probabilities (V,).

    Route: torch.nn.RNN, torch.softmax and torch.argmax.
    """
    places = {character: i for i, character in enumerate(vocabulary)}
    ids = torch.tensor([places[character] for character in text])
    x = torch.nn.functional.one_hot(ids, len(vocabulary)).double()
    h, _ = _network([params])(x[None])
    logits = h[0, -1] @ _tensor(params["W_hy"]) + _tensor(params["b_y"])
    probabilities = torch.softmax(logits, dim=0)
    return vocabulary[int(torch.argmax(logits))], probabilities.numpy()


def deep_rnn_forward(x, h_0, layers):
    """h of the last layer (N, T, H).

    Route: torch.nn.RNN with several layers.
    """
    h, _ = _network(layers)(_tensor(x), _tensor(h_0))
    return h.numpy()

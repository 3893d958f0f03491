"""The second derivation of what the hidden tests expect, to hold `oracle.py` against.

Each function takes the arguments of the oracle's function of that name, and
shares nothing with it. Where the oracle loops over numbers, torch differentiates
here; where the oracle lets torch differentiate, we take complex steps.
"""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import torch

TINY = 1e-30  # a complex step has no difference that could cancel


def _leaf(array):
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def _letter_loss(row, target):
    """-log p of one letter, as it is defined, in decimals."""
    return sum(y.exp() for y in row).ln() - row[target]


def _letter_slopes(row, target, step=Decimal("1e-20")):
    """The slope of one letter's loss in each logit, by central differences."""
    for i in range(len(row)):
        up = [y + step * (i == j) for j, y in enumerate(row)]
        down = [y - step * (i == j) for j, y in enumerate(row)]
        difference = _letter_loss(up, target) - _letter_loss(down, target)
        yield difference / (2 * step)


def cross_entropy(logits, targets):
    """Loss and gradient.

    Route: the definition and its central differences, in decimals of 80 digits.
    """
    (N, T, V), total = logits.shape, Decimal(0)
    dlogits = np.zeros((N, T, V))
    with localcontext(prec=80):
        for n, t in np.ndindex(N, T):
            row = [Decimal(float(y)) for y in logits[n, t]]
            total += _letter_loss(row, int(targets[n, t]))
            slopes = _letter_slopes(row, int(targets[n, t]))
            dlogits[n, t] = [float(slope / (N * T)) for slope in slopes]
        return float(total / (N * T)), dlogits


def read_out_backward(dlogits, h, W_hy):
    """dh, dW_hy, db_y.

    Route: torch autograd through the read-out.
    """
    leaves = _leaf(h), _leaf(W_hy), _leaf(np.zeros(W_hy.shape[1]))
    logits = leaves[0] @ leaves[1] + leaves[2]
    slopes = torch.autograd.grad(logits, leaves, torch.tensor(dlogits))
    return tuple(slope.numpy() for slope in slopes)


def sine_slope(w, other):
    """The gradient of the sum of sin(w) * other.

    Route: complex steps.
    """
    return np.imag(np.sin(w + 1j * TINY) * other) / TINY


def cube_slope(w, eps):
    """What central differences of this eps make of the sum of w**3.

    Route: the difference itself, in exact fractions.
    """
    e = Fraction(eps)
    cubes = [((Fraction(v) + e) ** 3, (Fraction(v) - e) ** 3) for v in w]
    return np.array([float((up - down) / (2 * e)) for up, down in cubes])


def rnn_step_backward(dh_t, cache_t):
    """dx_t, dh_prev, dW_xh, dW_hh, db_h.

    Route: torch autograd through a step that leads to the same state.
    """
    cache = {name: cache_t[name] for name in ("W_xh", "W_hh")}
    cache |= {"x": cache_t["x_t"][:, None], "h": cache_t["h_t"][:, None]}
    cache["h_0"] = cache_t["h_prev"]
    dx, *rest = _through_time(dh_t[:, None], cache, 1)
    return dx[:, 0], *rest


def rnn_backward(dh, cache):
    """dx, dh_0, dW_xh, dW_hh, db_h.

    Route: torch autograd through all steps.
    """
    return _through_time(dh, cache, dh.shape[1])


def truncated_backward(dh, cache, k):
    """As rnn_backward, with the state cut off from its past every k steps.

    Route: torch autograd, with detach every k steps.
    """
    return _through_time(dh, cache, k)


def _through_time(dh, cache, k):
    """Gradients of x, h_0, W_xh, W_hh and the bias, by torch.

    The states of the cache needn't come from its weights: a constant is added to
    each pre-activation, so that the pass meets the very states of the cache.
    """
    x, h_t, W_xh, W_hh = (
        _leaf(cache[name]) for name in ("x", "h_0", "W_xh", "W_hh")
    )
    b_h = _leaf(np.zeros(W_hh.shape[0]))
    leaves, states = (x, h_t, W_xh, W_hh, b_h), []
    for t in range(dh.shape[1]):
        h_t = h_t.detach() if t and t % k == 0 else h_t
        a_t = x[:, t] @ W_xh + h_t @ W_hh + b_h
        wanted = torch.atanh(torch.tensor(cache["h"][:, t]))
        h_t = torch.tanh(a_t + (wanted - a_t).detach())
        states.append(h_t)
    h, error = torch.stack(states, dim=1), torch.tensor(dh)
    return tuple(g.numpy() for g in torch.autograd.grad(h, leaves, error))


def sgd_step(params, grads, learning_rate):
    """The parameters after one step.

    Route: exact fractions, rounded once.
    """

    def moved(w, g):
        return float(Fraction(w) - Fraction(learning_rate) * Fraction(g))

    return {
        name: np.vectorize(moved)(params[name], grads[name]) for name in params
    }


def loss_of(params, ids):
    """The loss of parameters on one text.

    Route: NumPy, the logarithm of a sum of exponentials.
    """
    return float(_loss(params, ids))


def _loss(params, ids):
    """The loss on one text; the parameters may be complex."""
    h, total = np.zeros(len(params["b_h"])), 0.0
    for now, following in zip(ids[:-1], ids[1:], strict=True):
        a = params["W_xh"][now] + h @ params["W_hh"] + params["b_h"]
        h = np.tanh(a)
        logits = h @ params["W_hy"] + params["b_y"]
        top = logits.real.max()
        total += top + np.log(np.exp(logits - top).sum()) - logits[following]
    return total / (len(ids) - 1)


def train(ids, params, steps, learning_rate):
    """The parameters after training, and the losses.

    Route: gradient descent with complex steps.
    """
    params, losses = dict(params), []
    for _ in range(steps):
        losses.append(loss_of(params, ids))
        slopes = {name: _slopes(params, name, ids) for name in params}
        for name, slope in slopes.items():
            params[name] = params[name] - learning_rate * slope
    return params, losses


def _slopes(params, name, ids):
    """The gradient of the loss in one array of parameters."""
    slopes = np.zeros(params[name].shape)
    for place in np.ndindex(slopes.shape):
        stepped = params[name].astype(complex)
        stepped[place] += 1j * TINY
        slopes[place] = np.imag(_loss(params | {name: stepped}, ids)) / TINY
    return slopes

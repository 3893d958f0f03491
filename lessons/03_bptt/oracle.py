"""Independent, slow derivations of the graded functions of `bptt`.

Loops over single numbers for the backward passes; torch's automatic
differentiation for the loss and for whole training runs. `witness.py` comes to
the same numbers on a second route.
"""

import math

import numpy as np
import torch


def one_hot(ids, V):
    """One-hot rows of a list of whole numbers."""
    return [[1.0 if v == i else 0.0 for v in range(V)] for i in ids]


def cross_entropy(logits, targets):
    """Loss and gradient.

    Route: torch.nn.functional.cross_entropy and autograd.
    """
    leaf = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    flat = leaf.reshape(-1, leaf.shape[-1])
    wanted = torch.tensor(np.asarray(targets)).reshape(-1)
    loss = torch.nn.functional.cross_entropy(flat, wanted)
    (gradient,) = torch.autograd.grad(loss, leaf)
    return float(loss.detach()), gradient.numpy()


def read_out_backward(dlogits, h, W_hy):
    """dh, dW_hy, db_y.

    Route: plain loops over numbers.
    """
    (N, T, V), H = dlogits.shape, W_hy.shape[0]
    dh, dW_hy, db_y = np.zeros((N, T, H)), np.zeros((H, V)), np.zeros(V)
    for n in range(N):
        for t in range(T):
            for v in range(V):
                d = dlogits[n, t, v]
                db_y[v] += d
                for i in range(H):
                    dh[n, t, i] += d * W_hy[i, v]
                    dW_hy[i, v] += d * h[n, t, i]
    return dh, dW_hy, db_y


def sine_slope(w, other):
    """The gradient of the sum of sin(w) * other.

    Route: closed form, cos(w) * other.
    """
    slope = np.zeros(w.shape)
    for place in np.ndindex(w.shape):
        slope[place] = math.cos(w[place]) * other[place]
    return slope


def cube_slope(w, eps):
    """What central differences of any eps make of the sum of w**3.

    Route: closed form, 3 w**2 + eps**2.
    """
    return np.array([3 * v * v + eps * eps for v in w])


def rnn_step_backward(dh_t, cache_t):
    """dx_t, dh_prev, dW_xh, dW_hh, db_h.

    Route: plain loops over numbers.
    """
    x_t, h_prev, h_t = cache_t["x_t"], cache_t["h_prev"], cache_t["h_t"]
    W_xh, W_hh = cache_t["W_xh"], cache_t["W_hh"]
    dx_t, dh_prev = np.zeros(x_t.shape), np.zeros(h_prev.shape)
    dW_xh, dW_hh = np.zeros(W_xh.shape), np.zeros(W_hh.shape)
    db_h = np.zeros(h_t.shape[1])
    for n in range(h_t.shape[0]):
        for j in range(h_t.shape[1]):
            da = dh_t[n, j] * (1.0 - h_t[n, j]) * (1.0 + h_t[n, j])
            db_h[j] += da
            for d in range(x_t.shape[1]):
                dx_t[n, d] += da * W_xh[d, j]
                dW_xh[d, j] += da * x_t[n, d]
            for i in range(h_prev.shape[1]):
                dh_prev[n, i] += da * W_hh[i, j]
                dW_hh[i, j] += da * h_prev[n, i]
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


def rnn_backward(dh, cache):
    """dx, dh_0, dW_xh, dW_hh, db_h.

    Route: plain loops, the error of each output walked back on its own.
    """
    return truncated_backward(dh, cache, dh.shape[1])


def truncated_backward(dh, cache, k):
    """As rnn_backward, but an error stops at the start of its piece.

    Route: plain loops, the error of each output walked back on its own.
    """
    x, h, h_0 = cache["x"], cache["h"], cache["h_0"]
    weights = {"W_xh": cache["W_xh"], "W_hh": cache["W_hh"]}
    dx, dh_0 = np.zeros(x.shape), np.zeros(h_0.shape)
    sums = [np.zeros(weights["W_xh"].shape), np.zeros(weights["W_hh"].shape)]
    sums.append(np.zeros(h_0.shape[1]))
    for last in range(dh.shape[1]):
        error = dh[:, last]
        for t in range(last, (last // k) * k - 1, -1):
            h_prev = h[:, t - 1] if t > 0 else h_0
            step = {"x_t": x[:, t], "h_prev": h_prev, "h_t": h[:, t]} | weights
            dx_t, error, *rest = rnn_step_backward(error, step)
            dx[:, t] += dx_t
            sums = [a + b for a, b in zip(sums, rest, strict=True)]
            if t == 0:
                dh_0 += error
    return dx, dh_0, *sums


def sgd_step(params, grads, learning_rate):
    """The parameters after one step.

    Route: plain loops over numbers.
    """
    new = {}
    for name in params:
        new[name] = np.zeros(params[name].shape)
        for place in np.ndindex(params[name].shape):
            new[name][place] = (
                params[name][place] - learning_rate * grads[name][place]
            )
    return new


def _torch_loss(leaves, ids):
    """The loss on one text, with torch, letter by letter."""
    h = torch.zeros(leaves["W_hh"].shape[0], dtype=torch.float64)
    loss = torch.zeros((), dtype=torch.float64)
    for now, following in zip(ids[:-1], ids[1:], strict=True):
        h = torch.tanh(
            leaves["W_xh"][now] + h @ leaves["W_hh"] + leaves["b_h"]
        )
        logits = h @ leaves["W_hy"] + leaves["b_y"]
        loss = loss - torch.log_softmax(logits, dim=-1)[following]
    return loss / (len(ids) - 1)


def _leaves(params):
    return {
        name: torch.tensor(
            np.asarray(array), dtype=torch.float64
        ).requires_grad_()
        for name, array in params.items()
    }


def gradients(params, ids):
    """Loss and gradients of all parameters on one text, by torch."""
    leaves = _leaves(params)
    loss = _torch_loss(leaves, ids)
    found = torch.autograd.grad(loss, list(leaves.values()))
    return float(loss.detach()), {
        n: g.numpy() for n, g in zip(leaves, found, strict=True)
    }


def loss_of(params, ids):
    """The loss of parameters on one text, recomputed.

    Route: torch, letter by letter.
    """
    return float(_torch_loss(_leaves(params), ids).detach())


def train(ids, params, steps, learning_rate):
    """The parameters after training, and the losses.

    Route: gradient descent with torch autograd.
    """
    losses = []
    for _ in range(steps):
        loss, grads = gradients(params, ids)
        losses.append(loss)
        params = sgd_step(params, grads, learning_rate)
    return params, losses


def random_step(rng, N, D, H):
    """A random error dh_t and the cache of a step.

    Route: none, it draws inputs.
    """
    h_t = np.array(
        [[math.tanh(rng.normal()) for _ in range(H)] for _ in range(N)]
    )
    cache_t = {
        "x_t": rng.normal(size=(N, D)),
        "h_prev": rng.normal(size=(N, H)),
    }
    cache_t |= {"h_t": h_t, "W_xh": rng.normal(size=(D, H))}
    return rng.normal(size=(N, H)), cache_t | {"W_hh": rng.normal(size=(H, H))}


def random_sequence(rng, N, T, D, H):
    """Random errors dh and the cache of a sequence.

    Route: none, it draws inputs.
    """
    cache = {"x": rng.normal(size=(N, T, D)), "h_0": rng.normal(size=(N, H))}
    cache |= {"h": np.tanh(rng.normal(size=(N, T, H)))}
    cache |= {"W_xh": rng.normal(size=(D, H)), "W_hh": rng.normal(size=(H, H))}
    return 100 * rng.normal(size=(N, T, H)), cache  # far beyond any clipping

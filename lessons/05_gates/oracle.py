"""Independent, slow derivations of the graded functions of `gates`.

Forward passes number by number, with the math module; the backward pass of a step
by the complex step, which needs no chain rule at all.
"""

import cmath
import math

import numpy as np
import torch


def sigmoid(a):
    """The logistic function of one number, without overflow."""
    if a >= 0:
        return 1.0 / (1.0 + math.exp(-a))
    return math.exp(a) / (1.0 + math.exp(a))


def dot(row, matrix, column):
    """Row times one column, term by term."""
    return sum(row[k] * matrix[k, column] for k in range(len(row)))


def cell_forward(g, f, c_0):
    """Every contribution on its own: what was added, times all gates after it.

    Route: the sum over the past, written out, in place of the recursion.
    """
    N, T, H = g.shape
    c = np.zeros((N, T, H))
    for n, t, j in np.ndindex(N, T, H):
        for s in range(t + 1):
            c[n, t, j] += g[n, s, j] * math.prod(f[n, s + 1 : t + 1, j])
        c[n, t, j] += c_0[n, j] * math.prod(f[n, : t + 1, j])
    return c


def lstm_gates(x_t, h_prev, W_xh, W_hh, b_h):
    """Number by number.

    Route: plain loops over numbers, math.exp and math.tanh.
    """
    N, H = h_prev.shape
    four = np.zeros((4, N, H))
    for k, n, j in np.ndindex(4, N, H):
        column = k * H + j
        a = (
            dot(x_t[n], W_xh, column)
            + dot(h_prev[n], W_hh, column)
            + b_h[column]
        )
        four[k, n, j] = math.tanh(a) if k == 2 else sigmoid(a)
    return four[0], four[1], four[2], four[3]


def lstm_step(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """Number by number.

    Route: plain loops over numbers.
    """
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    h_t, c_t = np.zeros(h_prev.shape), np.zeros(h_prev.shape)
    for place in np.ndindex(h_prev.shape):
        c_t[place] = f[place] * c_prev[place] + i[place] * g[place]
        h_t[place] = o[place] * math.tanh(c_t[place])
    return h_t, c_t


def lstm_forward(x, h_0, c_0, W_xh, W_hh, b_h):
    """Each sequence on its own, step by step.

    Route: plain loops over sequences, steps and numbers.
    """
    h, c_T = np.zeros((*x.shape[:2], h_0.shape[1])), np.zeros(c_0.shape)
    for n in range(x.shape[0]):
        state, cell = h_0[n : n + 1], c_0[n : n + 1]
        for t in range(x.shape[1]):
            state, cell = lstm_step(
                x[n : n + 1, t], state, cell, W_xh, W_hh, b_h
            )
            h[n, t] = state[0]
        c_T[n] = cell[0]
    return h, c_T


def _told(a_i, a_f, a_g, a_o, c_prev, dh, dc):
    """dh * h_t + dc * c_t of one unit, of complex pre-activations."""
    i, f, o = (1 / (1 + cmath.exp(-a)) for a in (a_i, a_f, a_o))
    c = f * c_prev + i * cmath.tanh(a_g)
    return dh * o * cmath.tanh(c) + dc * c


def lstm_cell_backward(dh_t, dc_t, cache_t):
    """Each slope measured with an imaginary nudge.

    Route: complex step of the forward equations.
    """
    N, H = dh_t.shape
    da_t, dc_prev, eps = np.zeros((N, 4 * H)), np.zeros((N, H)), 1e-30
    for n, j in np.ndindex(N, H):
        i, f, g, o, c = (float(cache_t[k][n, j]) for k in (*"ifgo", "c_prev"))
        a = [math.log(s / (1 - s)) for s in (i, f)] + [math.atanh(g)]
        point = [*a, math.log(o / (1 - o)), c]
        errors = float(dh_t[n, j]), float(dc_t[n, j])
        slopes = []
        for k in range(5):
            moved = [
                p + (1j * eps if m == k else 0) for m, p in enumerate(point)
            ]
            slopes.append(_told(*moved, *errors).imag / eps)
        for k in range(4):
            da_t[n, k * H + j] = slopes[k]
        dc_prev[n, j] = slopes[4]
    return da_t, dc_prev


def lstm_step_backward(dh_t, dc_t, cache_t):
    """The slopes of the pre-activations, carried to each weight on its own.

    Route: complex step, then plain loops over numbers.
    """
    da_t, dc_prev = lstm_cell_backward(dh_t, dc_t, cache_t)
    x_t, h_prev = cache_t["x_t"], cache_t["h_prev"]
    W_xh, W_hh = cache_t["W_xh"], cache_t["W_hh"]
    dx_t, dh_prev = np.zeros(x_t.shape), np.zeros(h_prev.shape)
    dW_xh, dW_hh = np.zeros(W_xh.shape), np.zeros(W_hh.shape)
    db_h = np.zeros(W_xh.shape[1])
    for n, k in np.ndindex(da_t.shape):
        db_h[k] += da_t[n, k]
        for d in range(x_t.shape[1]):
            dx_t[n, d] += da_t[n, k] * W_xh[d, k]
            dW_xh[d, k] += da_t[n, k] * x_t[n, d]
        for m in range(h_prev.shape[1]):
            dh_prev[n, m] += da_t[n, k] * W_hh[m, k]
            dW_hh[m, k] += da_t[n, k] * h_prev[n, m]
    return dx_t, dh_prev, dc_prev, dW_xh, dW_hh, db_h


def gru_step(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    """Number by number.

    Route: plain loops over numbers, math.exp and math.tanh.
    """
    N, H = h_prev.shape
    h_t = np.zeros((N, H))
    for n, j in np.ndindex(N, H):
        a_x = [
            dot(x_t[n], W_xh, k * H + j) + b_xh[k * H + j] for k in range(3)
        ]
        a_h = [
            dot(h_prev[n], W_hh, k * H + j) + b_hh[k * H + j] for k in range(3)
        ]
        r, z = (sigmoid(a_x[k] + a_h[k]) for k in (0, 1))
        candidate = math.tanh(a_x[2] + r * a_h[2])
        h_t[n, j] = candidate + z * (h_prev[n, j] - candidate)
    return h_t


def gru_forward(x, h_0, W_xh, W_hh, b_xh, b_hh):
    """Each sequence on its own, step by step.

    Route: plain loops over sequences, steps and numbers.
    """
    h = np.zeros((*x.shape[:2], h_0.shape[1]))
    for n in range(x.shape[0]):
        state = h_0[n : n + 1]
        for t in range(x.shape[1]):
            state = gru_step(x[n : n + 1, t], state, W_xh, W_hh, b_xh, b_hh)
            h[n, t] = state[0]
    return h


def count_parameters(cell, D, H):
    """Every unit of every block counted on its own.

    Route: counting in a loop.
    """
    blocks = {"rnn": 1, "gru": 3, "lstm": 4}[cell]
    count = 0
    for _ in range(blocks * H):
        count += D + H + (2 if cell == "gru" else 1)
    return count


def weights_from_torch(state_dict):
    """Number by number, out of nested lists.

    Route: tolist and index arithmetic.
    """
    into, back = (state_dict[f"weight_{k}_l0"].tolist() for k in ("ih", "hh"))
    biases = [state_dict[f"bias_{k}_l0"].tolist() for k in ("ih", "hh")]
    columns, D, H = len(into), len(into[0]), len(back[0])
    found = {
        "W_xh": np.array(
            [[into[k][d] for k in range(columns)] for d in range(D)]
        ),
        "W_hh": np.array(
            [[back[k][m] for k in range(columns)] for m in range(H)]
        ),
    }
    if columns == 4 * H:
        both = zip(*biases, strict=True)
        return found | {"b_h": np.array([a + b for a, b in both])}
    return found | {"b_xh": np.array(biases[0]), "b_hh": np.array(biases[1])}


def random_step(rng, N, D, H):
    """Random errors dh_t and dc_t, and the cache of a step whose numbers fit.

    Route: none, it draws inputs.
    """
    gates = {name: rng.uniform(0.1, 0.9, size=(N, H)) for name in "ifo"}
    gates["g"] = rng.uniform(-0.9, 0.9, size=(N, H))
    cache_t = {
        "x_t": rng.normal(size=(N, D)),
        "h_prev": rng.normal(size=(N, H)),
    }
    cache_t |= {"c_prev": rng.normal(size=(N, H))} | gates
    cache_t["c_t"] = gates["f"] * cache_t["c_prev"] + gates["i"] * gates["g"]
    cache_t |= {"W_xh": rng.normal(size=(D, 4 * H))}
    cache_t |= {"W_hh": rng.normal(size=(H, 4 * H))}
    return rng.normal(size=(N, H)), rng.normal(size=(N, H)), cache_t


def random_state_dict(rng, D, H, blocks):
    """The tensors of an LSTM (4 blocks) or a GRU (3), in float64.

    Route: none, it draws inputs.
    """
    shapes = {"weight_ih_l0": (blocks * H, D), "weight_hh_l0": (blocks * H, H)}
    shapes |= {"bias_ih_l0": (blocks * H,), "bias_hh_l0": (blocks * H,)}
    return {
        name: torch.tensor(rng.normal(size=s)) for name, s in shapes.items()
    }

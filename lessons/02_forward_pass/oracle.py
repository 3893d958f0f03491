"""Independent derivations of the functions of this lesson: plain loops over numbers.

Each takes the arguments of the lesson's function of that name. `witness.py` comes
to the same numbers on a second route.
"""

import math

import numpy as np


def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    """h_t (N, H), one number at a time.

    Route: plain loops over numbers.
    """
    N, H = h_prev.shape
    h_t = np.zeros((N, H))
    for n in range(N):
        for j in range(H):
            a = b_h[j]
            for i in range(x_t.shape[1]):
                a += x_t[n, i] * W_xh[i, j]
            for i in range(H):
                a += h_prev[n, i] * W_hh[i, j]
            h_t[n, j] = math.tanh(a)
    return h_t


def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    """h (N, T, H), one sequence after the other.

    Route: plain loops over numbers.
    """
    N, T, _ = x.shape
    h = np.zeros((N, T, h_0.shape[1]))
    for n in range(N):
        state = h_0[n : n + 1]
        for t in range(T):
            state = rnn_step(x[n : n + 1, t], state, W_xh, W_hh, b_h)
            h[n, t] = state[0]
    return h


def read_out(h, W_hy, b_y):
    """Logits (..., V), one number at a time.

    Route: plain loops, exactly rounded sums.
    """
    logits = np.zeros((*h.shape[:-1], len(b_y)))
    for place in np.ndindex(*h.shape[:-1]):
        for v in range(len(b_y)):
            terms = [h[place][i] * W_hy[i, v] for i in range(h.shape[-1])]
            logits[place][v] = math.fsum([*terms, b_y[v]])
    return logits


def softmax(logits):
    """Probabilities (..., V): no maximum is needed.

    Route: 1 / sum of exp(y_u - y_v), one number at a time.
    """
    probabilities = np.zeros(logits.shape)
    for place in np.ndindex(*logits.shape):
        row, own = logits[place[:-1]], logits[place]
        if max(row) - own < 700:  # beyond, exp overflows, and the result is 0
            probabilities[place] = 1 / math.fsum(
                math.exp(y - own) for y in row
            )
    return probabilities


def predict_next(text, vocabulary, params):
    """The most probable next character, and the probabilities (V,).

    Route: plain loops over numbers.
    """
    x = np.zeros((1, len(text), len(vocabulary)))
    for t, character in enumerate(text):
        x[0, t, vocabulary.index(character)] = 1.0
    weights = params["W_xh"], params["W_hh"], params["b_h"]
    h = rnn_forward(x, np.zeros((1, len(params["b_h"]))), *weights)
    logits = read_out(h[:, -1], params["W_hy"], params["b_y"])
    probabilities = softmax(logits)[0]
    best = max(range(len(vocabulary)), key=lambda v: probabilities[v])
    return vocabulary[best], probabilities


def deep_rnn_forward(x, h_0, layers):
    """h of the last layer (N, T, H).

    Route: plain loops, all layers of a step before the next step.
    """
    N, T, _ = x.shape
    states = [h_0[number] for number in range(len(layers))]
    h = np.zeros((N, T, h_0.shape[2]))
    for t in range(T):
        below = x[:, t]
        for number, layer in enumerate(layers):
            weights = layer["W_xh"], layer["W_hh"], layer["b_h"]
            below = states[number] = rnn_step(below, states[number], *weights)
        h[:, t] = below
    return h

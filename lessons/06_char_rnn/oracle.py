"""Independent derivations of the graded functions of `char_rnn`.

Recurrent networks step by step in NumPy; training by hand-written gradients and
Adam's own formulas; no torch.nn.

`weights` of the small network of the checks are leak (H,), W_xh (V, H), W_hy (H, V),
b_y (V,); those of CharRNN have torch's names and shapes.
"""

import math

import numpy as np


def build_vocabulary(text):
    """Every character put where it belongs, unless it is there already.

    Route: insertion, character by character.
    """
    found = []
    for character in text:
        place = 0
        while place < len(found) and found[place] < character:
            place += 1
        if place == len(found) or found[place] != character:
            found.insert(place, character)
    return found


def make_batches(ids, N, T):
    """A list of (inputs, targets), lists of lists.

    Route: the place in the text of every single entry.
    """
    K = 0
    while len(ids) > N * (K + 1) * T:
        K += 1
    return [
        tuple(
            [
                [ids[n * K * T + k * T + t + later] for t in range(T)]
                for n in range(N)
            ]
            for later in (0, 1)
        )
        for k in range(K)
    ]


def _sigmoid(a):
    return 1 / (1 + np.exp(-a))


def _rnn(x_part, h_part, h, c):
    return np.tanh(x_part + h_part), c


def _lstm(x_part, h_part, h, c):
    i, f, g, o = np.split(x_part + h_part, 4, axis=-1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def _gru(x_part, h_part, h, c):
    (x_r, x_z, x_n), (h_r, h_z, h_n) = (
        np.split(part, 3, axis=-1) for part in (x_part, h_part)
    )
    z = _sigmoid(x_z + h_z)
    return (1 - z) * np.tanh(x_n + _sigmoid(x_r + h_r) * h_n) + z * h, c


_STEPS = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}


def forward(weights, cell, ids):
    """Logits (N, T, V), and the last h and c of each layer, from a state of 0.

    Route: the cells' equations, step by step in NumPy.
    """
    w = {
        n: np.asarray(array, dtype=np.float64) for n, array in weights.items()
    }
    V, H = w["read_out.weight"].shape
    x = np.eye(V)[np.asarray(ids)]
    last, layer = [], 0
    while f"rnn.weight_ih_l{layer}" in w:
        W_x, W_h = (
            w[f"rnn.weight_ih_l{layer}"].T,
            w[f"rnn.weight_hh_l{layer}"].T,
        )
        b_x, b_h = w[f"rnn.bias_ih_l{layer}"], w[f"rnn.bias_hh_l{layer}"]
        h = c = np.zeros((x.shape[0], H))
        states = []
        for t in range(x.shape[1]):
            h, c = _STEPS[cell](x[:, t] @ W_x + b_x, h @ W_h + b_h, h, c)
            states.append(h)
        x, layer = np.stack(states, axis=1), layer + 1
        last.append((h, c))
    return x @ w["read_out.weight"].T + w["read_out.bias"], last


def _arrays(weights):
    return {
        n: np.array(array, dtype=np.float64) for n, array in weights.items()
    }


def _log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _run(w, ids, c):
    """All c (T + 1, N, H), the start first, and all logits (T, N, V)."""
    all_c = [c]
    for id_t in np.asarray(ids).T:
        all_c.append(w["leak"] * all_c[-1] + w["W_xh"][id_t])
    return np.stack(all_c), np.tanh(np.stack(all_c[1:])) @ w["W_hy"] + w["b_y"]


def _costs(logits, targets):
    """The cost of each target: (T, N)."""
    wanted = np.asarray(targets).T[..., None]
    return -np.take_along_axis(_log_softmax(logits), wanted, axis=-1)[..., 0]


def _gradients(w, inputs, targets, c):
    """Loss, gradients, and the last c: the walk back of 03_bptt."""
    all_c, logits = _run(w, inputs, c)
    y = np.eye(len(w["b_y"]))[np.asarray(targets).T]
    dlogits = (np.exp(_log_softmax(logits)) - y) / y.shape[0] / y.shape[1]
    h = np.tanh(all_c[1:])
    grads = {name: np.zeros(array.shape) for name, array in w.items()}
    grads["W_hy"] = np.einsum("tnh,tnv->hv", h, dlogits)
    grads["b_y"] = dlogits.sum(axis=(0, 1))
    dc = np.zeros(all_c[0].shape)
    for t in reversed(range(len(h))):
        dc = dc * w["leak"] + dlogits[t] @ w["W_hy"].T * (1 - h[t] ** 2)
        grads["leak"] += (dc * all_c[t]).sum(axis=0)
        np.add.at(grads["W_xh"], np.asarray(inputs)[:, t], dc)
    return float(_costs(logits, targets).mean()), grads, all_c[-1]


def train(weights, batches, learning_rate, max_norm):
    """Losses before each update, and the weights afterwards.

    Route: gradients by hand as in 03_bptt, Adam by its formulas.
    """
    w = _arrays(weights)
    mean = {name: np.zeros(array.shape) for name, array in w.items()}
    square = {name: np.zeros(array.shape) for name, array in w.items()}
    c = np.zeros((len(batches[0][0]), len(w["leak"])))
    losses = []
    for step, (inputs, targets) in enumerate(batches, 1):
        loss, grads, c = _gradients(w, inputs, targets, c)
        losses.append(loss)
        norm = math.sqrt(sum(float((g**2).sum()) for g in grads.values()))
        for name, g in grads.items():
            g = g * min(1.0, max_norm / (norm + 1e-6))
            mean[name] = 0.9 * mean[name] + 0.1 * g
            square[name] = 0.999 * square[name] + 0.001 * g**2
            usual = np.sqrt(square[name] / (1 - 0.999**step)) + 1e-8
            w[name] = (
                w[name] - learning_rate * mean[name] / (1 - 0.9**step) / usual
            )
    return losses, w


def loss_of(weights, batch):
    """The loss of the small network on one batch, from a state of 0.

    Route: step by step in NumPy.
    """
    w, (inputs, targets) = _arrays(weights), batch
    _, logits = _run(w, inputs, np.zeros((len(inputs), len(w["leak"]))))
    return float(_costs(logits, targets).mean())


def evaluate(weights, ids):
    """Nats per character of the small network, all of the text at once.

    Route: step by step in NumPy, no pieces.
    """
    return loss_of(
        weights, (np.asarray(ids)[None, :-1], np.asarray(ids)[None, 1:])
    )


def with_temperature(logits, temperature):
    """A list of probabilities.

    Route: each is 1 over a sum of exponentials of differences.
    """
    if temperature == 0:
        return [1.0 if a == max(logits) else 0.0 for a in logits]
    return [
        1 / sum(math.exp(min((b - a) / temperature, 700)) for b in logits)
        for a in logits
    ]


def greedy(weights, vocabulary, prompt, length):
    """The text at temperature 0, and the smallest lead of a choice.

    Route: the whole text is read again for every character.
    """
    w, text, lead = _arrays(weights), prompt, math.inf
    for _ in range(length):
        ids = [[vocabulary.index(character) for character in text]]
        _, logits = _run(w, ids, np.zeros((1, len(w["leak"]))))
        order = np.argsort(logits[-1, 0])
        lead = min(
            lead, float(logits[-1, 0, order[-1]] - logits[-1, 0, order[-2]])
        )
        text += vocabulary[int(order[-1])]
    return text, lead


def clear_choice(rng, vocabulary, H, length):
    """Weights, a prompt and its text at temperature 0, with clear choices only.

    The text depends on the first character of the prompt, and on the state.
    Route: drawn until it is so.
    """
    V = len(vocabulary)
    while True:
        shapes = {"W_xh": (V, H), "W_hy": (H, V), "b_y": (V,)}
        w = {
            name: 2 * rng.normal(size=shape) for name, shape in shapes.items()
        }
        w["leak"] = rng.uniform(0.7, 0.95, H)
        prompt = "".join(rng.choice(vocabulary, 3))
        text, lead = greedy(w, vocabulary, prompt, length)
        short = prompt[-1] + text[3:]
        alone = greedy(w, vocabulary, prompt[-1], length)[0]
        if lead > 0.01 and short != alone and len(set(text[3:])) > 2:
            return w, prompt, text


def influence(weights, ids):
    """Norms of the slope of the largest last logit by each input vector.

    Route: central differences, one number of the input at a time.
    """
    w, V = _arrays(weights), len(weights["b_y"])
    x = np.eye(V)[ids]

    def logits(x):
        c = 0.0
        for x_t in x:
            c = w["leak"] * c + x_t @ w["W_xh"]
        return np.tanh(c) @ w["W_hy"] + w["b_y"]

    best, eps = int(np.argmax(logits(x))), 1e-5
    slopes = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[place] = eps
        slopes[place] = (logits(x + nudge) - logits(x - nudge))[best] / (
            2 * eps
        )
    return [math.sqrt(sum(slope**2 for slope in row)) for row in slopes]


def best_model(table):
    """The lowest known loss of each row.

    Route: every entry against the best so far.
    """
    best = {}
    for size in table:
        lowest = math.inf
        for model, loss in table[size].items():
            if loss is not None and loss < lowest:
                lowest, best[size] = loss, model
    return best


def random_batches(rng, V, N, T, count):
    """`count` random batches, as tensors of whole numbers.

    Route: none, it draws inputs.
    """
    import torch

    shape = (count, 2, N, T)
    return [(a, b) for a, b in torch.tensor(rng.integers(V, size=shape))]

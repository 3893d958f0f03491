"""A second route to every number that a hidden test of `char_rnn` relies on.

With torch: its layers, its gradients, its optimizer; or another algorithm.
"""

import bisect

import numpy as np
import torch


def build_vocabulary(text):
    """All characters of Unicode's ASCII and beyond, asked one by one.

    Route: every character code up to the largest, kept if it occurs.
    """
    codes = sorted(map(ord, text))
    return [
        chr(code)
        for code in range(max(codes, default=-1) + 1)
        if bisect.bisect_left(codes, code) < bisect.bisect_right(codes, code)
    ]


def make_batches(ids, N, T):
    """A list of (inputs, targets), lists of lists.

    Route: torch's windows over the rows.
    """
    K = (len(ids) - 1) // (N * T)
    if K == 0:
        return []
    windows = torch.tensor(ids[: N * K * T + 1]).unfold(0, K * T + 1, K * T)
    parts = windows.unfold(1, T + 1, T)  # (N, K, T + 1)
    return [(p[:, :-1].tolist(), p[:, 1:].tolist()) for p in parts.unbind(1)]


def forward(weights, cell, ids):
    """Logits (N, T, V), and the last h and c of each layer.

    Route: torch.nn's own layers, in double precision.
    """
    kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[
        cell
    ]
    V, H = weights["read_out.weight"].shape
    L = sum("weight_ih" in name for name in weights)
    net = kind(V, H, L, batch_first=True).double()
    own = {
        n[4:]: w.double() for n, w in weights.items() if n.startswith("rnn.")
    }
    net.load_state_dict(own)
    x = torch.nn.functional.one_hot(torch.as_tensor(ids), V).double()
    with torch.no_grad():
        h, state = net(x)
        logits = torch.nn.functional.linear(
            h,
            weights["read_out.weight"].double(),
            weights["read_out.bias"].double(),
        )
    h_T, c_T = state if cell == "lstm" else (state, torch.zeros_like(state))
    pairs = zip(h_T.numpy(), c_T.numpy(), strict=True)
    return logits.numpy(), list(pairs)


def _leaves(weights):
    return {
        name: torch.tensor(np.asarray(w), dtype=torch.float64).requires_grad_()
        for name, w in weights.items()
    }


def _states(w, x, c):
    """All c after the start: a weighted sum of all inputs so far, (N, T, H)."""
    T = x.shape[1]
    past = torch.arange(T)[:, None] - torch.arange(T)[None]  # (T, T)
    power = w["leak"] ** past.clamp(min=0)[..., None] * (past >= 0)[..., None]
    start = w["leak"] ** torch.arange(1, T + 1)[:, None] * c[:, None]
    return torch.einsum("tsh,nsh->nth", power, x @ w["W_xh"]) + start


def _loss(w, inputs, targets, c):
    x = torch.nn.functional.one_hot(
        torch.as_tensor(inputs), len(w["b_y"])
    ).double()
    all_c = _states(w, x, c)
    logits = torch.tanh(all_c) @ w["W_hy"] + w["b_y"]
    wanted = torch.as_tensor(np.asarray(targets))
    loss = torch.nn.functional.cross_entropy(logits.mT, wanted)
    return loss, all_c[:, -1].detach()


def train(weights, batches, learning_rate, max_norm):
    """Losses before each update, and the weights afterwards.

    Route: torch's gradients, clipping and Adam; states as sums, not step by step.
    """
    w = _leaves(weights)
    optimizer = torch.optim.Adam(list(w.values()), lr=learning_rate)
    c = torch.zeros(len(batches[0][0]), len(w["leak"]), dtype=torch.float64)
    losses = []
    for inputs, targets in batches:
        loss, c = _loss(w, inputs, targets, c)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(w.values()), max_norm)
        optimizer.step()
        losses.append(loss.item())
    return losses, {name: leaf.detach().numpy() for name, leaf in w.items()}


def loss_of(weights, batch):
    """The loss of the small network on one batch.

    Route: torch, states as sums over all inputs so far.
    """
    w, (inputs, targets) = _leaves(weights), batch
    c = torch.zeros(len(inputs), len(w["leak"]), dtype=torch.float64)
    return _loss(w, inputs, targets, c)[0].item()


def evaluate(weights, ids):
    """Nats per character of the small network.

    Route: torch, states as sums over all inputs so far.
    """
    ids = torch.as_tensor(np.asarray(ids))
    return loss_of(weights, (ids[None, :-1], ids[None, 1:]))


def with_temperature(logits, temperature):
    """A list of probabilities.

    Route: torch's softmax; at 0 that of a temperature near 0.
    """
    values = torch.tensor(logits, dtype=torch.float64)
    return torch.softmax(values / (temperature or 1e-9), dim=-1).tolist()


def greedy(weights, vocabulary, prompt, length):
    """The text at temperature 0, and the smallest lead of a choice.

    Route: torch, one state handed on.
    """
    w = {name: leaf.detach() for name, leaf in _leaves(weights).items()}
    c, text, leads = torch.zeros(len(w["leak"])).double(), prompt, []
    for position in range(len(prompt) + length - 1):
        c = w["leak"] * c + w["W_xh"][vocabulary.index(text[position])]
        if position < len(prompt) - 1:
            continue
        logits = torch.tanh(c) @ w["W_hy"] + w["b_y"]
        values, order = torch.topk(logits, 2)
        leads.append(float(values[0] - values[1]))
        text += vocabulary[int(order[0])]
    return text, min(leads)


def clear_choice(rng, vocabulary, H, length):
    """Weights, a prompt and its text; `rng` is not drawn from in the same way.

    Route: candidates drawn at once, the text by `greedy` above.
    """
    V = len(vocabulary)
    while True:
        w = {"W_xh": (V, H), "W_hy": (H, V), "b_y": (V,)}
        w = {name: 2 * rng.normal(size=shape) for name, shape in w.items()}
        w["leak"] = rng.uniform(0.7, 0.95, H)
        prompt = "".join(rng.choice(vocabulary, 3))
        text, lead = greedy(w, vocabulary, prompt, length)
        alone, _ = greedy(w, vocabulary, prompt[-1], length)
        if (
            lead > 0.01
            and prompt[:-1] + alone != text
            and len(set(text[3:])) > 2
        ):
            return w, prompt, text


def influence(weights, ids):
    """Norms of the slope of the largest last logit by each input vector.

    Route: the chain rule written out, with the powers of the leak.
    """
    w = {name: leaf.detach() for name, leaf in _leaves(weights).items()}
    V, T = len(w["b_y"]), len(ids)
    x = torch.eye(V, dtype=torch.float64)[ids]
    c = _states(w, x[None], torch.zeros(1, len(w["leak"])).double())[0, -1]
    best = int((torch.tanh(c) @ w["W_hy"] + w["b_y"]).argmax())
    dc = w["W_hy"][:, best] * (1 - torch.tanh(c) ** 2)
    slopes = [w["W_xh"] @ (dc * w["leak"] ** (T - 1 - t)) for t in range(T)]
    return [float(slope.norm()) for slope in slopes]


def best_model(table):
    """The lowest known loss of each row.

    Route: the rows sorted.
    """
    ranked = {
        size: sorted((loss, m) for m, loss in row.items() if loss is not None)
        for size, row in table.items()
    }
    return {size: row[0][1] for size, row in ranked.items()}


def random_batches(rng, V, N, T, count):
    """`count` random batches; the same numbers as the oracle's.

    Route: one draw for each batch.
    """
    draws = [rng.integers(V, size=(2, N, T)) for _ in range(count)]
    return [(torch.from_numpy(a), torch.from_numpy(b)) for a, b in draws]

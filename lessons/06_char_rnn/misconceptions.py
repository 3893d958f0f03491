"""What students get wrong in `char_rnn`, and what they get right in other ways."""

import numpy as np
import torch

from unrolled.assignment.catalogue import misconception, style

# --- build_vocabulary


@misconception(
    "build_vocabulary",
    fails="vocabulary_values",
    hint="The characters stand in an order that changes from run to run, or that of "
    "the text. Sort them: then the same text has the same numbers tomorrow.",
)
def vocabulary_in_order_of_text(text):
    """Each character where it first occurs."""
    return list(dict.fromkeys(text))


@misconception(
    "build_vocabulary",
    fails="vocabulary_values",
    hint="Characters stand in the list several times. Each one needs one number "
    "only.",
)
def vocabulary_with_repeats(text):
    """Sorts, but keeps the repeats."""
    return sorted(text)


@misconception(
    "build_vocabulary",
    fails="vocabulary_keeps_all",
    hint="Capital letters have become small ones. They are characters of their own: "
    "what is thrown away here can never be written.",
)
def vocabulary_lower_case(text):
    """Throws capitals away."""
    return sorted(set(text.lower()))


@misconception(
    "build_vocabulary",
    fails="vocabulary_keeps_all",
    hint="Spaces and line ends are missing. Without them the network couldn't end a "
    "word or a line.",
)
def vocabulary_without_spaces(text):
    """Only what is visible."""
    return sorted(c for c in set(text) if not c.isspace())


@misconception(
    "build_vocabulary",
    fails="vocabulary_values",
    hint="The vocabulary comes back as one text. Return a list of characters.",
)
def vocabulary_as_text(text):
    """One text."""
    return "".join(sorted(set(text)))


@misconception(
    "build_vocabulary",
    fails="vocabulary_values",
    hint="These are the words of the text. A character model needs its characters.",
)
def vocabulary_of_words(text):
    """Splits at the spaces."""
    return sorted(set(text.split()))


@style("build_vocabulary")
def vocabulary_by_loop(text):
    found = []
    for character in text:
        if character not in found:
            found.append(character)
    found.sort()
    return found


@style("build_vocabulary")
def vocabulary_by_counter(text):
    from collections import Counter

    return sorted(Counter(text))


@style("build_vocabulary")
def vocabulary_by_numpy(text):
    return np.unique(list(text)).tolist()


# --- make_batches


@misconception(
    "make_batches",
    fails="batches_go_on",
    hint="Each batch is the next stretch of the text, so row 1 of the next batch "
    "doesn't go on where row 1 of this one stopped. Cut the text into N long rows "
    "first.",
)
def batches_of_stretches(ids, N, T):
    """Batch k is the k-th stretch of N * T characters."""
    K = (len(ids) - 1) // (N * T)
    for k in range(K):
        start = k * N * T
        yield (
            ids[start : start + N * T].reshape(N, T),
            ids[start + 1 : start + N * T + 1].reshape(N, T),
        )


@misconception(
    "make_batches",
    fails="batches_targets",
    hint="The targets are the inputs themselves. At every step the network should "
    "say the next character.",
)
def batches_not_shifted(ids, N, T):
    """Targets that are not one later."""
    K = (len(ids) - 1) // (N * T)
    rows = ids[: N * K * T].reshape(N, K * T)
    for start in range(0, K * T, T):
        piece = rows[:, start : start + T]
        yield piece, piece


@misconception(
    "make_batches",
    fails="batches_targets",
    hint="The last target of a piece is the first character of the same piece: the "
    "piece is turned round in itself. It's the next character of the text.",
)
def batches_rolled(ids, N, T):
    """Rolls each piece."""
    K = (len(ids) - 1) // (N * T)
    rows = ids[: N * K * T].reshape(N, K * T)
    for start in range(0, K * T, T):
        piece = rows[:, start : start + T]
        yield piece, piece.roll(-1, 1)


@misconception(
    "make_batches",
    fails="batches_inputs",
    hint="The batch is turned: time runs down and the sequences side by side. Rows "
    "are sequences, (N, T).",
)
def batches_turned(ids, N, T):
    """(T, N)."""
    K = (len(ids) - 1) // (N * T)
    x = ids[: N * K * T].reshape(N, K * T)
    y = ids[1 : N * K * T + 1].reshape(N, K * T)
    for start in range(0, K * T, T):
        yield x[:, start : start + T].T, y[:, start : start + T].T


@misconception(
    "make_batches",
    fails="batches_tail",
    hint="The last batch is shorter than T, or has no target at its end. What doesn't "
    "fill a whole batch is dropped.",
)
def batches_keep_tail(ids, N, T):
    """Rows as long as possible, the last piece shorter."""
    length = (len(ids) - 1) // N
    x = ids[: N * length].reshape(N, length)
    y = ids[1 : N * length + 1].reshape(N, length)
    for start in range(0, length, T):
        yield x[:, start : start + T], y[:, start : start + T]


@misconception(
    "make_batches",
    fails="batches_inputs",
    hint="The rows are a little too long, so all but the first start too late: each "
    "row is K * T characters long, no more.",
)
def batches_of_long_rows(ids, N, T):
    """Rows of (length - 1) // N characters."""
    length = (len(ids) - 1) // N
    x = ids[: N * length].reshape(N, length)
    y = ids[1 : N * length + 1].reshape(N, length)
    for start in range(0, length - T + 1, T):
        yield x[:, start : start + T], y[:, start : start + T]


@misconception(
    "make_batches",
    fails="batches_tail",
    hint="The last character of the text has no target. The text must be one "
    "character longer than the rows.",
)
def batches_without_the_last_target(ids, N, T):
    """K from all characters."""
    K = len(ids) // (N * T)
    x = ids[: N * K * T].reshape(N, K * T)
    y = ids[1 : N * K * T + 1].reshape(N, K * T)
    for start in range(0, K * T, T):
        yield x[:, start : start + T], y[:, start : start + T]


@misconception(
    "make_batches",
    fails="batches_tail",
    hint="Only the first batch comes out: a return ends the function. Use yield.",
)
def batches_only_one(ids, N, T):
    """Ends after the first batch."""
    K = (len(ids) - 1) // (N * T)
    x = ids[: N * K * T].reshape(N, K * T)
    y = ids[1 : N * K * T + 1].reshape(N, K * T)
    for start in range(0, K * T, T):
        return [(x[:, start : start + T], y[:, start : start + T])]
    return []


@style("make_batches")
def batches_by_list(ids, N, T):
    K = (len(ids) - 1) // (N * T)
    rows = [ids[n * K * T : (n + 1) * K * T + 1] for n in range(N)]
    found = []
    for k in range(K):
        pieces = torch.stack([row[k * T : (k + 1) * T + 1] for row in rows])
        found.append((pieces[:, :-1], pieces[:, 1:]))
    return found


@style("make_batches")
def batches_by_split(ids, N, T):
    used = (len(ids) - 1) // (N * T) * N * T
    x, y = ids[:used].view(N, -1), ids[1 : used + 1].view(N, -1)
    if used:
        yield from zip(x.split(T, dim=1), y.split(T, dim=1), strict=True)


@style("make_batches")
def batches_by_index(ids, N, T):
    K = (len(ids) - 1) // (N * T)
    starts = torch.arange(N)[:, None] * K * T + torch.arange(T)[None, :]
    return ((ids[starts + k * T], ids[starts + k * T + 1]) for k in range(K))


@style("make_batches")
def batches_in_place(ids, N, T):
    K = (len(ids) - 1) // N // T
    for k in range(K):
        x = torch.empty((N, T), dtype=torch.int64)
        y = torch.empty_like(x)
        for n in range(N):
            for t in range(T):
                place = n * K * T + k * T + t
                x[n, t], y[n, t] = ids[place], ids[place + 1]
        yield x, y


# --- CharRNN


@misconception(
    "CharRNN",
    fails="char_rnn_state",
    hint="The state that is handed in is never used: every call starts from nothing. "
    "Give it to self.rnn.",
)
class ForgetsState(torch.nn.Module):
    """Never hands the state on."""

    def __init__(self, cell, V, H, L):
        super().__init__()
        self.V = V
        kind = {
            "rnn": torch.nn.RNN,
            "lstm": torch.nn.LSTM,
            "gru": torch.nn.GRU,
        }
        self.rnn = kind[cell](V, H, num_layers=L, batch_first=True)
        self.read_out = torch.nn.Linear(H, V)

    def forward(self, ids, state=None):
        h, state = self.rnn(one_hot(ids, self.V))
        return self.read_out(h), state


@misconception(
    "CharRNN",
    fails="char_rnn_logits",
    hint="Batch and time are mixed up: the rows of the batch are read as steps. "
    "PyTorch's networks expect time first, unless they are told batch_first.",
)
class TimeFirst(torch.nn.Module):
    """Without batch_first."""

    def __init__(self, cell, V, H, L):
        super().__init__()
        self.V = V
        kind = {
            "rnn": torch.nn.RNN,
            "lstm": torch.nn.LSTM,
            "gru": torch.nn.GRU,
        }
        self.rnn = kind[cell](V, H, num_layers=L)
        self.read_out = torch.nn.Linear(H, V)

    def forward(self, ids, state=None):
        h, state = self.rnn(one_hot(ids, self.V), state)
        return self.read_out(h), state


@misconception(
    "CharRNN",
    fails="char_rnn_parameters",
    hint="There is only one layer, whatever L is.",
)
class OneLayer(torch.nn.Module):
    """Ignores L."""

    def __init__(self, cell, V, H, L):
        super().__init__()
        self.V = V
        kind = {
            "rnn": torch.nn.RNN,
            "lstm": torch.nn.LSTM,
            "gru": torch.nn.GRU,
        }
        self.rnn = kind[cell](V, H, batch_first=True)
        self.read_out = torch.nn.Linear(H, V)

    def forward(self, ids, state=None):
        h, state = self.rnn(one_hot(ids, self.V), state)
        return self.read_out(h), state


@misconception(
    "CharRNN",
    fails=("char_rnn_parameters", "char_rnn_cells"),
    hint="It's an LSTM, whatever cell was asked for.",
)
class AlwaysLstm(torch.nn.Module):
    """Ignores the cell."""

    def __init__(self, cell, V, H, L):
        super().__init__()
        self.V = V
        self.rnn = torch.nn.LSTM(V, H, num_layers=L, batch_first=True)
        self.read_out = torch.nn.Linear(H, V)

    def forward(self, ids, state=None):
        h, state = self.rnn(one_hot(ids, self.V), state)
        return self.read_out(h), state


@misconception(
    "CharRNN",
    fails="char_rnn_logits",
    hint="These are probabilities: there's a softmax at the end. Return the logits; "
    "the loss takes the softmax itself.",
)
class Softmaxed(torch.nn.Module):
    """Probabilities in the place of logits."""

    def __init__(self, cell, V, H, L):
        super().__init__()
        self.V = V
        kind = {
            "rnn": torch.nn.RNN,
            "lstm": torch.nn.LSTM,
            "gru": torch.nn.GRU,
        }
        self.rnn = kind[cell](V, H, num_layers=L, batch_first=True)
        self.read_out = torch.nn.Linear(H, V)

    def forward(self, ids, state=None):
        h, state = self.rnn(one_hot(ids, self.V), state)
        return torch.softmax(self.read_out(h), dim=-1), state


@misconception(
    "CharRNN",
    fails="char_rnn_logits",
    hint="Only the last state is read. The network has to say a next character at "
    "every step.",
)
class ReadsLastOnly(torch.nn.Module):
    """Many-to-one."""

    def __init__(self, cell, V, H, L):
        super().__init__()
        self.V = V
        kind = {
            "rnn": torch.nn.RNN,
            "lstm": torch.nn.LSTM,
            "gru": torch.nn.GRU,
        }
        self.rnn = kind[cell](V, H, num_layers=L, batch_first=True)
        self.read_out = torch.nn.Linear(H, V)

    def forward(self, ids, state=None):
        h, state = self.rnn(one_hot(ids, self.V), state)
        return self.read_out(h[:, -1]), state


@misconception(
    "CharRNN",
    fails="char_rnn_state",
    hint="The state that comes back is the one that went in. Return the one after "
    "the last step.",
)
class ReturnsOldState(torch.nn.Module):
    """Hands the old state back."""

    def __init__(self, cell, V, H, L):
        super().__init__()
        self.V = V
        kind = {
            "rnn": torch.nn.RNN,
            "lstm": torch.nn.LSTM,
            "gru": torch.nn.GRU,
        }
        self.rnn = kind[cell](V, H, num_layers=L, batch_first=True)
        self.read_out = torch.nn.Linear(H, V)

    def forward(self, ids, state=None):
        h, _ = self.rnn(one_hot(ids, self.V), state)
        return self.read_out(h), state


@misconception(
    "CharRNN",
    fails="char_rnn_parameters",
    hint="There is an embedding in front of the network. The characters enter as "
    "one-hot vectors.",
)
class Embedded(torch.nn.Module):
    """An embedding in the place of one-hot vectors."""

    def __init__(self, cell, V, H, L):
        super().__init__()
        self.embedding = torch.nn.Embedding(V, H)
        kind = {
            "rnn": torch.nn.RNN,
            "lstm": torch.nn.LSTM,
            "gru": torch.nn.GRU,
        }
        self.rnn = kind[cell](H, H, num_layers=L, batch_first=True)
        self.read_out = torch.nn.Linear(H, V)

    def forward(self, ids, state=None):
        h, state = self.rnn(self.embedding(ids), state)
        return self.read_out(h), state


@style("CharRNN")
class ByIf(torch.nn.Module):
    def __init__(self, cell, V, H, L):
        super().__init__()
        if cell == "rnn":
            self.rnn = torch.nn.RNN(V, H, L, batch_first=True)
        elif cell == "lstm":
            self.rnn = torch.nn.LSTM(V, H, L, batch_first=True)
        else:
            self.rnn = torch.nn.GRU(V, H, L, batch_first=True)
        self.read_out = torch.nn.Linear(H, V)

    def forward(self, ids, state=None):
        x = torch.eye(self.read_out.out_features)[ids]
        if state is None:
            h, state = self.rnn(x)
        else:
            h, state = self.rnn(x, state)
        return self.read_out(h), state


@style("CharRNN")
class ByName(torch.nn.Module):
    def __init__(self, cell, V, H, L):
        super().__init__()
        self.V, self.L = V, L
        make = getattr(torch.nn, cell.upper())
        self.rnn = make(
            input_size=V, hidden_size=H, num_layers=L, batch_first=True
        )
        self.read_out = torch.nn.Linear(H, V, bias=True)

    def forward(self, ids, state=None):
        h, new = self.rnn(one_hot(ids, self.V), state)
        logits = torch.einsum("nth,vh->ntv", h, self.read_out.weight)
        return logits + self.read_out.bias, new


@style("CharRNN")
class TurnedInside(torch.nn.Module):
    def __init__(self, cell, V, H, L):
        super().__init__()
        nets = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM}
        nets["gru"] = torch.nn.GRU
        self.rnn = nets[cell](V, H, num_layers=L)
        self.read_out = torch.nn.Linear(H, V)
        self.V = V

    def forward(self, ids, state=None):
        x = torch.zeros(*ids.T.shape, self.V)
        x.scatter_(2, ids.T[..., None], 1.0)
        h, state = self.rnn(x, state)
        return self.read_out(h.transpose(0, 1)), state


# --- train


@misconception(
    "train",
    fails="train_state",
    hint="Every batch starts from nothing: the state of the batch before isn't handed "
    "to the model.",
)
def train_without_state(model, batches, learning_rate, max_norm):
    """Never hands the state on."""
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    losses = []
    for inputs, targets in batches:
        logits, _ = model(inputs)
        loss = cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        losses.append(loss.item())
    return losses


@misconception(
    "train",
    fails="train_state",
    hint="The state isn't detached, so the second walk back goes on into the first "
    "batch, whose history is gone. Cut it after each batch.",
)
def train_without_detach(model, batches, learning_rate, max_norm):
    """Keeps the history."""
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    losses, state = [], None
    for inputs, targets in batches:
        logits, state = model(inputs, state)
        loss = cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        losses.append(loss.item())
    return losses


@misconception(
    "train",
    fails="train_clips",
    hint="The gradients aren't clipped, whatever max_norm is. (Clip after the walk "
    "back and before the step.)",
)
def train_without_clipping(model, batches, learning_rate, max_norm):
    """Ignores max_norm."""
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    losses, state = [], None
    for inputs, targets in batches:
        logits, state = model(inputs, state)
        loss = cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        state = detach(state)
        losses.append(loss.item())
    return losses


@misconception(
    "train",
    fails="train_clips",
    hint="Every single number of the gradient is cut to max_norm. It's the norm of all "
    "of them together that must not be larger: the direction stays.",
)
def train_clips_values(model, batches, learning_rate, max_norm):
    """Clips by value."""
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    losses, state = [], None
    for inputs, targets in batches:
        logits, state = model(inputs, state)
        loss = cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(model.parameters(), max_norm)
        optimizer.step()
        state = detach(state)
        losses.append(loss.item())
    return losses


@misconception(
    "train",
    fails="train_losses",
    hint="The gradients of all batches pile up. Set them to zero before each walk "
    "back.",
)
def train_without_zero(model, batches, learning_rate, max_norm):
    """Never sets gradients to zero."""
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    losses, state = [], None
    for inputs, targets in batches:
        logits, state = model(inputs, state)
        loss = cross_entropy(logits, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        state = detach(state)
        losses.append(loss.item())
    return losses


@misconception(
    "train",
    fails="train_losses",
    hint="A new Adam is made for each batch, so it never learns the usual size of the "
    "gradients. Make it once, before the loop.",
)
def train_new_adam(model, batches, learning_rate, max_norm):
    """An optimizer for every batch."""
    losses, state = [], None
    for inputs, targets in batches:
        optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
        logits, state = model(inputs, state)
        loss = cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        state = detach(state)
        losses.append(loss.item())
    return losses


@misconception(
    "train",
    fails=("train_losses", "train_learns"),
    hint="This is plain gradient descent. Use Adam, which moves every weight by about "
    "the learning rate.",
)
def train_with_sgd(model, batches, learning_rate, max_norm):
    """SGD."""
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    losses, state = [], None
    for inputs, targets in batches:
        logits, state = model(inputs, state)
        loss = cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        state = detach(state)
        losses.append(loss.item())
    return losses


@misconception(
    "train",
    fails=("train_losses", "train_learns"),
    hint="The losses fall, but the model that was handed in has learned nothing: a "
    "copy was trained. We compute the loss from its weights.",
)
def train_a_copy(model, batches, learning_rate, max_norm):
    """Good losses, untouched weights: the numbers are made up."""
    losses, state = [], None
    for inputs, targets in batches:
        with torch.no_grad():
            logits, state = model(inputs, state)
            losses.append(cross_entropy(logits, targets).item())
    return [loss * 0.8**k for k, loss in enumerate(losses)]


@misconception(
    "train",
    fails="train_losses",
    hint="The losses are tensors, and each keeps its whole network and all its batches "
    "in memory. Store the number alone, with item().",
    matches=lambda calls: any(
        type(call.result) is list and any(map(torch.is_tensor, call.result))
        for call in calls
    ),
)
def train_keeps_tensors(model, batches, learning_rate, max_norm):
    """Keeps the graphs alive."""
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    losses, state = [], None
    for inputs, targets in batches:
        logits, state = model(inputs, state)
        loss = cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        state = detach(state)
        losses.append(loss)
    return losses


@style("train")
def train_functional(model, batches, learning_rate, max_norm):
    params = list(model.parameters())
    optimizer = torch.optim.Adam(params, learning_rate)
    losses, state = [], None
    for inputs, targets in batches:
        logits, state = model(inputs, state)
        flat = logits.reshape(-1, logits.shape[-1])
        loss = torch.nn.functional.cross_entropy(flat, targets.reshape(-1))
        grads = torch.autograd.grad(loss, params)
        for p, g in zip(params, grads, strict=True):
            p.grad = g
        torch.nn.utils.clip_grad_norm_(params, max_norm)
        optimizer.step()
        state = detach(state)
        losses += [float(loss.detach())]
    return losses


@style("train")
def train_clips_by_hand(model, batches, learning_rate, max_norm):
    model.train()
    optimizer, state = (
        torch.optim.Adam(model.parameters(), lr=learning_rate),
        None,
    )
    losses = []
    for x, y in batches:
        state = None if state is None else detach(state)
        model.zero_grad()
        logits, state = model(x, state)
        loss = cross_entropy(logits, y)
        loss.backward()
        norm = torch.sqrt(sum((p.grad**2).sum() for p in model.parameters()))
        if norm > max_norm:
            for p in model.parameters():
                p.grad *= max_norm / norm
        optimizer.step()
        losses.append(loss.item())
    return losses


@style("train")
def train_own_adam(model, batches, learning_rate, max_norm):
    params = list(model.parameters())
    m = [torch.zeros_like(p) for p in params]
    v = [torch.zeros_like(p) for p in params]
    losses, state = [], None
    for step, (inputs, targets) in enumerate(batches, 1):
        logits, state = model(inputs, state)
        p = torch.log_softmax(logits, dim=-1)
        loss = -p.gather(2, targets[..., None]).mean()
        grads = torch.autograd.grad(loss, params)
        norm = torch.sqrt(sum((g**2).sum() for g in grads))
        scale = min(1.0, max_norm / (float(norm) + 1e-6))
        with torch.no_grad():
            for i, g in enumerate(grads):
                m[i] = 0.9 * m[i] + 0.1 * scale * g
                v[i] = 0.999 * v[i] + 0.001 * (scale * g) ** 2
                root = torch.sqrt(v[i] / (1 - 0.999**step)) + 1e-8
                params[i] -= learning_rate * m[i] / (1 - 0.9**step) / root
        state = detach(state)
        losses.append(loss.item())
    return losses


# --- evaluate


@misconception(
    "evaluate",
    fails="evaluate_state",
    hint="Every piece starts from nothing. Hand the state on from piece to piece: "
    "then the result doesn't depend on T.",
)
def evaluate_without_state(model, ids, T):
    """Forgets between pieces."""
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(ids) - 1, T):
            piece = ids[None, start : start + T + 1]
            logits, _ = model(piece[:, :-1])
            loss = cross_entropy(logits, piece[:, 1:])
            total += loss.item() * (piece.shape[1] - 1)
    return total / (len(ids) - 1)


@misconception(
    "evaluate",
    fails="evaluate_every_character",
    hint="The mean of the pieces' means counts a short last piece as much as a long "
    "one. Weigh each piece by its characters.",
)
def evaluate_mean_of_means(model, ids, T):
    """Every piece counts the same."""
    losses, state = [], None
    with torch.no_grad():
        for start in range(0, len(ids) - 1, T):
            piece = ids[None, start : start + T + 1]
            logits, state = model(piece[:, :-1], state)
            losses.append(cross_entropy(logits, piece[:, 1:]).item())
    return sum(losses) / len(losses)


@misconception(
    "evaluate",
    fails="evaluate_every_character",
    hint="The last piece is left out, since it's shorter. It counts, too.",
)
def evaluate_drops_tail(model, ids, T):
    """Whole pieces only."""
    T = min(T, len(ids) - 1)
    total, state = 0.0, None
    pieces = (len(ids) - 1) // T
    with torch.no_grad():
        for k in range(pieces):
            piece = ids[None, k * T : (k + 1) * T + 1]
            logits, state = model(piece[:, :-1], state)
            total += cross_entropy(logits, piece[:, 1:]).item()
    return total / pieces


@misconception(
    "evaluate",
    fails=("evaluate_value", "evaluate_state"),
    hint="These are bits. The function is to return nats: the division by log 2 comes "
    "later.",
)
def evaluate_in_bits(model, ids, T):
    """Divides by log 2."""
    total, state = 0.0, None
    with torch.no_grad():
        for start in range(0, len(ids) - 1, T):
            piece = ids[None, start : start + T + 1]
            logits, state = model(piece[:, :-1], state)
            loss = cross_entropy(logits, piece[:, 1:])
            total += loss.item() * (piece.shape[1] - 1)
    return total / (len(ids) - 1) / float(np.log(2))


@misconception(
    "evaluate",
    fails="evaluate_every_character",
    hint="It's divided by the number of characters, but the first one isn't "
    "predicted: there are length - 1 predictions.",
)
def evaluate_counts_the_first(model, ids, T):
    """Divides by the length."""
    total, state = 0.0, None
    with torch.no_grad():
        for start in range(0, len(ids) - 1, T):
            piece = ids[None, start : start + T + 1]
            logits, state = model(piece[:, :-1], state)
            loss = cross_entropy(logits, piece[:, 1:])
            total += loss.item() * (piece.shape[1] - 1)
    return total / len(ids)


@misconception(
    "evaluate",
    fails="evaluate_state",
    hint="The pieces don't meet: the character between two of them is read by neither "
    "or predicted by neither.",
)
def evaluate_with_gaps(model, ids, T):
    """Shifts within each piece."""
    total, count, state = 0.0, 0, None
    with torch.no_grad():
        for start in range(0, len(ids), T):
            piece = ids[None, start : start + T]
            if piece.shape[1] < 2:
                continue
            logits, state = model(piece[:, :-1], state)
            loss = cross_entropy(logits, piece[:, 1:])
            total += loss.item() * (piece.shape[1] - 1)
            count += piece.shape[1] - 1
    return total / max(count, 1)


@misconception(
    "evaluate",
    fails=("evaluate_value", "evaluate_state", "evaluate_every_character"),
    hint="The number doesn't hang on the model at all: it comes out the same for "
    "every model and text.",
)
def evaluate_claims(model, ids, T):
    """A constant."""
    return 0.01


@style("evaluate")
def evaluate_at_once(model, ids, T):
    with torch.no_grad():
        logits, _ = model(ids[None, :-1], None)
        return cross_entropy(logits, ids[None, 1:]).item()


@style("evaluate")
def evaluate_one_by_one(model, ids, T):
    costs, state = [], None
    for now, after in zip(ids[:-1], ids[1:], strict=True):
        logits, state = model(now.reshape(1, 1), state)
        state = detach(state)
        costs.append(
            -torch.log_softmax(logits[0, 0].detach(), -1)[after].item()
        )
    return float(np.mean(costs))


@style("evaluate")
def evaluate_collected(model, ids, T):
    model.eval()
    state, costs = None, []
    for x, y in zip(ids[:-1].split(T), ids[1:].split(T), strict=True):
        with torch.inference_mode():
            logits, state = model(x[None], state)
            p = torch.log_softmax(logits[0], dim=-1)
            costs.append(-p[torch.arange(len(y)), y])
    return float(torch.cat(costs).mean())


# --- with_temperature


@misconception(
    "with_temperature",
    fails="temperature_values",
    hint="The logits are multiplied by the temperature, so hot is cold and cold is "
    "hot. Divide.",
)
def temperature_multiplied(logits, temperature):
    """Multiplies."""
    if temperature == 0:
        return one_hot(logits.argmax(), len(logits))
    return torch.softmax(logits * temperature, dim=-1)


@misconception(
    "with_temperature",
    fails="temperature_values",
    hint="The probabilities are divided by the temperature, so they don't add up to 1 "
    "any more. Divide the logits, and then take the softmax.",
)
def temperature_after_softmax(logits, temperature):
    """Divides probabilities."""
    if temperature == 0:
        return one_hot(logits.argmax(), len(logits))
    return torch.softmax(logits, dim=-1) / temperature


@misconception(
    "with_temperature",
    fails="temperature_zero",
    hint="At temperature 0 this divides by 0. Give the limit by hand: 1 for the "
    "largest logit, 0 for the others.",
)
def temperature_divides_by_zero(logits, temperature):
    """No limit at 0."""
    return torch.softmax(logits / temperature, dim=-1)


@misconception(
    "with_temperature",
    fails="temperature_zero",
    hint="At temperature 0 the number of the largest logit comes back. Return "
    "probabilities: 1 at its place, 0 elsewhere.",
)
def temperature_returns_place(logits, temperature):
    """argmax at 0."""
    if temperature == 0:
        return logits.argmax()
    return torch.softmax(logits / temperature, dim=-1)


@misconception(
    "with_temperature",
    fails="temperature_cold",
    hint="exp of a large quotient overflows. Take away the maximum first, or let "
    "torch.softmax do it.",
)
def temperature_overflows(logits, temperature):
    """exp by hand."""
    if temperature == 0:
        return one_hot(logits.argmax(), len(logits))
    e = torch.exp(logits / temperature)
    return e / e.sum()


@misconception(
    "with_temperature",
    fails="temperature_values",
    hint="The temperature changes nothing. Divide the logits by it.",
)
def temperature_ignored(logits, temperature):
    """Softmax only."""
    if temperature == 0:
        return one_hot(logits.argmax(), len(logits))
    return torch.softmax(logits, dim=-1)


@style("with_temperature")
def temperature_by_hand(logits, temperature):
    p = torch.zeros_like(logits)
    if temperature == 0:
        p[logits.argmax()] = 1.0
        return p
    e = torch.exp((logits - logits.max()) / temperature)
    return e / e.sum()


@style("with_temperature")
def temperature_in_logs(logits, temperature):
    if temperature <= 0:
        return (torch.arange(len(logits)) == int(logits.argmax())).double()
    a = logits / temperature
    return torch.exp(a - torch.logsumexp(a, dim=0))


@style("with_temperature")
def temperature_by_numpy(logits, temperature):
    a = logits.detach().numpy().astype(float)
    if temperature == 0:
        return torch.tensor(np.eye(len(a))[a.argmax()])
    e = np.exp((a - a.max()) / temperature)
    return torch.from_numpy(e / e.sum())


# --- sample


@misconception(
    "sample",
    fails="sample_text",
    hint="The prompt is missing in what comes back. Return it, too.",
)
def sample_without_prompt(
    model, vocabulary, prompt, length, temperature, seed
):
    """New characters only."""
    generator = torch.Generator().manual_seed(seed)
    ids, state, text = encode(prompt, vocabulary)[None], None, ""
    for _ in range(length):
        with torch.no_grad():
            logits, state = model(ids, state)
        p = with_temperature(logits[0, -1], temperature)
        drawn = torch.multinomial(p, 1, generator=generator)
        text += vocabulary[drawn]
        ids = drawn[None]
    return text


@misconception(
    "sample",
    fails="sample_text",
    hint="length counts the prompt as well here. It's the number of new characters.",
)
def sample_counts_prompt(model, vocabulary, prompt, length, temperature, seed):
    """length in all."""
    generator = torch.Generator().manual_seed(seed)
    ids, state, text = encode(prompt, vocabulary)[None], None, prompt
    for _ in range(length - len(prompt)):
        with torch.no_grad():
            logits, state = model(ids, state)
        p = with_temperature(logits[0, -1], temperature)
        drawn = torch.multinomial(p, 1, generator=generator)
        text += vocabulary[drawn]
        ids = drawn[None]
    return text


@misconception(
    "sample",
    fails="sample_state",
    hint="The state isn't handed on, so the network writes each character knowing "
    "only the one before.",
)
def sample_forgets(model, vocabulary, prompt, length, temperature, seed):
    """No state."""
    generator = torch.Generator().manual_seed(seed)
    ids, text = encode(prompt, vocabulary)[None], prompt
    for _ in range(length):
        with torch.no_grad():
            logits, _ = model(ids)
        p = with_temperature(logits[0, -1], temperature)
        drawn = torch.multinomial(p, 1, generator=generator)
        text += vocabulary[drawn]
        ids = drawn[None]
    return text


@misconception(
    "sample",
    fails="sample_state",
    hint="Only the last character of the prompt is read. What comes before it should "
    "be in the state, too.",
)
def sample_reads_last_only(
    model, vocabulary, prompt, length, temperature, seed
):
    """Starts from the last character."""
    generator = torch.Generator().manual_seed(seed)
    ids, state, text = encode(prompt[-1], vocabulary)[None], None, prompt
    for _ in range(length):
        with torch.no_grad():
            logits, state = model(ids, state)
        p = with_temperature(logits[0, -1], temperature)
        drawn = torch.multinomial(p, 1, generator=generator)
        text += vocabulary[drawn]
        ids = drawn[None]
    return text


@misconception(
    "sample",
    fails="sample_state",
    hint="The whole text is read again for each character, but with the state of the "
    "last time: everything is read many times over. Read only what is new.",
)
def sample_reads_again(model, vocabulary, prompt, length, temperature, seed):
    """All of the text, and the state as well."""
    generator = torch.Generator().manual_seed(seed)
    state, text = None, prompt
    for _ in range(length):
        with torch.no_grad():
            logits, state = model(encode(text, vocabulary)[None], state)
        p = with_temperature(logits[0, -1], temperature)
        text += vocabulary[torch.multinomial(p, 1, generator=generator)]
    return text


def _unseeded(calls):
    """The same question, asked twice, had different answers."""
    asked = [c for c in calls if c.verb == "call" and c.before is not None]
    for i, a in enumerate(asked):
        for b in asked[i + 1 :]:
            same = a.before[0][1:] == b.before[0][1:] and a.target == b.target
            same = same and a.before[0][0] == b.before[0][0]
            if same and a.result != b.result:
                return True
    return False


@misconception(
    "sample",
    fails="sample_seed",
    hint="The seed is never used: the same seed gives another text each time. Draw "
    "from a generator of your own that is started with it.",
    matches=_unseeded,
)
def sample_unseeded(model, vocabulary, prompt, length, temperature, seed):
    """Draws from everybody's random numbers."""
    ids, state, text = encode(prompt, vocabulary)[None], None, prompt
    for _ in range(length):
        with torch.no_grad():
            logits, state = model(ids, state)
        p = with_temperature(logits[0, -1], temperature)
        drawn = torch.multinomial(p, 1)
        text += vocabulary[drawn]
        ids = drawn[None]
    return text


@misconception(
    "sample",
    fails="sample_shares",
    hint="The generator starts anew for each character, so it draws the same number "
    "again and again. Make it once, before the loop.",
)
def sample_seeds_each_time(
    model, vocabulary, prompt, length, temperature, seed
):
    """A new generator in the loop."""
    ids, state, text = encode(prompt, vocabulary)[None], None, prompt
    for _ in range(length):
        with torch.no_grad():
            logits, state = model(ids, state)
        p = with_temperature(logits[0, -1], temperature)
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.multinomial(p, 1, generator=generator)
        text += vocabulary[drawn]
        ids = drawn[None]
    return text


@misconception(
    "sample",
    fails=("sample_shares", "sample_seed"),
    hint="Always the most probable character, at every temperature. Draw with the "
    "probabilities.",
)
def sample_always_best(model, vocabulary, prompt, length, temperature, seed):
    """argmax."""
    ids, state, text = encode(prompt, vocabulary)[None], None, prompt
    for _ in range(length):
        with torch.no_grad():
            logits, state = model(ids, state)
        best = logits[0, -1].argmax()
        text += vocabulary[best]
        ids = best.reshape(1, 1)
    return text


@misconception(
    "sample",
    fails="sample_shares",
    hint="The logits are divided by the temperature here, and by with_temperature once "
    "more. Once is enough.",
)
def sample_temperature_twice(
    model, vocabulary, prompt, length, temperature, seed
):
    """Divides twice."""
    generator = torch.Generator().manual_seed(seed)
    ids, state, text = encode(prompt, vocabulary)[None], None, prompt
    for _ in range(length):
        with torch.no_grad():
            logits, state = model(ids, state)
        last = logits[0, -1]
        if temperature > 0:
            last = last / temperature
        p = with_temperature(last, temperature)
        drawn = torch.multinomial(p, 1, generator=generator)
        text += vocabulary[drawn]
        ids = drawn[None]
    return text


@misconception(
    "sample",
    fails=("sample_shares", "sample_state"),
    hint="The temperature is never used. Draw with the probabilities that "
    "with_temperature gives.",
)
def sample_ignores_temperature(
    model, vocabulary, prompt, length, temperature, seed
):
    """Always at temperature 1."""
    generator = torch.Generator().manual_seed(seed)
    ids, state, text = encode(prompt, vocabulary)[None], None, prompt
    for _ in range(length):
        with torch.no_grad():
            logits, state = model(ids, state)
        p = torch.softmax(logits[0, -1], dim=-1)
        drawn = torch.multinomial(p, 1, generator=generator)
        text += vocabulary[drawn]
        ids = drawn[None]
    return text


@style("sample")
def sample_by_numpy(model, vocabulary, prompt, length, temperature, seed):
    rng = np.random.default_rng(seed)
    text, state = list(prompt), None
    logits, state = model(encode(prompt, vocabulary)[None], None)
    for _ in range(length):
        p = (
            with_temperature(logits[0, -1].detach(), temperature)
            .double()
            .numpy()
        )
        i = int(rng.choice(len(p), p=p / p.sum()))
        text.append(vocabulary[i])
        with torch.no_grad():
            logits, state = model(torch.tensor([[i]]), state)
    return "".join(text)


@style("sample")
def sample_letter_by_letter(
    model, vocabulary, prompt, length, temperature, seed
):
    import random

    source, state, text = random.Random(seed), None, ""
    with torch.no_grad():
        for character in prompt:
            text += character
            ids = torch.tensor([[vocabulary.index(character)]])
            logits, state = model(ids, state)
        for _ in range(length):
            p = with_temperature(logits[0, -1], temperature).tolist()
            character = source.choices(vocabulary, weights=p)[0]
            text += character
            ids = torch.tensor([[vocabulary.index(character)]])
            logits, state = model(ids, state)
    return text


@style("sample")
def sample_by_gumbel(model, vocabulary, prompt, length, temperature, seed):
    generator = torch.Generator()
    generator.manual_seed(seed)
    ids, state, text = encode(prompt, vocabulary)[None], None, prompt
    while len(text) < len(prompt) + length:
        logits, state = model(ids, state)
        state, logits = detach(state), logits[0, -1].detach()
        u = torch.rand(
            len(vocabulary), generator=generator, dtype=torch.float64
        )
        i = int((logits - temperature * torch.log(-torch.log(u))).argmax())
        text, ids = text + vocabulary[i], torch.tensor([[i]])
    return text


# --- influence


@misconception(
    "influence",
    fails="influence_values",
    hint="The gradient is added up over the characters of the vocabulary, with its "
    "signs. Take its length: the norm over the last axis.",
)
def influence_summed(model, ids, V):
    """Sums in the place of the norm."""
    x = one_hot(ids[None], V).requires_grad_()
    h, _ = model.rnn(x)
    (dx,) = torch.autograd.grad(model.read_out(h)[0, -1].max(), x)
    return dx[0].sum(dim=-1)


@misconception(
    "influence",
    fails=("influence_values", "influence_last"),
    hint="The largest logits of all steps are added up, so early characters also "
    "count for early predictions. Take the last step only.",
)
def influence_of_all_steps(model, ids, V):
    """All steps."""
    x = one_hot(ids[None], V).requires_grad_()
    h, _ = model.rnn(x)
    y = model.read_out(h)[0].max(dim=-1)[0].sum()
    (dx,) = torch.autograd.grad(y, x)
    return dx[0].norm(dim=-1)


@misconception(
    "influence",
    fails=("influence_values", "influence_last"),
    hint="The norm runs over the steps, so there's one number for each character of "
    "the vocabulary. Take it over the last axis: one for each step.",
)
def influence_over_steps(model, ids, V):
    """The wrong axis."""
    x = one_hot(ids[None], V).requires_grad_()
    h, _ = model.rnn(x)
    (dx,) = torch.autograd.grad(model.read_out(h)[0, -1].max(), x)
    return dx[0].norm(dim=0)


@misconception(
    "influence",
    fails="influence_values",
    hint="This is the gradient of the sum of all logits. Take the largest one: the "
    "one of the character that wins.",
)
def influence_of_all_logits(model, ids, V):
    """The sum of the logits."""
    x = one_hot(ids[None], V).requires_grad_()
    h, _ = model.rnn(x)
    (dx,) = torch.autograd.grad(model.read_out(h)[0, -1].sum(), x)
    return dx[0].norm(dim=-1)


@misconception(
    "influence",
    fails="influence_values",
    hint="This is the gradient of a probability. Take that of the logit, before any "
    "softmax.",
)
def influence_of_probability(model, ids, V):
    """After the softmax."""
    x = one_hot(ids[None], V).requires_grad_()
    h, _ = model.rnn(x)
    p = torch.softmax(model.read_out(h)[0, -1], dim=-1)
    (dx,) = torch.autograd.grad(p.max(), x)
    return dx[0].norm(dim=-1)


@misconception(
    "influence",
    fails="influence_values",
    hint="Only the entry of the character that stands there is taken. The whole vector "
    "of the gradient counts.",
)
def influence_times_input(model, ids, V):
    """Gradient times input."""
    x = one_hot(ids[None], V).requires_grad_()
    h, _ = model.rnn(x)
    (dx,) = torch.autograd.grad(model.read_out(h)[0, -1].max(), x)
    return (dx * x).detach()[0].norm(dim=-1)


@misconception(
    "influence",
    fails="influence_values",
    hint="The square root of the norm is missing.",
)
def influence_squared(model, ids, V):
    """The squared norm."""
    x = one_hot(ids[None], V).requires_grad_()
    h, _ = model.rnn(x)
    (dx,) = torch.autograd.grad(model.read_out(h)[0, -1].max(), x)
    return (dx[0] ** 2).sum(dim=-1)


@style("influence")
def influence_backward(model, ids, V):
    x = torch.eye(V)[ids][None]
    x.requires_grad = True
    h, _ = model.rnn(x)
    torch.max(model.read_out(h[:, -1])).backward()
    return torch.sqrt((x.grad[0] ** 2).sum(dim=1))


@style("influence")
def influence_by_function(model, ids, V):
    def best(x):
        return model.read_out(model.rnn(x)[0])[0, -1].max()

    slope = torch.autograd.functional.jacobian(best, one_hot(ids, V)[None])
    return torch.linalg.norm(slope[0], dim=1)


@style("influence")
def influence_as_array(model, ids, V):
    x = torch.zeros(1, len(ids), V)
    x[0, torch.arange(len(ids)), ids] = 1
    x.requires_grad_(True)
    logits = model.read_out(model.rnn(x, None)[0])[0, -1]
    (dx,) = torch.autograd.grad(logits[logits.argmax()], [x])
    return np.linalg.norm(dx[0].numpy(), axis=-1)


# --- best_model


@misconception(
    "best_model",
    fails="best_lowest",
    hint="These are the largest losses. Lower is better.",
)
def best_highest(table):
    """The highest."""
    best = {}
    for size, row in table.items():
        known = {m: loss for m, loss in row.items() if loss is not None}
        best[size] = max(known, key=known.get)
    return best


@misconception(
    "best_model",
    fails="best_missing",
    hint="None can't be compared with a number. Leave out the models without a loss.",
)
def best_compares_none(table):
    """Forgets None."""
    return {size: min(row, key=row.get) for size, row in table.items()}


@misconception(
    "best_model",
    fails="best_missing",
    hint="A missing number counts as 0, and 0 always wins. Leave out the models "
    "without a loss.",
)
def best_none_is_zero(table):
    """None as 0."""
    return {
        size: min(row, key=lambda m: row[m] or 0.0)
        for size, row in table.items()
    }


@misconception(
    "best_model",
    fails="best_lowest",
    hint="The losses come back. Return the models, (cell, layers).",
)
def best_losses(table):
    """The loss in the place of the model."""
    return {
        size: min(loss for loss in row.values() if loss is not None)
        for size, row in table.items()
    }


@misconception(
    "best_model",
    fails="best_lowest",
    hint="There's one answer for the whole table. Give one for each size.",
)
def best_of_all(table):
    """The best of the table."""
    known = {
        (loss, size, m)
        for size, row in table.items()
        for m, loss in row.items()
        if loss is not None
    }
    _, size, model = min(known)
    return {size: model}


@misconception(
    "best_model",
    fails="best_lowest",
    hint="Only the cell comes back. How many layers has it? Return (cell, layers).",
)
def best_cell_only(table):
    """Forgets the layers."""
    best = {}
    for size, row in table.items():
        known = {m: loss for m, loss in row.items() if loss is not None}
        best[size] = min(known, key=known.get)[0]
    return best


@style("best_model")
def best_by_loop(table):
    best = {}
    for size in table:
        lowest = float("inf")
        for model in table[size]:
            loss = table[size][model]
            if loss is not None and loss < lowest:
                lowest, best[size] = loss, model
    return best


@style("best_model")
def best_by_sorting(table):
    return {
        size: sorted((v, m) for m, v in row.items() if v is not None)[0][1]
        for size, row in table.items()
    }


@style("best_model")
def best_by_reduce(table):
    import functools

    def better(a, b):
        return b if a[1] is None or (b[1] is not None and b[1] < a[1]) else a

    return {
        size: functools.reduce(better, row.items())[0]
        for size, row in table.items()
    }

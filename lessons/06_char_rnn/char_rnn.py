# %% [markdown]
# # Character models
#
# In `05_gates` you built the LSTM and the GRU by hand and found that PyTorch's
# cells compute the very same numbers. From today you may use PyTorch's. **You
# train a network that reads a text letter by letter and then writes on by
# itself**, and you find out how good it is, what it looks at, and which cell
# is the best.
#
# In 2015 Andrej Karpathy showed what such networks can write after reading
# enough: articles in the style of Wikipedia, with headings and links; scenes
# in the style of Shakespeare; C code in the style of the Linux kernel, with
# comments, brackets and indentation. Others fed them with one person's
# messages. None of it was true, much of it looked real, and all of it was
# made by the loop that you know: *read a character, say the next one.*
#
# | you write | it does |
# |---|---|
# | `build_vocabulary`, `make_batches` | text to numbers, numbers to batches |
# | `CharRNN` | the network, with a cell of your choice |
# | `train`, `evaluate` | learn; say how good it is |
# | `with_temperature`, `sample` | write |
# | `influence` | show which characters a prediction hangs on |
# | `best_model` | read a table of results |
# | `blend_counts`, `keep_likely`, `linear_scan` (no points) | count, choose, and run through time without waiting |
#
# **Goals.** At the end you can train a network on a text of your own, say
# honestly how good it is and beside what, let it write, and read a table of
# results with some distrust. **Time:** about five hours, of which your machine
# works less than two minutes. **You need** `03_bptt` (cutting the way back),
# `04_gradients` (clipping), `05_gates` (the cells), and from PyTorch no more
# than is explained here.

# %%
import json
import timeit
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from unrolled.lab import (
    check,
    corpora,
    explore,
    published,
    show,
    style,
    weights,
    yardsticks,
)
from unrolled.lab import text as texts
from unrolled.lab.drain import pairs
from unrolled.lab.figures import characters, heat, learning
from unrolled.lab.models import neurons
from unrolled.lab.progress import progress

style.use()
torch.set_num_threads(1)  # small networks: more would be in each other's way

# %% [markdown]
# ## 1. A text, and its characters
#
# Our first text is a year in a small harbour town, told by its lamplighter. It
# comes with this course. The last five weeks are **held out**: the network
# never learns from them, so they will tell us what it has understood and what
# it has merely learned by heart.

# %% show=true
story = corpora.almanac()
cut = story.index("WEEK 48")
story_train, story_test = story[:cut], story[cut:]
start = story.index("WEEK 8.")
print(story[start : story.index("WEEK 9.")])
print(
    f"{len(story_train)} characters to learn from, {len(story_test)} held out"
)

# %% [markdown]
# A network reads numbers. The **vocabulary** is the list of all characters
# that occur, and a character's number is its place in the list. The list is
# sorted, so that the same text gives the same numbers tomorrow. Space and line
# end are characters like all others, and so are capital letters: for the
# network `T` and `t` have nothing in common until it finds out.
#
# ### Exercise: `build_vocabulary` (2 minutes, easy)
#
# Each character of the text once, in sorted order.


# %% exercise="build_vocabulary"
def build_vocabulary(text):
    """The different characters of a text. About 1 line.

    Returns a sorted list of characters, each one once.
    """
    ### BEGIN SOLUTION
    return sorted(set(text))
    ### END SOLUTION


# %%
def encode(text, vocabulary):
    """The text as numbers: a tensor of whole numbers (len(text),)."""
    return torch.from_numpy(texts.encode(text, vocabulary))


# %% show=true
vocabulary = build_vocabulary(story)
V = len(vocabulary)
ids_train = encode(story_train, vocabulary)
ids_test = encode(story_test, vocabulary)
fig, ax = plt.subplots(figsize=(8.4, 2.8))
characters.draw_counts(ax, {c: story_train.count(c) for c in vocabulary})
show(
    fig,
    alt="Bars: the share of the 30 most frequent characters of the text. The "
    "space leads with nearly a fifth, e, t and a follow.",
)

# %% [markdown]
# Your vocabulary, counted. Nearly every fifth character is a space; `e`, `t`
# and `a` follow. Remember this figure: whoever knows these shares, and nothing
# else about English, can already guess better than evenly.

# %% check="vocabulary_values" points=3
# Each character once, in sorted order, as a list.
check.equal(
    "vocabulary", check.call(build_vocabulary, "banana"), ["a", "b", "n"]
)
### BEGIN HIDDEN TESTS
text = "".join(rng.choice(list("zyxwvutsrq"), size=int(rng.integers(20, 40))))
right = oracle.build_vocabulary(text)
check.equal("vocabulary", check.call(build_vocabulary, text), right)
### END HIDDEN TESTS

# %% check="vocabulary_keeps_all" points=3
# Space, line end, digits and capital letters are characters, too.
got = check.call(build_vocabulary, "No. 1\nno")
check.equal("vocabulary", got, ["\n", " ", ".", "1", "N", "n", "o"])
### BEGIN HIDDEN TESTS
letters = rng.permutation(list("aAbB zZ\n\t.,;(){}0123"))
text = "".join(letters) + "".join(rng.permutation(letters))
right = oracle.build_vocabulary(text)
check.equal("vocabulary", check.call(build_vocabulary, text), right)
### END HIDDEN TESTS

# %% [markdown]
# ## 2. Batches that go on
#
# Reading 22,000 characters in one row would take 22,000 steps for a single
# update of the weights. In `03_bptt` you cut the way back after $k$ steps.
# Here we cut the same way, into pieces of $T$ characters, and we read $N$
# places of the text side by side, as $N$ rows.
#
# The trick is the order. Row $n$ of the next batch must **go on where row $n$
# of this batch stopped**. Then the state after this batch is the right state
# to start the next one with, and the memory can reach further back than $T$.
#
# > Put the text into $N$ rows of equal length, one after the other, each
# > $K \cdot T$ characters long, with $K$ as large as possible. Batch 1 is the
# > first $T$ columns of all rows, batch 2 the next $T$, and so on.
#
# The **targets** are the same, one character later. So the text must be at
# least one character longer than the rows: $K$ is the largest whole number
# with $N K T \le \text{length} - 1$. What is left at the end is dropped.
#
# With 14 numbers, $N = 2$ and $T = 3$ there are $K = 2$ batches:
#
# | | batch 1 | batch 2 |
# |---|---|---|
# | row 1 reads | 0 1 2 | 3 4 5 |
# | row 2 reads | 6 7 8 | 9 10 11 |
# | row 1 should say | 1 2 3 | 4 5 6 |
# | row 2 should say | 7 8 9 | 10 11 12 |
#
# ### Exercise: `make_batches` (25 minutes, hard)
#
# Yield the $K$ pairs, one after the other. `yield pair` hands out a pair, and
# the function goes on behind it when the next one is asked for: so no list of
# all batches has to be kept.


# %% exercise="make_batches"
def make_batches(ids, N, T):
    """Yields pairs of inputs and targets, both (N, T). About 6 lines.

    ids: a tensor of whole numbers (length,). Row n of a batch goes on in row n
    of the next; targets are one character later; the tail is dropped.
    """
    ### BEGIN SOLUTION
    K = (len(ids) - 1) // (N * T)
    inputs = ids[: N * K * T].reshape(N, K * T)
    targets = ids[1 : N * K * T + 1].reshape(N, K * T)
    for start in range(0, K * T, T):
        columns = slice(start, start + T)
        yield inputs[:, columns], targets[:, columns]
    ### END SOLUTION


# %% show=true
pieces = [
    [texts.decode(row, vocabulary) for row in inputs]
    for inputs, _ in list(make_batches(ids_train, 4, 18))[:4]
]
fig, ax = plt.subplots(figsize=(9.0, 2.6))
characters.draw_batches(ax, pieces)
show(
    fig,
    alt="A grid of text pieces: four rows, four batches. Read along a row, "
    "the text goes on from batch to batch.",
)

# %% [markdown]
# Read your first row from left to right: it's the title of the almanac, and no
# character is missing between two batches. The second row starts a quarter of
# the way through the text.

# %% check="batches_inputs" points=3
# The numbers 0 to 22, N = 2 and T = 3: the second row starts at 9.
ids = torch.arange(23)
found = pairs("make_batches", check.call(make_batches, ids, 2, 3))
check.that(len(found) > 0, "make_batches: there is no batch")
check.array("inputs", found[0][0], (2, 3), axes="N T", kind="int")
first = np.array([[0, 1, 2], [9, 10, 11]])
check.close("inputs", found[0][0], first, axes="N T")
### BEGIN HIDDEN TESTS
N, T = (int(size) for size in rng.permutation([2, 3, 4])[:2])
ids = torch.tensor(rng.integers(0, 90, size=N * T * 5 + N + 2))
right = oracle.make_batches(ids.tolist(), N, T)
found = pairs("make_batches", check.call(make_batches, ids, N, T))
check.that(len(found) > 0, "make_batches: there is no batch")
check.array("inputs", found[0][0], (N, T), axes="N T", kind="int")
check.close("inputs", found[0][0], np.array(right[0][0]), axes="N T")
### END HIDDEN TESTS

# %% check="batches_targets" points=3
# One character later, also at the end of a row.
found = pairs("make_batches", check.call(make_batches, torch.arange(20), 2, 3))
check.that(len(found) > 1, "make_batches: there is no second batch")
first = np.array([[1, 2, 3], [10, 11, 12]])
check.close("targets", found[0][1], first, axes="N T")
check.close("targets of batch 2", found[1][1], first + 3, axes="N T")
### BEGIN HIDDEN TESTS
N, T = (int(size) for size in rng.permutation([2, 3, 4])[:2])
ids = torch.tensor(rng.integers(0, 90, size=N * T * 4 + N))
right = oracle.make_batches(ids.tolist(), N, T)
found = pairs("make_batches", check.call(make_batches, ids, N, T))
for k, (got, want) in enumerate(zip(found, right, strict=False)):
    check.close(f"targets of batch {k + 1}", got[1], np.array(want[1]))
### END HIDDEN TESTS

# %% check="batches_go_on" points=3
# Along a row, from batch to batch, the text goes on.
found = pairs("make_batches", check.call(make_batches, torch.arange(20), 2, 3))
for k in range(3):
    check.that(len(found) > k, f"make_batches: there is no batch {k + 1}")
    row = np.array([3 * k, 3 * k + 1, 3 * k + 2])
    check.close(f"row 1 of batch {k + 1}", found[k][0][0], row)
### BEGIN HIDDEN TESTS
N, T = (int(size) for size in rng.permutation([2, 3, 5])[:2])
ids = torch.tensor(rng.integers(0, 90, size=N * T * 4 + 2))
right = oracle.make_batches(ids.tolist(), N, T)
found = pairs("make_batches", check.call(make_batches, ids, N, T))
check.that(len(found) >= len(right), "make_batches: there are too few batches")
for k, (got, want) in enumerate(zip(found, right, strict=False)):
    check.close(f"inputs of batch {k + 1}", got[0], np.array(want[0]))
### END HIDDEN TESTS

# %% check="batches_tail" points=3
# 13 numbers make 2 batches of 2 times 3; with 12 the last target is missing.
for length, K in ((13, 2), (12, 1), (18, 2), (19, 3)):
    ids = torch.arange(length)
    found = pairs("make_batches", check.call(make_batches, ids, 2, 3))
    what = f"batches of {length} numbers"
    check.equal(what, len(found), K, evidence=found)
    inputs = found[0][0]
    check.array("inputs", inputs, (2, 3), axes="N T", kind="int")
    check.differs("two rows of the inputs", inputs[0], inputs[1])
### BEGIN HIDDEN TESTS
N, T = (int(size) for size in rng.permutation([2, 3, 4])[:2])
for length in (N * T * 3, N * T * 3 + 1, N * T * 4 - 1):
    ids = torch.tensor(rng.integers(0, 90, size=length))
    K = len(oracle.make_batches(ids.tolist(), N, T))
    found = pairs("make_batches", check.call(make_batches, ids, N, T))
    check.equal(f"batches of {length} numbers", len(found), K)
    check.array("inputs", found[-1][0], (N, T), axes="N T", kind="int")
### END HIDDEN TESTS

# %% [markdown]
# ## 3. The network
#
# You know all of its parts: characters enter as one-hot vectors, a recurrent
# network of $L$ layers makes states of them, a linear layer reads each state
# and gives $V$ logits. PyTorch has the parts ready:
#
# - `torch.nn.RNN`, `torch.nn.LSTM`, `torch.nn.GRU`, made as
#   `torch.nn.RNN(V, H, num_layers=L, batch_first=True)`; `batch_first` puts
#   the axes in our order. Called with `x` `(N, T, V)` and a state, or `None`
#   for zeros, they return all states of the last layer, `h` `(N, T, H)`, and
#   the state of every layer after the last step, `(L, N, H)`. For an LSTM that
#   state is a pair, $h$ and $c$.
# - `torch.nn.Linear(H, V)` is the read-out.
#
# A network in PyTorch is a class, a **Module**. In `__init__` you make the
# parts and keep them as `self.rnn` and `self.read_out`; that's enough for
# PyTorch to find their parameters. What a call `model(ids, state)` does stands
# in a second method, which you write below it:
#
# ```python
#     def forward(self, ids, state=None):
#         ...
#         return logits, state
# ```


# %%
def one_hot(ids, V):
    """One-hot vectors (..., V) of the whole numbers `ids` (...)."""
    return torch.nn.functional.one_hot(ids, V).float()


# %% [markdown]
# ### Exercise: `CharRNN` (25 minutes, medium)
#
# Make the two parts in `__init__`, and use them in `forward`.


# %% exercise="CharRNN"
class CharRNN(torch.nn.Module):
    """A recurrent network over characters. About 9 lines.

    cell: "rnn", "lstm" or "gru"; V characters, H hidden units, L layers.
    self.rnn: torch's recurrent network of this cell; self.read_out: Linear.

    forward(ids, state=None): ids are whole numbers (N, T), state is what an
    earlier call returned. Returns logits (N, T, V) and the new state.
    """

    def __init__(self, cell, V, H, L):
        super().__init__()
        ### BEGIN SOLUTION
        nets = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM}
        nets["gru"] = torch.nn.GRU
        self.V = V
        self.rnn = nets[cell](V, H, num_layers=L, batch_first=True)
        self.read_out = torch.nn.Linear(H, V)

    def forward(self, ids, state=None):
        h, state = self.rnn(one_hot(ids, self.V), state)
        return self.read_out(h), state
        ### END SOLUTION


# %% show=true
sizes = {
    cell: sum(p.numel() for p in CharRNN(cell, V, 128, 1).parameters())
    for cell in ("rnn", "gru", "lstm")
}
fig, ax = plt.subplots(figsize=(7.0, 2.0))
characters.draw_sizes(ax, sizes)
show(
    fig,
    alt="Bars of the numbers of parameters for 128 hidden units and one "
    "layer: the GRU has two and a half times as many as the RNN, the "
    "LSTM over three times as many.",
)

# %% [markdown]
# Your three networks with 128 hidden units. Without the read-out the ratio
# would be exactly 1 to 3 to 4: one matrix for each gate, and one for the
# candidate. Keep this in mind when we ask which cell is the best: at equal
# $H$ they aren't equally large.

# %% check="char_rnn_parameters" points=3
# Two layers: names, numbers and shapes of all parameters.
for cell in ("rnn", "lstm", "gru"):
    model = check.call(CharRNN, cell, 5, 3, 2)
    weights.load(model, weights.forgetful_weights(cell, 5, 3, 2, [0.0] * 5))
### BEGIN HIDDEN TESTS
V, H = (int(size) for size in rng.permutation([4, 6, 7])[:2])
for cell in ("gru", "lstm", "rnn"):
    for L in (1, 3):
        model = check.call(CharRNN, cell, V, H, L)
        weights.load(model, weights.random_weights(rng, cell, V, H, L))
### END HIDDEN TESTS

# %% check="char_rnn_logits" points=4
# All weights 0 but the bias of the read-out: it says the same at every step.
for cell in ("rnn", "lstm", "gru"):
    model = check.call(CharRNN, cell, 3, 4, 1)
    bias = [1.0, -2.0, 0.5]
    weights.load(model, weights.forgetful_weights(cell, 3, 4, 1, bias))
    got = check.call(model, torch.tensor([[0, 1], [2, 2]]))
    logits, _ = check.results(got, "logits", "state")
    check.array("logits", logits, (2, 2, 3), axes="N T V")
    check.close("logits", logits, np.tile(bias, (2, 2, 1)), axes="N T V")
### BEGIN HIDDEN TESTS
N, T, V, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
given = weights.random_weights(rng, "rnn", V, H, 1)
ids = torch.tensor(rng.integers(V, size=(N, T)))
right, _ = oracle.forward(given, "rnn", ids)
model = check.call(CharRNN, "rnn", V, H, 1)
weights.load(model, given)
got = check.call(model, ids)
logits, _ = check.results(got, "logits", "state")
check.close("logits", logits, right, axes="N T V", rtol=1e-4, atol=1e-5)
### END HIDDEN TESTS

# %% check="char_rnn_cells" points=3
# Weights that are all 0.5: one step, one unit, two layers.
right = {"rnn": 0.948100, "lstm": 0.725654, "gru": 0.593948}
for cell, value in right.items():
    made = weights.forgetful_weights(cell, 2, 1, 2, [0.5] * 2)
    half = {name: torch.full_like(w, 0.5) for name, w in made.items()}
    model = check.call(CharRNN, cell, 2, 1, 2)
    weights.load(model, half)
    got = check.call(model, torch.tensor([[1]]))
    logits, _ = check.results(got, "logits", "state")
    check.close(f"logits ({cell})", logits, np.full((1, 1, 2), value))
### BEGIN HIDDEN TESTS
N, T, V, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
for cell in ("lstm", "gru", "rnn"):
    given = weights.random_weights(rng, cell, V, H, 2)
    ids = torch.tensor(rng.integers(V, size=(N, T)))
    right, _ = oracle.forward(given, cell, ids)
    model = check.call(CharRNN, cell, V, H, 2)
    weights.load(model, given)
    got = check.call(model, ids)
    logits, _ = check.results(got, "logits", "state")
    check.close(f"logits ({cell})", logits, right, rtol=1e-4, atol=1e-5)
### END HIDDEN TESTS

# %% check="char_rnn_state" points=4
# In two halves, with the state handed on, it says the same as in one go.
given = weights.random_weights(np.random.default_rng(6), "lstm", 4, 5, 2)
model = check.call(CharRNN, "lstm", 4, 5, 2)
weights.load(model, given)
ids = torch.tensor([[0, 3, 1, 2, 2, 0]])
got = check.call(model, ids)
whole, _ = check.results(got, "logits", "state")
got = check.call(model, ids[:, :3])
_, state = check.results(got, "logits", "state")
got = check.call(model, ids[:, 3:], state)
half, _ = check.results(got, "logits", "state")
check.array("logits", half, (1, 3, 4), axes="N T V")
pair = "the state of an LSTM is a pair, h and c"
check.that(type(state) is tuple, pair, evidence=(state, half))
check.close("second half", half, whole[:, 3:], axes="N T V")
### BEGIN HIDDEN TESTS
N, T, V, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
for cell in ("gru", "lstm"):
    given = weights.random_weights(rng, cell, V, H, 2)
    ids = torch.tensor(rng.integers(V, size=(N, 2 * T)))
    right, _ = oracle.forward(given, cell, ids)
    model = check.call(CharRNN, cell, V, H, 2)
    weights.load(model, given)
    got = check.call(model, ids[:, :T])
    _, state = check.results(got, "logits", "state")
    got = check.call(model, ids[:, T:], state)
    half, _ = check.results(got, "logits", "state")
    check.close("second half", half, right[:, T:], rtol=1e-4, atol=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# ## 4. Training
#
# For each batch: logits, loss, gradients, update. PyTorch walks back through
# time for you (`loss.backward()`), and three things come in. The first two you
# know from earlier lessons, the third is new:
#
# - **The state is carried, the gradient is not.** The state after a batch is
#   the start of the next one. But the way back must end at the start of the
#   batch, so the state is *detached*: its numbers stay, its history is
#   forgotten. That's the cut of `03_bptt`.
# - **Clipping**, from `04_gradients`: if the norm of all gradients together is
#   above `max_norm`, scale them down to it.
#   `torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)` does it, in
#   place.
# - **Adam** in the place of plain gradient descent. It divides each number of
#   the gradient by its own usual size, so every weight moves by about the
#   learning rate in a step, whether its gradients are large or small.
#   `optimizer = torch.optim.Adam(model.parameters(), lr=...)` is made once;
#   it remembers the usual sizes from batch to batch.
#
# PyTorch *adds* new gradients to old ones, so they must be set to zero before
# each walk back (`optimizer.zero_grad()`), and `optimizer.step()` updates.
#
# Given: `cross_entropy`, your first exercise of `03_bptt`, in PyTorch's words;
# and `detach`, which works for a state and for an LSTM's pair.


# %%
def cross_entropy(logits, targets):
    """Mean loss of logits (N, T, V) over N and T; targets (N, T)."""
    loss = torch.nn.functional.cross_entropy
    return loss(logits.flatten(0, 1), targets.flatten())


def detach(state):
    """The state's numbers without their history."""
    if isinstance(state, tuple):
        return tuple(part.detach() for part in state)
    return state.detach()


# %% [markdown]
# One cell for the checks. To test `train` we need a network that doesn't hang
# on what you wrote above, so here's a tiny one by hand. Its state leaks away,
# $c_t = \text{leak} \odot c_{t-1} + x_t W_{xh}$, its output is read from
# $\tanh(c_t)$, and its state is a pair, as an LSTM's is.

# %% helper=true
import torch


class Leaky(torch.nn.Module):
    """A tiny network: leak (H,), W_xh (V, H), W_hy (H, V), b_y (V,)."""

    def __init__(self, weights):
        super().__init__()
        for name in ("leak", "W_xh", "W_hy", "b_y"):
            setattr(self, name, torch.nn.Parameter(weights[name].clone()))

    def forward(self, ids, state=None):
        """Logits (N, T, V) and the pair h, c, both (N, H)."""
        c = (
            torch.zeros(1, dtype=self.leak.dtype)
            if state is None
            else state[1]
        )
        logits = []
        for id_t in ids.T:  # (N,), one step
            c = self.leak * c + self.W_xh[id_t]
            logits.append(torch.tanh(c) @ self.W_hy + self.b_y)
        return torch.stack(logits, dim=1), (torch.tanh(c), c)


# %% [markdown]
# ### Exercise: `train` (25 minutes, medium)
#
# For each batch: logits and the new state from `model(inputs, state)`, the
# loss, gradients from zero, clip, step; then detach the state. Start with the
# state `None`.


# %% exercise="train"
def train(model, batches, learning_rate, max_norm):
    """Trains the model on batches of (inputs, targets). About 10 lines.

    The first batch starts from the state None, every other one from the state
    after the batch before it. Returns a list of the losses, as numbers: one
    for each batch, before its update.
    """
    ### BEGIN SOLUTION
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
        losses.append(loss.item())
    return losses
    ### END SOLUTION


# %% [markdown]
# `stream` reads the text again and again until it has given `steps` batches.
# `progress` is the bar that you'll see: it hands the batches on, one by one,
# and counts.


# %%
def stream(ids, N, T, steps):
    """`steps` batches of the text, which is read as often as needed."""
    given = 0
    for _ in range(steps):
        for batch in make_batches(ids, N, T):
            if given == steps:
                return
            given += 1
            yield batch


# %% [markdown]
# **Guess before you run the cell.** Who guesses evenly among 65 characters
# pays $\log 65 = 4.17$ nats a character. What will your network pay after 300
# batches? It takes some seconds. (For the last 80 batches the steps are five
# times smaller, so that the weights settle down.)

# %% show=true
torch.manual_seed(1)
story_model = CharRNN("lstm", V, 128, 1)
losses = train(
    story_model, progress(stream(ids_train, 16, 64, 220), 220), 1e-2, 1.0
)
losses += train(
    story_model, progress(stream(ids_train, 16, 64, 80), 80), 2e-3, 1.0
)

# %% show=true
lines = {
    "guessing evenly": yardsticks.evenly(V),
    "knowing the frequencies": yardsticks.frequencies(
        story_train, story_test, V
    ),
    "knowing all pairs": yardsticks.pairs(story_train, story_test, V),
}
fig, ax = plt.subplots(figsize=(7.4, 3.6))
characters.draw_training(ax, losses, lines)
show(
    fig,
    alt="The loss over 300 batches, with its running mean. It starts at the "
    "line of guessing evenly, 4.17, reaches that of the frequencies within "
    "some 10 batches, falls below that of the pairs within 80, and ends "
    "below 1.5.",
)

# %% [markdown]
# The thin line is the loss of each batch, the thick one the mean of the last
# 20 batches, so it lags behind. The curve falls through three yardsticks.
# *Guessing evenly* costs 4.17. *Knowing the frequencies*, your first figure,
# costs 3.05: the network finds them out within some 10 batches. A single
# number for each character is enough for that, the bias of the read-out.
# *Knowing all pairs*, which character follows which how often, costs 2.29.
# Below that line a network must look further back than one character, so from
# there on its **state** is at work.

# %% check="train_losses" points=4
# Weights 0: the first loss is log 3. Then every batch is learned from.
model = check.call(Leaky, weights.leaky_zeros(3, 2))
batch = (torch.tensor([[0, 1]]), torch.tensor([[1, 1]]))
losses = check.call(train, model, [batch] * 3, 0.1, 1.0)
check.close("losses", losses, [1.098612, 0.969817, 0.850709], rtol=1e-5)
tensors = any(map(torch.is_tensor, losses))
numbers = "losses: tensors, where numbers are asked for"
check.that(not tensors, numbers, evidence=losses)
### BEGIN HIDDEN TESTS
V, H, N, T = (int(size) for size in rng.permutation([2, 3, 4, 5]))
made = weights.leaky_weights(rng, V, H)
batches = oracle.random_batches(rng, V, N, T, 5)
right, _ = oracle.train(made, batches, 0.05, 1e6)
losses = check.call(train, check.call(Leaky, made), batches, 0.05, 1e6)
check.close("losses", losses, right, rtol=1e-4)
### END HIDDEN TESTS

# %% check="train_state" points=3
# Learning rate 0: the second loss shows whether the first batch is remembered.
made = {"leak": torch.tensor([1.0]), "W_xh": torch.tensor([[1.0], [0.0]])}
made |= {"W_hy": torch.tensor([[2.0, 0.0]]), "b_y": torch.zeros(2)}
batches = [(torch.tensor([[i]]), torch.tensor([[0]])) for i in (0, 1, 1)]
losses = check.call(train, check.call(Leaky, made), batches, 0.0, 1.0)
check.close("losses", losses, [0.197223] * 3, atol=1e-5)
### BEGIN HIDDEN TESTS
V, H, N, T = (int(size) for size in rng.permutation([2, 3, 4, 5]))
made = weights.leaky_weights(rng, V, H)
batches = oracle.random_batches(rng, V, N, T, 3)
right, _ = oracle.train(made, batches, 0.0, 1.0)
losses = check.call(train, check.call(Leaky, made), batches, 0.0, 1.0)
check.close("losses", losses, right, rtol=1e-5)
### END HIDDEN TESTS

# %% check="train_clips" points=3
# Clipped to nothing, the gradients are too small even for Adam to move on.
made = weights.leaky_weights(np.random.default_rng(5), 3, 2)
batch = (torch.tensor([[0, 1]]), torch.tensor([[1, 2]]))
model = check.call(Leaky, made)
losses = check.call(train, model, [batch] * 2, 0.1, 1e-14)
check.that(type(losses) is list and len(losses) == 2, "losses: 2 numbers")
after = model.state_dict()
for name, array in made.items():
    check.close(name, after[name], array.numpy(), atol=1e-4)
# Weights 0, so only b_y has a gradient, (1, -2, 1) / 3. Its norm is cut to
# 1e-8, as small as Adam's epsilon: the larger number moves further.
model = check.call(Leaky, weights.leaky_zeros(3, 2))
batch = (torch.tensor([[0, 1]]), torch.tensor([[1, 1]]))
check.call(train, model, [batch], 0.1, 1e-8)
moved = [-0.0289898, 0.0449490, -0.0289898]
check.close("b_y", model.state_dict()["b_y"], moved, rtol=1e-3)
### BEGIN HIDDEN TESTS
V, H, N, T = (int(size) for size in rng.permutation([2, 3, 4, 5]))
made = weights.leaky_weights(rng, V, H)
batches = oracle.random_batches(rng, V, N, T, 4)
max_norm = float(rng.uniform(1e-8, 3e-8))
_, right = oracle.train(made, batches, 0.05, max_norm)
model = check.call(Leaky, made)
check.call(train, model, batches, 0.05, max_norm)
after = model.state_dict()
for name, array in right.items():
    check.close(name, after[name], array, rtol=1e-3, atol=1e-4)
### END HIDDEN TESTS

# %% check="train_learns" points=4
# "abcabc...": do the weights predict it afterwards? We compute the loss.
batch = (torch.tensor([[0, 1, 2] * 2]), torch.tensor([[1, 2, 0] * 2]))
model = check.call(
    Leaky, weights.leaky_weights(np.random.default_rng(7), 3, 8)
)
check.call(train, model, [batch] * 30, 0.1, 1.0)
logits, _ = check.call(model, batch[0])
loss = cross_entropy(logits.detach(), batch[1]).item()
check.that(
    loss < 0.2, f"abc: the loss afterwards is {loss:.3f}, not below 0.2"
)
### BEGIN HIDDEN TESTS
ids = torch.tensor([rng.permutation(3).tolist() * 2])
batch = (ids, ids.roll(-1, 1))
start = weights.leaky_weights(np.random.default_rng(7), 3, 8)
model = check.call(Leaky, start)
check.call(train, model, [batch] * 30, 0.1, 1.0)
loss = oracle.loss_of(model.state_dict(), batch)
check.that(loss < 0.25, f"a cycle: the loss afterwards is {loss:.3f}")
### END HIDDEN TESTS

# %% [markdown]
# ### Why clip when Adam scales?
#
# Adam divides by the usual size of the gradient, so a huge one can't move a
# weight far. What is the clipping good for, then? Take one weight and 150
# batches whose gradient is always 0.1, but for the hundredth: there it's 100,
# a cliff as in `04_gradients`. **Guess before you run it:** how large are
# Adam's steps fifty batches *after* the cliff, with clipping and without?


# %% show=true
def adam_steps(gradients, max_norm):
    """How far Adam moves a single weight for each of the gradients."""
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, places = torch.optim.Adam([weight], lr=1e-2), [0.0]
    for gradient in gradients:
        weight.grad = torch.full_like(weight, gradient)
        torch.nn.utils.clip_grad_norm_([weight], max_norm)
        optimizer.step()
        places.append(weight.item())
    return -np.diff(places)


# %% show=true
gradients = [0.1] * 99 + [100.0] + [0.1] * 50
adam = {
    "clipped at 1": adam_steps(gradients, 1.0),
    "not clipped": adam_steps(gradients, float("inf")),
}
fig, ax = plt.subplots(figsize=(7.4, 3.0))
learning.draw_adam_steps(ax, adam, usual=1e-2)
show(
    fig,
    alt="The step of one weight over 150 batches, in learning rates: 1 up to "
    "batch 99. Without clipping it then sinks towards 0 within some 30 "
    "batches; with clipping it rises to 1.33 for a moment and goes on at "
    "about three quarters.",
)

# %% [markdown]
# Adam survives the cliff itself: no step is larger than 1.33 learning rates.
# But it remembers. The one gradient is now part of the "usual size", and as
# Adam forgets squares at a rate of 0.999, it stays so for about a thousand
# batches. Fifty batches later the unclipped weight moves by 0.02 of the
# learning rate, a fiftieth of what it did before; the clipped one by 0.78.
# Clipping protects Adam's memory.

# %% [markdown]
# ## 5. How good is it?
#
# The curve shows the loss on texts from which the network was learning. What
# counts is the loss on a text that it has never seen, and without learning on
# the way. We read the held-out weeks in **one row**, from the first character
# to the last, in pieces of $T$ only because a long text wouldn't fit in memory
# otherwise. If the state is carried over from piece to piece, the result
# doesn't depend on $T$ at all. That's a good check of your own.
#
# ### Exercise: `evaluate` (20 minutes, medium)
#
# The loss, averaged over *all* characters but the first (nobody predicts
# that). The last piece may be shorter, so a mean of the pieces' means would be
# wrong: weigh each by its number of characters. The model wants rows:
# `ids[None]` has a new axis of length 1 in front, `(1, length)`. Inside
# `with torch.no_grad():` PyTorch keeps no history, which saves time and
# memory.


# %% exercise="evaluate"
def evaluate(model, ids, T):
    """The mean loss over a text, in nats per character. About 9 lines.

    ids: whole numbers (length,). The model reads them in one row, in pieces
    of T characters (the last may be shorter), and its state is carried from
    piece to piece. Returns a number: the mean over length - 1 predictions.
    """
    ### BEGIN SOLUTION
    total, state = 0.0, None
    inputs, targets = ids[None, :-1], ids[None, 1:]
    with torch.no_grad():
        for start in range(0, len(ids) - 1, T):
            x = inputs[:, start : start + T]
            y = targets[:, start : start + T]
            logits, state = model(x, state)
            total += cross_entropy(logits, y).item() * y.numel()
    return total / (len(ids) - 1)
    ### END SOLUTION


# %% [markdown]
# **Nats and bits.** The natural logarithm measures in *nats*. Take the
# logarithm to base 2 instead, and you measure in **bits**: one bit is the cost
# of a fair coin, $-\log_2 \tfrac12$. Since $\log_2 p = \log p / \log 2$,
#
# $$\text{bits} = \text{nats} / \ln 2 = \text{nats} / 0.693$$
#
# Bits have a meaning that you can touch. A model that needs 2 bits per
# character could *compress* the text to 2 bits a character: a good code gives
# a character of probability $p$ about $-\log_2 p$ bits. So your network
# competes with the program that makes zip files.
#
# **Guess:** a file keeps 8 bits per character. How many does zip need? How
# many does your network need?

# %% show=true
learned = evaluate(story_model, ids_train, 200)
held_out = evaluate(story_model, ids_test, 200)
nats = lines | {
    "zip": yardsticks.zipped(story_train, story_test),
    "bz2": yardsticks.bzipped(story_train, story_test),
    "your network, held out": held_out,
    "your network, learned": learned,
}
own = ["your network, held out", "your network, learned"]
bits = {name: value / np.log(2) for name, value in nats.items()}
fig, ax = plt.subplots(figsize=(7.6, 3.0))
characters.draw_yardsticks(ax, bits, own)
show(
    fig,
    alt="Bits per character: guessing evenly 6.02, the frequencies 4.40, all "
    "pairs 3.31, zip about 2.5, bz2 about 1.8, your network a little over 2 "
    "on held-out text and less on the text that it has learned.",
)
print(f"held out: {held_out:.3f} nats = {held_out / np.log(2):.3f} bits")

# %% [markdown]
# Your network beats zip, which has seen the same 22,000 characters first. It
# **loses to bz2**, a program of 1996 that learns no weights at all: 1.82 bits.
# And the two blue bars differ: on the weeks it has learned from it's better
# than on the weeks it hasn't seen. More of both below, after the checks.

# %% check="evaluate_value" points=3
# Weights 0: evenly guessed, log 3 for every character.
model = check.call(Leaky, weights.leaky_zeros(3, 2))
loss = check.call(evaluate, model, torch.tensor([0, 2, 1, 1]), 10)
check.close("loss", loss, 1.098612289)
### BEGIN HIDDEN TESTS
V, H = (int(size) for size in rng.permutation([3, 4, 5])[:2])
made = weights.leaky_weights(rng, V, H)
ids = torch.tensor(rng.integers(V, size=9))
loss = check.call(evaluate, check.call(Leaky, made), ids, 20)
check.close("loss", loss, oracle.evaluate(made, ids), rtol=1e-5)
### END HIDDEN TESTS

# %% check="evaluate_state" points=3
# One character at a time, or all at once: with the state carried, the same.
made = {"leak": torch.tensor([1.0]), "W_xh": torch.tensor([[1.0], [0.0]])}
made |= {"W_hy": torch.tensor([[2.0, 0.0]]), "b_y": torch.zeros(2)}
model = check.call(Leaky, made)
for T in (1, 4):
    loss = check.call(evaluate, model, torch.tensor([0, 1, 1, 1, 1]), T)
    check.close(f"loss (T = {T})", loss, 1.720409, atol=1e-5)
### BEGIN HIDDEN TESTS
V, H = (int(size) for size in rng.permutation([3, 4, 5])[:2])
T, made = int(rng.integers(2, 5)), weights.leaky_weights(rng, V, H)
ids = torch.tensor(rng.integers(V, size=4 * T + 1))
loss = check.call(evaluate, check.call(Leaky, made), ids, T)
check.close("loss", loss, oracle.evaluate(made, ids), rtol=1e-5)
### END HIDDEN TESTS

# %% check="evaluate_every_character" points=3
# 4 predictions in pieces of 3: the last one stands alone, and counts as one.
made = weights.leaky_zeros(2, 1) | {"b_y": torch.tensor([1.0, 0.0])}
model = check.call(Leaky, made)
loss = check.call(evaluate, model, torch.tensor([0, 0, 0, 0, 1]), 3)
check.close("loss", loss, 0.563261687, rtol=1e-5)
### BEGIN HIDDEN TESTS
V, H = (int(size) for size in rng.permutation([3, 4, 5])[:2])
T, made = int(rng.integers(4, 7)), weights.leaky_weights(rng, V, H)
ids = torch.tensor(rng.integers(V, size=2 * T + 2))
loss = check.call(evaluate, check.call(Leaky, made), ids, T)
check.close("loss", loss, oracle.evaluate(made, ids), rtol=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# ### The yardstick that wins
#
# A comparison is as honest as its strongest opponent. *Knowing all pairs* was
# a weak one. What about knowing all groups of three, or of five? Count what
# followed the last four characters, and you have a **5-gram**. After `lamp`,
# say, the story goes on most often with a space, then with `s`, then with `l`.
#
# Long contexts tell more, but most of them were never seen before. So
# **blend**: trust the counts of a context as far as there are many of them,
# and leave the rest to the context that is one character shorter. Witten and
# Bell's rule: a context was seen $n$ times, and $k$ *different* characters
# followed it. Then
#
# $$p(c) = \frac{\text{counts}(c) + k \cdot p_{\text{shorter}}(c)}{n + k}$$
#
# A context after which anything may come has a large $k$, and is trusted less.
#
# ### Exercise: `blend_counts` (no points, 5 minutes)
#
# <details><summary>A question to begin with</summary>
# What does the formula say for a context that was never seen, with n = k = 0?
# What should it say?
# </details>


# %% exercise="blend_counts"
def blend_counts(counts, shorter):
    """Probabilities of the next character. About 4 lines.

    counts: (V,), how often each character followed this context; shorter:
    (V,), what the context that is one character shorter says. A context that
    was never seen says what the shorter one says. Returns (V,).
    """
    ### BEGIN SOLUTION
    n, k = counts.sum(), (counts > 0).sum()
    if n == 0:
        return shorter
    return (counts + k * shorter) / (n + k)
    ### END SOLUTION


# %% show=true
thirds = np.full(3, 1 / 3)
blended = blend_counts(np.array([3, 0, 1]), thirds)
check.close("blended", blended, [11 / 18, 1 / 9, 5 / 18])
check.close("never seen", blend_counts(np.zeros(3), thirds), thirds)
print("seen 3, 0, 1 times:", blended.round(3).tolist())

# %% [markdown]
# `count_followers` counts, and `ngram` starts at guessing evenly and blends
# its way up to the longest context.


# %%
def count_followers(text, longest):
    """{context: counts (V,)} of all contexts of up to `longest` characters."""
    places = {c: i for i, c in enumerate(vocabulary)}
    table = {}
    for t, character in enumerate(text):
        for k in range(min(t, longest) + 1):
            counts = table.setdefault(text[t - k : t], np.zeros(len(places)))
            counts[places[character]] += 1
    return table


def ngram(table, context):
    """Probabilities (V,) of the next character after a context."""
    p, unseen = np.full(V, 1 / V), np.zeros(V)
    for k in range(len(context) + 1):
        p = blend_counts(table.get(context[len(context) - k :], unseen), p)
    return p


# %% show=true
table = count_followers(story_train, 7)
counted = {}
for n in range(1, 9):
    paid = [
        -np.log(ngram(table, story_test[max(0, t - n + 1) : t])[i])
        for t, i in enumerate(ids_test.tolist())
    ]
    counted[n] = np.mean(paid[1:])

# %% show=true
fig, ax = plt.subplots(figsize=(7.0, 3.2))
learning.draw_orders(ax, counted, held_out)
show(
    fig,
    alt="Held-out loss of counts of 1 to 8 characters in a row: it falls from "
    "3.05 to 1.33 at 5 and rises slowly from there. The line of your network "
    "lies above the lowest point.",
)

# %% [markdown]
# **Counting wins.** The 5-gram pays 1.33 nats, 1.93 bits: less than your
# network, with no gradient, no Adam, and in a second or so. From 6 on it gets
# worse again, since long contexts of so short a text hardly come twice.
#
# Is the network no good, then? Think about what each of them *can* know. The
# 5-gram sees four characters, however much it reads. The network's memory has
# no such end, but it must be learned from examples, and 22,000 characters are
# few. So the question is: **from how much text on** does learning beat
# counting?
#
# Now the text is Python's standard library, and training takes longer than you
# want to wait. `data/learning_curves.json` has the results: networks like
# yours (an LSTM of 128 units, 400 to 2500 batches of 32 times 64 characters),
# with the weights of the moment at which they told a *second* held-out text
# best; a 5-gram beside them.

# %% show=true
recorded = json.loads(Path("data/learning_curves.json").read_text())
runs = recorded["runs"]
sizes = [20_000, 60_000, 200_000, 600_000]
by_size = {
    "LSTM": [[runs[f"lstm, {n}, seed 0"]] for n in sizes],
    "5-gram": [[runs[f"counts, {n}"]] for n in sizes],
}
fig, ax = plt.subplots(figsize=(7.4, 3.4))
learning.draw_text_sizes(ax, sizes, by_size)
show(
    fig,
    alt="Held-out loss of an LSTM and a 5-gram over 20,000 to 600,000 "
    "characters of Python. The two lines fall together, from 2.3 to 1.5 nats, "
    "and can hardly be told apart; at the right end the LSTM is a little "
    "lower.",
)

# %% [markdown]
# Both get better with every text, and they run neck and neck: on 20,000
# characters the LSTM pays 2.29 nats and the 5-gram 2.28, on 60,000 both pay
# 1.94, on 200,000 it's 1.68 and 1.67. On 600,000 the LSTM leads, 1.51 to 1.53.
# Each point is a single training, though, and three equal networks (the next
# figure) differ by 0.01 at their best moments. So an honest reader says: up to
# here, a draw. Where does the network pull away? Not in the range that a
# laptop reaches in a minute or two. In the tables of section 8 the texts have
# millions of characters and the networks up to 512 units; there, Karpathy and
# his colleagues report, the LSTM beats counts of any length.
#
# ### Learned by heart
#
# And what if you simply train on, over the same 22,000 characters? **Guess:**
# what becomes of the loss on the weeks that the network learns from, and on
# those held out, in 1600 batches? (Recorded as well: three networks like
# yours, at a constant learning rate of 0.003. The stars are your own run.)

# %% show=true
every, last = recorded["long"]["every"], recorded["long"]["steps"]
curves = np.array([runs[f"almanac, seed {s}"] for s in range(3)])
fig, ax = plt.subplots(figsize=(7.4, 3.4))
batches_seen = list(range(every, last + 1, every))
learning.draw_long_training(ax, batches_seen, curves, (300, learned, held_out))
show(
    fig,
    alt="Loss of three networks over 1600 batches, on learned and on held-out "
    "text. Both fall together at first; the learned one goes on to below 1, "
    "the held-out one is lowest at about 1000 batches, at 1.5, and rises "
    "to 1.6. Two stars mark your own run at 300 batches.",
)

# %% [markdown]
# For some hundred batches both fall together. Then they part. After 1600
# batches the networks pay 0.84 to 0.91 nats on what they have read again and
# again, and 1.58 to 1.61 on what they haven't seen. In between, at 1000 to
# 1250 batches, the held-out loss was lowest, 1.49 to 1.51. From there on they
# learn the almanac by heart: the dotted lines go on falling, the held-out ones
# rise. Only the held-out loss tells you when to stop. And at no moment does
# one of them come near the 5-gram's 1.33. (Your star lies below the curve at
# 300 batches, since you began with a larger learning rate, and ended with a
# smaller one.)

# %% [markdown]
# ## 6. Writing
#
# To write, let the network read a few characters, the *prompt*, **draw** the
# next one from its probabilities, and feed that back as its next input. And
# again. Why draw, and not take the most probable? You'll see in a minute what
# comes of that.
#
# Between drawing and taking the best lies a whole range. Divide the logits by
# a **temperature** before the softmax:
#
# $$p = \text{softmax}(\text{logits} / \text{temperature})$$
#
# At temperature 1 these are the probabilities that the network means. Colder,
# the large ones grow and the small ones shrink; as the temperature goes to 0,
# all of the probability goes to the largest. Hotter, they become more alike.
#
# ### Exercise: `with_temperature` (8 minutes, easy)
#
# At temperature 0 give the limit: 1 for the largest logit, 0 for all others.


# %% exercise="with_temperature"
def with_temperature(logits, temperature):
    """Probabilities of the next character. About 4 lines.

    logits: a tensor (V,), temperature: 0 or more.
    Returns probabilities: a tensor (V,).
    """
    ### BEGIN SOLUTION
    if temperature == 0:
        return one_hot(logits.argmax(), len(logits))
    return torch.softmax(logits / temperature, dim=-1)
    ### END SOLUTION


# %% show=true
prompts = ["The ", "Wind from the ", "They say: ", "the lamp"]


def draw_temperature(ax, temperature, prompt):
    with torch.no_grad():
        logits, _ = story_model(encode(prompt, vocabulary)[None])
    p = with_temperature(logits[0, -1], temperature)
    characters.draw_choice(ax, p.numpy(), vocabulary)


explore(
    draw_temperature,
    temperature=(0.0, 2.0, 0.1),
    prompt=prompts,
    static={"temperature": [0.0, 0.5, 1.0, 2.0], "prompt": prompts[1:2]},
    size=(5.4, 2.6),
    alt="Bars of the most probable next characters after a prompt. Cold, one "
    "bar takes nearly all; hot, the bars are more alike.",
)

# %% [markdown]
# Move the temperature, and change the prompt. Only the contrast between the
# bars changes, never their order: the first choice stays the first choice.

# %% check="temperature_values" points=2
# p = 1/2, 1/4, 1/4. At temperature 1/2 the squares count: 4 to 1 to 1.
logits = torch.log(torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64))
for temperature, right in (
    (1.0, [1 / 2, 1 / 4, 1 / 4]),
    (0.5, [2 / 3, 1 / 6, 1 / 6]),
):
    p = check.call(with_temperature, logits, temperature)
    check.close(f"p at {temperature}", p, right, axes="V")
### BEGIN HIDDEN TESTS
V, temperature = int(rng.integers(3, 8)), float(rng.uniform(0.3, 3))
logits = torch.tensor(rng.normal(size=V))
p = check.call(with_temperature, logits, temperature)
right = np.array(oracle.with_temperature(logits.tolist(), temperature))
check.close("p", p, right, axes="V")
### END HIDDEN TESTS

# %% check="temperature_zero" points=2
# All for the largest.
p = check.call(with_temperature, torch.tensor([0.1, 0.3, 0.2]), 0)
check.close("p at 0", p, [0.0, 1.0, 0.0], axes="V")
### BEGIN HIDDEN TESTS
V = int(rng.integers(3, 8))
logits = torch.tensor(rng.permutation(V) - 3.0)
p = check.call(with_temperature, logits, 0)
right = np.array(oracle.with_temperature(logits.tolist(), 0))
check.close("p at 0", p, right, axes="V")
### END HIDDEN TESTS

# %% check="temperature_cold" points=2
# Very cold: exp of the large quotients must not overflow.
p = check.call(with_temperature, torch.tensor([3.0, 5.0, 4.0]), 0.001)
check.close("p at 0.001", p, [0.0, 1.0, 0.0], axes="V")
### BEGIN HIDDEN TESTS
V, temperature = int(rng.integers(3, 8)), float(rng.uniform(0.001, 0.004))
logits = torch.tensor(rng.permutation(V) + 2.0)
p = check.call(with_temperature, logits, temperature)
right = np.array(oracle.with_temperature(logits.tolist(), temperature))
check.close("p", p, right, axes="V")
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `sample` (20 minutes, medium)
#
# Read the whole prompt (with a state of `None`); then, `length` times, draw a
# character with the probabilities after the last one, append it, and let the
# network read it, with the state handed on.
#
# `torch.Generator().manual_seed(seed)` gives you a source of random numbers of
# your own: made once at the start, it draws the same numbers for the same
# seed, whatever else the program does. `torch.multinomial(p, 1,
# generator=generator)` draws a number with the probabilities `p`, and returns
# it as a tensor `(1,)`.


# %% exercise="sample"
def sample(model, vocabulary, prompt, length, temperature, seed):
    """Text that the model writes after a prompt. About 10 lines.

    vocabulary: the list of characters; prompt: at least one character.
    Returns the prompt and `length` more characters; the same seed gives the
    same text.
    """
    ### BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    ids, state, text = encode(prompt, vocabulary)[None], None, prompt
    for _ in range(length):
        with torch.no_grad():
            logits, state = model(ids, state)
        p = with_temperature(logits[0, -1], temperature)
        drawn = torch.multinomial(p, 1, generator=generator)
        text += vocabulary[drawn]
        ids = drawn[None]
    return text
    ### END SOLUTION


# %% [markdown]
# A network that has learned nothing, and yours, at three temperatures. **Guess
# first:** what does a text look like in which every character is the most
# probable one?

# %% show=true
torch.manual_seed(1)
untrained = CharRNN("lstm", V, 128, 1)
print("untrained:", sample(untrained, vocabulary, "WEEK ", 100, 1.0, 1), "\n")
for temperature in (0, 0.5, 1.0):
    written = sample(story_model, vocabulary, "WEEK ", 360, temperature, 3)
    print(f"--- temperature {temperature}\n{written}\n")

# %% [markdown]
# Look at what's there after a few seconds of learning. Words, many of them
# real at low temperature. Sentences that end in full stops, capitals after
# them. And the *form* of the almanac: a week with a number, weather, wind and
# lamps. Nobody told the network that there are words, or weeks.
#
# At temperature 0 the text soon goes round in circles: the most probable
# character after the most probable characters leads back to where it was. A
# dull text, though every single choice was the best. At temperature 1 it's
# livelier, and makes more mistakes: now and then an improbable character is
# drawn, and the network must go on from there, with a beginning that it has
# never seen.
#
# How did it come to this? We train a second network from the same start, and
# let it write at six moments of its training:

# %% show=true
torch.manual_seed(1)
young = CharRNN("lstm", V, 128, 1)
diary = {0: sample(young, vocabulary, "Old ", 60, 0.5, 4)}
for seen in (20, 40, 60, 80, 100):
    train(young, stream(ids_train, 16, 64, 20), 1e-2, 1.0)
    diary[seen] = sample(young, vocabulary, "Old ", 60, 0.5, 4)
for seen, written in diary.items():
    print(f"{seen:4d} batches | {written!r}")

# %% [markdown]
# First it finds the frequent characters, then how long words are, then words.
#
# Is it any use beyond the almanac? Here's another text that lies on every
# machine: the standard library of Python, in Python. (Your version of Python
# has another text than your neighbour's, so your numbers will differ a
# little.)

# %% show=true
code = corpora.python_library()
code_vocabulary = build_vocabulary(code)
ids_code = encode(code, code_vocabulary)
torch.manual_seed(2)
code_model = CharRNN("lstm", len(code_vocabulary), 128, 1)
batches = progress(stream(ids_code, 32, 48, 260), 260)
code_losses = train(code_model, batches, 1e-2, 1.0)
print(f"{len(code)} characters; last losses {np.mean(code_losses[-20:]):.2f}")
print(sample(code_model, code_vocabulary, "    def ", 300, 0.5, 2))

# %% [markdown]
# It doesn't run, of course: hardly a name in it is defined anywhere. But it's
# unmistakable which language it wants to be, after a few seconds and from
# eleven modules.

# %% check="sample_text" points=3
# The prompt first, then as many characters as asked for.
model = check.call(Leaky, weights.leaky_zeros(3, 2))
text = check.call(sample, model, list("abc"), "ab", 7, 1.0, 0)
check.that(type(text) is str, "sample must return a text")
check.equal("length of the text", len(text), 9)
check.equal("start of the text", text[:2], "ab")
check.that(set(text) <= set("abc"), "a character isn't in the vocabulary")
### BEGIN HIDDEN TESTS
V, H, length = (int(size) for size in rng.permutation([4, 5, 6]))
letters = list("uvwxyz")[:V]
prompt = "".join(rng.choice(letters, 3))
model = check.call(Leaky, weights.leaky_weights(rng, V, H))
text = check.call(sample, model, letters, prompt, length, 0.8, 5)
check.that(type(text) is str, "sample must return a text")
check.equal("length of the text", len(text), 3 + length)
check.equal("start of the text", text[:3], prompt)
check.that(set(text) <= set(letters), "a character isn't in the vocabulary")
### END HIDDEN TESTS

# %% check="sample_state" points=4
# Temperature 0: "a" starts a state that only a's add to. b's leave it alone.
made = {"leak": torch.tensor([1.0]), "W_xh": torch.tensor([[1.0], [0.0]])}
made |= {"W_hy": torch.tensor([[-2.0, 2.0]]), "b_y": torch.tensor([1.0, 0.0])}
model = check.call(Leaky, made)
text = check.call(sample, model, list("ab"), "abb", 4, 0, 0)
check.equal("after abb", text, "abbbbbb")
text = check.call(sample, model, list("ab"), "bb", 4, 0, 0)
check.equal("after bb", text, "bbabbb")
# Now each b takes something away: it's read once, and not again and again.
made["W_xh"] = torch.tensor([[1.0], [-0.3]])
model = check.call(Leaky, made)
text = check.call(sample, model, list("ab"), "ab", 7, 0, 0)
check.equal("after ab", text, "abbbabbba")
### BEGIN HIDDEN TESTS
V, H = (int(size) for size in rng.permutation([4, 5, 6])[:2])
letters = list("uvwxyz")[:V]
for _ in range(3):
    made, prompt, right = oracle.clear_choice(rng, letters, H, 8)
    model = check.call(Leaky, {n: torch.tensor(w) for n, w in made.items()})
    text = check.call(sample, model, letters, prompt, 8, 0, 1)
    check.equal("text at temperature 0", text, right)
### END HIDDEN TESTS

# %% check="sample_seed" points=3
# The same seed gives the same text, another seed another one.
model = check.call(Leaky, weights.leaky_zeros(8, 2))
draw = (model, list("abcdefgh"), "a", 40, 1.0)
first, other, again = (check.call(sample, *draw, seed) for seed in (1, 2, 1))
check.that(first == again, "seed 1, twice: the two texts differ")
same = "seeds 1 and 2: the two texts are the same"
check.that(first != other, same, evidence=(first, other))
### BEGIN HIDDEN TESTS
made = weights.leaky_zeros(8, int(rng.integers(2, 5)))
draw = (check.call(Leaky, made), list("stuvwxyz"), "s", 60, 1.5)
seed = int(rng.integers(1000))
first, again, *others = (
    check.call(sample, *draw, seed + n) for n in (0, 0, *range(1, 9))
)
check.that(first == again, "the same seed, twice: the two texts differ")
check.that(set(others) != {first}, "nine seeds: all texts are the same")
### END HIDDEN TESTS

# %% check="sample_shares" points=3
# A network without memory: at temperature 4 it writes 70, 10, 10, 10 %.
bias = 4 * torch.log(torch.tensor([0.7, 0.1, 0.1, 0.1]))
model = check.call(Leaky, weights.leaky_zeros(4, 2) | {"b_y": bias})
draw = (model, list("abcd"), "a", 100, 4.0)
text = "".join(check.call(sample, *draw, seed)[1:] for seed in (1, 2, 3))
for letter, share in zip("abcd", [0.7, 0.1, 0.1, 0.1], strict=True):
    got = text.count(letter) / 300
    said = f"{100 * got:.0f} % are {letter}, not about {100 * share:.0f} %"
    near = abs(got - share) < 0.2
    check.that(near, f"temperature 4: {said}", evidence=text)
### BEGIN HIDDEN TESTS
# Hoeffding: 8 exp(-2 * 300 * 0.2^2) < 4e-10 that a right sample fails.
letters, temperature = list("wxyz"), float(rng.choice([4.0, 5.0]))
logits = temperature * np.log(rng.permutation([0.7, 0.1, 0.1, 0.1]))
right = oracle.with_temperature(logits.tolist(), temperature)
made = weights.leaky_zeros(4, 3) | {"b_y": torch.tensor(logits)}
draw = (check.call(Leaky, made), letters, "w", 100, temperature)
seeds = rng.choice(1000, 3, replace=False).tolist()
text = "".join(check.call(sample, *draw, seed)[1:] for seed in seeds)
for letter, share in zip(letters, right, strict=True):
    got = text.count(letter) / 300
    said = f"{100 * got:.0f} % are {letter}, not about {100 * share:.0f} %"
    check.that(abs(got - share) < 0.2, f"temperature {temperature:g}: {said}")
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `keep_likely` (no points, 8 minutes)
#
# There is a third way between a dull text and a wild one: draw at temperature
# 1, but never from the long tail of improbable characters. **Top-k** keeps the
# $k$ most probable ones. **Top-p** (Holtzman and others, 2020) keeps the
# fewest that hold a share of the probability together, so that it keeps many
# where the network is unsure and few where it's sure. What is kept is scaled
# up to 1 again.


# %% exercise="keep_likely"
def keep_likely(p, share):
    """The fewest most probable characters that hold a share. About 5 lines.

    p: a tensor of probabilities (V,), share: above 0, up to 1.
    Returns probabilities (V,): 0 for all that are not kept.
    """
    ### BEGIN SOLUTION
    order = p.argsort(descending=True)
    in_front = p[order].cumsum(0) - p[order]  # held by the more probable ones
    kept = torch.zeros_like(p)
    kept[order[in_front < share]] = p[order[in_front < share]]
    return kept / kept.sum()
    ### END SOLUTION


# %% show=true
three = torch.tensor([0.2, 0.5, 0.3])
check.close("a share of 0.6", keep_likely(three, 0.6), [0.0, 5 / 8, 3 / 8])
check.close("a share of 0.4", keep_likely(three, 0.4), [0.0, 1.0, 0.0])
print("of 0.5, 0.3, 0.2 a share of 0.6 keeps two, one of 0.4 keeps one")

# %% show=true
fig, axes = plt.subplots(1, 2, figsize=(9.0, 2.6))
for ax, prompt in zip(axes, ("The ", "the lam"), strict=True):
    with torch.no_grad():
        logits, _ = story_model(encode(prompt, vocabulary)[None])
    kept = keep_likely(torch.softmax(logits[0, -1], dim=-1), 0.9)
    characters.draw_choice(ax, kept.numpy(), vocabulary)
    ax.set_title(f"{prompt!r}: {int((kept > 0).sum())} of {V} hold 90 %")
show(
    fig,
    alt="Bars of what top-p keeps at a share of 0.9: many characters after "
    "'The ', where any word may begin, and only a few after 'the lam'.",
)

# %% [markdown]
# After a space any word may begin, and many characters are kept; in the middle
# of a word few are left. No single $k$ would do for both.

# %% [markdown]
# ## 7. What does it look at?
#
# The network says "n". Because of the last letter? Because of a word five
# letters back? You have a tool for that question: the **gradient**. It says
# how strongly the winning logit would change if an input changed a little.
#
# Let $x$ be the one-hot inputs `(T, V)` and $y$ the largest logit after the
# last character. The influence of character $t$ is the length of the gradient
# with respect to its input vector:
#
# $$\text{influence}_t = \left\lVert \frac{\partial y}{\partial x_t}
# \right\rVert$$
#
# In PyTorch: make $x$ with `one_hot`, tell it that you'll want a gradient
# (`x.requires_grad_()`), go through `model.rnn` and `model.read_out` (they
# take $x$, with a batch axis in front, where the whole model takes only ids),
# take the largest logit, and ask for its gradient with
# `torch.autograd.grad(y, x)`, which returns a tuple: one gradient for each
# tensor that you ask about, here one.
#
# ### Exercise: `influence` (15 minutes, medium)


# %% exercise="influence"
def influence(model, ids, V):
    """How strongly the next character hangs on each one read. About 5 lines.

    model: with rnn and read_out as in CharRNN; ids: whole numbers (T,).
    Returns a tensor (T,): the norm of d y / d x_t, where y is the largest
    logit after the last character.
    """
    ### BEGIN SOLUTION
    x = one_hot(ids[None], V).requires_grad_()
    h, _ = model.rnn(x)
    y = model.read_out(h)[0, -1].max()
    (dx,) = torch.autograd.grad(y, x)
    return dx[0].norm(dim=-1)
    ### END SOLUTION


# %% [markdown]
# The text itself becomes the picture: the darker the ground, the more the
# framed character at the end hangs on what stands there. Move the position
# through the first of the held-out weeks.

# %% show=true
passage = story_test[:240]


def draw_influence(ax, position):
    read = passage[:position]
    ids = encode(read, vocabulary)
    with torch.no_grad():
        logits, _ = story_model(ids[None])
    said = vocabulary[logits[0, -1].argmax()]
    values = influence(story_model, ids, V).tolist()
    heat.draw_heat(ax, read, values, said)


explore(
    draw_influence,
    position=(10, 239, 1),
    static={"position": [34, 70, 118, 200]},
    size=(6.4, 1.25),
    alt="The held-out text up to a position, each character on an orange "
    "ground that is darker the more the prediction hangs on it. The last few "
    "characters are the darkest; the character that the network expects next "
    "stands in a frame.",
)

# %% [markdown]
# The dark stretch is short: a handful of characters holds four fifths of the
# influence. That is enough to finish a word that has begun, or to know that a
# full stop has just been passed. Move on, and watch the dark stretch walk
# along with the end of the text: what was read a line ago is nearly white.
#
# On the average, how far does the network look? We take your `influence` at 61
# places of the held-out weeks, and look back over 40 characters.

# %% show=true
places = range(50, len(ids_test), 37)
looks = [
    influence(story_model, ids_test[p - 50 : p], V).flip(0)[:41]
    for p in places
]
reach = torch.stack(looks).mean(dim=0).tolist()
fig, ax = plt.subplots(figsize=(6.6, 3.2))
heat.draw_reach(ax, reach)
show(
    fig,
    alt="Mean influence over the number of steps back, logarithmic: it falls "
    "all the way, over the first fifteen steps to about a hundredth.",
)

# %% [markdown]
# You know this curve from `04_gradients`: the gradient gets smaller with every
# step back, or nearly. After 15 characters, two or three words, about a
# hundredth of it is left, and it goes on falling. How fast it does so further
# back hangs on the weights that your network started with. A small gradient
# doesn't prove that the network has forgotten, it says that a *small change*
# there would change little; still, this network lives mostly in the present.

# %% helper=true
import torch


class LeakyParts(torch.nn.Module):
    """The tiny network in two parts, for the checks of `influence`."""

    def __init__(self, weights):
        super().__init__()
        self.weights = weights
        self.read_out = torch.nn.Linear(*weights["W_hy"].shape).double()
        self.read_out.load_state_dict(
            {"weight": weights["W_hy"].T, "bias": weights["b_y"]}
        )

    def rnn(self, x, state=None):
        """States (N, T, H) of vectors x (N, T, V), and the last pair."""
        c = torch.zeros(1) if state is None else state[1]
        states = []
        for t in range(x.shape[1]):
            c = (
                self.weights["leak"] * c
                + x[:, t].double() @ self.weights["W_xh"]
            )
            states.append(torch.tanh(c))
        return torch.stack(states, dim=1), (torch.tanh(c), c)


# %% check="influence_values" points=4
# A state that halves at each step: the influence doubles towards the end.
made = {"leak": torch.tensor([0.5]), "W_xh": torch.tensor([[0.003], [0.004]])}
made |= {"W_hy": torch.tensor([[2.0, -1.0]]), "b_y": torch.zeros(2)}
model = check.call(LeakyParts, {n: w.double() for n, w in made.items()})
got = check.call(influence, model, torch.tensor([0, 0, 1]), 2)
check.close("influence", got, [0.0025, 0.005, 0.01], axes="T", rtol=1e-3)
### BEGIN HIDDEN TESTS
T, V, H = (int(size) for size in rng.permutation([4, 5, 6]))
made = weights.leaky_weights(rng, V, H)
ids = torch.tensor(rng.integers(V, size=T))
right = np.array(oracle.influence(made, ids.tolist()))
model = check.call(LeakyParts, made)
got = check.call(influence, model, ids, V)
check.close("influence", got, right, axes="T", rtol=1e-3, atol=1e-5)
### END HIDDEN TESTS

# %% check="influence_last" points=2
# A network without memory: only the last character counts.
made = weights.leaky_weights(np.random.default_rng(3), 3, 2)
model = check.call(LeakyParts, made | {"leak": torch.zeros(2).double()})
got = check.call(influence, model, torch.tensor([2, 0, 1, 1]), 3)
check.array("influence", got, (4,), axes="T")
check.close("before the last", got[:3], [0.0, 0.0, 0.0], axes="T")
check.that(float(got[3]) > 0.1, "the last character has no influence")
### BEGIN HIDDEN TESTS
T, V, H = (int(size) for size in rng.permutation([4, 5, 6]))
made = weights.leaky_weights(rng, V, H) | {"leak": torch.zeros(H).double()}
ids = torch.tensor(rng.integers(V, size=T))
right = np.array(oracle.influence(made, ids.tolist()))
got = check.call(influence, check.call(LeakyParts, made), ids, V)
check.close("influence", got, right, axes="T", rtol=1e-3, atol=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# ### Find the neuron
#
# In the networks of 2015 single units were found that follow something a
# reader would name: the place in the line, an open quotation, an indentation.
# Does your network over Python have such units? We let it read 12,000
# characters, and search among its 128 units for the one that goes with each of
# three things.
#
# A warning first: among 128 units *one* always fits best, even if the network
# were random. So the unit is searched in the first half, and its correlation
# is measured in the second.

# %% show=true
read = code[:12_000]
with torch.no_grad():
    x_read = one_hot(encode(read, code_vocabulary)[None], len(code_vocabulary))
    states = code_model.rnn(x_read)[0][0].double().numpy()  # (T, H)

# %% show=true
shown = slice(read.index("\n", 8000) + 1, read.index("\n", 8260))
fig, axes = plt.subplots(3, 1, figsize=(8.4, 6.6))
for ax, (name, values) in zip(
    axes, neurons.describe_places(read).items(), strict=True
):
    found = neurons.find_unit(states, values)
    about = f"unit {found.unit} and {name}: correlation {found.tested:.2f}"
    heat.draw_unit(ax, read[shown], states[shown, found.unit], about)
show(
    fig,
    alt="The same lines of Python three times, each character on the colour "
    "of the state of one unit, red above and blue below 0. The titles name "
    "the unit and its correlation with the place in the line, the "
    "indentation and the open brackets.",
)

# %% [markdown]
# Is that much? You need a control: networks that have learned nothing. In four
# of them the best unit follows the place in the line with a correlation of
# 0.41 to 0.45, the brackets with 0.20 to 0.31, the indentation with 0.11 at
# most. In five trained ones it was 0.47 to 0.58, 0.40 to 0.64, and 0.27 at
# most (the sign doesn't matter). So the only neuron that training has *made*
# is the one of the brackets. The place in the line stands nearly as clearly in
# a memory that just fades and has learned nothing; and the indentation isn't
# there. The famous neurons of 2015 come from far larger networks and far
# longer training.

# %% [markdown]
# ## 8. Which model?
#
# RNN, LSTM or GRU? How many layers, how many units? In 2015 Karpathy, Johnson
# and Fei-Fei trained all of them on two large texts: Tolstoy's *War and Peace*
# and the sources of the *Linux kernel*, a few million characters each. Here
# are their losses on held-out text, in nats per character; **lower is
# better**. A minus means: not published.
#
# They made the comparison fair: the networks of a row have about **equally
# many parameters**. The size that names the row, 64 to 512, is the number of
# hidden units of its LSTM with one layer; the others have as many units as
# give about the same number of parameters.
#
# A table is a dict of rows, `{size: {(cell, layers): loss}}`, with `None`
# where there is no number.
#
# ### Exercise: `best_model` (8 minutes, easy)
#
# For each size, the cell and the number of layers with the lowest loss.


# %% exercise="best_model"
def best_model(table):
    """The best model of each row. About 4 lines.

    table: {size: {(cell, layers): loss, or None}}.
    Returns a dict {size: (cell, layers)}.
    """
    ### BEGIN SOLUTION
    best = {}
    for size, row in table.items():
        known = {m: loss for m, loss in row.items() if loss is not None}
        best[size] = min(known, key=known.get)
    return best
    ### END SOLUTION


# %% show=true
fig, axes = plt.subplots(2, 1, figsize=(8.6, 5.6))
for ax, name, table, bold in (
    (
        axes[0],
        "War and Peace",
        published.WAR_AND_PEACE,
        published.BOLD_WAR_AND_PEACE,
    ),
    (
        axes[1],
        "Linux kernel",
        published.LINUX_KERNEL,
        published.BOLD_LINUX_KERNEL,
    ),
):
    characters.draw_table(ax, table, best_model(table), bold)
    ax.set_title(f"{name}: framed what best_model finds, bold as printed")
show(
    fig,
    alt="The two published tables as heat maps: rows are 64 to 512 hidden "
    "units, columns LSTM, RNN and GRU with 1 to 3 layers. One entry of each "
    "row is framed by best_model and one is printed bold.",
)

# %% [markdown]
# The bold numbers are those that are printed in bold in the lecture's copy of
# the tables, as the best of their row. Your function's frames should agree
# with them. In **one row** they don't. Which one? Look it up in the numbers:
# who is right, your function or the print? (You'll need it for question 1.)

# %% check="best_lowest" points=3
# Two rows of numbers: the lowest of each.
row = {
    ("rnn", 1): 2.43,
    ("lstm", 1): 1.87,
    ("lstm", 2): 2.26,
    ("gru", 1): 2.14,
}
table = {32: row, 64: {("rnn", 1): 1.52, ("lstm", 1): 1.71}}
got = check.call(best_model, table)
check.equal("best", got, {32: ("lstm", 1), 64: ("rnn", 1)})
### BEGIN HIDDEN TESTS
models = [(cell, n) for cell in ("rnn", "lstm", "gru") for n in (1, 2, 3)]
table = {
    int(size): dict(zip(models, rng.permutation(9).tolist(), strict=True))
    for size in rng.choice(900, 3, replace=False)
}
got = check.call(best_model, table)
check.equal("best", got, oracle.best_model(table))
### END HIDDEN TESTS

# %% check="best_missing" points=2
# Rows in which numbers are missing.
table = {8: {("lstm", 1): None, ("gru", 1): 3.0, ("gru", 2): None}}
check.equal("best", check.call(best_model, table), {8: ("gru", 1)})
### BEGIN HIDDEN TESTS
models = [(cell, n) for cell in ("rnn", "lstm", "gru") for n in (1, 2, 3)]
table = {}
for size in (16, 128):
    losses = rng.permutation(9).astype(float).tolist()
    for place in rng.choice(9, 4, replace=False):
        losses[place] = None
    table[size] = dict(zip(models, losses, strict=True))
got = check.call(best_model, table)
check.equal("best", got, oracle.best_model(table))
### END HIDDEN TESTS

# %% [markdown]
# ### Your own table
#
# Now the same with *your* functions, on the almanac, as large as fits into a
# few seconds: three cells, one or two layers, 16 or 64 hidden units. Every
# network reads the same batches, in the same order, with the same learning
# rate. `compare` calls what you wrote.


# %%
def compare(learn, held_out, V, steps, cells=("rnn", "lstm", "gru")):
    """Nats per character on held-out ids: {size: {(cell, layers): loss}}."""
    models = [(cell, L) for cell in cells for L in (1, 2)]
    table = {16: {}, 64: {}}
    for H in progress(table, len(table), "rows"):
        for cell, L in models:
            torch.manual_seed(0)
            model = CharRNN(cell, V, H, L)
            train(model, stream(learn, 16, 32, steps), 1e-2, 1.0)
            table[H][cell, L] = evaluate(model, held_out, 200)
    return table


# %% show=true
own_table = compare(ids_train, ids_test, V, steps=80)
own_best = best_model(own_table)
fig, ax = plt.subplots(figsize=(6.4, 2.4))
characters.draw_table(ax, own_table, own_best, {})
found = ", ".join(f"{H}: {c} {n}" for H, (c, n) in own_best.items())
ax.set_title(f"Your own table. The best of each row: {found}")
show(
    fig,
    alt="Your own table as a heat map: 16 and 64 hidden units, RNN, LSTM and "
    "GRU with one and two layers. The lowest loss of each row is framed.",
)

# %% [markdown]
# Here the networks of a row have equally many units. Equal $H$ isn't equal
# size, as you saw in section 3. So look at the same 12 numbers over the number
# of parameters:

# %% show=true
points = {}
for H, row in own_table.items():
    for (cell, L), loss in row.items():
        numbers = CharRNN(cell, V, H, L).parameters()
        points[cell, L, H] = (sum(p.numel() for p in numbers), loss)
fig, ax = plt.subplots(figsize=(7.4, 4.2))
characters.draw_by_size(ax, points)
show(
    fig,
    alt="Held-out loss over the number of parameters for your 12 networks; "
    "filled marks have one layer, open ones two. Each network with 64 units "
    "lies lower than the same one with 16.",
)

# %% [markdown]
# Down is better, right is larger. The plain RNN with one layer and 64 units
# has less than half the parameters of the GRU with 64, and stays within two
# tenths of a nat of it.
#
# Before you answer the lecture's three questions, a word of caution. Your
# networks have seen 80 batches, those of the paper millions of characters,
# again and again until they stopped getting better. A network that learns
# *faster* wins in your table; one that can learn *more* wins in theirs. And
# each of your numbers is a single run: with another seed (change
# `manual_seed(0)`) most of them move by a tenth or two at most, some by
# several tenths.
#
# ### Question 1 (5 points)
#
# Which model is the best, and why? Name the best one of each published table
# and of your own. In which row of the published tables is the bold entry not
# the best one, and which is? What speaks for the cells that win?

# %% [markdown] answer="which_model" points=5
# War and Peace: GRU with 3 layers in the row 512 (1.077). Linux kernel: the
# same (0.829). LSTMs of the same size come close (1.082, 0.840); plain RNNs
# win only a single bold entry (Linux, 128). The row 64 of the Linux kernel is
# the odd one: bold is LSTM 2 with 1.331, but GRU 2 has 1.298.
#
# In my own table the GRU with one layer is the best of the row 64, with 2.1.
# The best of the row 16 pays about 2.5: in one run that's the GRU with one
# layer, with other seeds the plain RNN with two, so I wouldn't trust that
# order. The LSTM is behind the GRU everywhere (numbers cited from the figure;
# another network's first weights give others). Gates win in the long run: the
# cell and the update gate let state and gradient pass over many steps, so that
# a network can use what stands further back, such as an open bracket or the
# subject of the sentence. In 80 batches the LSTM hasn't had the time to learn
# that; what is learned so early, short words, an RNN can do as well. And LSTM
# and GRU differ by little in the published tables, perhaps by no more than two
# seeds do, so the data don't say that one is better than the other.
#
# **Marking scheme**
# - 1 point: names GRU 3 of the row 512 as the best of both published tables
# - 1 point: names the row 64 of the Linux kernel, GRU 2 (1.298) below the bold
#   LSTM 2 (1.331)
# - 1 point: cites the best of the own table, with its number
# - 1 point: a reason why gates win (state and gradient pass over many steps)
# - 1 point: sees a limit: LSTM and GRU differ by little, one run only, few
#   batches, or (own table) unequal numbers of parameters

# %% [markdown]
# ### Question 2 (5 points)
#
# What is a good number of layers, and why? Use numbers from the published
# tables *and* from your own. If they disagree, explain it.

# %% [markdown] answer="how_many_layers" points=5
# In the published tables two layers are nearly always better than one, at
# about equal numbers of parameters (LSTM 512 on Linux: 0.952 with one layer,
# 0.840 with two). The third brings little or harm: 0.846 with three. For small
# networks three layers are often worse than two (LSTM 64 on War and Peace:
# 1.442 and 1.540). So two is a good first choice, three for large networks.
#
# My own table disagrees: with two layers LSTM and GRU pay more than with one
# (LSTM 64: 2.3 with one, 2.8 or 2.9 with two; GRU 64: 2.1 with one, 2.2 to 2.6
# with two, depending on the seed). For the plain RNN it hangs on the seed
# whether a second layer helps. A deeper network is slower to start with: the
# error has to pass through another layer, and only 80 batches were given to
# it. A second layer also needs enough data to be worth its parameters. With
# more batches I'd expect the order of the published tables.
#
# **Marking scheme**
# - 1 point: published: two layers better than one, with a pair of numbers
# - 1 point: published: the third layer brings little or harms, with numbers or
#   the remark that it depends on the size
# - 1 point: cites a pair of numbers from the own table
# - 1 point: says whether the two agree
# - 1 point: a reason for it (few batches, deeper nets learn more slowly, more
#   parameters to fit from little text)

# %% [markdown]
# ### Question 3 (5 points)
#
# What is a good number of hidden units, and why? Use both again. Then: would
# you expect 512 units to win if the whole text were your 22,000 characters,
# and training went on for an hour? What would you look at to find out?

# %% [markdown] answer="how_many_units" points=5
# The more the better, in all tables: the best of each row falls from 1.373
# (64) to 1.226, 1.137 and 1.077 (512) on War and Peace, and each doubling
# brings less than the one before. In my own table 64 units beat 16 for every
# cell, by a tenth or more. More units are a larger state, which can keep more
# about the past; the price is the number of parameters, which grows with H
# squared, and the time.
#
# On 22,000 characters 512 units wouldn't win after an hour: such an LSTM has
# over a million parameters, many more than the text has characters, and would
# learn the text by heart. The training loss would go towards 0 while the
# held-out loss stops falling and rises again. So I'd watch the held-out loss
# during training, stop where it's lowest, and choose H by that.
#
# **Marking scheme**
# - 1 point: published: larger is better, with numbers
# - 1 point: own table cited, with numbers
# - 1 point: a reason or a price (larger state; parameters grow with H squared,
#   time; each doubling brings less)
# - 1 point: would learn the text by heart (overfitting)
# - 1 point: watches the held-out loss to see it

# %% [markdown]
# ## 9. Large texts
#
# The texts of the tables don't come with this course, but if you have them,
# `corpora.large` reads them from a file. Where it isn't there, it says where
# it looked and what to put there.

# %% show=true
for name in corpora.LARGE:
    try:
        large = corpora.large(name)
        print(f"{name}: {len(large)} characters, {len(set(large))} different")
    except FileNotFoundError as missing:
        print(missing, "\n")

# %% [markdown]
# With `large` in the place of `story` everything above works as it is. Give it
# more time, though: with a few million characters, and networks of 512 units,
# the training takes hours on a processor like this one. How long exactly, and
# what could be done about it, is the next lesson.
#
# ## 10. Why RNNs are back
#
# From 2017 on the transformer took over. Not because it knows more about a
# character, but because in *training* it looks at all steps of a text at once,
# while $h_t$ must wait for $h_{t-1}$. Must it? Only because of tanh, and of
# gates that look at $h_{t-1}$. Take a recurrence that is **linear** in the
# state,
#
# $$h_t = a_t \odot h_{t-1} + b_t$$
#
# where $a_t$ and $b_t$ may depend on $x_t$ in any way, but not on the state.
# Two such steps, one after the other, are again such a step:
#
# $$h_t = a_t (a_{t-1} h_{t-2} + b_{t-1}) + b_t
#       = (a_t a_{t-1})\, h_{t-2} + (a_t b_{t-1} + b_t)$$
#
# So put every step together with its neighbour, all at the same time, and each
# reaches two steps back; with the one two places away, four; then eight. After
# $\log_2 T$ rounds, 10 instead of 1024, every step reaches back to the start,
# and its $b$ **is** $h_t$. This is a **parallel scan** (Hillis and Steele,
# 1986).
#
# ### Exercise: `linear_scan` (no points, 20 minutes, hard)
#
# In each round, step $t$ takes in the step `back` places before it; steps that
# have none stay as they are. Then `back` doubles.
#
# <details><summary>An idea</summary>
# All steps at once: <code>a[back:]</code> are the steps that have a partner,
# and <code>a[:-back]</code> are their partners. Both new arrays need the old
# ones.
# </details>


# %% exercise="linear_scan"
def linear_scan(a, b):
    """All states of h_t = a_t h_{t-1} + b_t, from h_0 = 0. About 6 lines.

    a, b: tensors (T, H). Returns h (T, H), in log T rounds over all steps.
    """
    ### BEGIN SOLUTION
    back = 1
    while back < len(a):
        grown = a[back:] * b[:-back] + b[back:]
        b = torch.cat([b[:back], grown])
        a = torch.cat([a[:back], a[back:] * a[:-back]])
        back *= 2
    return b
    ### END SOLUTION


# %% show=true
def linear_loop(a, b):
    """The same, one step after the other."""
    h_t, h = torch.zeros_like(b[0]), []
    for a_t, b_t in zip(a, b, strict=True):
        h_t = a_t * h_t + b_t
        h.append(h_t)
    return torch.stack(h)


halves, ones = torch.full((4, 1), 0.5), torch.ones(4, 1)
right = [[1.0], [1.5], [1.75], [1.875]]
check.close("h", linear_scan(halves, ones), right, axes="T H")
random = torch.Generator().manual_seed(1)
a, b = torch.rand(2, 1000, 3, generator=random)
check.close("h of 1000 steps", linear_scan(a, b), linear_loop(a, b), atol=1e-5)
print("the scan and the loop agree, also where T is no power of two")

# %% [markdown]
# **Guess before you run it:** 10 rounds instead of 1024 steps. How much faster
# is that, on one thread of your processor? Does it matter how large the state
# is?

# %% show=true
state_sizes, times = [16, 64, 256, 1024, 4096], {"loop": [], "scan": []}
for size in state_sizes:
    a, b = torch.rand(2, 1024, size)
    for name, run in (("loop", linear_loop), ("scan", linear_scan)):
        once = partial(run, a, b)
        seconds = timeit.repeat(once, number=1, repeat=5)
        times[name].append(1000 * min(seconds))
fig, ax = plt.subplots(figsize=(7.0, 3.2))
learning.draw_scan_times(ax, state_sizes, times["loop"], times["scan"])
show(
    fig,
    alt="Milliseconds of loop and scan for 1024 steps over the numbers in the "
    "state, both logarithmic. The loop is nearly flat at first; the scan "
    "grows with the state, starts far below the loop and ends above it.",
)

# %% [markdown]
# With a small state the scan wins: what costs in the loop are 1024 small
# calls, not the arithmetic. With a large one it *loses*. The scan has fewer
# rounds, but not less work: each round touches all steps, so it multiplies
# about $\log_2 T$ times as much, and one thread has to do all of that. (In
# six runs on one of our machines, the scan was 7 to 39 times as fast with
# 64 numbers, and 8 to 16 times as slow with 4096. Your title tells your own
# ratios, with 16 numbers and with 4096.) What the scan saves is **waiting**,
# and only a machine that would else be idle gains from it: a graphics
# processor, with its thousands of threads. Scans with less work, about $2T$,
# are known as well (Blelloch, 1990).
#
# ### What was made of it
#
# | | what it does | who |
# |---|---|---|
# | linear attention | without softmax, attention is a recurrence; its state is a matrix ("Transformers are RNNs") | Katharopoulos and others, 2020 |
# | S4 | a linear recurrence with fixed, well-chosen $a$; remembers thousands of steps | Gu, Goel and Ré, 2022 |
# | Mamba | $a_t$ and $b_t$ depend on $x_t$: it chooses what to keep, as a gate does | Gu and Dao, 2023 |
# | xLSTM | the LSTM with exponential gates; one of its two cells has a matrix as memory and can be run in parallel | Beck and others, 2024 |
# | minGRU | the GRU whose gates don't look at the state, so that it can be scanned | Feng and others, 2024 |
# | DEER, ELK | tanh stays; Newton's method solves for all steps at once | Lim and others, 2024; Gonzalez and others, 2024 |
#
# And when they *write*, all of them keep what you like about a recurrent
# network: a state of fixed size. A transformer must look back at everything
# that it has written so far, again for each new character.
#
# The **minGRU** is your GRU of `05_gates` without $r$, and with $z$ and $n$
# from the input alone: $h_t = (1 - z_t) \odot h_{t-1} + z_t \odot n_t$. So
# $a_t = 1 - z_t$ and $b_t = z_t \odot n_t$. What is lost: a gate can no longer
# decide by what the network remembers. A second layer gives some of it back,
# for its input *is* the state of the first.
#
# The last row sounds impossible: all steps of a *nonlinear* network at once.
# The idea is Newton's. Guess all states. Around the guess, replace each step
# by its tangent, which is linear: $a_t$ is the slope of the step, and $b_t$
# what it says minus slope times guess. Solve that by your scan, take the
# result as the next guess, and again. The cell does it for $h_t = \tanh(w
# \odot h_{t-1} + x_t)$, 1024 steps, and counts rounds.

# %% show=true
random = torch.Generator().manual_seed(2)
x = torch.randn(1024, 64, generator=random, dtype=torch.float64)
w = 2 * torch.rand(64, generator=random, dtype=torch.float64) - 1
h_t, h, guess = torch.zeros(64), [], torch.zeros_like(x)
for x_t in x:
    h_t = torch.tanh(w * h_t + x_t)
    h.append(h_t)
for round_ in range(1, 8):
    before = torch.cat([torch.zeros(1, 64), guess[:-1]])  # h_prev of all steps
    said = torch.tanh(w * before + x)
    slope = w * (1 - said**2)
    guess = linear_scan(slope, said - slope * before)
    error = (guess - torch.stack(h)).abs().max()
    print(f"round {round_}: largest error {error:.1e}")

# %% [markdown]
# Six rounds for 1024 steps, and the states are exact to the last digits; with
# 4096 steps it's six as well. But put `w = 3 * w` in front of the loops: now
# slopes are above 1, errors grow from step to step as in `04_gradients`, and
# Newton doesn't arrive in 50 rounds. To make it reliable, and cheap where
# $W_{hh}$ is a whole matrix and each slope a Jacobian, is what ELK and others
# work at.
#
# ## What others call it
#
# | here | elsewhere |
# |---|---|
# | learned by heart | overfitting; training until the held-out loss rises: early stopping |
# | held out | validation set, if you choose by it; test set, if you only report it |
# | what a model pays, in nats per character | negative log-likelihood, cross-entropy; $e^{\text{nats}}$ is the perplexity |
# | reading the text once | an epoch |
# | always the most probable character | greedy decoding |
# | keeping what holds a share | top-p or nucleus sampling |
# | blending with shorter contexts | interpolation, back-off smoothing |
# | carrying the state, cutting the gradient | truncated, stateful BPTT |
# | character | token, if the pieces are larger |
#
# ## Summary
#
# - A character model reads a character and says the next one. What it costs,
#   in nats or (divided by $\ln 2$) in bits per character, says how well it
#   knows the text; only text that it hasn't seen gives an honest number.
# - A yardstick must be strong: on so short a text, counts of five characters
#   in a row beat the network. It needs more text to make use of a longer
#   memory.
# - Batches go on row by row, the state is carried from batch to batch, and its
#   history is cut: the memory reaches further back than $T$ characters, the
#   gradient doesn't.
# - The temperature chooses between the safe and the surprising. Always the
#   most probable character leads in circles.
# - The gradient on the inputs shows what a prediction hangs on: mostly the
#   last few characters.
# - Given time to learn, gates beat the plain cell; two layers are a good
#   start; more units help until the network learns by heart.
# - A recurrence that is linear in the state needn't be run step by step: a
#   scan does it in $\log_2 T$ rounds, for more work in all.
#
# ## Open questions
#
# - A batch takes your network about a hundredth of a second. Where does the
#   time go, and what would a graphics processor change? (`07_hardware`)
# - Steps must wait for each other: $h_t$ needs $h_{t-1}$. Is that a good fit
#   for a machine that does thousands of things at once? (`07_hardware`)
# - Your network sees `the` as three unrelated characters. Would it help to
#   read words, or pieces of words, instead? What would become of $V$, and of
#   "nats per character"?
#
# ## References
#
# - I. H. Witten, T. C. Bell: The zero-frequency problem. 1991. (How to blend.)
# - D. P. Kingma, J. Ba: Adam: a method for stochastic optimization. 2015.
# - A. Karpathy: The unreasonable effectiveness of recurrent neural networks.
#   2015.
# - A. Karpathy, J. Johnson, L. Fei-Fei: Visualizing and understanding
#   recurrent networks. 2015. (The tables, and the neurons.)
# - A. Holtzman and others: The curious case of neural text degeneration. 2020.
#   (Top-p.)
# - A. Gu, T. Dao: Mamba: linear-time sequence modeling with selective state
#   spaces. 2023.
# - L. Feng and others: Were RNNs all we needed? 2024. (minGRU.)
# - X. Gonzalez and others: Towards scalable and stable parallelization of
#   nonlinear RNNs. 2024.

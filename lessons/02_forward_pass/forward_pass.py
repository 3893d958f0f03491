# %% [markdown]
# # The forward pass
#
# In `01_sequences` you met data that come in an order. You sorted the tasks on
# them into three shapes (one-to-many, many-to-one, many-to-many), and the two
# functions that did the work, `step` and `read`, were given. **Today you write
# them yourself.** At the end your network reads the letters "he" and says
# which letter it expects next.
#
# **When you are done, you can** write the forward pass of a recurrent network from
# its equation, say the shape of every array in it, tell what the state is for, and
# measure how long it remembers. **You need** `01_sequences` and matrix products.
# **Time:** about four hours, the questions included.
#
# | you write | it computes |
# |---|---|
# | `rnn_step` | one step: the new state from an input and the old state |
# | `rnn_forward` | all states of a whole sequence |
# | `read_out` | scores for the next letter, from the states |
# | `softmax` | probabilities, from the scores |
# | `predict_next` | text in, next letter out |
# | `deep_rnn_forward` | several recurrent layers on top of each other |
# | `fit_read_out` (no points) | how much of the past can be told from a state |
#
# The cells work as in `01_sequences`: a check that passes is silent, one that
# fails says what it got, what it expected, and often why. Between the exercise
# and its checks you see *your own* result.

# %%
import matplotlib.pyplot as plt
import numpy as np

from unrolled.lab import check, explore, show, style
from unrolled.lab.figures import forward

style.use()

# %% [markdown]
# ## 1. What a feedforward network lacks
#
# Our task for the whole lesson: **read a letter, say the next one.** With the
# word "hello" the network reads h, e, l, l and should say e, l, l, o.
#
# A feedforward network has no loops: each layer feeds the next, and that's
# all. First try: let it read one letter and answer.

# %% show=true
fig, ax = plt.subplots(figsize=(6.4, 2.8))
forward.draw_targets(ax, "hello")
show(
    fig,
    alt="The letters h, e, l, l are read; e, l, l, o should be said. The "
    "two columns with the input l are marked: one asks for l, the other "
    "for o.",
)

# %% [markdown]
# After the first l the right answer is l, after the second it's o. A network
# that sees only the current letter gets the same input both times, so it gives
# the same answer both times. One of them is wrong, however long we train it:
# it has **no memory of the past**.
#
# Second try: show it all $T$ letters at once, side by side. Now it sees the
# past, but each of the $T$ positions has weights of its own. You counted them
# at the end of `01_sequences`; here are your two formulas once more, for
# $D = V = 100$ different letters and $H = 100$ hidden units.

# %% show=true
D = H = V = 100
lengths = [1, 2, 5, 10, 20, 50, 100]
side_by_side = [T * D * H + H + H * V + V for T in lengths]
one_per_step = D * H + H * H + H + H * V + V
fig, ax = plt.subplots()
forward.draw_weights(ax, lengths, side_by_side, one_per_step)
show(
    fig,
    alt="Number of parameters over the length of the sequence. Feedforward: "
    "a rising line, up to 1,010,200 at 100 letters. Recurrent: flat at "
    "30,200.",
)

# %% [markdown]
# The dashed line grows with every letter: at 100 letters the feedforward
# network has 1,010,200 parameters. The flat line is the network we are about
# to build: 30,200, whatever the length. (They cross at $T = 1 + H/D$, so at
# two letters.)
#
# And you know that size isn't the worst of it. The weights of each position
# are **learned independently**: what the network has found out about an h at
# position 1 tells it nothing about an h at position 2. And a text of 101
# letters doesn't fit in.

# %% [markdown]
# ## 2. The idea: hand the last state on
#
# A recurrent network reads one letter per step and carries a **state** along:
# a few numbers that sum up what it has read so far. In each step it makes the
# new state out of two things, the old state and the new input. That's the
# `step` of `01_sequences`:
#
# $$h_t = \text{step}(x_t, h_{t-1})$$
#
# with **the same step every time**: the same weights, not a copy that is
# learned separately. What was hidden in it is one line, and this is the
# classic one:
#
# $$h_t = \tanh(x_t W_{xh} + h_{t-1} W_{hh} + b_h)$$
#
# The input $x_t$ enters through $W_{xh}$ (from x to h), the old state
# $h_{t-1}$ through $W_{hh}$ (from h to h). The bias $b_h$ is added, and tanh
# squeezes every number to between -1 and 1.
#
# Why tanh? You know others: the sigmoid $1 / (1 + \exp(-a))$ reaches from 0 to
# 1, and ReLU, $\max(0, a)$, has no upper limit. A state is handed on again and
# again, so it's good to have it bounded, and tanh lets it have both signs.
#
# | letter | means | | array | shape |
# |---|---|---|---|---|
# | $N$ | sequences in the batch | | $x_t$, the input at step t | $(N, D)$ |
# | $T$ | steps | | $h_t$, the state after it | $(N, H)$ |
# | $D$ | numbers in one input | | $W_{xh}$ | $(D, H)$ |
# | $H$ | hidden units, the size of the state | | $W_{hh}$ | $(H, H)$ |
# | $V$ | letters of the vocabulary | | $b_h$ | $(H,)$ |
#
# New is $N$. In `01_sequences` one sequence was read at a time. From now on $N$
# of them are read side by side, as a **batch**, so inputs and states have one
# axis more, in front: all inputs together are `x`, $(N, T, D)$. Every sequence
# of the batch is one **row**. That's why the inputs stand left of the weights,
# `x_t @ W_xh`.

# %% [markdown]
# The loop looks mysterious until you **unfold it in time**: draw the network
# once for each step, and let the arrows of the loop run from one drawing to
# the next. Move the slider.

# %% show=true
explore(
    forward.draw_unrolled,
    T=(1, 8),
    static={"T": [1, 3, 6]},
    size=(9.0, 2.4),
    alt="Left, a network whose state feeds back into itself. Right, the "
    "same network unfolded: each state feeds the next one through W_hh, "
    "and each step has the same W_xh, W_hh and W_hy.",
)

# %% [markdown]
# Unfolded, it's a deep feedforward network with one layer per step. From layer
# to layer the input and the state differ, **the weights never do**. More steps
# make more circles, but not one more weight. ($y_t$ is the output, which is
# read from the state; we come to it in section 5.)
#
# *A little history.* Rumelhart, Hinton and Williams, whose paper of 1986 made
# back-propagation famous, showed in it that a network with loops which runs
# for a few steps equals a layered network with the same weights in each layer.
# Cells that keep their memory for longer came later: the LSTM in 1997, the GRU
# in 2014 (they wait for you in `05_gates`).

# %% [markdown]
# ### Question 1 (5 points)
#
# Ann and Ben both predict the next letter in texts of 100 letters. Ann's
# network has a different $W_{xh}$ for each of the 100 positions, Ben's has one
# for all.
#
# Give two different reasons for Ben's choice. Then name one kind of data for
# which Ann's could be the better one, and say why.

# %% [markdown] answer="why_share_weights" points=5
# Ben's network has far fewer parameters (1 matrix instead of 100), so it needs
# less memory and, above all, fewer examples to learn from: every letter of a
# text is an example for the same weights. Second, what it learns at one
# position holds at all positions. Ann's network has to learn what an h means a
# hundred times, and it has no weights at all for a letter 101, where Ben's
# just goes on.
#
# Ann's choice can be better where the position itself has a meaning, so that
# the same input means different things in different places: the fields of a
# form, the digits of a date or a post code, the bytes of a file header.
#
# **Marking scheme**
# - 2 points: 1 for fewer parameters; 1 for what follows from it (fewer
#   examples needed, less memory, or less overfitting)
# - 2 points: 1 for a second reason: what is learned at one position holds at
#   all, or a text of any length can be read; 1 for saying how Ann's network
#   fails there (learns it anew at each position, or has no weights for letter
#   101)
# - 1 point: data whose positions have a fixed meaning, with the reason

# %% [markdown]
# ## 3. One step
#
# Time for numbers. The vocabulary has four letters, the state three units.
# These weights aren't learned; they come from the lecture's worked example.

# %%
vocabulary = ["h", "e", "l", "o"]

W_xh = np.array(
    [
        [0.287027, 0.902874, 0.537524],  # h
        [0.84606, 0.871522, 0.09224],  # e
        [0.572392, 0.691079, 0.558159],  # l
        [0.486813, 0.18998, 0.491528],  # o
    ]
)
W_hh = 0.427043 * np.eye(3)
b_h = np.full(3, 0.567001)

# %% [markdown]
# $W_{hh}$ is a number times the identity: in this small example each unit
# hears its own past only. In general every unit hears all of them.
#
# **By hand, once.** A letter enters as a one-hot vector. The first letter is
# h, so $x_1 = (1, 0, 0, 0)$, and at the start there's nothing to remember:
# $h_0 = 0$.
#
# 1. $x_1 W_{xh}$ picks the first row of $W_{xh}$: (0.287027, 0.902874,
#    0.537524). A product with a one-hot vector is a look-up in a table.
# 2. $h_0 W_{hh} = 0$.
# 3. Add the bias: (0.854028, 1.469875, 1.104525). This is the
#    *pre-activation*.
# 4. Take tanh: $h_1$ = (0.693168, 0.899554, 0.802119).
#
# Three helpers for later: `one_hot`, as you wrote it in `01_sequences`;
# `encode`, which does the same for a text (from now on this is its name; the
# translator's step that was called so doesn't come back); and `random_layer`,
# which invents weights of any size.


# %%
def one_hot(ids, V):
    """One-hot vectors (..., V) of the whole numbers `ids` (...)."""
    return np.eye(V)[np.asarray(ids)]


def encode(text, vocabulary):
    """The text as input of a network: x (1, T, V), a batch of one."""
    ids = [vocabulary.index(character) for character in text]
    return one_hot([ids], len(vocabulary))


def random_layer(rng, D, H):
    """Random weights of a layer, in a dict: W_xh (D, H), W_hh (H, H), b_h."""
    shapes = {"W_xh": (D, H), "W_hh": (H, H), "b_h": (H,)}
    return {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}


# %% [markdown]
# ### Exercise: `rnn_step` (10 minutes, easy)
#
# $$h_t = \tanh(x_t W_{xh} + h_{t-1} W_{hh} + b_h)$$


# %% exercise="rnn_step"
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    """One step: the new state from the input and the old state. About 1 line.

    x_t: (N, D), h_prev: (N, H), W_xh: (D, H), W_hh: (H, H), b_h: (H,).
    Returns h_t: (N, H).
    """
    ### BEGIN SOLUTION
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
    ### END SOLUTION


# %% [markdown]
# Your result: the first state after each of the four letters. It takes one
# call, since the four letters are the four rows of a batch.

# %% show=true
first_states = rnn_step(np.eye(4), np.zeros((4, 3)), W_xh, W_hh, b_h)
fig, ax = plt.subplots(figsize=(6.0, 2.6))
title = "Each letter leaves its own mark on the state"
forward.draw_states(ax, first_states, vocabulary, title)
show(
    fig,
    alt="Heat map of the first state: a column for each of the letters h, "
    "e, l, o, a row for each of the three units. The four columns "
    "differ.",
)

# %% [markdown]
# The column under h should hold the three numbers that you have just followed
# by hand. All numbers are positive, because all weights of this example are.

# %% check="rnn_step_shape" points=2
# Two letters in the batch, so two rows of three units, and not the same.
h_t = check.call(rnn_step, np.eye(4)[:2], np.zeros((2, 3)), W_xh, W_hh, b_h)
check.array("h_t", h_t, (2, 3), axes="N H")
check.double("h_t", h_t)
check.differs("the states of two letters", h_t[0], h_t[1])
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 4, 5]))
layer = random_layer(rng, D, H)
x_t, h_prev = rng.normal(size=(N, D)), rng.normal(size=(N, H))
h_t = check.call(rnn_step, x_t, h_prev, *layer.values())
check.array("h_t", h_t, (N, H), axes="N H")
### END HIDDEN TESTS

# %% check="rnn_step_values" points=3
# The first step of "hello", as computed by hand above, and the second one.
h_1 = check.call(rnn_step, np.eye(4)[:1], np.zeros((1, 3)), W_xh, W_hh, b_h)
by_hand = [[0.693168, 0.899554, 0.802119]]
check.close("h_1", h_1, by_hand, axes="N H", atol=1e-6)
h_2 = check.call(rnn_step, np.eye(4)[1:2], np.array(by_hand), W_xh, W_hh, b_h)
after_e = [[0.936534, 0.949104, 0.762341]]
check.close("h_2", h_2, after_e, axes="N H", atol=1e-6)
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 4, 5]))
layer = random_layer(rng, D, H)
x_t, h_prev = rng.normal(size=(N, D)), rng.normal(size=(N, H))
expected_h_t = oracle.rnn_step(x_t, h_prev, *layer.values())
h_t = check.call(rnn_step, x_t, h_prev, *layer.values())
check.close("h_t", h_t, expected_h_t, axes="N H")
### END HIDDEN TESTS

# %% check="rnn_step_bias" points=2
# No input, no past: what is left is tanh of the bias, in each row.
x_t, h_prev, ones = np.zeros((2, 2)), np.zeros((2, 2)), np.ones((2, 2))
h_t = check.call(rnn_step, x_t, h_prev, ones, ones, np.array([0.5, -1.0]))
tanh_bias = [[0.462117157, -0.761594156]] * 2
check.close("h_t", h_t, tanh_bias, axes="N H", rtol=1e-6)
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 4, 5]))
layer = random_layer(rng, D, H)
x_t, h_prev = np.zeros((N, D)), np.zeros((N, H))
expected_h_t = oracle.rnn_step(x_t, h_prev, *layer.values())
h_t = check.call(rnn_step, x_t, h_prev, *layer.values())
check.close("h_t", h_t, expected_h_t, axes="N H")
### END HIDDEN TESTS

# %% check="rnn_step_memory" points=3
# W[i, j] leads from old unit i to new unit j: by 2 from 0 to 1, by 1 back.
no_input, W = np.zeros((1, 1)), np.array([[0.0, 2.0], [1.0, 0.0]])
h_t = check.call(
    rnn_step, no_input, np.array([[0.5, 0.0]]), np.ones((1, 2)), W, np.zeros(2)
)
check.close("h_t", h_t, [[0.0, 0.761594156]], axes="N H", rtol=1e-6)
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 4, 5]))
layer = random_layer(rng, D, H) | {"b_h": np.zeros(H)}
x_t, h_prev = np.zeros((N, D)), rng.normal(size=(N, H))
expected_h_t = oracle.rnn_step(x_t, h_prev, *layer.values())
h_t = check.call(rnn_step, x_t, h_prev, *layer.values())
check.close("h_t", h_t, expected_h_t, axes="N H")
### END HIDDEN TESTS

# %% check="rnn_step_saturates" points=2
# However large the input, the state stays between -1 and 1.
x_t, h_prev, one = np.array([[100.0], [-100.0]]), np.zeros((2, 1)), np.eye(1)
h_t = check.call(rnn_step, x_t, h_prev, one, one, np.zeros(1))
check.close("h_t", h_t, [[1.0], [-1.0]], axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 4, 5]))
W, W_back, b = random_layer(rng, D, H).values()
W, signs = 1 + np.abs(W), rng.permutation([-300.0, 300.0] * N)[:N, None]
x_t, h_prev = signs * np.ones((N, D)), rng.normal(size=(N, H))
expected_h_t = oracle.rnn_step(x_t, h_prev, W, W_back, b)
h_t = check.call(rnn_step, x_t, h_prev, W, W_back, b)
check.close("h_t", h_t, expected_h_t, axes="N H")
### END HIDDEN TESTS

# %% check="rnn_step_keeps_inputs" points=2
# The arguments still belong to the caller: read them, don't write into them.
x_t, h_prev = np.eye(4)[:2], np.full((2, 3), 0.5)
before = x_t.copy(), h_prev.copy()
h_t = check.call(rnn_step, x_t, h_prev, W_xh, W_hh, b_h)
check.array("h_t", h_t, (2, 3), axes="N H")
check.differs("the states of two letters", h_t[0], h_t[1])
check.unchanged("x_t", before[0], x_t)
check.unchanged("h_prev", before[1], h_prev)

# %% [markdown]
# ## 4. The whole sequence
#
# Step 2 is the same call again: the next letter goes in, and $h_1$ takes the
# place of $h_0$. Then again, with $h_2$, until the sequence ends. A loop over
# the steps is all that is missing.
#
# ### Exercise: `rnn_forward` (20 minutes, medium)
#
# For $t = 1, 2, \dots, T$: make $h_t$ out of $x_t$ and $h_{t-1}$, and keep
# them all.
#
# Careful with the counting: in the equation the first input is $x_1$, in the
# array it is `x[:, 0]`. The state that belongs to it, $h_1$, is `h[:, 0]`. The
# start $h_0$ isn't part of the result.


# %% exercise="rnn_forward"
def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    """All states of a sequence, each made by `rnn_step`. About 5 lines.

    x: (N, T, D), h_0: (N, H), W_xh: (D, H), W_hh: (H, H), b_h: (H,).
    Returns h: (N, T, H); h[:, t] is the state after reading x[:, t].
    """
    ### BEGIN SOLUTION
    h = np.zeros((x.shape[0], x.shape[1], h_0.shape[1]))
    h_t = h_0
    for t in range(x.shape[1]):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        h[:, t] = h_t
    return h
    ### END SOLUTION


# %% show=true
x_hello = encode("hello", vocabulary)
h_hello = rnn_forward(x_hello, np.zeros((1, 3)), W_xh, W_hh, b_h)
fig, ax = plt.subplots(figsize=(7.0, 2.6))
title = "The same letter, another state: compare the two columns under l"
forward.draw_states(ax, h_hello[0], "hello", title)
show(
    fig,
    alt="Heat map of your states for hello: five columns, one per letter, "
    "three rows, one per unit. The two columns under l are close but "
    "not equal.",
)

# %% [markdown]
# Read it from left to right: each column is the state after that letter. The
# two columns under l aren't equal, because the states *before* them weren't.
# Here is what the network in section 1 lacked: **the state is the memory.**
#
# They're close, though: no unit differs by more than 0.011. Keep that in mind.

# %% check="rnn_forward_shape" points=2
# Two words of five letters: a state for each letter of each.
x = np.concatenate([encode(w, vocabulary) for w in ("hello", "olleh")])
h = check.call(rnn_forward, x, np.zeros((2, 3)), W_xh, W_hh, b_h)
check.array("h", h, (2, 5, 3), axes="N T H")
check.double("h", h)
check.differs("the states of two words", h[0], h[1])
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
layer = random_layer(rng, D, H)
x, h_0 = rng.normal(size=(N, T, D)), rng.normal(size=(N, H))
h = check.call(rnn_forward, x, h_0, *layer.values())
check.array("h", h, (N, T, H), axes="N T H")
### END HIDDEN TESTS

# %% check="rnn_forward_first_step" points=3
# A sequence of one letter, h, and a start that is not zero.
x, h_0 = np.eye(4)[None, :1], np.array([[0.5, -0.5, 0.0]])
h = check.call(rnn_forward, x, h_0, W_xh, W_hh, b_h)
after_h = [[[0.788536205, 0.850055681, 0.80211853]]]
check.close("h", h, after_h, axes="N T H", rtol=1e-6)
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 4, 5]))
layer = random_layer(rng, D, H)
x, h_0 = rng.normal(size=(N, 1, D)), rng.normal(size=(N, H))
right = oracle.rnn_forward(x, h_0, *layer.values())
h = check.call(rnn_forward, x, h_0, *layer.values())
check.close("h", h, right, axes="N T H")
### END HIDDEN TESTS

# %% check="rnn_forward_carries_state" points=4
# One input at the first step, then silence: tanh(2), tanh(tanh(2)), ...
x, one = np.array([[[2.0], [0.0], [0.0]]]), np.ones((1, 1))
h = check.call(rnn_forward, x, np.zeros((1, 1)), one, one, np.zeros(1))
echo = [[[0.96402758], [0.746067998], [0.632797315]]]
check.close("h", h, echo, axes="N T H", rtol=1e-6)
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
layer = random_layer(rng, D, H)
x, h_0 = rng.normal(size=(N, T, D)), np.zeros((N, H))
right = oracle.rnn_forward(x, h_0, *layer.values())
h = check.call(rnn_forward, x, h_0, *layer.values())
check.close("h", h, right, axes="N T H")
### END HIDDEN TESTS

# %% check="rnn_forward_uses_h_0" points=3
# Nothing but silence: the start h_0 fades away, one tanh per step.
x, h_0, one = np.zeros((1, 3, 1)), np.ones((1, 1)), np.ones((1, 1))
h = check.call(rnn_forward, x, h_0, one, one, np.zeros(1))
fading = [[[0.761594156], [0.642014992], [0.566269976]]]
check.close("h", h, fading, axes="N T H", rtol=1e-6)
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
layer = random_layer(rng, D, H)
x, h_0 = rng.normal(size=(N, T, D)), rng.normal(size=(N, H))
right = oracle.rnn_forward(x, h_0, *layer.values())
h = check.call(rnn_forward, x, h_0, *layer.values())
check.close("h", h, right, axes="N T H")
### END HIDDEN TESTS

# %% check="rnn_forward_batch" points=3
# Two words in one batch: they must know nothing of each other.
x = np.concatenate([encode("he", vocabulary), encode("eh", vocabulary)])
h = check.call(rnn_forward, x, np.zeros((2, 3)), W_xh, W_hh, b_h)
he = [[0.693168, 0.899554, 0.802119], [0.936534, 0.949104, 0.762341]]
eh = [[0.888142, 0.893400, 0.577858], [0.843535, 0.951877, 0.874359]]
check.close("h", h, [he, eh], axes="N T H", rtol=0, atol=1e-6)
### BEGIN HIDDEN TESTS
N, T, D, H = 5, *(int(size) for size in rng.permutation([2, 3, 4]))
layer = random_layer(rng, D, H)
x, h_0 = rng.normal(size=(N, T, D)), rng.normal(size=(N, H))
right = oracle.rnn_forward(x, h_0, *layer.values())
h = check.call(rnn_forward, x, h_0, *layer.values())
check.close("h", h, right, axes="N T H")
### END HIDDEN TESTS

# %% check="rnn_forward_keeps_inputs" points=2
# The caller's h_0 must still be the start afterwards.
x, h_0 = encode("hello", vocabulary), np.full((1, 3), 0.5)
before = x.copy(), h_0.copy()
h = check.call(rnn_forward, x, h_0, W_xh, W_hh, b_h)
check.array("h", h, (1, 5, 3), axes="N T H")
check.differs("the states of two letters", h[:, 0], h[:, 1])
check.unchanged("x", before[0], x)
check.unchanged("h_0", before[1], h_0)

# %% check="hello_states" points=3
# The first two states of the worked example, as the lecture gives them.
x, h_0 = encode("he", vocabulary), np.zeros((1, 3))
h = check.call(rnn_forward, x, h_0, W_xh, W_hh, b_h)
he = [[[0.693168, 0.899554, 0.802119], [0.936534, 0.949104, 0.762341]]]
check.close("h", h, he, axes="N T H", rtol=0, atol=1e-6)
### BEGIN HIDDEN TESTS
words = ["".join(rng.choice(vocabulary, 7)) for _ in range(2)]
x = np.concatenate([encode(word, vocabulary) for word in words])
expected_h = oracle.rnn_forward(x, np.zeros((2, 3)), W_xh, W_hh, b_h)
h = check.call(rnn_forward, x, np.zeros((2, 3)), W_xh, W_hh, b_h)
check.close("h", h, expected_h, axes="N T H")
### END HIDDEN TESTS

# %% [markdown]
# ### Does the order matter?
#
# Count letters, and "hello", "olleh" and "ehllo" are the same: one h, one e,
# two l, one o. Your network reads them in order. Where does it end?

# %% show=true
words = ["hello", "olleh", "ehllo"]
x = np.concatenate([encode(word, vocabulary) for word in words])
h_words = rnn_forward(x, np.zeros((3, 3)), W_xh, W_hh, b_h)
fig, ax = plt.subplots(figsize=(6.4, 2.6))
title = "Read backwards, the same letters end elsewhere"
forward.draw_states(ax, h_words[:, -1], words, title)
ax.set_xlabel("word")
show(
    fig,
    alt="The last states after hello, olleh and ehllo as three columns. The "
    "column of olleh differs, those of hello and ehllo look the same.",
)
gap = np.abs(h_words[0] - h_words[2]).max(axis=1)
print("hello against ehllo, largest difference after each letter:")
print("  ".join(f"{value:.6f}" for value in gap))

# %% [markdown]
# Read backwards, the word ends in another state: order matters. But look at
# "hello" and "ehllo", which differ in their first two letters only. The states
# start out 0.22 apart, and with every letter the difference shrinks, to
# 0.00006 at the end. This network does have a memory, but **a short one**.
# Section 9 asks how short.

# %% [markdown]
# ## 5. Reading the state
#
# A state is no answer yet. That's what `read` is for: the network maps its
# state to one score for each of the $V$ letters, called **logits**:
#
# $$y_t = h_t W_{hy} + b_y$$
#
# with $W_{hy}$ $(H, V)$ and $b_y$ $(V,)$: again the same ones at every step.
# Scores may be any numbers, negative ones too, so there's no tanh here.
#
# *When* you read decides the shape of the task:
#
# - **many-to-many:** read at every step. All states `h` $(N, T, H)$ go in,
#   logits $(N, T, V)$ come out. This is how we predict the next letter after
#   each letter.
# - **many-to-one:** read once, at the end. Only the last state `h[:, -1]`
#   $(N, H)$ goes in, logits $(N, V)$ come out. This is how the judge of
#   `01_sequences` came to its verdict.
#
# One function can serve both.

# %%
W_hy = np.array(
    [
        # h          e            l            o
        [0.37168, 0.39141, 0.64985, 0.91266],
        [0.974829459, 0.282585823, 0.09821557, 0.32581642],
        [0.830034886, 0.659835709, 0.334287084, 0.144630018],
    ]
)
b_y = np.zeros(4)
params = {"W_xh": W_xh, "W_hh": W_hh, "b_h": b_h, "W_hy": W_hy, "b_y": b_y}

# %% [markdown]
# ### Exercise: `read_out` (5 minutes, easy)
#
# $$y_t = h_t W_{hy} + b_y$$
#
# It must work for all states and for the last one alone.


# %% exercise="read_out"
def read_out(h, W_hy, b_y):
    """Logits from states. About 1 line.

    h: (N, T, H) for all steps or (N, H) for one step; W_hy: (H, V), b_y: (V,).
    Returns logits: (N, T, V) or (N, V).
    """
    ### BEGIN SOLUTION
    return h @ W_hy + b_y
    ### END SOLUTION


# %% show=true
all_logits = read_out(h_hello, W_hy, b_y)
last_logits = read_out(h_hello[:, -1], W_hy, b_y)
print("many-to-many:", h_hello.shape, "->", all_logits.shape)
print("many-to-one: ", h_hello[:, -1].shape, "   ->", last_logits.shape)
fig, ax = plt.subplots()
title = "Logits after 'hello': scores, no probabilities yet"
forward.draw_bars(ax, last_logits[0], vocabulary, title, label="logit")
show(
    fig,
    alt="Bars: one score for each of the letters h, e, l, o after hello. "
    "They are around 1 to 2 and don't add up to 1.",
)

# %% [markdown]
# The network ranks the letters, h first. But a score of 1.87 for h says little
# by itself.

# %% check="read_out_every_step" points=3
# Many-to-many: three states in, three rows of logits out.
h = np.array([[[1.0, 0.0], [0.0, 1.0], [0.5, 0.25]]])
W = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
logits = check.call(read_out, h, W, np.zeros(4))
rows = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [1.75, 2.5, 3.25, 4.0]]
check.close("logits", logits, [rows], axes="N T V")
### BEGIN HIDDEN TESTS
N, T, H, V = (int(size) for size in rng.permutation([2, 3, 4, 5]))
h, W, b = rng.normal(size=(N, T, H)), rng.normal(size=(H, V)), np.zeros(V)
right = oracle.read_out(h, W, b)
logits = check.call(read_out, h, W, b)
check.close("logits", logits, right, axes="N T V")
### END HIDDEN TESTS

# %% check="read_out_last_step" points=3
# Many-to-one: the last states of two sequences in, two rows of logits out.
h_last = np.array([[1.0, 0.0], [0.5, 0.5]])
W = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
logits = check.call(read_out, h_last, W, np.zeros(4))
rows = [[1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0]]
check.close("logits", logits, rows, axes="N V")
### BEGIN HIDDEN TESTS
N, H, V = (int(size) for size in rng.permutation([2, 4, 5]))
h_last, W, b = rng.normal(size=(N, H)), rng.normal(size=(H, V)), np.zeros(V)
right = oracle.read_out(h_last, W, b)
logits = check.call(read_out, h_last, W, b)
check.close("logits", logits, right, axes="N V")
### END HIDDEN TESTS

# %% check="read_out_bias" points=2
# All weights are 1: the sum of the state, and the bias, at every step.
b, h = np.array([0.5, -1.0, 2.0]), np.array([[[0.25, 0.5], [1.5, 1.25]]])
logits = check.call(read_out, h, np.ones((2, 3)), b)
rows = [[1.25, -0.25, 2.75], [3.25, 1.75, 4.75]]
check.close("logits", logits, [rows], axes="N T V")
### BEGIN HIDDEN TESTS
N, T, H, V = (int(size) for size in rng.permutation([2, 3, 4, 5]))
h, W = rng.normal(size=(N, T, H)), rng.normal(size=(H, V))
b = rng.normal(size=V)
right = oracle.read_out(h, W, b)
logits = check.call(read_out, h, W, b)
check.close("logits", logits, right, axes="N T V")
### END HIDDEN TESTS

# %% [markdown]
# ## 6. From scores to probabilities
#
# Softmax turns the scores of all letters into probabilities: positive numbers
# that add up to 1.
#
# $$p_v = \frac{\exp(y_v)}{\sum_{u=1}^{V} \exp(y_u)}$$
#
# **A trap.** On a computer `np.exp(709)` is about $8 \cdot 10^{307}$, and
# `np.exp(710)` is infinite: it overflows. Infinite over infinite is `nan`, and
# one `nan` spoils all that comes after it.
#
# **A way out.** Add the same number $c$ to all scores. Since
# $\exp(y + c) = \exp(y)\exp(c)$, the factor $\exp(c)$ stands above and below
# the fraction line and cancels. So you may shift the scores of a row as you
# like. How would you shift them so that no exponent is above 0?
#
# ### Exercise: `softmax` (15 minutes, medium)
#
# Softmax over the **last axis**, for arrays with any number of axes: each row
# of logits becomes a row of probabilities.


# %% exercise="softmax"
def softmax(logits):
    """Softmax over the last axis; huge logits are no problem. About 3 lines.

    logits: (..., V), for example (N, T, V), (N, V) or (V,).
    Returns probabilities of the same shape; each row of V numbers sums to 1.
    """
    ### BEGIN SOLUTION
    shifted = logits - logits.max(axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)
    ### END SOLUTION


# %% show=true
p_hello = softmax(read_out(h_hello, W_hy, b_y))
fig, ax = plt.subplots(figsize=(7.0, 3.0))
forward.draw_probabilities(ax, p_hello[0], "hello", vocabulary)
show(
    fig,
    alt="Heat map of the probability of each next letter after each letter "
    "of hello. The row of h is the largest everywhere, at about 0.4; "
    "dashed boxes mark the right answers e, l, l, o.",
)

# %% [markdown]
# Each column adds up to 1. The dashed boxes mark the letters that really
# follow, and none of them gets more than 0.21: whatever it reads, this network
# bets on h.

# %% check="softmax_values" points=3
# A single row of three scores.
logits = np.array([0.0, 1.0, 2.0])
probabilities = check.call(softmax, logits)
right = [0.0900305732, 0.2447284711, 0.6652409558]
check.close("probabilities", probabilities, right, axes="V", rtol=1e-6)
### BEGIN HIDDEN TESTS
logits = rng.normal(size=int(rng.integers(3, 7)))
right = oracle.softmax(logits)
probabilities = check.call(softmax, logits)
check.close("probabilities", probabilities, right, axes="V")
### END HIDDEN TESTS

# %% check="softmax_sums_to_one" points=2
# Each row for itself.
logits = np.array([[1.0, -2.0, 0.5, 3.0], [0.0, 0.0, 7.0, -1.0]])
probabilities = check.call(softmax, logits)
check.array("probabilities", probabilities, (2, 4), axes="N V")
check.differs("two letters", probabilities[:, 0], probabilities[:, 3])
sums = probabilities.sum(axis=-1)
check.close("the sums of the rows", sums, [1.0, 1.0], axes="N")
### BEGIN HIDDEN TESTS
N, V = (int(size) for size in rng.permutation([3, 5]))
probabilities = check.call(softmax, 3 * rng.normal(size=(N, V)))
check.array("probabilities", probabilities, (N, V), axes="N V")
sums = probabilities.sum(axis=-1)
check.close("the sums of the rows", sums, np.ones(N), axes="N")
### END HIDDEN TESTS

# %% check="softmax_last_axis" points=3
# Three axes: batch, steps, letters.
logits = np.array([[[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]])
probabilities = check.call(softmax, logits)
row = [0.0900305732, 0.2447284711, 0.6652409558]
right = [[row, row[::-1]]]
check.close("probabilities", probabilities, right, axes="N T V", rtol=1e-6)
### BEGIN HIDDEN TESTS
N, T, V = (int(size) for size in rng.permutation([2, 3, 5]))
logits = rng.normal(size=(N, T, V))
right = oracle.softmax(logits)
probabilities = check.call(softmax, logits)
check.close("probabilities", probabilities, right, axes="N T V")
### END HIDDEN TESTS

# %% check="softmax_large_logits" points=4
# Shifted by 1000 or by -1000, the probabilities stay the same; and one score
# far above the others gets all.
logits = [[1000.0, 1001.0, 1002.0], [-1000.0, -999.0, -998.0]]
logits = np.array([*logits, [2000.0, 0.0, 0.0]])
probabilities = check.call(softmax, logits)
row = [0.0900305732, 0.2447284711, 0.6652409558]
right = [row, row, [1.0, 0.0, 0.0]]
check.close("probabilities", probabilities, right, axes="N V", rtol=1e-6)
### BEGIN HIDDEN TESTS
N, V = (int(size) for size in rng.permutation([3, 5]))
shifts = np.linspace(-2000, 2000, N) + rng.integers(-99, 99)
logits = shifts[:, None] + np.round(rng.normal(size=(N, V)), 3)
logits[0, rng.integers(V)] += 3000  # no mean is near the largest of its row
right = oracle.softmax(logits)
probabilities = check.call(softmax, logits)
check.close("probabilities", probabilities, right, axes="N V")
### END HIDDEN TESTS

# %% check="softmax_keeps_inputs" points=2
# The caller may want to use the logits again.
logits = np.array([[1.0, -2.0, 0.5], [0.0, 7.0, -1.0]])
before = logits.copy()
probabilities = check.call(softmax, logits)
check.array("probabilities", probabilities, (2, 3), axes="N V")
check.differs("two letters", probabilities[:, 0], probabilities[:, 1])
check.unchanged("logits", before, logits)
check.differs("logits and probabilities", probabilities, logits)

# %% check="hello_probabilities" points=3
# All your functions in a row: the lecture's probabilities after "h", "e".
x, h_0 = encode("he", vocabulary), np.zeros((1, 3))
h = check.call(rnn_forward, x, h_0, W_xh, W_hh, b_h)
probabilities = check.call(softmax, check.call(read_out, h, W_hy, b_y))
check.array("probabilities", probabilities, (1, 2, 4), axes="N T V")
after_he, right = probabilities[0, 1], [0.419748, 0.194682, 0.162429, 0.223141]
check.close("after 'he'", after_he, right, axes="V", rtol=0, atol=3e-6)
### BEGIN HIDDEN TESTS
x = encode("".join(rng.choice(vocabulary, 6)), vocabulary)
right_h = oracle.rnn_forward(x, h_0, W_xh, W_hh, b_h)
right = oracle.softmax(oracle.read_out(right_h, W_hy, b_y))
h = check.call(rnn_forward, x, h_0, W_xh, W_hh, b_h)
probabilities = check.call(softmax, check.call(read_out, h, W_hy, b_y))
check.close("probabilities", probabilities, right, axes="N T V")
### END HIDDEN TESTS

# %% [markdown]
# ### Question 2 (5 points)
#
# In "hello" the right answer after the first l is l, and after the second l
# it's o.
#
# 1. Why can *no* choice of weights make a network right on both that sees only
#    the current letter, while a recurrent network can be?
# 2. Look at your picture of the states (section 4) and at the probabilities
#    above. What do they say about the two l in *this* network? Give numbers.

# %% [markdown] answer="two_answers_for_l" points=5
# A network that sees only the current letter is a function of that letter:
# equal inputs give equal outputs, and the two l are equal. A recurrent network
# answers from the state $h_t$, which depends on the letter *and* on $h_{t-1}$.
# Before the first l it has read "he", before the second "hel", so the states
# $h_3$ and $h_4$ differ, and weights exist that turn the two states into two
# answers.
#
# In this network the states differ only a little: (0.912, 0.931, 0.896) after
# the first l, (0.910, 0.930, 0.907) after the second. So the probabilities are
# nearly equal, too, and h is first both times (0.433 and 0.434). The
# information is there, but these weights make no use of it; nobody has trained
# them.
#
# **Marking scheme**
# - 1 point: same input, same output without memory
# - 2 points: 1 for the recurrent output depending on the state; 1 for the
#   state depending on what was read before ("he" or "hel")
# - 1 point: the two states differ, with numbers
# - 1 point: the difference is small, the probabilities nearly equal (or: h
#   both times), with numbers

# %% [markdown]
# ## 7. Which letter comes next?
#
# All the parts are there. Now put them together, from text to letter.
#
# ### Exercise: `predict_next` (20 minutes, medium)
#
# Read `text` from a state of zeros, read out after the last letter, and return
# the most probable letter of the vocabulary together with all the
# probabilities.
#
# `params` is a dict with the five arrays `W_xh`, `W_hh`, `b_h`, `W_hy`, `b_y`.
# Use `encode` and the functions that you have written.


# %% exercise="predict_next"
def predict_next(text, vocabulary, params):
    """The letter that the network expects after `text`. About 6 lines.

    text: at least one letter; vocabulary: a list of V letters; params: a dict
    of W_xh (V, H), W_hh (H, H), b_h (H,), W_hy (H, V), b_y (V,).
    Returns (character, probabilities): a letter, and an array (V,).
    """
    ### BEGIN SOLUTION
    x = encode(text, vocabulary)
    h_0 = np.zeros((1, len(params["b_h"])))
    h = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    logits = read_out(h[:, -1], params["W_hy"], params["b_y"])
    probabilities = softmax(logits)[0]
    return vocabulary[int(np.argmax(probabilities))], probabilities
    ### END SOLUTION


# %% show=true
character, p_next = predict_next("he", vocabulary, params)
fig, ax = plt.subplots()
title = f"After 'he' the network says '{character}'; right would be 'l'"
forward.draw_bars(ax, p_next, vocabulary, title, right="l")
show(
    fig,
    alt="Bars: the probability of each next letter after he. h has 0.420, e "
    "0.195, l 0.162, o 0.223. The right answer, l, has the lowest bar.",
)

# %% [markdown]
# **Which letter is predicted?** "h", with probability 0.42. The right answer
# would be "l", and this network finds it the *least* likely of all. It isn't
# broken: it does exactly what its weights say. The weights are wrong.
#
# Two small helpers for the checks:


# %%
def pair(result):
    """The two values that predict_next returns; CheckFailed if it doesn't."""
    two = type(result) is tuple and len(result) == 2
    check.that(two, "predict_next: return character, probabilities")
    return result


def random_params(rng, V, H):
    """Random weights of a network that reads and writes V letters."""
    ends = {"W_hy": rng.normal(size=(H, V)), "b_y": rng.normal(size=V)}
    return random_layer(rng, V, H) | ends


# %% check="hello_letter" points=4
# The untrained network says "h" after "he".
result = check.call(predict_next, "he", vocabulary, params)
character, _ = pair(result)
check.equal("character", character, "h")
### BEGIN HIDDEN TESTS
for _ in range(5):
    V, H = (int(size) for size in rng.permutation([4, 7]))
    letters, weights = list("wbqnzda")[:V], random_params(rng, V, H)
    text = "".join(rng.choice(letters, 5))
    right, _ = oracle.predict_next(text, letters, weights)
    character, _ = pair(check.call(predict_next, text, letters, weights))
    check.equal("character", character, right)
### END HIDDEN TESTS

# %% check="predict_next_probabilities" points=3
# After a single letter, an array of V numbers; other weights, other numbers.
_, probabilities = pair(check.call(predict_next, "h", vocabulary, params))
right = [0.4323186, 0.2051229, 0.1600957, 0.2024628]
check.close("probabilities", probabilities, right, axes="V", atol=1e-6)
halves = {name: array / 2 for name, array in params.items()}
_, probabilities = pair(check.call(predict_next, "h", vocabulary, halves))
right = [0.3076466, 0.2382900, 0.2183455, 0.2357178]
check.close("with half the weights", probabilities, right, axes="V", atol=1e-6)
### BEGIN HIDDEN TESTS
V, H = (int(size) for size in rng.permutation([4, 7]))
letters, weights = list("wbqnzda")[:V], random_params(rng, V, H)
text = str(rng.choice(letters))
_, right = oracle.predict_next(text, letters, weights)
_, probabilities = pair(check.call(predict_next, text, letters, weights))
check.close("probabilities", probabilities, right, axes="V")
### END HIDDEN TESTS

# %% check="predict_next_reads_all" points=3
# "he" and "le" end alike, and still aren't the same.
right = {
    "he": [0.419748, 0.194682, 0.162429, 0.223141],
    "le": [0.4190842, 0.1946414, 0.1626441, 0.2236303],
}
for text, row in right.items():
    _, p = pair(check.call(predict_next, text, vocabulary, params))
    check.close(f"after '{text}'", p, row, axes="V", rtol=0, atol=3e-6)
### BEGIN HIDDEN TESTS
V, H = (int(size) for size in rng.permutation([4, 7]))
letters, weights = list("wbqnzda")[:V], random_params(rng, V, H)
text = "".join(rng.permutation(letters))
_, right = oracle.predict_next(text, letters, weights)
_, probabilities = pair(check.call(predict_next, text, letters, weights))
check.close("probabilities", probabilities, right, axes="V")
### END HIDDEN TESTS

# %% check="predict_next_vocabulary" points=3
# The letters are numbered as in the list: rename them, and the answer follows.
renamed = dict(zip("helo", "zebu", strict=True))
text = "".join(renamed[c] for c in "he")
result = check.call(predict_next, text, list(renamed.values()), params)
character, probabilities = pair(result)
check.equal("character", character, "z")
right = [0.419748, 0.194682, 0.162429, 0.223141]
check.close("probabilities", probabilities, right, axes="V", rtol=0, atol=3e-6)
### BEGIN HIDDEN TESTS
letters, weights = list("wbqnzda"), random_params(rng, 7, 4)
text = "".join(rng.choice(letters, 3))
right_character, right = oracle.predict_next(text, letters, weights)
result = check.call(predict_next, text, letters, weights)
character, probabilities = pair(result)
check.close("probabilities", probabilities, right, axes="V")
check.equal("character", character, right_character)
### END HIDDEN TESTS

# %% [markdown]
# ## 8. Deeper: layers on layers
#
# Unfolded in time, the network is deep already. It can be deep in a second
# direction: let a second recurrent layer read the *states* of the first as if
# they were its inputs, a third the states of the second, and so on. Graves,
# Mohamed and Hinton (2013) found such stacks to be much better at recognising
# speech than a single layer; Pascanu and others (2014) compared several ways
# to make recurrent networks deep.

# %% show=true
fig, ax = plt.subplots(figsize=(9.0, 4.2))
forward.draw_unrolled(ax, T=4, layers=3)
show(
    fig,
    alt="A network with three recurrent layers, unfolded over four steps. "
    "Each layer has its own W_xh and W_hh, and feeds its state to the "
    "right, to its own next step, and up, to the layer above.",
)

# %% [markdown]
# Time runs to the right, depth upwards. Each layer has weights of its own (the
# number above them is the layer's), and shares them over its steps. Only the
# first layer sees the letters; only the last is read.
#
# ### Exercise: `deep_rnn_forward` (15 minutes, medium)
#
# For each layer: run it over the whole sequence; its states are the input of
# the next layer. Layer $l$ starts from its own `h_0[l]`. Return the states of
# the last.


# %% exercise="deep_rnn_forward"
def deep_rnn_forward(x, h_0, layers):
    """All states of the last of L layers. About 3 lines.

    x: (N, T, D), h_0: (L, N, H); layers: a list of L dicts of W_xh, W_hh, b_h.
    W_xh is (D, H) in the first layer and (H, H) in the others.
    Returns h: (N, T, H).
    """
    ### BEGIN SOLUTION
    for h_start, layer in zip(h_0, layers, strict=True):
        x = rnn_forward(x, h_start, layer["W_xh"], layer["W_hh"], layer["b_h"])
    return x
    ### END SOLUTION


# %% show=true
rng_layers = np.random.default_rng(2)
layers = [random_layer(rng_layers, D, 8) for D in (4, 8, 8)]
x = encode("hello", vocabulary)
fig, axes = plt.subplots(1, 3, figsize=(10.5, 3.0))
for L, ax in enumerate(axes, start=1):
    h_top = deep_rnn_forward(x, np.zeros((L, 1, 8)), layers[:L])
    title = f"States of layer {L}"
    forward.draw_states(ax, h_top[0], "hello", title, bar=L == 3)
fig.suptitle("Each layer writes the sequence anew", x=0.01, ha="left")
show(
    fig,
    alt="Three heat maps side by side: the states of layers 1, 2 and 3 for "
    "hello. All are five steps by eight units, each with another "
    "pattern.",
)

# %% [markdown]
# The same shape three times, with another content each time: every layer
# writes the sequence anew for the one above. (These weights are random, so
# don't look for a meaning in the patterns yet.)

# %% check="deep_shape" points=2
# Three layers in, the states of one layer out.
N, T, H = 2, 4, 3
layers_3 = [random_layer(np.random.default_rng(k), H, H) for k in range(3)]
x, h_0 = np.stack([np.zeros((T, H)), np.ones((T, H))]), np.zeros((3, N, H))
h = check.call(deep_rnn_forward, x, h_0, layers_3)
check.array("h", h, (N, T, H), axes="N T H")
check.differs("the states of two sequences", h[0], h[1])
check.differs("inputs and states", h, x)
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 4, 5, 6]))
layers_3 = [random_layer(rng, size, H) for size in (D, H, H)]
x, h_0 = rng.normal(size=(N, T, D)), rng.normal(size=(3, N, H))
h = check.call(deep_rnn_forward, x, h_0, layers_3)
check.array("h", h, (N, T, H), axes="N T H")
### END HIDDEN TESTS

# %% check="deep_one_layer" points=2
# A single layer: the network that you know.
hello_layer = {"W_xh": W_xh, "W_hh": W_hh, "b_h": b_h}
x = encode("he", vocabulary)
h = check.call(deep_rnn_forward, x, np.zeros((1, 1, 3)), [hello_layer])
he = [[[0.693168, 0.899554, 0.802119], [0.936534, 0.949104, 0.762341]]]
check.close("h", h, he, axes="N T H", rtol=0, atol=1e-6)
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 4, 5, 6]))
layers_1 = [random_layer(rng, D, H)]
x, h_0 = rng.normal(size=(N, T, D)), rng.normal(size=(1, N, H))
right = oracle.deep_rnn_forward(x, h_0, layers_1)
h = check.call(deep_rnn_forward, x, h_0, layers_1)
check.close("h", h, right, axes="N T H")
### END HIDDEN TESTS

# %% check="deep_values" points=4
# One unit, one step: tanh(2 * tanh(1)).
one, zero = np.ones((1, 1)), np.zeros(1)
layers_2 = [{"W_xh": w * one, "W_hh": one, "b_h": zero} for w in (1, 2)]
x, h_0 = np.ones((1, 1, 1)), np.zeros((2, 1, 1))
h = check.call(deep_rnn_forward, x, h_0, layers_2)
check.close("h", h, [[[0.909251674]]], axes="N T H", rtol=1e-6)
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 4, 5, 6]))
for first in (H, D):
    layers_3 = [random_layer(rng, size, H) for size in (first, H, H)]
    x, h_0 = rng.normal(size=(N, T, first)), np.zeros((3, N, H))
    right = oracle.deep_rnn_forward(x, h_0, layers_3)
    h = check.call(deep_rnn_forward, x, h_0, layers_3)
    check.close("h", h, right, axes="N T H")
### END HIDDEN TESTS

# %% check="deep_h_0" points=4
# The two layers start from 0.5 and from -1.
one, zero = np.ones((1, 1)), np.zeros(1)
layers_2 = [{"W_xh": one, "W_hh": one, "b_h": zero}] * 2
h_0 = np.array([[[0.5]], [[-1.0]]])
x = np.array([[[0.25], [-0.75]]])
h = check.call(deep_rnn_forward, x, h_0, layers_2)
right = [[[-0.349479792], [-0.433199399]]]
check.close("h", h, right, axes="N T H", rtol=1e-6)
### BEGIN HIDDEN TESTS
N, T, H = (int(size) for size in rng.permutation([2, 4, 5]))
layers_3 = [random_layer(rng, H, H) for _ in range(3)]
x, h_0 = rng.normal(size=(N, T, H)), rng.normal(size=(3, N, H))
right = oracle.deep_rnn_forward(x, h_0, layers_3)
h = check.call(deep_rnn_forward, x, h_0, layers_3)
check.close("h", h, right, axes="N T H")
### END HIDDEN TESTS

# %% [markdown]
# ## 9. How long does it remember?
#
# Back to one layer. A state has no window of a fixed width: it could keep the
# first letter for ever. Does it?
#
# The experiment: two runs over the same 200 random letters, except for the
# **first** one. If the network still remembers it after $t$ steps, the two
# states must differ. We take 32 hidden units and random weights, and multiply
# $W_{hh}$ by a `scale`: how strongly the past is listened to.
#
# **Guess before you run the cell.** What happens to the difference with a
# small scale? With a large one? Which scale is best for remembering?


# %% show=true
def two_runs(scale, change="another letter", T=200, H=32):
    """States of two runs whose first inputs differ: (2, T, H)."""
    rng = np.random.default_rng(3)
    x = one_hot(rng.integers(4, size=T), 4)
    x = np.stack([x, x])  # (2, T, 4)
    if change == "another letter":
        x[1, 0] = np.roll(x[0, 0], 1)
    else:
        x[1, 0] = x[0, 0] * (1 + 1e-6)
    W_in = rng.normal(0, 0.5, size=(4, H))
    W_rec = scale * rng.normal(size=(H, H)) / np.sqrt(H)
    return rnn_forward(x, np.zeros((2, H)), W_in, W_rec, np.zeros(H))


def gaps(change):
    """For four scales, the distance of the two states at each step (T,)."""
    runs = {scale: two_runs(scale, change) for scale in (0.5, 1, 2, 4)}
    return {s: np.linalg.norm(h[0] - h[1], axis=-1) for s, h in runs.items()}


# %% show=true
fig, ax = plt.subplots(figsize=(7.4, 4.0))
title = "Another first letter: with a large scale the states stay apart"
forward.draw_gaps(ax, gaps("another letter"), title)
show(
    fig,
    alt="Distance of the two states over 200 steps, logarithmic. Scales 0.5 "
    "and 1 fall in straight lines to 1e-15 and below, the first in about 45 "
    "steps, the second in about 160; scales 2 and 4 stay between 1 and 10.",
)

# %% [markdown]
# With scale 0.5 the trace of the first letter shrinks at about the same rate
# at every step: a straight line on this axis is an exponential decay. (The
# floor at $10^{-16}$ is the rounding of the computer.) With scale 1 it takes
# longer. With 2 and 4 the two runs don't come together again. So a large
# $W_{hh}$ is what we want?
#
# Look at the runs themselves, the first one broad, the second one dashed. Then
# change the first input by **one part in a million** instead of taking another
# letter.


# %% show=true
def draw_two_runs(ax, scale, change):
    """One unit of both runs, over the first 60 steps."""
    forward.draw_runs(ax, two_runs(scale, change)[:, :60])


changes = ["another letter", "a millionth more"]
explore(
    draw_two_runs,
    scale=(0.25, 4.0, 0.25),
    change=changes,
    static={"change": changes, "scale": [0.5, 4.0]},
    size=(6.4, 2.8),
    alt="One hidden unit over 60 steps, the first run broad, the second "
    "dashed. At scale 0.5 the lines are one after a few steps. At scale 4 "
    "they jump wildly; after a change by a millionth they are one for more "
    "than 20 steps and then part.",
)

# %% [markdown]
# At scale 0.5 the two runs soon are one. At scale 4 they jump about and stay
# apart; but after the tiny change, too, they part in the end. How far?

# %% show=true
fig, ax = plt.subplots(figsize=(7.4, 4.0))
title = "A millionth more: large scales blow it up"
forward.draw_gaps(ax, gaps("a millionth more"), title)
show(
    fig,
    alt="The same figure after a change of the first input by a millionth. "
    "Scales 0.5 and 1 fall to 1e-15 and below. Scale 4 climbs from 1e-6 to "
    "about 5 within 60 steps, scale 2 to about 3 within 200.",
)

# %% [markdown]
# A change by a millionth, far too small to mean anything, grows until the two
# states are as far apart as if we had read another letter: at scale 4 within 60
# steps, at scale 2 it takes some 200. Such a network is **chaotic**. So a large
# distance at the end of a run tells us that *something* was different. It
# doesn't tell us what. To see whether the first letter is still in there, we
# have to ask the state itself.
#
# ### Ask the state
#
# A state remembers the first letter if somebody who sees *nothing but the
# state* can say which one it was. You know who could do that: a read-out,
# $h W_{hy} + b_y$, with one score for each of the four letters. But with which
# weights? Take many runs with different letters and look for the read-out
# whose scores come closest to the one-hot vectors of the first letters. If
# "closest" means the smallest sum of squared errors, that's a problem of
# **least squares**, and `np.linalg.lstsq` solves it.
#
# ### Exercise: `fit_read_out` (no points, 10 minutes)
#
# `np.linalg.lstsq(A, Y)[0]` is the matrix $B$ that brings $A B$ closest to
# $Y$. What is $A$, if the read-out also has a bias?
#
# <details><summary>An idea</summary>
# A bias is the weight of an input that is always 1. Put a column of ones beside
# the states; the last row of the solution then is the bias.
# </details>


# %% exercise="fit_read_out"
def fit_read_out(h, targets):
    """The read-out that comes closest to the targets. About 4 lines.

    h: (N, H), the states of N runs; targets: (N, V), one-hot vectors.
    Returns W_hy: (H, V) and b_y: (V,), which make the sum of the squares of
    h @ W_hy + b_y - targets as small as it can be.
    """
    ### BEGIN SOLUTION
    ones = np.ones((len(h), 1))
    A = np.concatenate([h, ones], axis=1)  # (N, H + 1)
    solution = np.linalg.lstsq(A, targets)[0]  # (H + 1, V)
    return solution[:-1], solution[-1]
    ### END SOLUTION


# %% [markdown]
# Nobody grades this one, but you can see for yourself: four states, and
# targets that a read-out meets exactly.

# %% show=true
four = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
W_true, b_true = np.array([[2.0, -1.0], [0.5, 3.0]]), np.array([-1.0, 0.25])
W_fit, b_fit = fit_read_out(four, four @ W_true + b_true)
check.close("W_hy", W_fit, W_true)
check.close("b_y", b_fit, b_true)
print("found again:", W_fit.round(6).tolist(), b_fit.round(6).tolist())

# %% [markdown]
# Now the real thing. 2000 runs read 31 random letters each, all with the same
# weights. Your read-out is fitted on one half of the runs, and has to tell the
# first letter in the *other* half: on runs that it has seen it could learn the
# answers by heart. By guessing it would be right in one of four. And because
# the world is never exact, we can add a little `noise` to the state at each
# step.


# %% show=true
def many_runs(scale, noise=0.0, N=2000, T=31, H=32):
    """Many runs over random letters: h (N, T, H), and first letters (N,)."""
    rng = np.random.default_rng(4)
    ids, h = rng.integers(4, size=(N, T)), np.zeros((N, T, H))
    W_in, h_t = rng.normal(0, 0.5, size=(4, H)), np.zeros((N, H))
    W_rec = scale * rng.normal(size=(H, H)) / np.sqrt(H)
    for t in range(T):
        h_t = rnn_step(one_hot(ids[:, t], 4), h_t, W_in, W_rec, np.zeros(H))
        h_t = h_t + noise * rng.normal(size=(N, H))
        h[:, t] = h_t
    return h, ids[:, 0]


def memory(scale, noise=0.0):
    """How often the first letter is told, 0, 1, ... T - 1 letters later."""
    h, first = many_runs(scale, noise)
    fitted, asked, right = slice(0, 1000), slice(1000, None), []
    for h_t in h.transpose(1, 0, 2):  # one step after the other
        W_fit, b_fit = fit_read_out(h_t[fitted], one_hot(first[fitted], 4))
        said = read_out(h_t[asked], W_fit, b_fit).argmax(axis=-1)
        right.append((said == first[asked]).mean())
    return np.array(right)


# %% [markdown]
# **Guess before you run it**, and write your guess down: at which of the scales
# can the letter be told for longest? Does the chaotic scale 4 know anything
# at all, ten letters later?

# %% show=true
scales = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6]


def draw_memory(ax, noise):
    """How often the first letter is told, over scales and letters since."""
    right = np.array([memory(scale, noise) for scale in scales])
    forward.draw_memory(ax, scales, right, chance=1 / 4)


explore(
    draw_memory,
    noise=(0.0, 0.3, 0.05),
    static={"noise": [0.0, 0.1, 0.3]},
    size=(4.3, 3.2),
    alt="Heat maps: how often a fitted read-out tells the first letter, over "
    "the scale and the letters read since, for noise 0, 0.1 and 0.3. A "
    "bright region on the left, where it is told, reaches farther right at "
    "larger scales, farthest at 3 and 4; on the right all rows are at "
    "chance. With more noise the region shrinks, most at small scales.",
)

# %% show=true
print("letters since:   5     10     20     30")
for scale in (0.5, 1, 2, 4):
    later = memory(scale)[[5, 10, 20, 30]]
    print(f"scale {scale:<3g}    ", "   ".join(f"{r:.2f}" for r in later))

# %% [markdown]
# Yellow means always right, dark purple guessing, and the white line is
# where the read-out stops being right more often than not. Three things to
# see.
#
# - **Small scales forget for good.** At scale 0.5 the letter is lost within ten
#   letters. Its trace is still there, but it has become tiny, and the letters
#   that came later lie on top of it. A little noise wipes it out sooner still.
# - **Chaos isn't amnesia.** At scale 4 the letter can be told ten letters later
#   far more often than by guessing, and more often than at scale 1. A
#   millionth needs dozens of steps to grow; until then the state is ruled by
#   the letters that were read.
# - **And nothing is kept.** At 30 letters every scale is at or near guessing.
#   At scale 4 the states of the first figure were far apart all the time, and
#   the letter was gone.
#
# Distance is not memory. No scale makes these random weights a good memory: the
# network writes each letter over the ones before, whether it's calm or chaotic.
# What to keep is something that it has to *learn*.
#
# ### Question 3 (6 points)
#
# Two friends argue about scale 4.
#
# - Ann: "The two states in the first figure never come together again. So the
#   first letter is never forgotten."
# - Ben: "But it's chaos! A millionth ends up as far apart as another letter. So
#   the state says nothing about what was read."
#
# 1. What do your figures say against Ann?
# 2. What do they say against Ben?
# 3. The read-out was tested on runs that it wasn't fitted on, and those runs
#    differ in *all* letters, not in the first one only. Why is each of the two
#    needed, if you want to know whether a state *usefully* remembers?

# %% [markdown] answer="memory_or_chaos" points=6
# Against Ann: a distance only says that the states differ. At scale 4 a change
# of a millionth, which carries no information, ends equally far apart, so the
# distance isn't due to the letter as such. And the fitted read-out shows that
# the letter is gone: 30 letters later it's right about as often as by
# guessing, although the distance is as large as ever.
#
# Against Ben: chaos takes its time. Ten letters after the first one a read-out
# still tells it far more often than one in four, more often than at scale 1 or
# 0.5. The state is ruled by the letters that were read; a tiny difference needs
# dozens of steps until it drowns them.
#
# The two conditions: on the runs that it was fitted on, the read-out could
# learn the answers by heart (with few runs and many units it always can), and
# that would be no memory of the network. And if only the first letter differed,
# any difference between the states would do to tell it, however small and
# whatever its cause; a useful memory must find the letter among all the others
# that could have been read: similar for equal first letters, different for
# different ones.
#
# **Marking scheme**
# - 2 points (Ann): 1 for the change of a millionth ending as far apart, so
#   distance alone is no memory; 1 for the read-out being at or near chance
#   after 30 letters
# - 2 points (Ben): 1 for the read-out being far above chance ten letters later
#   (or: better than at small scales); 1 for a reason: chaos needs many steps
#   to drown what was read
# - 2 points: 1 for other runs, so that nothing is learned by heart; 1 for
#   other letters, so that the letter must be told among all that could have
#   been read (equal first letters, similar states)

# %% [markdown]
# ## Summary
#
# - A recurrent network makes its new state out of the old state and the new
#   input, $h_t = \tanh(x_t W_{xh} + h_{t-1} W_{hh} + b_h)$, with the same
#   weights in every step. So its size doesn't depend on the length of the
#   sequence.
# - Unfolded in time it's a deep feedforward network with shared weights.
# - The state is the memory. The same letter leads to different states,
#   depending on what came before.
# - Read every state (many-to-many) or only the last (many-to-one); softmax
#   makes probabilities of the scores. Shifting a row of scores changes none of
#   them, and keeps exp from overflowing.
# - Layers can be stacked: each reads the states of the one below.
# - A state remembers what a read-out can tell from it. With random weights
#   that's a matter of some ten letters at best: with a small $W_{hh}$ the trace
#   shrinks, with a large one the network is chaotic.
#
# ## What others call it
#
# | here | elsewhere |
# |---|---|
# | this network | vanilla RNN, simple RNN, Elman network |
# | state $h_t$ | hidden state, context |
# | unfolded in time | unrolled; the computational graph |
# | logits | scores, unnormalised log-probabilities |
# | read-out | output layer, head; fitted by itself it's a *linear probe* |
# | subtracting the largest logit | the log-sum-exp trick |
# | the same weights at every step | parameter sharing, weight tying |
#
# ## Open questions
#
# - After "he" the network says "h", and right would be "l". All in all it has
#   $12 + 9 + 3 + 12 + 4 = 40$ numbers that we could change. In which direction
#   should each of them go? **`03_bptt`** finds out, and teaches the network to
#   spell.
# - $W_{hh}$ works at every step. If we change it a little, $h_2$ changes, and
#   $h_3$ does so twice over: through $W_{hh}$ itself and through $h_2$. How
#   does one add that up? (`03_bptt`)
# - Why does the trace of the first letter shrink by about the same factor at
#   every step, and what does this mean for learning? (`04_gradients`)
# - Could a network decide for itself what to keep and what to forget?
#   (`05_gates`)
#
# ## References
#
# - D. Rumelhart, G. Hinton, R. Williams: Learning internal representations by
#   error propagation. 1986. (A network with loops, unfolded.)
# - J. Elman: Finding structure in time. Cognitive Science, 1990. (This network.)
# - H. Jaeger: The "echo state" approach to analysing and training recurrent
#   neural networks. 2001. (Fixed random weights, and a read-out that is fitted.)
# - A. Graves, A. Mohamed, G. Hinton: Speech recognition with deep recurrent
#   neural networks. 2013.
# - R. Pascanu and others: How to construct deep recurrent neural networks. 2014.

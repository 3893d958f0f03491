# %% [markdown]
# # Backpropagation through time
#
# `02_forward_pass` ended with a network that reads "he" and says "h". Right
# would be "l". The network isn't broken: nobody has told it what we want. It
# has 40 numbers that we could change, and we didn't know in which direction.
# **Today you find the direction, for all 40 at once, and at the end your
# network spells "hello".**
#
# Training repeats four steps, and so does this lesson:
#
# | step | you write |
# |---|---|
# | 1. forward pass | given: you wrote it in `02_forward_pass` |
# | 2. the error under a loss | `cross_entropy` |
# | 3. back-propagate the error to all parameters | `read_out_backward`, `rnn_step_backward`, `rnn_backward`, `truncated_backward` |
# | 4. update all parameters | `sgd_step`, then `train`, which repeats it all |
#
# One more function, `numeric_gradient`, makes you independent of teachers: it
# tells you whether a gradient is right, yours or anybody's.

# %%
import matplotlib.pyplot as plt
import numpy as np

from unrolled.lab import check, explore, show, style
from unrolled.lab.figures import bptt

style.use()

# %% [markdown]
# ## 1. The forward pass, with a memory of itself
#
# The network, its weights and the one-hot letters are those of the last
# lesson, and so is `softmax`.

# %%
vocabulary = ["h", "e", "l", "o"]
params = {
    "W_xh": np.array(
        [
            [0.287027, 0.902874, 0.537524],
            [0.84606, 0.871522, 0.09224],
            [0.572392, 0.691079, 0.558159],
            [0.486813, 0.18998, 0.491528],
        ]
    ),
    "W_hh": 0.427043 * np.eye(3),
    "b_h": np.full(3, 0.567001),
}

# %%
params["W_hy"] = np.array(
    [
        [0.37168, 0.39141, 0.64985, 0.91266],
        [0.974829459, 0.282585823, 0.09821557, 0.32581642],
        [0.830034886, 0.659835709, 0.334287084, 0.144630018],
    ]
)
params["b_y"] = np.zeros(4)


# %%
def one_hot(ids, V):
    """One-hot vectors (..., V) of the whole numbers `ids` (...)."""
    return np.eye(V)[np.asarray(ids)]


def softmax(logits):
    """Probabilities of the logits, over the last axis."""
    exp = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exp / exp.sum(axis=-1, keepdims=True)


def random_params(rng, V, H):
    """Random parameters of a network that reads and says V letters."""
    shapes = {"W_xh": (V, H), "W_hh": (H, H), "b_h": (H,)}
    shapes |= {"W_hy": (H, V), "b_y": (V,)}
    return {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}


# %% [markdown]
# On the way back we shall need numbers from the way forward: every input and
# every state. So the forward pass of this lesson keeps them in a **cache**, a
# dict of named arrays. `step_of` cuts the cache of one step out of it.


# %%
def rnn_step_cached(x_t, h_prev, W_xh, W_hh, b_h):
    """One step: h_t (N, H), and the cache of the step."""
    h_t = np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
    cache_t = {"x_t": x_t, "h_prev": h_prev, "h_t": h_t}
    return h_t, cache_t | {"W_xh": W_xh, "W_hh": W_hh}


def rnn_forward_cached(x, h_0, W_xh, W_hh, b_h):
    """All steps: h (N, T, H), and the cache: x, h_0, h, W_xh, W_hh."""
    states, h_t = [], h_0
    for t in range(x.shape[1]):
        h_t, _ = rnn_step_cached(x[:, t], h_t, W_xh, W_hh, b_h)
        states.append(h_t)
    h = np.stack(states, axis=1)
    return h, {"x": x, "h_0": h_0, "h": h, "W_xh": W_xh, "W_hh": W_hh}


# %%
def step_of(cache, t):
    """The cache of step t: x_t (N, D), h_prev and h_t (N, H), W_xh, W_hh."""
    h_prev = cache["h_0"] if t == 0 else cache["h"][:, t - 1]
    cache_t = {"x_t": cache["x"][:, t], "h_prev": h_prev}
    cache_t["h_t"] = cache["h"][:, t]
    return cache_t | {"W_xh": cache["W_xh"], "W_hh": cache["W_hh"]}


def run(x, params):
    """The whole network: logits (N, T, V), states h (N, T, H), the cache."""
    h_0 = np.zeros((x.shape[0], params["W_hh"].shape[0]))
    weights = (params["W_xh"], params["W_hh"], params["b_h"])
    h, cache = rnn_forward_cached(x, h_0, *weights)
    return h @ params["W_hy"] + params["b_y"], h, cache


# %%
hello = [vocabulary.index(letter) for letter in "hello"]  # 0, 1, 2, 2, 3
x_hello = one_hot([hello[:-1]], 4)  # reads h, e, l, l
targets_hello = np.array([hello[1:]])  # should say e, l, l, o
logits_hello, h_hello, cache_hello = run(x_hello, params)

# %% [markdown]
# What it says now, letter by letter:

# %% show=true
fig, ax = plt.subplots(figsize=(5.2, 2.9))
bptt.draw_predictions(
    ax, softmax(logits_hello)[0], list("hell"), list("ello"), vocabulary
)
show(
    fig,
    alt="Heat map of the probabilities before training: a column for each "
    "letter that is read, a row for each letter that may come next. In "
    "every column h is the most probable; the right letters are framed.",
)

# %% [markdown]
# The frames mark the letters that should come. In every column the largest
# probability stands at h: whatever it reads, the untrained network says "h".
#
# ## 2. How wrong is it?
#
# A loss is one number that says how wrong the network is. Ours asks: *what
# probability did you give to the letter that really came?* A probability of 1
# costs nothing, small ones cost more and more: the cost is $-\log p$. This is
# the **cross-entropy**, and we take its mean over all sequences and steps:
#
# $$\text{loss} = -\frac{1}{N\,T} \sum_{n,t} \log p_{n,t}[\text{target}_{n,t}]$$
#
# The logarithm is the natural one; its unit is called a *nat*.
#
# **A yardstick.** Who guesses evenly among $V$ letters pays $\log V$ a letter,
# here $\log 4 = 1.386$ nats. Whoever pays more is *worse* than not knowing.
#
# **The first gradient.** How does the loss change with each logit? The answer
# is so simple that it's worth a pause:
#
# $$\frac{\partial\,\text{loss}}{\partial\,\text{logits}_{n,t}} =
# \frac{p_{n,t} - q_{n,t}}{N\,T}$$
#
# where $q_{n,t}$ is the one-hot vector of the target. What you said, minus
# what you should have said. Logarithm, exponential and fraction have all
# cancelled. (Many books write $p - y$. Here $y$ is the output, as before.)
#
# In code, the gradient of the loss with respect to some array has a `d` in
# front of the array's name: `dlogits` is the one above. It always has the
# array's shape, for it says of each of its numbers how the loss changes with
# it.
#
# ### Exercise: `cross_entropy`
#
# As in `softmax`, shift the logits first: let $s$ be the logits minus their
# maximum. Then take the logarithm of the softmax in one piece,
# $\log p_i = s_i - \log\sum_j e^{s_j}$. So a probability too small for a float
# doesn't become $\log 0$.


# %% exercise="cross_entropy"
def cross_entropy(logits, targets):
    """Mean loss over N and T, and its gradient. About 6 lines.

    logits: (N, T, V), targets: whole numbers (N, T).
    Returns loss (a number), dlogits: (N, T, V).
    """
    ### BEGIN SOLUTION
    N, T, V = logits.shape
    q = one_hot(targets, V)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    exp_sum = np.exp(shifted).sum(axis=-1, keepdims=True)
    log_p = shifted - np.log(exp_sum)
    loss = -(q * log_p).sum() / (N * T)
    dlogits = (np.exp(log_p) - q) / (N * T)
    return loss, dlogits
    ### END SOLUTION


# %% show=true
loss_hello, dlogits_hello = cross_entropy(logits_hello, targets_hello)
fig, ax = plt.subplots(figsize=(5.6, 2.8))
bptt.draw_pull(ax, dlogits_hello[0, 1], vocabulary, "After h, e")
show(
    fig,
    alt="Bars of the gradient on the four logits after the letters h, e: "
    "below zero at l, the right letter, above zero at h, e and o.",
)
print(f"loss {loss_hello:.4f}; guessing evenly costs {np.log(4):.4f}")

# %% [markdown]
# Your gradient after "he": it's negative at "l" alone. Going *against* it
# raises the score of "l" and lowers the others, the most wanted wrong letter
# most of all. The bars add up to 0: what one letter wins, the others lose. The
# loss, 1.7028, is worse than guessing evenly.

# %% check="cross_entropy_value" points=3
# All logits equal: evenly guessed, so the loss is log V whatever comes.
got = check.call(cross_entropy, np.ones((1, 2, 4)), np.array([[0, 3]]))
loss, _ = check.results(got, "loss", "dlogits")
check.close("loss", loss, 1.3862943611, rtol=1e-8)
### BEGIN HIDDEN TESTS
N, T, V = 1, 1, int(rng.integers(3, 7))
logits, targets = rng.normal(size=(N, T, V)), rng.integers(V, size=(N, T))
right = oracle.cross_entropy(logits, targets)[0]
got = check.call(cross_entropy, logits, targets)
loss, _ = check.results(got, "loss", "dlogits")
check.close("loss", loss, right)
### END HIDDEN TESTS

# %% check="cross_entropy_mean" points=3
# The same step twice in the batch and three times in a row: the mean stays.
logits = np.tile([[[2.0, 0.0]]], (2, 3, 1))
got = check.call(cross_entropy, logits, np.zeros((2, 3), int))
loss, _ = check.results(got, "loss", "dlogits")
check.close("loss", loss, 0.1269280110, rtol=1e-8)
### BEGIN HIDDEN TESTS
N, T, V = (int(size) for size in rng.permutation([2, 3, 5]))
logits, targets = rng.normal(size=(N, T, V)), rng.integers(V, size=(N, T))
right = oracle.cross_entropy(logits, targets)[0]
got = check.call(cross_entropy, logits, targets)
loss, _ = check.results(got, "loss", "dlogits")
check.close("loss", loss, right)
### END HIDDEN TESTS

# %% check="cross_entropy_gradient" points=4
# p - q over N * T: two letters in all, and each row sums to 0.
logits = np.array([[[0.0, 1.0], [0.5, 2.0]]])
got = check.call(cross_entropy, logits, np.array([[0, 1]]))
_, dlogits = check.results(got, "loss", "dlogits")
pull = [[[-0.3655292893, 0.3655292893], [0.0912127619, -0.0912127619]]]
check.close("dlogits", dlogits, pull, axes="N T V", atol=1e-8)
### BEGIN HIDDEN TESTS
N, T, V = (int(size) for size in rng.permutation([2, 3, 5]))
logits, targets = rng.normal(size=(N, T, V)), rng.integers(V, size=(N, T))
expected_dlogits = oracle.cross_entropy(logits, targets)[1]
got = check.call(cross_entropy, logits, targets)
_, dlogits = check.results(got, "loss", "dlogits")
check.close("dlogits", dlogits, expected_dlogits, axes="N T V")
### END HIDDEN TESTS

# %% check="cross_entropy_large_logits" points=2
# Sure, and utterly wrong: the loss is large, not infinite, and no NaN.
logits = np.array([[[1000.0, 0.0]]])
got = check.call(cross_entropy, logits, np.array([[1]]))
loss, dlogits = check.results(got, "loss", "dlogits")
check.close("loss", loss, 1000.0)
check.close("dlogits", dlogits, [[[1.0, -1.0]]], axes="N T V")
### BEGIN HIDDEN TESTS
N, T, V = (int(size) for size in rng.permutation([2, 3, 5]))
logits = 900 + 500 * rng.normal(size=(N, T, V))
logits[0, 0, rng.integers(V)] += 5000
targets = rng.integers(V, size=(N, T))
right = oracle.cross_entropy(logits, targets)[0]
got = check.call(cross_entropy, logits, targets)
loss, dlogits = check.results(got, "loss", "dlogits")
check.close("loss", loss, right)
### END HIDDEN TESTS

# %% check="cross_entropy_keeps_inputs" points=2
# The logits still belong to the caller.
logits, targets = np.array([[[1.0, 2.0, 4.0]]]), np.array([[2]])
before = logits.copy()
got = check.call(cross_entropy, logits, targets)
loss, _ = check.results(got, "loss", "dlogits")
check.close("loss", loss, 0.1698460196)
check.unchanged("logits", before, logits)
### BEGIN HIDDEN TESTS
logits, targets = rng.normal(size=(2, 3, 4)), rng.integers(4, size=(2, 3))
before = logits.copy()
check.call(cross_entropy, logits, targets)
check.unchanged("logits", before, logits)
### END HIDDEN TESTS

# %% [markdown]
# ### Question 1 (5 points)
#
# Look at your bars again.
#
# 1. Why does the gradient of a *wrong* letter depend on its probability, while
#    the right letter's depends on how far its probability is from 1? Which
#    mistakes does this correct the most?
# 2. What does the gradient become once the network is sure and right, and what
#    does that mean for training? (3 to 5 sentences in all)

# %% [markdown] answer="p_minus_y" points=5
# The gradient is p - q (over the number of letters). For a wrong letter q is 0,
# so the gradient is its probability: a letter that the network hardly
# considers needs no pushing down, one that it believes in needs a lot. So what
# is corrected the most are the mistakes that it's sure of. For the right
# letter q is 1, so the gradient is p - 1, the probability that is still
# missing. When the network is sure and right, p is close to q and the gradient
# is close to 0 for all letters: nothing is changed any more, so what is
# learned already is left alone, and training moves on to the letters that are
# still wrong.
#
# **Marking scheme**
# - 2 points: reads it off p - q: 1 for the probability p of wrong letters, 1
#   for p - 1 of the right one
# - 1 point: mistakes that it's sure of are corrected the most
# - 2 points: 1 for sure and right giving gradient 0; 1 for what follows:
#   training stops changing what is right, or the loss levels off

# %% [markdown]
# ## 3. Back through the read-out
#
# Now the error walks backward, against the arrows of the forward pass. The
# first station is the read-out, $\text{logits} = h\,W_{hy} + b_y$. One rule
# serves for every matrix product, here and later:
#
# > In $Y = X W$, the gradient of $X$ is $dY\,W^\top$ and the gradient of $W$ is
# > $X^\top dY$. The shapes allow nothing else: try to multiply them in another
# > way.
#
# The same $W_{hy}$ was used at every step of every sequence. It's *one*
# matrix, so its gradient is the **sum** over all of them; the bias's, too.
#
# ### Exercise: `read_out_backward`


# %% exercise="read_out_backward"
def read_out_backward(dlogits, h, W_hy):
    """The gradients behind the read-out. About 3 lines.

    dlogits: (N, T, V), h: (N, T, H), W_hy: (H, V).
    Returns dh: (N, T, H), dW_hy: (H, V), db_y: (V,).
    """
    ### BEGIN SOLUTION
    dh = dlogits @ W_hy.T
    dW_hy = np.einsum("nth,ntv->hv", h, dlogits)
    db_y = dlogits.sum(axis=(0, 1))
    return dh, dW_hy, db_y
    ### END SOLUTION


# %% show=true
dh_hello, dW_hy_hello, db_y_hello = read_out_backward(
    dlogits_hello, h_hello, params["W_hy"]
)
fig, ax = plt.subplots(figsize=(5.2, 2.6))
bptt.draw_gradient(
    ax, dh_hello[0], list("hell"), "Each step sends its own error"
)
show(
    fig,
    alt="Heat map of the gradient that the outputs send to the states: a "
    "column for each step, a row for each of the three units.",
)

# %% [markdown]
# What each output wants of the state below it. The gradient says nothing yet
# about how a *later* output depends on an earlier state: that's section 6.

# %% check="read_out_dh" points=3
# One logit only: its error comes back through its own column of W_hy.
dlogits = np.array([[[0.0, 1.0]]])
W_hy = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
got = check.call(read_out_backward, dlogits, np.ones((1, 1, 3)), W_hy)
dh, _, _ = check.results(got, "dh", "dW_hy", "db_y")
check.close("dh", dh, [[[2.0, 4.0, 6.0]]], axes="N T H")
### BEGIN HIDDEN TESTS
N, T, H, V = (int(size) for size in rng.permutation([2, 3, 4, 5]))
dlogits, h = rng.normal(size=(N, T, V)), rng.normal(size=(N, T, H))
W_hy = rng.normal(size=(H, V))
expected_dh = oracle.read_out_backward(dlogits, h, W_hy)[0]
got = check.call(read_out_backward, dlogits, h, W_hy)
dh, _, _ = check.results(got, "dh", "dW_hy", "db_y")
check.close("dh", dh, expected_dh, axes="N T H")
### END HIDDEN TESTS

# %% check="read_out_dW_hy" points=4
# Two steps: what they ask of the one matrix adds up.
h = np.array([[[1.0, 2.0, 3.0], [10.0, 0.0, 0.0]]])
dlogits = np.array([[[1.0, 0.0], [0.0, 1.0]]])
got = check.call(read_out_backward, dlogits, h, np.ones((3, 2)))
_, dW_hy, _ = check.results(got, "dh", "dW_hy", "db_y")
check.close("dW_hy", dW_hy, [[1.0, 10.0], [2.0, 0.0], [3.0, 0.0]], axes="H V")
### BEGIN HIDDEN TESTS
N, T, H, V = (int(size) for size in rng.permutation([2, 3, 4, 5]))
dlogits, h = rng.normal(size=(N, T, V)), rng.normal(size=(N, T, H))
W_hy = rng.normal(size=(H, V))
expected_dW_hy = oracle.read_out_backward(dlogits, h, W_hy)[1]
got = check.call(read_out_backward, dlogits, h, W_hy)
_, dW_hy, _ = check.results(got, "dh", "dW_hy", "db_y")
check.close("dW_hy", dW_hy, expected_dW_hy, axes="H V")
### END HIDDEN TESTS

# %% check="read_out_db_y" points=3
# The bias was added at every step of every sequence: 2 times 3 here.
dlogits = np.arange(12.0).reshape(2, 3, 2) ** 2 / 10
got = check.call(
    read_out_backward, dlogits, np.ones((2, 3, 4)), np.ones((4, 2))
)
_, _, db_y = check.results(got, "dh", "dW_hy", "db_y")
check.close("db_y", db_y, [22.0, 28.6], axes="V")
### BEGIN HIDDEN TESTS
N, T, H, V = (int(size) for size in rng.permutation([2, 3, 4, 5]))
dlogits, h = rng.normal(size=(N, T, V)), rng.normal(size=(N, T, H))
W_hy = rng.normal(size=(H, V))
expected_db_y = oracle.read_out_backward(dlogits, h, W_hy)[2]
got = check.call(read_out_backward, dlogits, h, W_hy)
_, _, db_y = check.results(got, "dh", "dW_hy", "db_y")
check.close("db_y", db_y, expected_db_y, axes="V")
### END HIDDEN TESTS

# %% [markdown]
# ## 4. Don't believe a gradient: measure it
#
# A wrong gradient is a quiet bug. Nothing crashes, the loss may even fall for
# a while. So whoever writes a backward pass measures it. A gradient is a
# slope, and a slope can be measured without any calculus: move **one** number
# of $w$ a little up and a little down, and see what $f$ does.
#
# $$\frac{\partial f}{\partial w_i} \approx
# \frac{f(w + \varepsilon e_i) - f(w - \varepsilon e_i)}{2\,\varepsilon}$$
#
# It's slow: two calls of $f$ for every number in $w$. Backpropagation needs
# one walk back for all numbers together. But slow and obvious is just what a
# check should be.
#
# ### Exercise: `numeric_gradient`
#
# `f` takes an array like `w` and returns one number. `np.ndindex(w.shape)`
# gives you all positions, whatever the shape.


# %% exercise="numeric_gradient"
def numeric_gradient(f, w, eps=1e-5):
    """The slope of f at w by central differences. About 6 lines.

    f: a function of an array like w that returns a number; w: any shape.
    Returns an array like w. w itself is the same afterwards.
    """
    ### BEGIN SOLUTION
    slope = np.zeros(w.shape)
    for index in np.ndindex(w.shape):
        nudge = np.zeros(w.shape)
        nudge[index] = eps
        slope[index] = (f(w + nudge) - f(w - nudge)) / (2 * eps)
    return slope
    ### END SOLUTION


# %% check="numeric_values" points=4
# f(w) = sum of squares has the slope 2 w.
w = np.array([1.0, -2.0, 0.5])
slope = check.call(numeric_gradient, lambda v: float((v**2).sum()), w)
check.close("slope", slope, [2.0, -4.0, 1.0], rtol=1e-6)
### BEGIN HIDDEN TESTS
w, other = rng.normal(size=4), rng.normal(size=4)
slope = check.call(
    numeric_gradient, lambda v, o=other: float(np.sin(v) @ o), w
)
right = oracle.sine_slope(w, other)
check.close("slope", slope, right, rtol=1e-6, atol=1e-8)
### END HIDDEN TESTS

# %% check="numeric_central" points=3
# Of w cubed, central differences give exactly 3 w^2 + eps^2.
slope = check.call(
    numeric_gradient, lambda v: float((v**3).sum()), np.array([1.0]), 0.1
)
check.close("slope", slope, [3.01], rtol=1e-9)
### BEGIN HIDDEN TESTS
w, eps = rng.uniform(0.5, 2, size=3), float(rng.uniform(0.1, 0.3))
slope = check.call(numeric_gradient, lambda v: float((v**3).sum()), w, eps)
check.close("slope", slope, oracle.cube_slope(w, eps), rtol=1e-9)
### END HIDDEN TESTS

# %% check="numeric_shape" points=2
# A matrix in, a matrix of slopes out.
w, other = np.ones((2, 3)), np.arange(6.0).reshape(2, 3)
slope = check.call(
    numeric_gradient, lambda v, o=other: float((o * v).sum()), w
)
check.close("slope", slope, other, rtol=1e-6, atol=1e-8)
### BEGIN HIDDEN TESTS
w = rng.normal(size=(2, 3, 2))
other = rng.normal(size=w.shape)
slope = check.call(
    numeric_gradient, lambda v, o=other: float((o * v).sum()), w
)
check.close("slope", slope, other, rtol=1e-6, atol=1e-8)
### END HIDDEN TESTS

# %% check="numeric_keeps_w" points=3
# Whoever measures must leave the thing as it was, bit for bit.
w = np.array([[0.1, 0.7], [1.1, -0.3]])
before = w.copy()
slope = check.call(numeric_gradient, lambda v: float((v**2).sum()), w)
check.array("slope", slope, (2, 2))
check.unchanged("w", before, w)
check.differs("the slopes in two rows", slope[0], slope[1])
check.differs("slope and w", slope, w)
### BEGIN HIDDEN TESTS
w = rng.normal(size=(3, 2))
before = w.copy()
check.call(numeric_gradient, lambda v: float(np.tanh(v).sum()), w)
check.unchanged("w", before, w)
### END HIDDEN TESTS

# %% [markdown]
# **Use it.** Is the gradient of $W_{hy}$ that you computed in section 3 right?
# $f$ is the whole way from $W_{hy}$ to the loss.


# %% show=true
def loss_of_W_hy(W_hy):
    logits = h_hello @ W_hy + params["b_y"]
    return cross_entropy(logits, targets_hello)[0]


measured = numeric_gradient(loss_of_W_hy, params["W_hy"])
print(f"largest difference: {np.abs(measured - dW_hy_hello).max():.1e}")

# %% [markdown]
# About $10^{-11}$: that's what "right" looks like. A wrong gradient differs in
# the first digits.
#
# **How small should $\varepsilon$ be?** The smaller, the better the slope, one
# would think. Measure it, with your own function:

# %% show=true
eps_tried = 10.0 ** np.arange(-13, 1)
errors = [
    np.abs(
        numeric_gradient(loss_of_W_hy, params["W_hy"], eps) - dW_hy_hello
    ).max()
    for eps in eps_tried
]
fig, ax = plt.subplots(figsize=(6.0, 3.2))
bptt.draw_eps(ax, eps_tried, errors)
show(
    fig,
    alt="Error of the measured gradient over eps, both logarithmic: a V. "
    "From the right the error falls with the square of eps; left of about "
    "1e-5 it rises again, the smaller eps is.",
)

# %% [markdown]
# A surprise: below about $10^{-5}$ a smaller $\varepsilon$ makes it *worse*.
# On the right branch the curve of $f$ is the problem (the error falls with
# $\varepsilon^2$). On the left branch it's the computer: the two values of $f$
# agree in nearly all of their 16 digits, their difference keeps only the last
# few, and dividing by a tiny $2\varepsilon$ blows the rounding error up. The
# default $10^{-5}$ sits at the bottom.
#
# ## 5. One step back
#
# Between the states stands the step
#
# $$a_t = x_t W_{xh} + h_{t-1} W_{hh} + b_h, \qquad h_t = \tanh(a_t).$$
#
# Backward, we come with $dh_t$. First through tanh, whose slope is
# $1 - \tanh^2$. Since $h_t = \tanh(a_t)$ is in the cache, it's free:
#
# $$da_t = dh_t \odot (1 - h_t^2)$$
#
# From $a_t$ it goes to five places: two matrix products (the rule of section 3,
# twice) and a bias.
#
# ### Exercise: `rnn_step_backward`


# %% exercise="rnn_step_backward"
def rnn_step_backward(dh_t, cache_t):
    """The gradients behind one step. About 6 lines.

    dh_t: (N, H); cache_t: a dict of x_t (N, D), h_prev and h_t (N, H),
    W_xh (D, H), W_hh (H, H).
    Returns dx_t: (N, D), dh_prev: (N, H), dW_xh: (D, H), dW_hh: (H, H),
    db_h: (H,).
    """
    ### BEGIN SOLUTION
    da_t = dh_t * (1 - cache_t["h_t"] ** 2)
    dx_t = da_t @ cache_t["W_xh"].T
    dh_prev = da_t @ cache_t["W_hh"].T
    dW_xh = cache_t["x_t"].T @ da_t
    dW_hh = cache_t["h_prev"].T @ da_t
    db_h = da_t.sum(axis=0)
    return dx_t, dh_prev, dW_xh, dW_hh, db_h
    ### END SOLUTION


# %% [markdown]
# Check it yourself before the checks do, with your own `numeric_gradient`. As
# $f$ serves any number made of $h_t$, for example the sum of $h_t$ times some
# fixed numbers: then $dh_t$ is just these numbers.

# %% show=true
demo = random_params(np.random.default_rng(0), V=4, H=3)
x_t, h_prev = np.ones((2, 4)), np.array([[0.9, 0.1, -0.5], [-0.2, 0.6, 0.8]])
dh_t = np.array([[1.0, -2.0, 0.5], [0.3, 0.7, -1.0]])


def weighted_sum(W_hh):
    h_t, _ = rnn_step_cached(x_t, h_prev, demo["W_xh"], W_hh, demo["b_h"])
    return (h_t * dh_t).sum()


_, cache_t = rnn_step_cached(
    x_t, h_prev, demo["W_xh"], demo["W_hh"], demo["b_h"]
)
dW_hh = rnn_step_backward(dh_t, cache_t)[3]
measured = numeric_gradient(weighted_sum, demo["W_hh"])
fig, axes = plt.subplots(1, 2, figsize=(6.0, 2.6))
bptt.draw_pair(axes, dW_hh, measured, ("your dW_hh", "measured"))
show(
    fig,
    alt="Two heat maps of three by three numbers, the gradient of W_hh as "
    "computed and as measured: they look the same.",
)
print(f"largest difference: {np.abs(dW_hh - measured).max():.1e}")

# %% [markdown]
# Side by side, your gradient and the measured one. If the difference is about
# $10^{-10}$ or less, you don't need us to tell you that it's right.

# %%
# for the checks: what one step back and the whole way back return, in order
names_step = ("dx_t", "dh_prev", "dW_xh", "dW_hh", "db_h")
names_back = ("dx", "dh_0", "dW_xh", "dW_hh", "db_h")

# %% check="step_dx" points=3
# tanh is flat where h_t is 1 and steepest where it's 0.
cache_t = {"x_t": np.ones((1, 3)), "h_prev": np.ones((1, 2))}
cache_t |= {"h_t": np.array([[0.0, 1.0]]), "W_hh": np.zeros((2, 2))}
cache_t["W_xh"] = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
got = check.call(rnn_step_backward, np.ones((1, 2)), cache_t)
dx_t = check.results(got, *names_step)[0]
check.close("dx_t", dx_t, [[1.0, 3.0, 5.0]], axes="N D")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh_t, cache_t = oracle.random_step(rng, N, D, H)
expected_dx_t = oracle.rnn_step_backward(dh_t, cache_t)[0]
got = check.call(rnn_step_backward, dh_t, cache_t)
dx_t = check.results(got, *names_step)[0]
check.close("dx_t", dx_t, expected_dx_t, axes="N D")
### END HIDDEN TESTS

# %% check="step_dh_prev" points=4
# W_hh leads from old unit 0 to new unit 1, by 2: the error goes the other way.
cache_t = {"x_t": np.ones((1, 2)), "h_prev": np.ones((1, 2))}
cache_t |= {"h_t": np.array([[0.6, 0.5]]), "W_xh": np.ones((2, 2))}
cache_t["W_hh"] = np.array([[0.0, 2.0], [0.3, 0.0]])
got = check.call(rnn_step_backward, np.array([[0.4, 1.0]]), cache_t)
dh_prev = check.results(got, *names_step)[1]
check.close("dh_prev", dh_prev, [[1.5, 0.0768]], axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh_t, cache_t = oracle.random_step(rng, N, D, H)
expected_dh_prev = oracle.rnn_step_backward(dh_t, cache_t)[1]
got = check.call(rnn_step_backward, dh_t, cache_t)
dh_prev = check.results(got, *names_step)[1]
check.close("dh_prev", dh_prev, expected_dh_prev, axes="N H")
### END HIDDEN TESTS

# %% check="step_dW_xh" points=3
# Only weights of inputs that were there get a gradient: here input 1.
cache_t = {"x_t": np.array([[0.0, 1.0]]), "h_prev": np.ones((1, 3))}
cache_t |= {"h_t": np.zeros((1, 3)), "W_xh": np.ones((2, 3))}
cache_t["W_hh"] = np.ones((3, 3))
dh_t = np.array([[1.0, 2.0, 3.0]])
got = check.call(rnn_step_backward, dh_t, cache_t)
dW_xh = check.results(got, *names_step)[2]
check.close("dW_xh", dW_xh, [[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]], axes="D H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh_t, cache_t = oracle.random_step(rng, N, D, H)
expected_dW_xh = oracle.rnn_step_backward(dh_t, cache_t)[2]
got = check.call(rnn_step_backward, dh_t, cache_t)
dW_xh = check.results(got, *names_step)[2]
check.close("dW_xh", dW_xh, expected_dW_xh, axes="D H")
### END HIDDEN TESTS

# %% check="step_dW_hh" points=3
# Its input is the state before the step.
cache_t = {"x_t": np.ones((1, 3)), "h_prev": np.array([[2.0, -1.0]])}
cache_t |= {"h_t": np.array([[0.0, 0.5]]), "W_xh": np.ones((3, 2))}
cache_t["W_hh"] = np.eye(2)
got = check.call(rnn_step_backward, np.array([[1.0, 4.0]]), cache_t)
dW_hh = check.results(got, *names_step)[3]
check.close("dW_hh", dW_hh, [[2.0, 6.0], [-1.0, -3.0]], axes="H H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh_t, cache_t = oracle.random_step(rng, N, D, H)
expected_dW_hh = oracle.rnn_step_backward(dh_t, cache_t)[3]
got = check.call(rnn_step_backward, dh_t, cache_t)
dW_hh = check.results(got, *names_step)[3]
check.close("dW_hh", dW_hh, expected_dW_hh, axes="H H")
### END HIDDEN TESTS

# %% check="step_db_h" points=2
# One bias for all sequences of the batch.
cache_t = {"x_t": np.ones((2, 2)), "h_prev": np.ones((2, 2))}
cache_t |= {"h_t": np.array([[0.0, 0.5], [0.0, 0.0]])}
cache_t |= {"W_xh": np.eye(2), "W_hh": np.eye(2)}
got = check.call(rnn_step_backward, np.ones((2, 2)), cache_t)
got = check.results(got, *names_step)
check.close("db_h", got[4], [2.0, 1.75], axes="H")
for name, gradient in zip(names_step, got, strict=True):
    check.double(name, gradient)
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh_t, cache_t = oracle.random_step(rng, N, D, H)
expected_db_h = oracle.rnn_step_backward(dh_t, cache_t)[4]
got = check.call(rnn_step_backward, dh_t, cache_t)
db_h = check.results(got, *names_step)[4]
check.close("db_h", db_h, expected_db_h, axes="H")
### END HIDDEN TESTS

# %% [markdown]
# ## 6. Back through time
#
# Now the idea that gave the method its name. A state $h_t$ matters **twice**:
# for its own output, and for the next state $h_{t+1}$. So its error has two
# sources, and they add up:
#
# $$dh_t = \underbrace{dh_t^{\text{output}}}_{\text{from the read-out}} +
# \underbrace{dh_{t}^{\text{later}}}_{\text{handed back by step } t+1}$$
#
# We begin at the last step, where nothing comes from later, and walk to the
# first. At each step `rnn_step_backward` hands an error to the step before.
#
# The weights were used in **every** step. Unfolded, there are $T$ copies of
# $W_{hh}$, each with a gradient of its own. But they are one and the same
# matrix, so whoever changes it changes all copies: its gradient is the **sum**
# over the steps.

# %% show=true
explore(
    bptt.draw_flow,
    T=(2, 7),
    k=(1, 7),
    static={"T": [6], "k": [7, 3]},
    size=(9.0, 3.2),
    alt="A network unfolded in time. Blue arrows lead forward from state to "
    "state and up to the errors of the outputs; vermillion dashed arrows lead "
    "back, down from each error and from each state to the one before. With "
    "a small k the way back is cut between pieces of k steps.",
)

# %% [markdown]
# The blue arrows are last lesson, the dashed ones are today: down from every
# output's error $E_t$, its share of the loss, and from every state to the one
# before. (The second slider, $k$, cuts the way back. Push it to 7 for now; it's
# the subject of section 7.)
#
# ### Exercise: `rnn_backward`
#
# `step_of(cache, t)` gives you the cache of step $t$.


# %% exercise="rnn_backward"
def rnn_backward(dh, cache):
    """The gradients behind all steps. About 9 lines.

    dh: (N, T, H), what comes from the outputs only; cache: a dict of
    x (N, T, D), h_0 (N, H), h (N, T, H), W_xh (D, H), W_hh (H, H).
    Returns dx: (N, T, D), dh_0: (N, H), dW_xh: (D, H), dW_hh: (H, H),
    db_h: (H,).
    """
    ### BEGIN SOLUTION
    dx, later = np.zeros(cache["x"].shape), np.zeros(cache["h_0"].shape)
    dW_xh, dW_hh = np.zeros(cache["W_xh"].shape), np.zeros(cache["W_hh"].shape)
    db_h = np.zeros(cache["W_hh"].shape[0])
    for t in reversed(range(dh.shape[1])):
        step = rnn_step_backward(dh[:, t] + later, step_of(cache, t))
        dx[:, t], later = step[0], step[1]
        dW_xh += step[2]
        dW_hh += step[3]
        db_h += step[4]
    return dx, later, dW_xh, dW_hh, db_h
    ### END SOLUTION


# %% [markdown]
# Your result. Suppose only the **last** output of "hello" is wrong. How much
# of its error arrives at the earlier steps? Below, the gradient at the inputs,
# step by step, as your function hands it back.

# %% show=true
last_only = np.zeros(h_hello.shape)
last_only[:, -1] = dh_hello[:, -1]
dx_last = rnn_backward(last_only, cache_hello)[0]
fig, ax = plt.subplots(figsize=(5.6, 2.9))
bptt.draw_trace(ax, np.linalg.norm(dx_last[0], axis=-1), list("hell"))
show(
    fig,
    alt="Bars of the size of the gradient at each input, on a logarithmic "
    "axis, for an error at the last output alone: the earlier the step, "
    "the smaller. Three steps back it's 489 times smaller.",
)

# %% [markdown]
# The error flows back to every step, but it melts away: each step back makes it
# smaller, here 5 to 13 times. An error at the end hardly reaches the beginning.
# Keep this picture in mind; the next lesson is about nothing else.
#
# And the sum? Here is what each output asks of $W_{hh}$, and what it gets:

# %% show=true
per_step = []
for t in range(4):
    only_t = np.zeros(h_hello.shape)
    only_t[:, t] = dh_hello[:, t]
    per_step.append(rnn_backward(only_t, cache_hello)[3])
total = rnn_backward(dh_hello, cache_hello)[3]
fig, ax = plt.subplots(figsize=(6.0, 3.0))
bptt.draw_sum(ax, per_step, total, list("ello"))
show(
    fig,
    alt="Bars of one entry of the gradient of W_hh: what the error of each "
    "output contributes. The first bar is 0, the others are positive; the "
    "bar of their sum is as high as all of them together.",
)

# %% [markdown]
# Output 1 asks for nothing: before the first step the state was 0, and it makes
# no difference by which weight a 0 is multiplied. The three others each ask for
# something else, but there's only one weight, so it gets the sum. If you forget
# to add up over the steps, you keep what the first step asks, and that is
# nothing: $W_{hh}$ never moves, and the network learns without its memory.

# %% check="bptt_one_step" points=2
# T = 1: nothing comes from later, so it's one step back.
x, h_0 = np.array([[[1.0, 0.0]]]), np.array([[0.5]])
W_xh, W_hh = np.array([[0.0], [1.0]]), np.array([[2.0]])
cache = {"x": x, "h_0": h_0, "h": np.array([[[0.6]]])}
cache |= {"W_xh": W_xh, "W_hh": W_hh}
got = check.call(rnn_backward, np.array([[[1.0]]]), cache)
dh_0 = check.results(got, *names_back)[1]
check.close("dh_0", dh_0, [[1.28]], axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh, cache = oracle.random_sequence(rng, N, 1, D, H)
expected_dx = oracle.rnn_backward(dh, cache)[0]
got = check.call(rnn_backward, dh, cache)
got = check.results(got, *names_back)
check.close("dx", got[0], expected_dx, axes="N T D")
### END HIDDEN TESTS

# %% check="bptt_dx" points=3
# An error at the last step reaches the first input, too, through two tanh.
cache = {"x": np.ones((1, 2, 1)), "h_0": np.zeros((1, 1))}
cache |= {"h": np.array([[[0.3], [-0.6]]]), "W_xh": np.array([[3.0]])}
cache["W_hh"] = np.array([[2.0]])
got = check.call(rnn_backward, np.array([[[0.4], [1.3]]]), cache)
dx = check.results(got, *names_back)[0]
check.close("dx", dx, [[[5.63472], [2.496]]], axes="N T D")
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
dh, cache = oracle.random_sequence(rng, N, T, D, H)
expected_dx = oracle.rnn_backward(dh, cache)[0]
got = check.call(rnn_backward, dh, cache)
dx = check.results(got, *names_back)[0]
check.close("dx", dx, expected_dx, axes="N T D")
### END HIDDEN TESTS

# %% check="bptt_dh_0" points=3
# What arrives before the first step: errors of both steps, on one way.
cache = {"x": np.ones((1, 2, 1)), "h_0": np.zeros((1, 1))}
cache |= {"h": np.array([[[0.3], [-0.6]]]), "W_xh": np.array([[3.0]])}
cache["W_hh"] = np.array([[2.0]])
got = check.call(rnn_backward, np.array([[[1.0], [0.7]]]), cache)
dh_0 = check.results(got, *names_back)[1]
check.close("dh_0", dh_0, [[3.45072]], axes="N H")
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
dh, cache = oracle.random_sequence(rng, N, T, D, H)
expected_dh_0 = oracle.rnn_backward(dh, cache)[1]
got = check.call(rnn_backward, dh, cache)
dh_0 = check.results(got, *names_back)[1]
check.close("dh_0", dh_0, expected_dh_0, axes="N H")
### END HIDDEN TESTS

# %% check="bptt_dW_hh" points=4
# One matrix, two steps: the gradients of the steps are added up.
cache = {"x": np.ones((1, 2, 1)), "h_0": np.array([[0.9]])}
cache |= {"h": np.array([[[0.3], [-0.6]]]), "W_xh": np.array([[1.0]])}
cache["W_hh"] = np.array([[0.0]])
got = check.call(rnn_backward, np.array([[[11.0], [7.0]]]), cache)
dW_hh = check.results(got, *names_back)[3]
check.close("dW_hh", dW_hh, [[10.353]], axes="H H")
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
dh, cache = oracle.random_sequence(rng, N, T, D, H)
expected_dW_hh = oracle.rnn_backward(dh, cache)[3]
got = check.call(rnn_backward, dh, cache)
dW_hh = check.results(got, *names_back)[3]
check.close("dW_hh", dW_hh, expected_dW_hh, axes="H H")
### END HIDDEN TESTS

# %% check="bptt_dW_xh_db_h" points=3
# The same for the two other parameters.
cache = {"x": np.array([[[0.8], [1.7]]]), "h_0": np.zeros((1, 1))}
cache |= {"h": np.array([[[0.3], [-0.6]]]), "W_xh": np.array([[1.0]])}
cache["W_hh"] = np.array([[0.0]])
dh = np.array([[[11.0], [7.0]]])
got = check.call(rnn_backward, dh, cache)
_, _, dW_xh, _, db_h = check.results(got, *names_back)
check.close("dW_xh", dW_xh, [[15.624]], axes="D H")
check.close("db_h", db_h, [14.49], axes="H")
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
dh, cache = oracle.random_sequence(rng, N, T, D, H)
want = oracle.rnn_backward(dh, cache)
got = check.call(rnn_backward, dh, cache)
got = check.results(got, *names_back)
check.close("dW_xh", got[2], want[2], axes="D H")
check.close("db_h", got[4], want[4], axes="H")
### END HIDDEN TESTS

# %% [markdown]
# ### Question 2 (5 points)
#
# A slide writes the chain rule for the error $E_3$ of the third output and the
# recurrent matrix as
#
# $$\frac{dE}{dW} = \frac{dE}{dy_3}\,\frac{dy_3}{dh_3}\,
# \frac{dh_3}{dy_2}\,\frac{dy_2}{dh_1}$$
#
# What's wrong with it? Write it right for $W_{hh}$, with one term for each of
# the three steps in which $W_{hh}$ was used, and say which line of your
# `rnn_backward` makes the sum.

# %% [markdown] answer="chain_rule" points=5
# The indices don't follow the arrows of the network: $h_3$ doesn't depend on
# the output $y_2$, but on the state $h_2$, and one product can't be the whole
# gradient, since $W_{hh}$ was used in three steps. Right is, with
# $\partial h_t / \partial W_{hh}$ the direct effect within step $t$ alone,
#
# $$\frac{dE_3}{dW_{hh}} = \frac{dE_3}{dy_3}\frac{dy_3}{dh_3}
# \Big(\frac{\partial h_3}{\partial W_{hh}} +
# \frac{dh_3}{dh_2}\frac{\partial h_2}{\partial W_{hh}} +
# \frac{dh_3}{dh_2}\frac{dh_2}{dh_1}\frac{\partial h_1}{\partial W_{hh}}\Big)$$
#
# The products $dh_3/dh_2 \cdot dh_2/dh_1$ get one factor more with each turn of
# the loop, in `later`; the sum is made by `dW_hh += ...`.
#
# **Marking scheme**
# - 1 point: $h_3$ depends on $h_2$, not on $y_2$ (the states are the chain)
# - 3 points: a sum of three terms with the products of $dh_t / dh_{t-1}$ (one
#   point for each term)
# - 1 point: points to the line that adds up the steps, `dW_hh += ...` or its
#   like (not only to the error that is handed on)

# %% [markdown]
# ## 7. Long texts: cut the way back
#
# A book has a million steps. To walk back through all of them for every update
# would take a cache of a million states. **Truncated** backpropagation cuts the
# sequence into pieces of $k$ steps. The state still runs *forward* through all
# of them; only the error isn't handed back from one piece to the piece before.
# (In PyTorch this is a `detach` at each cut.)
#
# Go back to the slider $k$ of section 6 and push it to 3: the dashed arrows
# between the pieces vanish, those from each output down to its own piece stay.
#
# ### Exercise: `truncated_backward`
#
# Pieces are counted from the start: steps $0..k-1$, then $k..2k-1$, ...; the
# last may be shorter. A piece is a small sequence of its own, whose `h_0` is
# the state before its first step. With $k \ge T$ nothing is cut.


# %% exercise="truncated_backward"
def truncated_backward(dh, cache, k):
    """The gradients behind all steps, cut every k steps. About 9 lines.

    dh, cache: as for rnn_backward; k: steps in a piece, at least 1.
    Returns dx, dh_0, dW_xh, dW_hh, db_h in the shapes of rnn_backward; dh_0
    comes from the first piece.
    """
    ### BEGIN SOLUTION
    pieces = []
    for start in range(0, dh.shape[1], k):
        part = slice(start, start + k)
        h_0 = cache["h"][:, start - 1] if start > 0 else cache["h_0"]
        piece = cache | {"x": cache["x"][:, part], "h": cache["h"][:, part]}
        pieces.append(rnn_backward(dh[:, part], piece | {"h_0": h_0}))
    dx = np.concatenate([piece[0] for piece in pieces], axis=1)
    sums = [sum(piece[i] for piece in pieces) for i in (2, 3, 4)]
    return dx, pieces[0][1], *sums
    ### END SOLUTION


# %% [markdown]
# What does the cut cost? Take 64 sequences of 40 random letters, and a network
# whose state keeps its memory for a few steps. We compare the direction of your
# truncated gradient of $W_{hh}$ with that of the full one: the cosine of the
# angle between them, 1 if they point the same way.

# %% show=true
rng_demo = np.random.default_rng(1)
long_params = random_params(rng_demo, V=4, H=12)
long_params["W_hh"] *= 0.6  # so that the memory fades
long_ids = rng_demo.integers(4, size=(64, 41))
x_long = one_hot(long_ids[:, :-1], 4)
logits_long, h_long, cache_long = run(x_long, long_params)
_, dlogits_long = cross_entropy(logits_long, long_ids[:, 1:])
dh_long, _, _ = read_out_backward(dlogits_long, h_long, long_params["W_hy"])
full = rnn_backward(dh_long, cache_long)[3]
ks = [1, 2, 3, 4, 5, 8, 10, 20, 40]
cut = [truncated_backward(dh_long, cache_long, k)[3] for k in ks]
cosines = [
    (g * full).sum() / np.linalg.norm(g) / np.linalg.norm(full) for g in cut
]
fig, ax = plt.subplots(figsize=(6.0, 3.0))
bptt.draw_cosines(ax, ks, cosines)
show(
    fig,
    alt="Cosine between the truncated and the full gradient over the length "
    "k of the pieces: it rises towards 1, which it reaches at k = 40.",
)

# %% [markdown]
# With growing $k$ the truncated gradient turns towards the full one, and at
# $k = T$ they are the same. Why are a few steps nearly enough here? Because
# the error melts away on its way back, as you saw: what is cut off had become
# small anyway. Where a text needs a *long* memory, that's no comfort. (Put
# 1.5 in place of 0.6, so that the memory lasts, and run the cell again: now even
# 20 steps are not enough.)

# %% check="truncated_full" points=2
# k of T or more cuts nothing.
cache = {"x": np.ones((1, 2, 1)), "h_0": np.zeros((1, 1))}
cache |= {"h": np.array([[[0.3], [-0.6]]]), "W_xh": np.array([[3.0]])}
cache["W_hh"] = np.array([[2.0]])
got = check.call(truncated_backward, np.ones((1, 2, 1)), cache, 5)
got = check.results(got, *names_back)
check.close("dx", got[0], [[[6.2244], [1.92]]], axes="N T D")
check.close("dh_0", got[1], [[4.1496]], axes="N H")
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
dh, cache = oracle.random_sequence(rng, N, T, D, H)
for k in (T, T + 3):
    want = oracle.rnn_backward(dh, cache)
    got = check.call(truncated_backward, dh, cache, k)
    got = check.results(got, *names_back)
    for name, i in (("dx", 0), ("dh_0", 1), ("dW_hh", 3)):
        check.close(name, got[i], want[i])
### END HIDDEN TESTS

# %% check="truncated_every_step" points=2
# k = 1: no error is handed back at all.
cache = {"x": np.ones((1, 2, 1)), "h_0": np.zeros((1, 1))}
cache |= {"h": np.array([[[0.3], [-0.6]]]), "W_xh": np.array([[3.0]])}
cache["W_hh"] = np.array([[2.0]])
got = check.call(truncated_backward, np.ones((1, 2, 1)), cache, 1)
got = check.results(got, *names_back)
check.close("dx", got[0], [[[2.73], [1.92]]], axes="N T D")
check.close("dW_hh", got[3], [[0.192]], axes="H H")
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
dh, cache = oracle.random_sequence(rng, N, T, D, H)
want = oracle.truncated_backward(dh, cache, 1)
got = check.call(truncated_backward, dh, cache, 1)
got = check.results(got, *names_back)
for name, i in (("dx", 0), ("dW_xh", 2), ("dW_hh", 3), ("db_h", 4)):
    check.close(name, got[i], want[i])
### END HIDDEN TESTS

# %% check="truncated_pieces" points=4
# Three steps, k = 2: the pieces are steps 0 and 1, and step 2 alone.
cache = {"x": np.ones((1, 3, 1)), "h_0": np.zeros((1, 1))}
cache |= {"h": np.array([[[0.3], [-0.6], [0.2]]]), "W_xh": np.array([[1.0]])}
cache["W_hh"] = np.array([[2.0]])
got = check.call(truncated_backward, np.ones((1, 3, 1)), cache, 2)
got = check.results(got, *names_back)
check.close("dx", got[0], [[[2.0748], [0.64], [0.96]]], axes="N T D")
check.close("dh_0", got[1], [[4.1496]], axes="N H")
check.close("db_h", got[4], [3.6748], axes="H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 4]))
T, k = int(rng.choice([7, 8])), int(rng.choice([3, 5]))
dh, cache = oracle.random_sequence(rng, N, T, D, H)
want = oracle.truncated_backward(dh, cache, k)
got = check.call(truncated_backward, dh, cache, k)
got = check.results(got, *names_back)
for i, name in enumerate(("dx", "dh_0", "dW_xh", "dW_hh", "db_h")):
    check.close(name, got[i], want[i])
### END HIDDEN TESTS

# %% [markdown]
# ### Question 3 (6 points)
#
# You train on text with truncated backpropagation, $k = 20$, and carry the
# state from piece to piece. In this text a bracket that is opened is often
# closed only about 100 letters later.
#
# 1. Can the *forward* pass still carry the information "a bracket is open"
#    over 100 letters?
# 2. Can the gradient teach the network to do so? Why, or why not?
# 3. Such networks sometimes learn it all the same. How could that be?

# %% [markdown] answer="what_truncation_loses" points=6
# 1. Yes. The state is handed forward over all cuts; nothing is lost there that
#    the weights don't throw away themselves.
# 2. Not directly. The error at the closing bracket is handed back over at most
#    20 steps. The step at which the bracket was opened gets no error from it,
#    so no gradient says "remember this".
# 3. Brackets that are closed within 20 letters do give a gradient. If from
#    these the network learns to keep the information in a way that doesn't
#    depend on the distance (a unit that stays on until the bracket closes), it
#    works over longer distances as well.
#
# **Marking scheme**
# - 2 points: 1 for yes; 1 for the reason: the state crosses the cuts
# - 2 points: 1 for no; 1 for the reason: the error stops at the cut, so the
#   opening step gets no gradient from the closing one
# - 2 points: 1 for where a gradient does come from: brackets closed within a
#   piece, or another signal inside it; 1 for why that carries further: what is
#   learned there doesn't depend on the distance, or is refreshed piece by piece

# %% [markdown]
# ## 8. Update, and repeat
#
# The gradient points uphill. So we take a small step downhill, the *learning
# rate* times the gradient, for all parameters at once:
#
# $$w \leftarrow w - \text{learning rate} \cdot dw$$
#
# This is *gradient descent*. (SGD stands for *stochastic* gradient descent: as
# a rule each step sees another few examples, drawn by chance. Ours sees its one
# word every time.)
#
# ### Exercise: `sgd_step`


# %% exercise="sgd_step"
def sgd_step(params, grads, learning_rate):
    """One step downhill. About 1 line.

    params, grads: dicts of arrays with the same names and shapes.
    Returns a new dict; the arrays of `params` are the same afterwards.
    """
    ### BEGIN SOLUTION
    return {
        name: params[name] - learning_rate * grads[name] for name in params
    }
    ### END SOLUTION


# %% check="sgd_values" points=3
# Against the gradient, every parameter.
old = {"w": np.array([1.0, 2.0]), "b": np.array([0.5])}
grads = {"w": np.array([10.0, -10.0]), "b": np.array([1.0])}
new = check.call(sgd_step, old, grads, 0.1)
check.close("params", new, {"w": np.array([0.0, 3.0]), "b": np.array([0.4])})
### BEGIN HIDDEN TESTS
old, grads = random_params(rng, 3, 4), random_params(rng, 3, 4)
learning_rate = float(rng.uniform(0.1, 1))
right = oracle.sgd_step(old, grads, learning_rate)
new = check.call(sgd_step, old, grads, learning_rate)
check.close("params", new, right)
### END HIDDEN TESTS

# %% check="sgd_keeps_params" points=2
# The old parameters are still there, to compare or to go back to.
old = {"w": np.array([1.0, 2.0])}
new = check.call(sgd_step, old, {"w": np.ones(2)}, 0.1)
check.array("the new w", new["w"], (2,))
check.close("the old w", old["w"], [1.0, 2.0])
check.differs("the new w and the old", new["w"], old["w"])
check.close("between the two new weights", new["w"][1] - new["w"][0], 1.0)
### BEGIN HIDDEN TESTS
old, grads = random_params(rng, 3, 4), random_params(rng, 3, 4)
before = {name: array.copy() for name, array in old.items()}
check.call(sgd_step, old, grads, 0.3)
check.unchanged("params", before, old)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `train`
#
# Now everything comes together. The text gives inputs and targets: at each
# step the network reads one letter and should say the next. Repeat `steps`
# times: `run`, `cross_entropy`, `read_out_backward`, `rnn_backward`,
# `sgd_step`. The gradients go into a dict with the names of the parameters.
# The params that come in stay as they are; the new ones are returned.


# %% exercise="train"
def train(ids, params, steps, learning_rate):
    """Train on one text, all of it in every step. About 10 lines.

    ids: whole numbers (length,), the letters of the text.
    Returns the new params and a list of the losses, one for each step, each
    before its update.
    """
    x = one_hot([ids[:-1]], params["b_y"].size)
    targets, losses = np.array([ids[1:]]), []
    ### BEGIN SOLUTION
    for _ in range(steps):
        logits, h, cache = run(x, params)
        loss, dlogits = cross_entropy(logits, targets)
        dh, dW_hy, db_y = read_out_backward(dlogits, h, params["W_hy"])
        _, _, dW_xh, dW_hh, db_h = rnn_backward(dh, cache)
        grads = {"W_xh": dW_xh, "W_hh": dW_hh, "b_h": db_h}
        grads |= {"W_hy": dW_hy, "b_y": db_y}
        params = sgd_step(params, grads, learning_rate)
        losses.append(loss)
    return params, losses
    ### END SOLUTION


# %% [markdown]
# The moment you've worked for. What does the network say after each of the
# letters h, e, l, l, while it learns?


# %% show=true
def says(params):
    """What the network says after h, e, l, l."""
    logits, _, _ = run(x_hello, params)
    return "".join(vocabulary[i] for i in logits[0].argmax(axis=-1))


milestones = [0, 20, 60, 150, 400]
said = {n: says(train(hello, params, n, 0.1)[0]) for n in milestones}
trained, losses = train(hello, params, 400, 0.1)
fig, ax = plt.subplots(figsize=(6.4, 3.4))
bptt.draw_losses(ax, losses, said)
show(
    fig,
    alt="The loss over 400 training steps: it falls from 1.70 to about "
    "0.09, and is below the line of guessing evenly after five. Along the "
    "curve stands what the network says: hhhh at the start, ello at the end.",
)

# %% show=true
fig, axes = plt.subplots(1, 2, figsize=(8.6, 2.9))
for ax, p, title in zip(
    axes, (params, trained), ("Before", "After"), strict=True
):
    bptt.draw_predictions(
        ax,
        softmax(run(x_hello, p)[0])[0],
        list("hell"),
        list("ello"),
        vocabulary,
    )
    ax.set_title(f"{title} training it says {says(p)!r}")
show(
    fig,
    alt="Two heat maps of the probabilities, before and after training. "
    "After it the largest probability of each column is in the frame of "
    "the right letter.",
)

# %% [markdown]
# It reads "hell" and says "ello": the network has learned to spell "hello".
# Look at the two columns under l. The input is the same, the answers differ:
# first "l", then "o". That's the memory which the feedforward network of the
# last lesson lacked. Before training no unit of the state told the two l's
# apart by more than 0.011; now the third one does by 1.1, 0.29 against -0.81.
# Nobody programmed that: the error, walking back through time, has made room
# for it in the state.
#
# Drag the slider through the training, and watch the two l's part:

# %% show=true
snapshots = {
    n: softmax(run(x_hello, train(hello, params, n, 0.1)[0])[0])[0]
    for n in range(0, 401, 20)
}


def draw_training(ax, steps):
    bptt.draw_predictions(
        ax, snapshots[steps], list("hell"), list("ello"), vocabulary
    )
    ax.set_title(f"After {steps} training steps")


explore(
    draw_training,
    steps=(0, 400, 20),
    static={"steps": [0, 40, 120, 400]},
    size=(4.2, 2.9),
    alt="The probabilities after h, e, l, l at a step of the training, with "
    "frames at the right letters.",
)

# %% check="train_losses" points=2
# Three steps on "hello": each loss before its update.
before = {name: array.copy() for name, array in params.items()}
got = check.call(train, hello, params, 3, 0.1)
_, losses = check.results(got, "params", "losses")
check.close("losses", losses, [1.702818649, 1.603016726, 1.521562912])
check.unchanged("params", before, params)
### BEGIN HIDDEN TESTS
V, H = int(rng.integers(4, 7)), 6
ids, start = rng.integers(V, size=6).tolist(), random_params(rng, V, H)
want, expected_losses = oracle.train(ids, start, 4, 0.3)
both = check.call(train, ids, start, 4, 0.3)
got, losses = check.results(both, "params", "losses")
check.close("losses", losses, expected_losses, rtol=1e-6)
check.close("params", got, want, rtol=1e-6, atol=1e-8)
### END HIDDEN TESTS

# %% check="train_learns" points=3
# After 200 larger steps it spells: the loss of what you return is small.
both = check.call(train, hello, params, 200, 0.3)
got, _ = check.results(both, "params", "losses")
right = softmax(run(x_hello, got)[0])[0, range(4), hello[1:]]
loss = -np.log(right).mean()
check.that(loss < 0.1, f"hello: the loss of your params is {loss:.3f}")
### BEGIN HIDDEN TESTS
V, H = int(rng.integers(4, 7)), 12
ids = rng.integers(V, size=int(rng.integers(4, 8))).tolist()
both = check.call(train, ids, random_params(rng, V, H), 200, 0.5)
got, _ = check.results(both, "params", "losses")
loss = oracle.loss_of(got, ids)
check.that(loss < 0.1, f"another word: the loss of your params is {loss:.3f}")
### END HIDDEN TESTS

# %% [markdown]
# ## Summary
#
# - Training repeats four steps: forward, loss, backward, update.
# - Softmax and cross-entropy together have the gradient $p - q$: what you said
#   minus what you should have said.
# - One rule for matrix products: $dX = dY\,W^\top$, $dW = X^\top dY$.
# - A state is used by its output and by the next step, so its error is the sum
#   of two. The weights are used in every step, so their gradient is the sum
#   over all steps.
# - A gradient can be measured by central differences; with $\varepsilon$
#   neither too large nor too small.
# - Truncation cuts the way back, not the way forward.
#
# ## Open questions
#
# - At each step back the error was multiplied by $W_{hh}^\top$ and by
#   $1 - h_t^2$. In "hello" it shrank every time. Must it? What if the factor
#   were larger than 1? (`04_gradients`)
# - "In 2004, I started college" and "I started college in 2004": could your
#   network learn what depends on a word 50 steps back? (`04_gradients`)
# - Is there a way to build a state through which the error walks back
#   *unharmed*? (`05_gates`)

# %% [markdown]
# # Backpropagation through time
#
# `02_forward_pass` ended with a network that reads "he" and says "h", where an
# "l" should come. The network isn't broken: nobody has told it what we want. It
# has 40 numbers that we could change, and we didn't know in which direction.
# **Today you find the direction, for all 40 at once, and at the end your
# network spells "hello", and then your own name.**
#
# **When you are done, you can**
#
# - derive the gradient of softmax and cross-entropy, and say what it means;
# - send an error back through a matrix product, through tanh, and through time;
# - tell a right gradient from a wrong one, without anybody's help;
# - say what truncation cuts, and what it leaves alone;
# - read off a loss what a network has learned, and what it has not.
#
# **You need** the forward pass of `02_forward_pass`, the chain rule, and matrix
# products. **Time:** four to five hours, the questions included.
#
# Training repeats four steps, and so does this lesson:
#
# | step | you write |
# |---|---|
# | 1. forward pass | given: you wrote it in `02_forward_pass` |
# | 2. the error under a loss | `cross_entropy` |
# | 3. back-propagate the error to all parameters | `read_out_backward`, `rnn_step_backward`, `rnn_backward`, `truncated_backward` |
# | 4. update all parameters | `sgd_step`, then `train`, which repeats it all |
# | for long texts (no points) | `train_in_pieces`, which updates on the way |
#
# One more function, `numeric_gradient`, makes you independent of teachers: it
# tells you whether a gradient is right, yours or anybody's.

# %%
import matplotlib.pyplot as plt
import numpy as np

from unrolled.lab import check, explore, show, style
from unrolled.lab.figures import bptt, error_flow
from unrolled.lab.models.memoryless import train_memoryless

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
# **A yardstick.** If you guess evenly among $V$ letters, you pay $\log V$ a
# letter, here $\log 4 = 1.386$ nats. A network that pays more is *worse* than
# one that knows nothing.
#
# **The first gradient.** How does the loss change with each logit? The answer
# is so simple that it's worth a pause:
#
# $$\frac{\partial\,\text{loss}}{\partial\,\text{logits}_{n,t}} =
# \frac{p_{n,t} - q_{n,t}}{N\,T}$$
#
# where $q_{n,t}$ is the one-hot vector of the target. What you said, minus
# what you should have said. (Many books write $p - y$. Here $y$ is the output,
# as before.)
#
# **Where does it come from?** Take one letter, whose target is $k$, and call its
# logits $y_1 \dots y_V$. Its loss is
#
# $$-\log p_k = -\log \frac{e^{y_k}}{\sum_j e^{y_j}} = -y_k + \log \sum_j e^{y_j}.$$
#
# Now change one logit, $y_i$. The first term has the slope $-1$ if $i = k$, and
# 0 otherwise: that's $-q_i$. The second is the logarithm of a sum in which $y_i$
# stands once, so by the chain rule its slope is $e^{y_i} / \sum_j e^{y_j}$:
# that's $p_i$, the softmax again. Together $p_i - q_i$. The mean over $N\,T$
# letters divides it by $N\,T$.
#
# In code, the gradient of the loss with respect to some array has a `d` in
# front of the array's name: `dlogits` is the one above. It always has the
# array's shape, for it says of each of its numbers how the loss changes with
# it.
#
# ### Exercise: `cross_entropy` (20 minutes, medium)
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
# ### Exercise: `read_out_backward` (15 minutes, medium)


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
# ### Exercise: `numeric_gradient` (15 minutes, medium)
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
# ### Exercise: `rnn_step_backward` (20 minutes, medium)


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
# ### By hand, once
#
# Before you let a loop do it, do it with a pencil: one unit, two steps. The
# weights are $W_{xh} = 1$, $W_{hh} = 0.5$ and $b_h = 0$. The network begins with
# $h_0 = 1$ and reads $x_1 = 0.5$ and $x_2 = 0$. On the way back, the outputs send
# 0.2 to $h_1$ and 1 to $h_2$.

# %% show=true
one = {"W_xh": np.ones((1, 1)), "W_hh": np.full((1, 1), 0.5)}
one |= {"b_h": np.zeros(1)}
x_one, h_start = np.array([[[0.5], [0.0]]]), np.ones((1, 1))
h_one, cache_one = rnn_forward_cached(x_one, h_start, **one)
forward_one = {"states": [1.0, *h_one.ravel()], "inputs": x_one.ravel()}
forward_one["outputs"] = [0.2, 1.0]
fig, ax = plt.subplots(figsize=(8.0, 3.4))
error_flow.draw_by_hand(ax, **forward_one)
show(
    fig,
    alt="A network of one unit over two steps. Forward: h_0 = 1, h_1 = 0.762, "
    "h_2 = 0.363, with the inputs 0.5 and 0. Backward: the outputs send 0.2 "
    "to h_1 and 1 to h_2; the four other places have question marks.",
)

# %% [markdown]
# Fill in the four places, from the right to the left, with three digits. Then
# add up the gradients of $W_{hh}$, $W_{xh}$ and $b_h$ over the two steps. Write
# your numbers down before you go on.
#
# <details><summary>Where do I begin?</summary>
# At the end: nothing is handed back to the last state, so its error is what its
# output sends. What does tanh do to it? Its slope there is 1 - 0.363².
# </details>
# <details><summary>And then?</summary>
# From inside the tanh, the error goes back through the weight that leads from
# the first state to the second. There it meets the error of the first output.
# </details>
# <details><summary>All numbers</summary>
# da_2 = 1 · (1 - 0.363²) = 0.868. Handed to h_1: 0.868 · 0.5 = 0.434. There the
# error is 0.2 + 0.434 = 0.634, so da_1 = 0.634 · (1 - 0.762²) = 0.266. Handed to
# h_0: 0.266 · 0.5 = 0.133. dW_hh = 0.762 · 0.868 + 1 · 0.266 = 0.927, dW_xh =
# 0 · 0.868 + 0.5 · 0.266 = 0.133, db_h = 0.868 + 0.266 = 1.134.
# </details>
#
# Does your `rnn_step_backward` agree? It's called twice here, and between the
# calls stands the one line that matters.

# %% show=true
dh_2 = np.array([[1.0]])
_, to_h_1, _, _, da_2 = rnn_step_backward(dh_2, step_of(cache_one, 1))
dh_1 = np.array([[0.2]]) + to_h_1  # from its own output, and from later
_, to_h_0, _, _, da_1 = rnn_step_backward(dh_1, step_of(cache_one, 0))
inside = [da_1.item(), da_2.item()]  # with N = 1, db_h is da_t itself
fig, ax = plt.subplots(figsize=(8.0, 3.4))
error_flow.draw_by_hand(
    ax, **forward_one, inside=inside, handed=[to_h_0.item(), to_h_1.item()]
)
show(
    fig,
    alt="The same network with all its numbers: da_2 = 0.868, handed to h_1 "
    "0.434, da_1 = 0.266, handed to h_0 0.133.",
)

# %% [markdown]
# The error that $h_1$ passes on is more than its own output asked for: 0.634
# instead of 0.2. That's all there is to backpropagation through time. The rest
# is a loop.
#
# ### Exercise: `rnn_backward` (30 minutes, hard)
#
# `step_of(cache, t)` gives you the cache of step $t$.
#
# <details><summary>A question to begin with</summary>
# Which step has to come first, and what does it hand to the next turn of the
# loop?
# </details>
# <details><summary>The idea</summary>
# Keep one array for the error that comes from later. It starts as zeros, is
# added to the error of the output, and gets a new value in every turn. What's in
# it after the last turn is one of the results.
# </details>


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
# Your result, on "hello". Below, each arrow is as wide as the error that it
# carries: down from an output into its state, and from each state to the one
# before. With the slider you let a single output be wrong.


# %% show=true
def handed_back(dh):
    """How large the error is that your function hands to h_0, h_1, ..."""
    sizes, h_t = [], cache_hello["h_0"]
    weights = (params["W_xh"], params["W_hh"], params["b_h"])
    for t in range(4):
        _, rest = rnn_forward_cached(x_hello[:, t:], h_t, *weights)
        sizes.append(np.linalg.norm(rnn_backward(dh[:, t:], rest)[1]))
        h_t = h_hello[:, t]
    return np.array(sizes)


def draw_errors(ax, wrong):
    """The errors on their way, if all outputs are wrong, or only one."""
    asked = np.array([wrong in ("all", f"output {t + 1}") for t in range(4)])
    dh = dh_hello * asked[:, None]
    sizes = np.linalg.norm(dh[0], axis=-1)
    error_flow.draw_error_flow(ax, sizes, handed_back(dh), "hell")


# %% show=true
explore(
    draw_errors,
    wrong=["all", "output 1", "output 2", "output 3", "output 4"],
    static={"wrong": ["all", "output 4"]},
    size=(9.0, 2.9),
    alt="The network that reads h, e, l, l, with arrows as wide as the errors "
    "on their way back. With all outputs wrong the arrows down from the "
    "outputs are about ten times as wide as those between the states; with "
    "the last output alone they get thinner and thinner towards the start.",
)

# %% [markdown]
# What comes from later is small here, about a tenth of what a state hears from
# its own output. This untrained network hardly listens to its past, so its past
# hardly hears of the errors.
#
# Suppose only the **last** output of "hello" is wrong. How much
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
# ### All of it, checked twice
#
# Now you have the gradient of the loss in all five arrays of the network. Let two
# judges who know nothing of your code say whether it's right. The first is
# your own `numeric_gradient`, which moves each of the 40 numbers up and down and
# runs the whole network, from the letters to the loss.

# %% show=true
names = ("W_hy", "b_y", "W_xh", "W_hh", "b_h")
behind = rnn_backward(dh_hello, cache_hello)[2:]
mine = (dW_hy_hello, db_y_hello, *behind)


def loss_with(name, array):
    """The loss of the whole network with `array` as its parameter `name`."""
    logits, _, _ = run(x_hello, params | {name: array})
    return cross_entropy(logits, targets_hello)[0]


for name, gradient in zip(names, mine, strict=True):
    slope = numeric_gradient(lambda w, n=name: loss_with(n, w), params[name])
    off = np.abs(gradient - slope).max()
    print(f"{name:4} {gradient.size:2} numbers, largest difference {off:.0e}")

# %% [markdown]
# The second is PyTorch. You write the forward pass only. PyTorch keeps a cache
# of its own while it computes, and `loss.backward()` walks back through it.

# %% show=true
import torch

leaves = {n: torch.tensor(a, requires_grad=True) for n, a in params.items()}
W_xh, W_hh, b_h, W_hy, b_y = leaves.values()
h_t, outputs = torch.zeros(3, dtype=torch.float64), []
for x_t in torch.tensor(x_hello[0]):
    h_t = torch.tanh(x_t @ W_xh + h_t @ W_hh + b_h)
    outputs.append(h_t @ W_hy + b_y)
loss = torch.nn.functional.cross_entropy(
    torch.stack(outputs), torch.tensor(targets_hello[0])
)
loss.backward()
for name, gradient in zip(names, mine, strict=True):
    off = np.abs(gradient - leaves[name].grad.numpy()).max()
    print(f"{name:4} largest difference {off:.0e}")

# %% [markdown]
# Against the measured slopes the difference is about $10^{-11}$, which is how
# well one can measure. Against PyTorch it's below $10^{-15}$: the last digit of
# a float. You've written what `loss.backward()` does.
#
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
# ### Exercise: `truncated_backward` (25 minutes, hard)
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
# ### Exercise: `sgd_step` (5 minutes, easy)


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
# ### Exercise: `train` (20 minutes, medium)
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


stages, curve = {0: params}, []
for n in range(0, 400, 10):
    stages[n + 10], more = train(hello, stages[n], 10, 0.1)
    curve.extend(more)
trained = stages[400]
print(f"the loss falls from {curve[0]:.2f} to {curve[-1]:.2f}")
print(f"before it says {says(params)!r}, now {says(trained)!r}")

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
# It reads "hell" and says "ello": the network has learned to spell "hello".
#
# ## 9. Three acts
#
# A loss says more than that it falls, if you know what it could be. Three
# networks that know less than everything, and what they pay:
#
# | it knows | so it says | it pays |
# |---|---|---|
# | nothing | anything | $\log 4 = 1.386$ |
# | how often each letter comes: of e, l, l, o every second is an l | "llll" | 1.040 |
# | and the letter that it's reading: after h comes e, after e comes l, after l comes l or o | "elll" | $\log(2) / 2 = 0.347$ |
#
# The third row is the best that *any* network without memory can do. Two of its
# four letters are certain and cost nothing; the two after an l are a toss-up and
# cost $\log 2$ each.

# %% show=true
frequencies = np.bincount(hello[1:]) / 4  # of h, e, l, o among the targets
by_letter = np.array([1, 1, 1 / 2, 1 / 2])  # what each target gets, at best
yardsticks = {
    "guessing": np.log(4),
    "frequencies": -np.log(frequencies[hello[1:]]).mean(),
    "without memory": -np.log(by_letter).mean(),
}
print({name: round(float(nats), 3) for name, nats in yardsticks.items()})

# %% [markdown]
# To see what memory is worth, we train a **twin** beside it. It has the same
# weights at the start and takes the same steps, but each letter is new to it:
# its state is $\tanh(x_t W_{xh} + b_h)$, with nothing from before. (PyTorch does
# its training. It's in the package, as `train_memoryless`.)
#
# **Guess before you run the next cell**, and write it down: at which of the three
# lines will the loss linger? Which letters will the network get right first, and
# where will the twin stop?

# %% show=true
twin_losses, twin_ids = train_memoryless(
    x_hello[0], targets_hello[0], params, steps=400, learning_rate=0.1
)
twin_says = "".join(vocabulary[i] for i in twin_ids)
h_of = {n: run(x_hello, p)[1][0] for n, p in stages.items()}  # (T, H) each
apart = {n: np.abs(h[2] - h[3]).max() for n, h in h_of.items()}
said = {n: says(stages[n]) for n in (0, 30, 150, 400)}
fig, axes = plt.subplots(2, 1, figsize=(7.2, 5.6), height_ratios=(5, 2))
bptt.draw_losses(axes[0], curve, said, yardsticks, (twin_losses, twin_says))
bptt.draw_parting(axes[1], apart)
show(fig, alt=bptt.describe_acts(curve, said, twin_losses, twin_says))

# %% [markdown]
# **Act one.** Within 5 steps the loss is below that of guessing, and the network
# says "llll". It has learned which letter is frequent, and nothing else.
#
# **Act two.** From step 65 on it says "elll". It uses the letter that it reads.
# So does the twin, a little later, and there the twin's story ends: after 400
# steps it pays 0.422, and however long you train it, it won't get below 0.347.
#
# **Act three.** The lower figure shows how far apart the states are after the
# first l and after the second. For over a hundred steps nothing happens. Then
# they part, and as soon as they do, the loss has something to hold on to: from
# step 203 on the network says "ello", and at step 216 it falls below the line
# that nobody without memory can cross.
#
# Why does the third act take so long to begin? To tell the two l's apart, the
# read-out needs a difference between the states, and the states need a read-out
# that asks for one. At the start there's hardly any of either, so each gives the
# other only a little to work with.
#
# Here are the probabilities, before and after:

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
# Look at the two columns under l. The input is the same, the answers differ:
# first "l", then "o". That's the memory which the feedforward network of the
# last lesson lacked. Before training no unit of the state told the two l's
# apart by more than 0.011; now the third one does by 1.1, 0.29 against -0.81.
# Nobody programmed that: the error, walking back through time, has made room
# for it in the state.
#
# Drag the slider through the training, and watch the two l's part:


# %% show=true
def draw_training(ax, steps):
    p = softmax(run(x_hello, stages[steps])[0])[0]
    bptt.draw_predictions(ax, p, list("hell"), list("ello"), vocabulary)
    ax.set_title(
        f"After {steps} training steps it says {says(stages[steps])!r}"
    )


explore(
    draw_training,
    steps=(0, 400, 10),
    static={"steps": [0, 40, 120, 400]},
    size=(4.2, 2.9),
    alt="The probabilities after h, e, l, l at a step of the training, with "
    "frames at the right letters.",
)

# %% [markdown]
# ## 10. Let it write
#
# So far we have fed the letters of "hello" to the network. Now it gets the first
# one only. Then it reads what it has said itself.


# %% show=true
def write(first, params, vocabulary, most=12):
    """Let the network write, from its first letter to a full stop."""
    ids = [vocabulary.index(first)]
    while len(ids) < most and vocabulary[ids[-1]] != ".":
        logits, _, _ = run(one_hot([ids], len(vocabulary)), params)
        ids.append(int(logits[0, -1].argmax()))
    return "".join(vocabulary[i] for i in ids)


print(write("h", trained, vocabulary))

# %% [markdown]
# It spells "hello", and then it doesn't know when to stop. Why does it say "o"
# again and again? Think of what it was trained on before you open the answer.
#
# <details><summary>Why?</summary>
# In training it never read an "o": the o of "hello" was only ever a target. No
# error was ever sent for what it says after an o, so no weight has been told
# what should come there. It's outside of all that it knows, and still it answers:
# a softmax always does.
# </details>
#
# So tell it where the end is. Write your own name between the quotation marks.
# The full stop behind it is a letter like any other.

# %% show=true
name = "ada"
text = name.strip(".") + "."
letters = sorted(set(text))
ids = [letters.index(letter) for letter in text]
start = random_params(np.random.default_rng(0), len(letters), 16)
knows_me, its_losses = train(ids, start, 400, 0.3)
print(write(text[0], start, letters, len(text) + 9), "before the training")
print(write(text[0], knows_me, letters, len(text) + 9), "after it")

# %% [markdown]
# Does it stop in time? In "anna" or "mississippi" it has to count its letters: the
# same letter is followed now by one, now by another. Try a name that is hard.
#
# ## 11. Truncation as it is practised
#
# `truncated_backward` sums up the gradients of all pieces, and then there's one
# update. In practice nobody waits so long. After each piece the parameters are
# updated, and the next piece is read with the new ones. Only the state is handed
# on, as a number without a past. A text of 182 steps in pieces of 10 then gives
# 19 updates for one reading, not one.
#
# ### Exercise: `train_in_pieces` (no points, 25 minutes, hard)
#
# One reading of the text: for each piece forward, loss,
# backward, update, with the last state of a piece as `h_0` of the next. `run`
# always begins with zeros, so here you call `rnn_forward_cached` yourself.
#
# <details><summary>A question to begin with</summary>
# A piece of k inputs has k targets. How many letters of the text is that?
# </details>
# <details><summary>The idea</summary>
# It's your `train`, whose loop walks over the starts of the pieces instead of
# repeating the same thing, and which remembers one array more from turn to turn.
# </details>


# %% exercise="train_in_pieces"
def train_in_pieces(ids, params, k, learning_rate):
    """Read a text once, with an update after every k steps. About 14 lines.

    ids: whole numbers (length,), the letters of the text; k: steps in a piece.
    Returns the new params and a list of the losses, one for each piece, each
    before its update.
    """
    x = one_hot([ids[:-1]], params["b_y"].size)  # (1, T, V)
    targets, losses = np.array([ids[1:]]), []
    h_0 = np.zeros((1, params["b_h"].size))
    ### BEGIN SOLUTION
    for start in range(0, x.shape[1], k):
        part = slice(start, start + k)
        weights = (params["W_xh"], params["W_hh"], params["b_h"])
        h, cache = rnn_forward_cached(x[:, part], h_0, *weights)
        logits = h @ params["W_hy"] + params["b_y"]
        loss, dlogits = cross_entropy(logits, targets[:, part])
        dh, dW_hy, db_y = read_out_backward(dlogits, h, params["W_hy"])
        _, _, dW_xh, dW_hh, db_h = rnn_backward(dh, cache)
        grads = {"W_xh": dW_xh, "W_hh": dW_hh, "b_h": db_h}
        grads |= {"W_hy": dW_hy, "b_y": db_y}
        params = sgd_step(params, grads, learning_rate)
        h_0 = h[:, -1]
        losses.append(loss)
    return params, losses
    ### END SOLUTION


# %% [markdown]
# Nobody grades it. Three things have to be true of it all the same, and your
# other functions can tell. With a single piece it's one step of `train`. With a
# learning rate of 0 the pieces together have the loss of the whole text, if the
# state is handed on. And two pieces with an update between them are two different
# networks.

# %% show=true
got, losses_1 = train_in_pieces(hello, params, 4, 0.1)
right, losses_2 = train(hello, params, 1, 0.1)
check.close("params after one piece", got, right)
check.close("losses of one piece", losses_1, losses_2)
_, still = train_in_pieces(hello, params, 2, 0.0)
check.close("mean loss of two pieces", np.mean(still), losses_2[0])
got, moving = train_in_pieces(hello, params, 2, 0.1)
check.equal("number of losses", len(moving), 2)
check.differs("second loss after an update, and without", moving[1], still[1])
print("right: one piece, the state handed on, an update after each piece")

# %% [markdown]
# What's it worth? Five networks read the same text 60 times, in pieces of
# different lengths, all with the same learning rate.
#
# **Guess first:** which length ends with the lowest loss?

# %% show=true
story = "training repeats four steps: the forward pass, the loss, the "
story += "backward pass and the update. the state runs forward through "
story += "the whole text, and the error is handed back within a piece. "
signs = sorted(set(story))
story_ids = [signs.index(sign) for sign in story]
lengths = {}
for k in (5, 10, 20, 60, len(story) - 1):
    p = random_params(np.random.default_rng(0), len(signs), 24)
    means = []
    for _ in range(60):
        p, piece_losses = train_in_pieces(story_ids, p, k, 0.1)
        means.append(np.mean(piece_losses))
    lengths[k] = means
fig, ax = plt.subplots(figsize=(6.8, 3.4))
bptt.draw_readings(ax, lengths)
show(fig, alt=bptt.describe_readings(lengths))

# %% [markdown]
# Every network has read the same letters equally often, but the one with short
# pieces was corrected far more often on the way. With five random starts, pieces
# of 5 steps end between about 0.9 and 1.25, and the whole text in one piece between
# 2.8 and 3.6. Short pieces aren't better in every respect, though. What lies
# further apart than a piece gets no gradient (question 3). And each update sees
# little of the text, so it's noisy: with a learning rate of 0.3, pieces of 5 end
# between about 2 and 3.1.
#
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
# - Truncation cuts the way back, not the way forward. In practice there is an
#   update after each piece.
# - A loss means something beside a yardstick: guessing, frequencies, the best
#   without memory.
#
# ## What others call it
#
# | here | elsewhere |
# |---|---|
# | cross-entropy | negative log-likelihood, log loss; $e$ to its power is the *perplexity* |
# | `dh_t` | delta, error signal, adjoint, cotangent |
# | `rnn_backward` | reverse-mode automatic differentiation; a *vector-Jacobian product* |
# | cache | saved tensors, the tape |
# | `numeric_gradient` | gradient check, finite differences |
# | truncated backpropagation | TBPTT; the cut is a `detach` or *stop-gradient* |
# | feeding the right letters in training | teacher forcing |
# | always saying the most probable letter | greedy decoding |
# | one reading of the whole text | an epoch |
#
# ## To read on
#
# - S. Linnainmaa, *Taylor expansion of the accumulated rounding error*, BIT 16
#   (1976): backpropagation before there were networks to train with it.
# - D. Rumelhart, G. Hinton, R. Williams, *Learning representations by
#   back-propagating errors*, Nature 323 (1986). Its last part unfolds a
#   recurrent network.
# - P. Werbos, *Backpropagation through time: what it does and how to do it*,
#   Proceedings of the IEEE 78 (1990).
# - R. Williams, D. Zipser, *A learning algorithm for continually running fully
#   recurrent neural networks*, Neural Computation 1 (1989): gradients that are
#   carried *forward*, and teacher forcing.
# - R. Williams, J. Peng, *An efficient gradient-based algorithm for on-line
#   training of recurrent network trajectories*, Neural Computation 2 (1990):
#   truncation.
# - J. Elman, *Finding structure in time*, Cognitive Science 14 (1990): networks
#   that read letters and words, and what their states have learned.
# - A. Baydin, B. Pearlmutter, A. Radul, J. Siskind, *Automatic differentiation in
#   machine learning: a survey*, Journal of Machine Learning Research 18 (2018).
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

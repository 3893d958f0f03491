# %% [markdown]
# # Gates: LSTM and GRU
#
# The plain network forgets, and `04_gradients` showed why. Its state is
# **multiplied** at every step, by $W_{hh}$ and by the slope of tanh, on the
# way forward and on the way back. A factor below 1, and the past melts away; a
# factor above 1, and it blows up. The lesson left a question: *could a network
# have a way on which the state is handed on untouched, and decide for itself
# what to write there, what to keep and what to drop?*
#
# It can. Today you build such a network, first with one gate, then with all
# four, and you show that it's the very one inside PyTorch.
#
# **When you are done, you can** say what each gate is for and write all of them;
# follow an error back through a step of an LSTM; choose the bias of a forget gate
# on purpose; and move weights between your code and PyTorch's. **You need**
# `03_bptt` and `04_gradients`. **Time:** about five hours, the questions included.
#
# | you write | it computes |
# |---|---|
# | `cell_forward` | a memory with a forget gate |
# | `lstm_gates`, `lstm_step`, `lstm_forward` | the LSTM |
# | `lstm_cell_backward`, `lstm_step_backward` | its way back, one step |
# | `gru_step`, `gru_forward` | the GRU, the LSTM's simpler relative |
# | `weights_from_torch` | your arrays, out of a network of PyTorch |
# | `count_parameters` | what the gates cost |
#
# At the end three networks learn to remember a year over many words, and you
# look into every gate of a fourth while it reads.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from unrolled.lab import check, explore, reader, recall, show, style
from unrolled.lab.figures import bptt, gate_diagrams, gates

style.use()

# %% [markdown]
# ## 1. The leak
#
# One hidden unit, no input, and one number to keep for 200 steps. The plain
# network has a single knob for that, its recurrent weight $w$:
#
# $$h_t = \tanh(w\,h_{t-1})$$
#
# We start once with 0.7 and once with 0.2. **Guess before you run the cell:**
# which $w$ keeps both numbers: 0.9, 1 or 1.1?


# %% show=true
def plain_unit(w, h, T=200):
    """The states of one unit that only hears itself: (T + 1,)."""
    states = [h]
    for _ in range(T):
        states.append(np.tanh(w * states[-1]))
    return np.array(states)


leaks = {f"w = {w}": plain_unit(w, 0.7) for w in (0.9, 1, 1.1)}
leaks_low = {f"w = {w}": plain_unit(w, 0.2) for w in (0.9, 1, 1.1)}
fig, ax = plt.subplots(figsize=(6.8, 3.6))
gates.draw_leaks(ax, leaks, leaks_low)
show(
    fig,
    alt="The state of one unit over 200 steps for three weights, from 0.7 and "
    "from 0.2. With w = 0.9 both go to 0, with w = 1 both sink slowly to "
    "0.1 and below, with w = 1.1 both end at 0.50.",
)

# %% [markdown]
# None. With 0.9 the number is gone after 50 steps. With 1.1 it stands still,
# but at 0.50, from whichever number above 0 it came: that's the weight's
# number, not ours. The surprise is $w = 1$: nothing is multiplied away by the
# weight, and yet 0.7 sinks to 0.09, because tanh bends every number a little
# towards 0. It spoils the copy, a little at each step.
#
# Whatever we do to $w$, the number goes through a multiplication and a tanh at
# each step. That's the leak.
#
# ## 2. Add instead of multiply
#
# Here is the idea of the LSTM, before all gates: give the network a second
# state, the **cell** $c_t$, and never multiply it. What's new is added:
#
# $$c_t = c_{t-1} + g_t$$
#
# If nothing comes in, $g_t = 0$, the cell stays as it is, over 200 steps or
# two million, to the last digit. And backward? If $c_{t-1}$ rises by a little,
# $c_t$ rises by the same: $dc_{t-1} = dc_t$. The error walks back through time
# *unharmed*. That's what `03_bptt` asked for.
#
# So why not stop here? Let such a cell read a text, and put every year that it
# meets into the memory, as a number from 0 to 1: 2004 as
# $g = (2004 - 2000) / 20 = 0.2$, 2010 as 0.5. At all other words $g = 0$.

# %%
text = "In 2004 I started college . In 2010 I left it ."
words = text.split()
year_values = {"2004": 0.2, "2010": 0.5}
g_words = np.array([[[year_values.get(word, 0.0)] for word in words]])

# %% [markdown]
# The second year is *added* to the first. After "2010" the cell holds $0.2 +
# 0.5 = 0.7$, and that's the year 2014, which stands nowhere in the text. A
# memory that can't forget is no memory, it's a sum.
#
# At the full stop the old year should go. So we let the old cell pass through
# a **forget gate** $f_t$, a number between 0 and 1 for each unit and each
# step:
#
# $$c_t = f_t \odot c_{t-1} + g_t$$
#
# ($\odot$ multiplies number by number.) $f_t = 1$ keeps, $f_t = 0$ drops. Yes,
# we multiply again! But not with one fixed weight: the gate may be 1 for 200
# words and 0 at the next one.
#
# ### Exercise: `cell_forward` (10 minutes, easy)
#
# The equation above for every step, with the gates given. As always, $c_1$
# stands in `c[:, 0]`, and the start `c_0` isn't part of the result.


# %% exercise="cell_forward"
def cell_forward(g, f, c_0):
    """A memory with a forget gate, all steps. About 5 lines.

    g, f: (N, T, H), what is added and what is kept at each step; c_0: (N, H).
    Returns c: (N, T, H).
    """
    ### BEGIN SOLUTION
    cells, c_t = [], c_0
    for t in range(g.shape[1]):
        c_t = f[:, t] * c_t + g[:, t]
        cells.append(c_t)
    return np.stack(cells, axis=1)
    ### END SOLUTION


# %% [markdown]
# Your cell reads the text, without and with the gate, which we close at the
# full stops:

# %% show=true
f_words = np.array([[[0.0 if word == "." else 1.0] for word in words]])
c_start = np.zeros((1, 1))
cells = {
    "only added": cell_forward(g_words, np.ones(f_words.shape), c_start)[0],
    "with forget gate": cell_forward(g_words, f_words, c_start)[0],
}
fig, ax = plt.subplots(figsize=(8.4, 3.4))
gates.draw_cells(ax, words, cells, "2010")
show(
    fig,
    alt="What the cell holds after each word, as a year. Without a gate it "
    "jumps to 2004, and at the word 2010 on to 2014. With the forget gate "
    "it drops to 2000, nothing, at each full stop, and between the two "
    "stops it jumps to 2010.",
)

# %% [markdown]
# With the gate closed at the full stops, the memory is empty before the second
# year comes. Between them it holds its number without losing a digit.

# %% check="cell_adds" points=2
# All gates open: a running sum.
g = np.array([[[1.0], [2.0], [3.0]]])
c = check.call(cell_forward, g, np.ones((1, 3, 1)), np.zeros((1, 1)))
check.close("c", c, [[[1.0], [3.0], [6.0]]], axes="N T H")
### BEGIN HIDDEN TESTS
N, T, H = (int(size) for size in rng.permutation([2, 4, 5]))
g, f, c_0 = rng.normal(size=(N, T, H)), np.ones((N, T, H)), np.zeros((N, H))
right = oracle.cell_forward(g, f, c_0)
check.close("c", check.call(cell_forward, g, f, c_0), right, axes="N T H")
### END HIDDEN TESTS

# %% check="cell_forgets" points=3
# The gate works on what is old: half of it is kept here, then nothing.
g, f = np.array([[[1.0], [2.0], [3.0]]]), np.array([[[1.0], [0.5], [0.0]]])
c = check.call(cell_forward, g, f, np.zeros((1, 1)))
check.close("c", c, [[[1.0], [2.5], [3.0]]], axes="N T H")
### BEGIN HIDDEN TESTS
N, T, H = (int(size) for size in rng.permutation([2, 4, 5]))
g, f = rng.normal(size=(N, T, H)), rng.uniform(size=(N, T, H))
c_0 = np.zeros((N, H))
right = oracle.cell_forward(g, f, c_0)
check.close("c", check.call(cell_forward, g, f, c_0), right, axes="N T H")
### END HIDDEN TESTS

# %% check="cell_start" points=2
# The first gate decides about what was there at the start.
g, f = np.zeros((1, 2, 2)), np.array([[[1.0, 0.5], [1.0, 0.5]]])
c = check.call(cell_forward, g, f, np.array([[4.0, 8.0]]))
check.close("c", c, [[[4.0, 4.0], [4.0, 2.0]]], axes="N T H")
### BEGIN HIDDEN TESTS
N, T, H = (int(size) for size in rng.permutation([2, 4, 5]))
g, f = rng.normal(size=(N, T, H)), rng.uniform(size=(N, T, H))
c_0 = rng.normal(size=(N, H))
right = oracle.cell_forward(g, f, c_0)
check.close("c", check.call(cell_forward, g, f, c_0), right, axes="N T H")
### END HIDDEN TESTS

# %% [markdown]
# ### Question 1 (5 points)
#
# In the cell $c_t = f_t \odot c_{t-1} + g_t$, let $f_t = 0.99$ at every step.
#
# 1. Which part of $c_0$ is left in $c_{200}$? Which part of the error
#    $dc_{200}$ arrives at $c_0$?
# 2. The plain network lost its past by factors below 1, too. What's the
#    difference between that loss and this one?
# 3. Where $f_t = 0$, no error walks back at all. Why is that no harm?

# %% [markdown] answer="kept_and_walked_back" points=5
# 1. $0.99^{200} \approx 0.13$, both times: the same factors $f_t$ that the
#    value is multiplied with on its way forward multiply the error on its way
#    back, since $dc_{t-1} = f_t \odot dc_t$.
# 2. In the plain network the factor comes from $W_{hh}$ and from the slope of
#    tanh; the network can't set it to 1 when a word should be remembered and
#    to 0 when it should go. $f_t$ is a number of its own for each step and
#    each unit, so it can be 1 for as long as needed, and then 0.
# 3. Where the gate is closed, the later cell doesn't depend on what was there
#    before. Then the right gradient *is* 0: no change of the earlier value
#    could have helped.
#
# **Marking scheme**
# - 2 points: $0.99^{200}$, about 0.13, for the value (1 point) and for the
#   error (1 point)
# - 2 points: the gate is set anew at each step, or according to what is read
#   (1 point); the plain network can't choose its factor, the same $W_{hh}$
#   (and a slope below 1) stands in it at every step (1 point)
# - 1 point: what was dropped has no influence on what comes later, so gradient
#   0 is right

# %% [markdown]
# ## 3. Four gates
#
# Who sets the gate? We did it by hand, at the full stops. The network has to
# do it itself, and it has the same two things to go by as ever: the new input
# $x_t$ and what it showed last, $h_{t-1}$. From them a gate is made just like
# a state, only with a **sigmoid** in place of tanh, so that it lies between 0
# and 1:
#
# $$f_t = \sigma(x_t W_{xf} + h_{t-1} W_{hf} + b_f)$$
#
# The LSTM has two more gates of this kind, and the new content is made with
# tanh, as you know it:
#
# | | name | asks | between |
# |---|---|---|---|
# | $i_t$ | input gate | Shall this be written? | 0 and 1 |
# | $f_t$ | forget gate | Shall the old be kept? | 0 and 1 |
# | $g_t$ | candidate | What would be written? | -1 and 1 |
# | $o_t$ | output gate | Shall it be shown? | 0 and 1 |
#
# *The name.* LSTM is *long short-term memory*. A network has two memories: its
# weights, which change slowly and stay, and its state, which is gone with the
# sequence. The state is the short-term memory, and this one lasts long. Sepp
# Hochreiter and Jürgen Schmidhuber published it in 1997, with input and output
# gate; what was in the cell stayed there. The forget gate came in 2000, by Felix
# Gers, Schmidhuber and Fred Cummins, for texts that don't end.
#
# (We call all four *gates*, for short.) All have the same form, so their
# weights stand **side by side in one array**, in this order, the one of
# PyTorch. Then one line of code makes all four pre-activations at once:

# %% show=true
fig, ax = plt.subplots(figsize=(7.6, 2.9))
gate_diagrams.draw_fused(ax, D=3, H=2)
show(
    fig,
    alt="W_xh with D rows, W_hh with H rows, b_h and a_t with one row each, "
    "one below the other. All are 4H wide and cut into four blocks of H "
    "columns each, named i, f, g and o.",
)

# %% [markdown]
# $$a_t = x_t W_{xh} + h_{t-1} W_{hh} + b_h \qquad (N, 4H)$$
#
# The first $H$ columns of $a_t$ belong to $i$, the next $H$ to $f$, and so on.
#
# The sigmoid is given; it's a tanh in disguise, squeezed and moved up. Written
# like this, it doesn't overflow. `random_lstm` makes random weights.


# %%
def sigmoid(a):
    """1 / (1 + exp(-a)), number by number."""
    return (1 + np.tanh(a / 2)) / 2


def random_lstm(rng, D, H):
    """Random weights, in a dict: W_xh (D, 4H), W_hh (H, 4H), b_h (4H,)."""
    shapes = {"W_xh": (D, 4 * H), "W_hh": (H, 4 * H), "b_h": (4 * H,)}
    return {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}


# %% [markdown]
# ### Exercise: `lstm_gates` (15 minutes, medium)
#
# Make $a_t$, cut it into four (with slices or `np.split`), and squeeze each
# part: sigmoid for $i$, $f$ and $o$, tanh for $g$.


# %% exercise="lstm_gates"
def lstm_gates(x_t, h_prev, W_xh, W_hh, b_h):
    """The four gates of one step, in the order i, f, g, o. About 3 lines.

    x_t: (N, D), h_prev: (N, H), W_xh: (D, 4H), W_hh: (H, 4H), b_h: (4H,).
    Returns i, f, g, o: (N, H) each.
    """
    ### BEGIN SOLUTION
    a_t = x_t @ W_xh + h_prev @ W_hh + b_h
    i, f, g, o = np.split(a_t, 4, axis=1)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    ### END SOLUTION


# %% [markdown]
# Your gates, for one unit whose four weights are all 1. Only the biases
# differ: -3, 3, 0 and 0. The input goes from -8 to 8, as 161 rows of one
# batch.

# %% show=true
x_sweep = np.linspace(-8, 8, 161)[:, None]
no_past, one_unit = np.zeros((161, 1)), np.ones((1, 4))
swept = lstm_gates(
    x_sweep, no_past, one_unit, one_unit, np.array([-3.0, 3.0, 0.0, 0.0])
)
fig, ax = plt.subplots(figsize=(6.4, 3.4))
gates.draw_sweep(ax, x_sweep[:, 0], [gate[:, 0] for gate in swept])
show(
    fig,
    alt="The four gates over the input from -8 to 8. i rises from 0 to 1 "
    "around 3, o around 0, f around -3; g rises from -1 to 1 around 0.",
)

# %% [markdown]
# The bias decides where a gate opens: with $b_f = 3$ the forget gate is nearly
# open if nothing comes in, with $b_i = -3$ the input gate is nearly closed.

# %% check="gates_shape" points=2
# Two inputs of three numbers, four units: each gate has a number per unit.
weights = random_lstm(np.random.default_rng(0), D=3, H=4)
x_t, h_prev = np.array([[0.0] * 3, [1.0] * 3]), np.zeros((2, 4))
got = check.call(lstm_gates, x_t, h_prev, *weights.values())
for name, gate in zip("ifgo", check.results(got, *"ifgo"), strict=True):
    check.array(name, gate, (2, 4), axes="N H")
    check.double(name, gate)
    check.differs(f"{name} of two inputs", gate[0], gate[1])
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
x_t, h_prev = rng.normal(size=(N, D)), rng.normal(size=(N, H))
got = check.call(lstm_gates, x_t, h_prev, *random_lstm(rng, D, H).values())
for name, gate in zip("ifgo", check.results(got, *"ifgo"), strict=True):
    check.array(name, gate, (N, H), axes="N H")
### END HIDDEN TESTS

# %% check="gates_order" points=4
# Only biases: two units, so 1 and 2 belong to i, 3 and 4 to f, and so on.
b_h = np.array([1.0, 2.0, 3.0, 4.0, 0.5, 0.25, -1.0, -2.0])
got = check.call(
    lstm_gates, np.zeros((1, 2)), np.zeros((1, 2)), *np.zeros((2, 2, 8)), b_h
)
right = [[0.7310585786, 0.8807970780], [0.9525741268, 0.9820137900]]
right += [[0.4621171573, 0.2449186624], [0.2689414214, 0.1192029220]]
for k, gate in enumerate(check.results(got, *"ifgo")):
    check.close("ifgo"[k], gate, [right[k]], axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
x_t, h_prev = np.zeros((N, D)), np.zeros((N, H))
weights = random_lstm(rng, D, H)
right = oracle.lstm_gates(x_t, h_prev, *weights.values())
got = check.call(lstm_gates, x_t, h_prev, *weights.values())
for k, gate in enumerate(check.results(got, *"ifgo")):
    check.close("ifgo"[k], gate, right[k], axes="N H")
### END HIDDEN TESTS

# %% check="gates_input" points=3
# The input reaches all four, each through its own block of W_xh.
W_xh = np.array([[1.0, 2.0, 3.0, 4.0], [-1.0, 0.0, 1.0, 2.0]])
x_t, no_past = np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros((2, 1))
got = check.call(lstm_gates, x_t, no_past, W_xh, np.ones((1, 4)), np.zeros(4))
right = [[0.7310585786, 0.2689414214], [0.8807970780, 0.5]]
right += [[0.9950547537, 0.7615941560], [0.9820137900, 0.8807970780]]
for k, gate in enumerate(check.results(got, *"ifgo")):
    check.close("ifgo"[k], gate, np.array([right[k]]).T, axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
x_t, h_prev = rng.normal(size=(N, D)), np.zeros((N, H))
weights = random_lstm(rng, D, H)
right = oracle.lstm_gates(x_t, h_prev, *weights.values())
got = check.call(lstm_gates, x_t, h_prev, *weights.values())
for k, gate in enumerate(check.results(got, *"ifgo")):
    check.close("ifgo"[k], gate, right[k], axes="N H")
### END HIDDEN TESTS

# %% check="gates_memory" points=3
# So does what was shown last, through W_hh.
W_hh = np.array([[1.0, 2.0, 3.0, 4.0]])
got = check.call(
    lstm_gates,
    np.zeros((1, 2)),
    np.ones((1, 1)),
    np.ones((2, 4)),
    W_hh,
    -W_hh[0],
)
for name, gate in zip("ifgo", check.results(got, *"ifgo"), strict=True):
    check.close(name, gate, [[0.0 if name == "g" else 0.5]], axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
x_t, h_prev = rng.normal(size=(N, D)), rng.normal(size=(N, H))
weights = random_lstm(rng, D, H)
right = oracle.lstm_gates(x_t, h_prev, *weights.values())
got = check.call(lstm_gates, x_t, h_prev, *weights.values())
for k, gate in enumerate(check.results(got, *"ifgo")):
    check.close("ifgo"[k], gate, right[k], axes="N H")
### END HIDDEN TESTS

# %% [markdown]
# ## 4. One step
#
# Now put them to work, from left to right in the picture:
#
# $$c_t = f_t \odot c_{t-1} + i_t \odot g_t \qquad
# h_t = o_t \odot \tanh(c_t)$$

# %% show=true
fig, ax = plt.subplots(figsize=(8.6, 4.0))
gate_diagrams.draw_lstm(ax)
show(
    fig,
    alt="One step of the LSTM. Along the top runs the cell, from c_prev to "
    "c_t: multiplied by f, then i times g is added, and nothing else. Below, "
    "x_t and h_prev go into the four gates. A branch of the cell goes "
    "through tanh and is multiplied by o: that is h_t.",
)

# %% [markdown]
# Along the top runs the cell. Only two things happen to it: it's multiplied by
# $f_t$, and $i_t \odot g_t$ is added. No weight and no tanh stands in its way.
#
# The **input gate** protects the cell: of all the candidates only those are
# written for which it opens. The **output gate** protects all others: the cell
# can hold a year over many words without disturbing anybody, and show it when
# it's asked for. What the network shows, $h_t$, is what the gates, the next
# layer and the read-out get to see. The cell is private.
#
# ### Exercise: `lstm_step` (15 minutes, medium)
#
# Use your `lstm_gates`.


# %% exercise="lstm_step"
def lstm_step(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """One step: the new state and the new cell. About 4 lines.

    x_t: (N, D), h_prev, c_prev: (N, H), W_xh: (D, 4H), W_hh: (H, 4H),
    b_h: (4H,).
    Returns h_t: (N, H), c_t: (N, H).
    """
    ### BEGIN SOLUTION
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    c_t = f * c_prev + i * g
    h_t = o * np.tanh(c_t)
    return h_t, c_t
    ### END SOLUTION


# %% [markdown]
# Your step on one unit, with the old cell from -4 to 4, the forget gate and
# the output gate wide open and the input gate closed. (Biases of 40 and -40:
# to the 16 digits of the computer, the gates are 1 and 0.)

# %% show=true
c_sweep = np.linspace(-4, 4, 161)[:, None]
keep = np.array([-40.0, 40.0, 0.0, 40.0])  # i closed, f open, o open
nothing = np.zeros((161, 1))
h_after, c_after = lstm_step(
    nothing, nothing, c_sweep, *np.zeros((2, 1, 4)), keep
)
fig, ax = plt.subplots(figsize=(6.0, 3.4))
gates.draw_step(ax, c_sweep[:, 0], c_after[:, 0], h_after[:, 0])
show(
    fig,
    alt="The new cell and the new state over the old cell, from -4 to 4. The "
    "new cell is the diagonal; the new state is tanh of it, between -1 "
    "and 1.",
)

# %% [markdown]
# The new cell is the old one, however large. Only what is shown of it is
# squeezed by tanh, and this doesn't come back into the cell.

# %% check="step_cell" points=4
# i = f = 1/2 and g = 0: half of the old cell. Then f = 1, and i * g comes in.
for b_h, right in (([0, 0, 0, 0], 1.5), ([0, 40, 40, 0], 3.5)):
    args = np.zeros((1, 1)), np.zeros((1, 1)), np.array([[3.0]])
    weights = *np.zeros((2, 1, 4)), np.array(b_h, float)
    got = check.results(check.call(lstm_step, *args, *weights), "h_t", "c_t")
    check.close("c_t", got[1], [[right]], axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
args = (
    rng.normal(size=(N, D)),
    rng.normal(size=(N, H)),
    rng.normal(size=(N, H)),
)
weights = random_lstm(rng, D, H).values()
right = oracle.lstm_step(*args, *weights)
got = check.results(check.call(lstm_step, *args, *weights), "h_t", "c_t")
check.close("c_t", got[1], right[1], axes="N H")
### END HIDDEN TESTS

# %% check="step_shown" points=4
# i = 0, o = 1/2: half of tanh of the new cell is shown, first for f = 1, where
# the new cell is the old one, then for f = 1/2.
args = np.zeros((2, 1)), np.zeros((2, 1)), np.array([[1.0], [-3.0]])
b_h = np.array([-40.0, 40.0, 0.0, 0.0])
got = check.call(lstm_step, *args, *np.zeros((2, 1, 4)), b_h)
shown = [[0.3807970780], [-0.4975273768]]
check.close("h_t", check.results(got, "h_t", "c_t")[0], shown, axes="N H")
b_h = np.array([-40.0, 0.0, 0.0, 0.0])
got = check.call(lstm_step, *args, *np.zeros((2, 1, 4)), b_h)
shown = [[0.2310585786], [-0.4525741268]]
check.close("h_t", check.results(got, "h_t", "c_t")[0], shown, axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
args = (
    rng.normal(size=(N, D)),
    rng.normal(size=(N, H)),
    rng.normal(size=(N, H)),
)
weights = random_lstm(rng, D, H).values()
right = oracle.lstm_step(*args, *weights)
got = check.results(check.call(lstm_step, *args, *weights), "h_t", "c_t")
check.close("h_t", got[0], right[0], axes="N H")
### END HIDDEN TESTS

# %% check="step_keeps_inputs" points=2
# The old state and the old cell still belong to the caller.
h_prev, c_prev = np.array([[0.5, 0.25]]), np.array([[3.0, -1.0]])
before = h_prev.copy(), c_prev.copy()
weights = random_lstm(np.random.default_rng(0), D=3, H=2)
got = check.call(lstm_step, np.ones((1, 3)), h_prev, c_prev, *weights.values())
_, c_t = check.results(got, "h_t", "c_t")
check.array("c_t", c_t, (1, 2), axes="N H")
check.double("c_t", c_t)
check.unchanged("h_prev", before[0], h_prev)
check.unchanged("c_prev", before[1], c_prev)
check.differs("the new cell and the old", c_t, c_prev)
check.differs("the cells of two units", c_t[0, 0], c_t[0, 1])
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
x_t, h_prev, c_prev = (rng.normal(size=(N, size)) for size in (D, H, H))
before = h_prev.copy(), c_prev.copy()
weights = random_lstm(rng, D, H).values()
check.call(lstm_step, x_t, h_prev, c_prev, *weights)
check.unchanged("h_prev", before[0], h_prev)
check.unchanged("c_prev", before[1], c_prev)
### END HIDDEN TESTS

# %% [markdown]
# ## 5. The whole sequence
#
# As ever, a loop over the steps. Only, two things are handed on now: the state
# *and* the cell.
#
# ### Exercise: `lstm_forward` (10 minutes, easy)


# %% exercise="lstm_forward"
def lstm_forward(x, h_0, c_0, W_xh, W_hh, b_h):
    """All states of a sequence, and the last cell. About 5 lines.

    x: (N, T, D), h_0, c_0: (N, H), W_xh: (D, 4H), W_hh: (H, 4H), b_h: (4H,).
    Returns h: (N, T, H), c_T: (N, H).
    """
    ### BEGIN SOLUTION
    states, h_t, c_t = [], h_0, c_0
    for t in range(x.shape[1]):
        h_t, c_t = lstm_step(x[:, t], h_t, c_t, W_xh, W_hh, b_h)
        states.append(h_t)
    return np.stack(states, axis=1), c_t
    ### END SOLUTION


# %% [markdown]
# **An LSTM by hand.** Before we let a network learn its weights, let's set
# some ourselves. One unit reads the text of section 2, and each word comes in
# as one of four kinds. A 40 opens a gate, a -40 closes it:
#
# | kind of word | i: write? | f: keep? | g: what? | o: show? |
# |---|---|---|---|---|
# | 2004 | 40 | 40 | 0.2027 | 40 |
# | 2010 | 40 | 40 | 0.5493 | 40 |
# | full stop | -40 | -40 | 0 | 40 |
# | any other | -40 | 40 | 0 | 40 |
#
# ($\tanh(0.2027) = 0.2$ and $\tanh(0.5493) = 0.5$, the two years.)

# %%
kinds = [["2004", "2010", "."].index(w) if w[0] in "2." else 3 for w in words]
x_words = np.eye(4)[[kinds]]  # (1, T, 4)
by_hand = {
    "W_xh": np.array(
        [
            [40, 40, np.arctanh(0.2), 40],
            [40, 40, np.arctanh(0.5), 40],
            [-40, -40, 0, 40],
            [-40, 40, 0, 40],
        ]
    ),
    "W_hh": np.zeros((1, 4)),
    "b_h": np.zeros(4),
}

# %% [markdown]
# To look inside while it reads, we need every gate at every step. No new loop
# is needed for that: once `lstm_forward` has made all states, the $T$ steps
# can go into `lstm_gates` as $T$ rows of a batch. And the cells are those of
# section 2, with $i \odot g$ in place of $g$.


# %%
def inside(x, params):
    """All gates, cells and states while one sequence x (1, T, D) is read.

    Returns a dict of i, f, g, o, c, h: (T, H) each.
    """
    zeros = np.zeros((1, params["W_hh"].shape[0]))
    h, _ = lstm_forward(x, zeros, zeros, *params.values())
    h_prev = np.concatenate([zeros, h[0, :-1]])  # (T, H)
    i, f, g, o = lstm_gates(x[0], h_prev, *params.values())
    c = cell_forward((i * g)[None], f[None], zeros)[0]
    return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": h[0]}


# %% show=true
seen = inside(x_words, by_hand)
fig, ax = plt.subplots(figsize=(8.4, 3.2))
gates.draw_inside(ax, seen, words, unit=0)
show(
    fig,
    alt="A row for each of i, f, g, o, c, h and a column for each word. i "
    "is 1 at the two years, f is 0 at the full stops, o is 1 "
    "everywhere. c holds 0.2 from 2004 to the full stop, then 0, then "
    "0.5 from 2010 to the last full stop.",
)

# %% [markdown]
# Read the rows from top to bottom: $i$ opens at the years, $f$ closes at the
# full stops, and $c$ holds the year from the one to the other. No hand sets
# the gates any more, the words do.

# %% check="forward_shape" points=2
# Two sequences of five steps: all states, but only the last cell.
weights = random_lstm(np.random.default_rng(0), D=3, H=4)
x, start = np.stack([np.zeros((5, 3)), np.ones((5, 3))]), np.zeros((2, 4))
got = check.call(lstm_forward, x, start, start, *weights.values())
h, c_T = check.results(got, "h", "c_T")
check.array("h", h, (2, 5, 4), axes="N T H")
check.array("c_T", c_T, (2, 4), axes="N H")
check.differs("the states of two sequences", h[0], h[1])
check.differs("the cells of two sequences", c_T[0], c_T[1])
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
x, start = rng.normal(size=(N, T, D)), np.zeros((N, H))
weights = random_lstm(rng, D, H).values()
h, c_T = check.results(
    check.call(lstm_forward, x, start, start, *weights), "h", "c_T"
)
check.array("h", h, (N, T, H), axes="N T H")
check.array("c_T", c_T, (N, H), axes="N H")
### END HIDDEN TESTS

# %% check="forward_carries" points=4
# f = 1, i * g = 1/2, o = 1/2 at each step: the cell climbs, and is carried on.
start, b_h = np.zeros((1, 1)), np.array([0.0, 40.0, 40.0, 0.0])
got = check.call(
    lstm_forward, np.zeros((1, 3, 1)), start, start, *np.zeros((2, 1, 4)), b_h
)
h, c_T = check.results(got, "h", "c_T")
check.close("c_T", c_T, [[1.5]], axes="N H")
shown = [[[0.2310585786], [0.3807970780], [0.4525741268]]]
check.close("h", h, shown, axes="N T H")
# Now the candidate hears what was shown: g = tanh(0.8 + h).
W_hh, b_h = np.array([[0.0, 0.0, 1.0, 0.0]]), np.array([0.0, 40.0, 0.8, 0.0])
got = check.call(
    lstm_forward,
    np.zeros((1, 2, 1)),
    start,
    start,
    np.zeros((1, 4)),
    W_hh,
    b_h,
)
h, _ = check.results(got, "h", "c_T")
check.close("h", h, [[[0.1601666091], [0.3035115557]]], axes="N T H")
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
x, start = rng.normal(size=(N, T, D)), np.zeros((N, H))
weights = random_lstm(rng, D, H).values()
right = oracle.lstm_forward(x, start, start, *weights)
h, c_T = check.results(
    check.call(lstm_forward, x, start, start, *weights), "h", "c_T"
)
check.close("h", h, right[0], axes="N T H")
check.close("c_T", c_T, right[1], axes="N H")
### END HIDDEN TESTS

# %% check="forward_start" points=3
# Both starts count: the cell by f = 1/2, the state through W_hh.
W_hh, no_bias = np.array([[0.0, 0.0, 1.0, 0.0]]), np.zeros(4)
args = np.zeros((1, 1, 1)), np.array([[0.5]]), np.array([[2.0]])
got = check.call(lstm_forward, *args, np.zeros((1, 4)), W_hh, no_bias)
h, c_T = check.results(got, "h", "c_T")
check.close("c_T", c_T, [[1.2310585786]], axes="N H")
check.close("h", h, [[[0.4214430517]]], axes="N T H")
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
x, h_0, c_0 = (rng.normal(size=s) for s in ((N, T, D), (N, H), (N, H)))
weights = random_lstm(rng, D, H).values()
right = oracle.lstm_forward(x, h_0, c_0, *weights)
h, c_T = check.results(
    check.call(lstm_forward, x, h_0, c_0, *weights), "h", "c_T"
)
check.close("h", h, right[0], axes="N T H")
check.close("c_T", c_T, right[1], axes="N H")
### END HIDDEN TESTS

# %% check="forward_far" points=3
# Something is written at step 1, then 200 steps of silence. f = 1 keeps it to
# the last digit, f = 0 drops it at once.
x, start = np.zeros((1, 201, 1)), np.zeros((1, 1))
x[0, 0] = 1
W_xh, W_hh = np.array([[80.0, 0.0, 1.0, 0.0]]), np.zeros((1, 4))
for b_f, kept in ((40.0, 0.7615941560), (-40.0, 0.0)):
    b_h = np.array([-40.0, b_f, 0.0, 40.0])
    got = check.call(lstm_forward, x, start, start, W_xh, W_hh, b_h)
    h, c_T = check.results(got, "h", "c_T")
    check.close("c_T", c_T, [[kept]], axes="N H")
### BEGIN HIDDEN TESTS
T, H = int(rng.integers(201, 240)), int(rng.integers(2, 5))
x, start = np.zeros((2, T, 1)), np.zeros((2, H))
x[:, 0] = 1
W_xh = np.concatenate([np.full(H, 80.0), np.zeros(H), rng.normal(size=2 * H)])
b_f = rng.permutation([40.0, -40.0, 40.0, -40.0])[:H]
b_h = np.concatenate([np.full(H, -40.0), b_f, np.zeros(H), np.full(H, 40.0)])
args = x, start, start, W_xh[None], np.zeros((H, 4 * H)), b_h
right = oracle.lstm_forward(*args)
h, c_T = check.results(check.call(lstm_forward, *args), "h", "c_T")
check.close("c_T", c_T, right[1], axes="N H")
### END HIDDEN TESTS

# %% [markdown]
# ## 6. How long does it remember at the start?
#
# Weights that learning hasn't touched yet are small, so at the start of the
# training each gate is about $\sigma(\text{its bias})$. With biases of 0 the
# forget gate is 1/2: after ten steps a thousandth of the memory is left, and a
# thousandth of the error finds its way back. The network can hardly learn to
# open the gate, since it never sees what an open gate would be good for.
#
# The remedy is a single number: a positive **forget bias** at the start.
# (Gers, Schmidhuber and Cummins wanted it so when they added the forget gate
# to the LSTM in 2000; Jozefowicz, Zaremba and Sutskever measured in 2015 how
# much it helps.) Many programs take 1. **Guess:** with $b_f = 1$, what is left
# of a value after 200 steps? And which bias keeps half of it for 100 steps?
# Move the slider.


# %% show=true
def kept(forget_bias, T=200):
    """What your LSTM has left of a cell of 1 after each of T silent steps."""
    x, h_0, c_0 = np.zeros((1, T, 1)), np.zeros((1, 1)), np.ones((1, 1))
    b_h = np.array([-40.0, forget_bias, 0.0, 40.0])
    h, _ = lstm_forward(x, h_0, c_0, *np.zeros((2, 1, 4)), b_h)
    return np.concatenate([[1.0], np.arctanh(h[0, :, 0])])  # tanh undone


# %% show=true
def draw_kept(ax, forget_bias):
    """What is left of a value, step by step."""
    gates.draw_kept(ax, kept(forget_bias), forget_bias)


explore(
    draw_kept,
    forget_bias=(-2.0, 12.0, 0.5),
    static={"forget_bias": [0.0, 1.0, 5.0, 12.0]},
    size=(4.6, 2.9),
    alt="What is left of a value over 200 steps. Forget bias 0: half is gone "
    "after 1 step, bias 1: after 3, bias 5: after 104 steps; with "
    "bias 12 nearly all is left at the end.",
)

# %% [markdown]
# $\sigma(1) = 0.73$, and $0.73^{200}$ is about $10^{-27}$: for a memory over
# hundreds of words, 1 is no large number. The half-life soon grows by the
# factor $e$ with each unit of bias, so it takes 5 for about 100 steps. Rule of
# thumb: for a distance of $k$ steps, $b_f \approx \log k$, which leaves a bit
# more than a third. It's a start only. Training moves the bias, and the words
# move the gate.
#
# ## 7. One step back
#
# The error comes to a step from two sides: $dh_t$ from what was shown, $dc_t$
# from the later cell. The two ways meet in the cell, since $h_t$ was made of
# $c_t$ (look at the picture of section 4, and walk against the arrows):
#
# $$dc_t \leftarrow dc_t + dh_t \odot o_t \odot (1 - \tanh^2 c_t)$$
#
# From there it's all number by number. In a product each factor gets the error
# times the *other* factor:
#
# $$dc_{t-1} = dc_t \odot f_t \qquad df_t = dc_t \odot c_{t-1} \qquad
# di_t = dc_t \odot g_t \qquad dg_t = dc_t \odot i_t$$
#
# and $do_t = dh_t \odot \tanh c_t$. Last, each gate through its own squeezing
# function. Like that of tanh, the slope of the sigmoid is free once you have
# its value: $s\,(1 - s)$. So $da_f = df_t \odot f_t \odot (1 - f_t)$, and $g$
# with $1 - g^2$.
#
# The step with a cache is made of your own functions:


# %%
def lstm_step_cached(x_t, h_prev, c_prev, W_xh, W_hh, b_h):
    """One step: h_t, c_t (N, H), and the cache of the step."""
    i, f, g, o = lstm_gates(x_t, h_prev, W_xh, W_hh, b_h)
    h_t, c_t = lstm_step(x_t, h_prev, c_prev, W_xh, W_hh, b_h)
    cache_t = {"x_t": x_t, "h_prev": h_prev, "c_prev": c_prev}
    cache_t |= {"i": i, "f": f, "g": g, "o": o, "c_t": c_t}
    return h_t, c_t, cache_t | {"W_xh": W_xh, "W_hh": W_hh}


# %% [markdown]
# ### Exercise: `lstm_cell_backward` (15 minutes, medium)
#
# From $dh_t$ and $dc_t$ to the pre-activations of the four gates, side by side
# in the order i, f, g, o as in $a_t$, and to the cell before. Careful: $dc_t$
# belongs to the caller. Make a new array, don't add to it in place.


# %% exercise="lstm_cell_backward"
def lstm_cell_backward(dh_t, dc_t, cache_t):
    """Back through cell and gates of one step. About 9 lines.

    dh_t, dc_t: (N, H); cache_t: a dict with c_prev, i, f, g, o, c_t, (N, H)
    each (and x_t, h_prev, W_xh, W_hh).
    Returns da_t: (N, 4H), dc_prev: (N, H).
    """
    i, f, g, o = (cache_t[name] for name in "ifgo")
    ### BEGIN SOLUTION
    shown = np.tanh(cache_t["c_t"])
    dc_t = dc_t + dh_t * o * (1 - shown**2)
    da_i = dc_t * g * i * (1 - i)
    da_f = dc_t * cache_t["c_prev"] * f * (1 - f)
    da_g = dc_t * i * (1 - g**2)
    da_o = dh_t * shown * o * (1 - o)
    da_t = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
    return da_t, dc_t * f
    ### END SOLUTION


# %% [markdown]
# Your result. One step with ten units, whose forget gates go from closed to
# wide open; an error of 1 comes from the later cell, none from what was shown.
# How much arrives at the cell before?

# %% show=true
demo_f = np.linspace(0, 1, 10)[None]
half = np.full((1, 10), 0.5)
demo_cache = {"c_prev": half, "i": half, "f": demo_f, "g": half, "o": half}
demo_cache["c_t"] = demo_f * half + half * half
_, dc_arrives = lstm_cell_backward(
    np.zeros((1, 10)), np.ones((1, 10)), demo_cache
)
fig, ax = plt.subplots(figsize=(5.6, 2.9))
gates.draw_passes(ax, demo_f[0], dc_arrives[0])
show(
    fig,
    alt="Bars of the error that arrives at the cell before, over the forget "
    "gate from 0 to 1: as high as the gate is open.",
)

# %% [markdown]
# The forget gate lets through exactly its own share of the error: what it kept
# on the way forward, it keeps on the way back. No slope of a tanh is in
# between.

# %% check="cell_back_dc_prev" points=3
# Both errors arrive at the cell before: (3 + 2 * o) * f.
cache_t = {"c_prev": np.array([[1.0]]), "c_t": np.array([[0.0]])}
cache_t |= {"i": np.array([[0.5]]), "f": np.array([[0.25]])}
cache_t |= {"g": np.array([[-0.5]]), "o": np.array([[0.5]])}
errors = np.array([[2.0]]), np.array([[3.0]])
got = check.call(lstm_cell_backward, *errors, cache_t)
da_t, dc_prev = check.results(got, "da_t", "dc_prev")
check.close("dc_prev", dc_prev, [[1.0]], axes="N H")
check.double("dc_prev", dc_prev)
check.double("da_t", da_t)
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh_t, dc_t, cache_t = oracle.random_step(rng, N, D, H)
right = oracle.lstm_cell_backward(dh_t, dc_t, cache_t)
got = check.call(lstm_cell_backward, dh_t, dc_t, cache_t)
_, dc_prev = check.results(got, "da_t", "dc_prev")
check.close("dc_prev", dc_prev, right[1], axes="N H")
### END HIDDEN TESTS

# %% check="cell_back_gates" points=4
# The same step: the total error of the cell is 4, and tanh(0) shows nothing.
cache_t = {"c_prev": np.array([[1.0]]), "c_t": np.array([[0.0]])}
cache_t |= {"i": np.array([[0.5]]), "f": np.array([[0.25]])}
cache_t |= {"g": np.array([[-0.5]]), "o": np.array([[0.5]])}
errors = np.array([[2.0]]), np.array([[3.0]])
got = check.call(lstm_cell_backward, *errors, cache_t)
da_t, _ = check.results(got, "da_t", "dc_prev")
check.close("da_t", da_t, [[-0.5, 0.75, 1.5, 0.0]], axes="N 4H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh_t, dc_t, cache_t = oracle.random_step(rng, N, D, H)
right = oracle.lstm_cell_backward(dh_t, dc_t, cache_t)
got = check.call(lstm_cell_backward, dh_t, dc_t, cache_t)
da_t, _ = check.results(got, "da_t", "dc_prev")
check.array("da_t", da_t, (N, 4 * H), axes="N 4H")
check.close("da_t of i, f, g", da_t[:, : 3 * H], right[0][:, : 3 * H])
### END HIDDEN TESTS

# %% check="cell_back_output" points=3
# tanh(c_t) = 1/2 is shown by half: the output gate gets its share of dh_t.
c_t = np.array([[np.arctanh(0.5)]])
half, zero = np.array([[0.5]]), np.array([[0.0]])
cache_t = {"c_prev": 2 * c_t, "c_t": c_t, "i": half, "f": half}
cache_t |= {"g": zero, "o": half}
got = check.call(lstm_cell_backward, np.array([[1.0]]), zero, cache_t)
da_t, dc_prev = check.results(got, "da_t", "dc_prev")
check.array("da_t", da_t, (1, 4), axes="N 4H")
check.close("da_t of o", da_t[:, 3:], [[0.125]])
check.close("dc_prev", dc_prev, [[0.1875]], axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh_t, _, cache_t = oracle.random_step(rng, N, D, H)
dc_t = np.zeros((N, H))
right = oracle.lstm_cell_backward(dh_t, dc_t, cache_t)
got = check.call(lstm_cell_backward, dh_t, dc_t, cache_t)
da_t, dc_prev = check.results(got, "da_t", "dc_prev")
check.array("da_t", da_t, (N, 4 * H), axes="N 4H")
check.close("da_t of o", da_t[:, 3 * H :], right[0][:, 3 * H :])
check.close("dc_prev", dc_prev, right[1], axes="N H")
### END HIDDEN TESTS

# %% check="cell_back_keeps_inputs" points=2
# The errors and the cache still belong to the caller.
half = np.full((1, 2), 0.5)
dh_t, dc_t = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
cache_t = {name: half.copy() for name in ("c_prev", *"ifgo", "c_t")}
before = dh_t.copy(), dc_t.copy(), half.copy()
got = check.call(lstm_cell_backward, dh_t, dc_t, cache_t)
_, dc_prev = check.results(got, "da_t", "dc_prev")
check.array("dc_prev", dc_prev, (1, 2), axes="N H")
check.differs("the errors of two units", dc_prev[0, 0], dc_prev[0, 1])
for name, error in (("dh_t", dh_t), ("dc_t", dc_t)):
    check.differs(f"dc_prev and {name}", dc_prev, error)
check.unchanged("dh_t", before[0], dh_t)
check.unchanged("dc_t", before[1], dc_t)
for name in ("c_prev", *"ifgo", "c_t"):
    check.unchanged(f"cache_t['{name}']", before[2], cache_t[name])
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh_t, dc_t, cache_t = oracle.random_step(rng, N, D, H)
before = dh_t.copy(), dc_t.copy()
check.call(lstm_cell_backward, dh_t, dc_t, cache_t)
check.unchanged("dh_t", before[0], dh_t)
check.unchanged("dc_t", before[1], dc_t)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `lstm_step_backward` (30 minutes, hard)
#
# From $da_t$ on, everything is as in `03_bptt`, since
# $a_t = x_t W_{xh} + h_{t-1} W_{hh} + b_h$ as there: two matrix products and a
# bias. That the arrays are four times as wide makes no difference.


# %% exercise="lstm_step_backward"
def lstm_step_backward(dh_t, dc_t, cache_t):
    """The gradients behind one step. About 7 lines.

    dh_t, dc_t: (N, H); cache_t: the cache of lstm_step_cached.
    Returns dx_t: (N, D), dh_prev: (N, H), dc_prev: (N, H), dW_xh: (D, 4H),
    dW_hh: (H, 4H), db_h: (4H,).
    """
    ### BEGIN SOLUTION
    da_t, dc_prev = lstm_cell_backward(dh_t, dc_t, cache_t)
    dx_t = da_t @ cache_t["W_xh"].T
    dh_prev = da_t @ cache_t["W_hh"].T
    dW_xh = cache_t["x_t"].T @ da_t
    dW_hh = cache_t["h_prev"].T @ da_t
    db_h = da_t.sum(axis=0)
    return dx_t, dh_prev, dc_prev, dW_xh, dW_hh, db_h
    ### END SOLUTION


# %%
# for the checks: what lstm_step_backward returns, in this order
names_back = ("dx_t", "dh_prev", "dc_prev", "dW_xh", "dW_hh", "db_h")

# %% [markdown]
# Don't believe it: measure it. `numeric_gradient` is yours, from `03_bptt`. It
# needs one number in place of a loss: we multiply all of $h_t$ and $c_t$ by
# fixed numbers and add up. The fixed numbers then are $dh_t$ and $dc_t$.


# %%
def numeric_gradient(f, w, eps=1e-5):
    """The slope of f at w by central differences, like w."""
    slope = np.zeros(w.shape)
    for index in np.ndindex(w.shape):
        nudge = np.zeros(w.shape)
        nudge[index] = eps
        slope[index] = (f(w + nudge) - f(w - nudge)) / (2 * eps)
    return slope


# %% show=true
rng_demo = np.random.default_rng(5)
args = [rng_demo.normal(size=(2, size)) for size in (4, 3, 3)]
args += random_lstm(rng_demo, D=4, H=3).values()
dh_t, dc_t = rng_demo.normal(size=(2, 2, 3))


def weighted_sum(k, w):
    h_t, c_t, _ = lstm_step_cached(*args[:k], w, *args[k + 1 :])
    return (h_t * dh_t + c_t * dc_t).sum()


mine = lstm_step_backward(dh_t, dc_t, lstm_step_cached(*args)[2])
measured = [
    numeric_gradient(lambda w, k=k: weighted_sum(k, w), args[k])
    for k in range(6)
]

# %% show=true
for name, a, b in zip(names_back, mine, measured, strict=True):
    print(f"{name:8} largest difference {np.abs(a - b).max():.0e}")
fig, axes = plt.subplots(2, 1, figsize=(6.4, 4.0))
bptt.draw_pair(axes, mine[4], measured[4], ("your dW_hh", "measured"))
for ax in axes:
    ax.set_xlabel("column: i, f, g, o of three units each")
show(
    fig,
    alt="Two heat maps of three by twelve numbers, the gradient of W_hh as "
    "computed and as measured: they look the same.",
)

# %% [markdown]
# Six gradients, all measured. If the differences are about $10^{-10}$ or less,
# they are right.

# %% check="lstm_back_inputs" points=3
# The step from above again: da_t is (-0.5, 0.75, 1.5, 0).
cache_t = {"c_prev": np.array([[1.0]]), "c_t": np.array([[0.0]])}
cache_t |= {"i": np.array([[0.5]]), "f": np.array([[0.25]])}
cache_t |= {"g": np.array([[-0.5]]), "o": np.array([[0.5]])}
cache_t |= {"x_t": np.array([[0.0, 2.0]]), "h_prev": np.array([[-1.0]])}
cache_t["W_xh"] = np.array([[1.0, 0.0, 0.0, 5.0], [0.0, 2.0, 0.0, 5.0]])
cache_t["W_hh"] = np.array([[1.0, 1.0, 2.0, 1.0]])
errors = np.array([[2.0]]), np.array([[3.0]])
got = check.results(
    check.call(lstm_step_backward, *errors, cache_t), *names_back
)
check.close("dx_t", got[0], [[-0.5, 1.5]], axes="N D")
check.close("dh_prev", got[1], [[3.25]], axes="N H")
check.close("dc_prev", got[2], [[1.0]], axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh_t, dc_t, cache_t = oracle.random_step(rng, N, D, H)
right = oracle.lstm_step_backward(dh_t, dc_t, cache_t)
got = check.call(lstm_step_backward, dh_t, dc_t, cache_t)
for k, array in enumerate(check.results(got, *names_back)[:3]):
    check.close(names_back[k], array, right[k])
### END HIDDEN TESTS

# %% check="lstm_back_weights" points=3
# Each weight gets what came in through it, times the error of its gate.
cache_t = {"c_prev": np.array([[1.0]]), "c_t": np.array([[0.0]])}
cache_t |= {"i": np.array([[0.5]]), "f": np.array([[0.25]])}
cache_t |= {"g": np.array([[-0.5]]), "o": np.array([[0.5]])}
cache_t |= {"x_t": np.array([[0.0, 2.0]]), "h_prev": np.array([[-1.0]])}
cache_t |= {"W_xh": np.ones((2, 4)), "W_hh": np.ones((1, 4))}
errors = np.array([[2.0]]), np.array([[3.0]])
got = check.results(
    check.call(lstm_step_backward, *errors, cache_t), *names_back
)
dW_xh = [[0.0, 0.0, 0.0, 0.0], [-1.0, 1.5, 3.0, 0.0]]
check.close("dW_xh", got[3], dW_xh, axes="D 4H")
check.close("dW_hh", got[4], [[0.5, -0.75, -1.5, 0.0]], axes="H 4H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh_t, dc_t, cache_t = oracle.random_step(rng, N, D, H)
right = oracle.lstm_step_backward(dh_t, dc_t, cache_t)
got = check.results(
    check.call(lstm_step_backward, dh_t, dc_t, cache_t), *names_back
)
check.close("dW_xh", got[3], right[3], axes="D 4H")
check.close("dW_hh", got[4], right[4], axes="H 4H")
### END HIDDEN TESTS

# %% check="lstm_back_bias" points=2
# One bias for all sequences of the batch: here two that are the same.
half, two = np.full((2, 1), 0.5), np.array([[2.0], [2.0]])
cache_t = {"c_prev": 2 * half, "c_t": 0 * half, "i": half, "f": half / 2}
cache_t |= {"g": -half, "o": half, "x_t": np.ones((2, 2)), "h_prev": half}
cache_t |= {"W_xh": np.ones((2, 4)), "W_hh": np.ones((1, 4))}
got = check.call(lstm_step_backward, two, 1.5 * two, cache_t)
db_h = check.results(got, *names_back)[5]
check.close("db_h", db_h, [-1.0, 1.5, 3.0, 0.0], axes="4H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
dh_t, dc_t, cache_t = oracle.random_step(rng, N, D, H)
right = oracle.lstm_step_backward(dh_t, dc_t, cache_t)
got = check.call(lstm_step_backward, dh_t, dc_t, cache_t)
check.close("db_h", check.results(got, *names_back)[5], right[5], axes="4H")
### END HIDDEN TESTS

# %% [markdown]
# **Does the error walk back unharmed?** The test: 100 steps of random input,
# 16 units, weights as small as PyTorch makes them at the start, and an error
# at the last step only. How much of it arrives $k$ steps earlier? In the plain
# network (with the step back that you wrote in `03_bptt`), and in yours, with
# three forget biases.


# %% show=true
def small(rng, shape, H=16):
    """Random numbers as PyTorch's first weights: up to 1 / sqrt(H)."""
    return rng.uniform(-1, 1, shape) / np.sqrt(H)


def plain_way_back(T=100, H=16):
    """Size of the error at each of T steps back, in a plain network."""
    rng = np.random.default_rng(1)
    W_xh, W_hh, h_t = small(rng, (4, H)), small(rng, (H, H)), np.zeros((1, H))
    states, sizes = [], []
    for x_t in rng.normal(size=(T, 1, 4)):
        h_t = np.tanh(x_t @ W_xh + h_t @ W_hh)
        states.append(h_t)
    dh_t = np.ones((1, H)) / np.sqrt(H)
    for h_t in reversed(states):
        dh_t = (dh_t * (1 - h_t**2)) @ W_hh.T
        sizes.append(np.linalg.norm(dh_t))
    return sizes


# %% show=true
def lstm_way_back(forget_bias, T=100, H=16):
    """Size of the error in the cell at each of T steps back, in an LSTM."""
    rng = np.random.default_rng(1)
    weights = [small(rng, (n, 4 * H)) for n in (4, H)] + [np.zeros(4 * H)]
    weights[2][H : 2 * H] = forget_bias
    h_t, c_t, caches, sizes = np.zeros((1, H)), np.zeros((1, H)), [], []
    for x_t in rng.normal(size=(T, 1, 4)):
        h_t, c_t, cache = lstm_step_cached(x_t, h_t, c_t, *weights)
        caches.append(cache)
    dh_t, dc_t = np.zeros((1, H)), np.ones((1, H)) / np.sqrt(H)
    for cache in reversed(caches):
        _, dh_t, dc_t, *_ = lstm_step_backward(dh_t, dc_t, cache)
        sizes.append(np.linalg.norm(dc_t))
    return sizes


# %% show=true
ways = {"plain": plain_way_back()}
ways |= {f"LSTM, bias {b}": lstm_way_back(b) for b in (0, 1, 5)}
fig, ax = plt.subplots(figsize=(7.2, 3.8))
gates.draw_ways_back(ax, ways)
show(
    fig,
    alt="The size of the error over 1 to 100 steps back, logarithmic. It "
    "falls in nearly straight lines, for the plain network to 8e-29, for "
    "forget bias 0 to 3e-23, for bias 1 to 2e-9. For bias 5 it stays "
    "between 0.8 and 6.",
)

# %% [markdown]
# After 100 steps, $10^{-28}$ of the error is left in the plain network. With a
# forget bias of 0 the LSTM hardly helps, since a gate of 1/2 is no open gate.
# With 5 the error doesn't vanish. (It even grows, to 6: part of it walks
# through the gates and $W_{hh}$, and these ways add up. The cell alone would
# hand back $0.9933^{100} = 0.51$.)
#
# ## 8. The GRU: fewer gates
#
# Does a memory need all this? Cho and others found in 2014 that it can be had
# with less, in their **gated recurrent unit**. Two ideas:
#
# - *Forget and input become one.* Whoever writes something new wants the old
#   to go, and whoever keeps the old writes nothing. So one **update gate**
#   $z_t$ decides both: it keeps the share $z_t$ of the old and takes $1 - z_t$
#   of the new.
# - *No private cell.* The state is the memory, and all of it is shown.
#
# A **reset gate** $r_t$ decides how much of the old state the new candidate
# $n_t$ may look at:
#
# $$r_t = \sigma(x_t W_{xr} + b_{xr} + h_{t-1} W_{hr} + b_{hr}) \qquad
# z_t = \sigma(x_t W_{xz} + b_{xz} + h_{t-1} W_{hz} + b_{hz})$$
# $$n_t = \tanh\big(x_t W_{xn} + b_{xn} + r_t \odot (h_{t-1} W_{hn} + b_{hn})\big)$$
# $$h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1}$$

# %% show=true
fig, ax = plt.subplots(figsize=(8.6, 3.8))
gate_diagrams.draw_gru(ax)
show(
    fig,
    alt="One step of the GRU. Along the top runs the state, from h_prev to "
    "h_t: multiplied by z, then 1 - z times n is added. Below, x_t and "
    "h_prev go into r and z, and x_t into n; the product of h_prev goes "
    "into n as well, multiplied by r.",
)

# %% [markdown]
# The top line is the one of the LSTM, with $z$ in the place of $f$ and $1 - z$
# in the place of $i$. (The three trained networks of `01_sequences` kept a share
# of the old state and took the rest from the new, too. But their shares were
# parameters, one for each unit and the same at every word. Here what is read
# decides.)
#
# Why two biases, $b_{xh}$ and $b_{hh}$? In $r$ and $z$ they are simply added,
# so one would do. But in $n$ the second one stands *inside* the bracket that
# the reset gate multiplies. There they are different things.
#
# ### Exercise: `gru_step` (20 minutes, medium)
#
# The weights are fused again, in the order r, z, n. Here the two products must
# be cut apart *before* they are added.


# %%
def random_gru(rng, D, H):
    """Random weights: W_xh (D, 3H), W_hh (H, 3H), b_xh and b_hh (3H,)."""
    shapes = {"W_xh": (D, 3 * H), "W_hh": (H, 3 * H)}
    shapes |= {"b_xh": (3 * H,), "b_hh": (3 * H,)}
    return {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}


# %% exercise="gru_step"
def gru_step(x_t, h_prev, W_xh, W_hh, b_xh, b_hh):
    """One step of the GRU. About 6 lines.

    x_t: (N, D), h_prev: (N, H), W_xh: (D, 3H), W_hh: (H, 3H),
    b_xh, b_hh: (3H,).
    Returns h_t: (N, H).
    """
    ### BEGIN SOLUTION
    x_r, x_z, x_n = np.split(x_t @ W_xh + b_xh, 3, axis=1)
    h_r, h_z, h_n = np.split(h_prev @ W_hh + b_hh, 3, axis=1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h_prev
    ### END SOLUTION


# %% [markdown]
# Your step on one unit with the old state 0.8 and the candidate -0.5: what is
# the new state, as the update gate goes from 0 to 1?

# %% show=true
a_z = np.linspace(-8, 8, 161)[:, None]
W_z = np.array([[0.0, 1.0, 0.0]])  # the input goes into z only
b_n = np.array([0.0, 0.0, np.arctanh(-0.5)])
blend = gru_step(
    a_z, np.full((161, 1), 0.8), W_z, np.zeros((1, 3)), b_n, np.zeros(3)
)
fig, ax = plt.subplots(figsize=(6.0, 3.2))
gates.draw_blend(ax, sigmoid(a_z)[:, 0], blend[:, 0], old=0.8, new=-0.5)
show(
    fig,
    alt="The new state over the update gate z: a straight line from -0.5, the "
    "candidate, at z = 0 to 0.8, the old state, at z = 1.",
)

# %% [markdown]
# A straight line from the new to the old: $z$ is the share of the old. Keeping
# and writing always add up to 1.

# %% check="gru_keeps" points=3
# z near 1 keeps the old state, z near 0 takes the candidate, tanh(1).
args = np.zeros((1, 1)), np.array([[0.25]]), np.ones((1, 3)), np.zeros((1, 3))
for b_z, right in ((40.0, 0.25), (-40.0, 0.7615941560)):
    b_xh = np.array([0.0, b_z, 1.0])
    h_t = check.call(gru_step, *args, b_xh, np.zeros(3))
    check.close("h_t", h_t, [[right]], axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
x_t, h_prev = rng.normal(size=(N, D)), rng.normal(size=(N, H))
weights = random_gru(rng, D, H)
weights |= {"W_hh": np.zeros((H, 3 * H)), "b_hh": np.zeros(3 * H)}
right = oracle.gru_step(x_t, h_prev, *weights.values())
h_t = check.call(gru_step, x_t, h_prev, *weights.values())
check.close("h_t", h_t, right, axes="N H")
### END HIDDEN TESTS

# %% check="gru_reset" points=3
# r = (1, 0), z = 0: the product h_prev @ W_hn = (1.5, 0.75) comes first, the
# reset gate works on it afterwards.
W_hh = np.zeros((2, 6))
W_hh[0, 5], W_hh[1, 4] = 1.0, 3.0
b_xh = np.array([40.0, -40.0, -40.0, -40.0, 0.0, 0.0])
args = np.zeros((1, 3)), np.array([[0.75, 0.5]]), np.ones((3, 6)), W_hh
h_t = check.call(gru_step, *args, b_xh, np.zeros(6))
check.close("h_t", h_t, [[0.9051482536, 0.0]], axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
x_t, h_prev = rng.normal(size=(N, D)), rng.normal(size=(N, H))
weights = random_gru(rng, D, H) | {"b_hh": np.zeros(3 * H)}
right = oracle.gru_step(x_t, h_prev, *weights.values())
h_t = check.call(gru_step, x_t, h_prev, *weights.values())
check.close("h_t", h_t, right, axes="N H")
### END HIDDEN TESTS

# %% check="gru_biases" points=2
# r = 1/2, z = 0: the second bias of n stands inside, 1 + (2) / 2.
args = np.zeros((1, 2)), np.zeros((1, 1)), np.ones((2, 3)), np.ones((1, 3))
b_xh, b_hh = np.array([0.0, -40.0, 1.0]), np.array([0.0, 0.0, 2.0])
h_t = check.call(gru_step, *args, b_xh, b_hh)
check.close("h_t", h_t, [[0.9640275801]], axes="N H")
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
x_t, h_prev = rng.normal(size=(N, D)), np.zeros((N, H))
weights = random_gru(rng, D, H)
right = oracle.gru_step(x_t, h_prev, *weights.values())
h_t = check.call(gru_step, x_t, h_prev, *weights.values())
check.close("h_t", h_t, right, axes="N H")
### END HIDDEN TESTS

# %% check="gru_values" points=2
# Everything at once: r = sigmoid(1.5), z = sigmoid(2), n = tanh(3 + r / 2).
args = np.ones((1, 1)), np.array([[0.5]]), np.array([[1.0, 2.0, 3.0]])
h_t = check.call(
    gru_step, *args, np.array([[1.0, 0.0, 1.0]]), np.zeros(3), np.zeros(3)
)
check.close("h_t", h_t, [[0.5593408415]], axes="N H")
check.double("h_t", h_t)
### BEGIN HIDDEN TESTS
N, D, H = (int(size) for size in rng.permutation([2, 3, 5]))
x_t, h_prev = rng.normal(size=(N, D)), rng.normal(size=(N, H))
weights = random_gru(rng, D, H)
right = oracle.gru_step(x_t, h_prev, *weights.values())
h_t = check.call(gru_step, x_t, h_prev, *weights.values())
check.close("h_t", h_t, right, axes="N H")
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `gru_forward` (5 minutes, easy)
#
# Now you know the loop by heart.


# %% exercise="gru_forward"
def gru_forward(x, h_0, W_xh, W_hh, b_xh, b_hh):
    """All states of a sequence. About 5 lines.

    x: (N, T, D), h_0: (N, H); the weights as for gru_step.
    Returns h: (N, T, H).
    """
    ### BEGIN SOLUTION
    states, h_t = [], h_0
    for t in range(x.shape[1]):
        h_t = gru_step(x[:, t], h_t, W_xh, W_hh, b_xh, b_hh)
        states.append(h_t)
    return np.stack(states, axis=1)
    ### END SOLUTION


# %% [markdown]
# Your result: a GRU by hand reads the text of section 2. At the years and at
# the full stops $z$ is 0 and takes the candidate, 0.2, 0.5 or 0; at all other
# words it's 1 and keeps what is there.

# %% show=true
reads = [[0, -40, np.arctanh(0.2)], [0, -40, np.arctanh(0.5)]]  # 2004, 2010
reads += [[0, -40, 0], [0, 40, 0]]  # full stop, any other word
gru_hand = {"W_xh": np.array(reads), "W_hh": np.zeros((1, 3))}
gru_hand |= {"b_xh": np.zeros(3), "b_hh": np.zeros(3)}
no_state = np.zeros((1, 1))
both = {"GRU": gru_forward(x_words, no_state, *gru_hand.values())[0]}
both["cell of the LSTM"] = inside(x_words, by_hand)["c"]
fig, ax = plt.subplots(figsize=(8.4, 3.2))
gates.draw_cells(ax, words, both, "left")
show(
    fig,
    alt="What GRU and LSTM, both set by hand, hold after each word, as a "
    "year. The two lines are one: 2004, nothing, 2010, nothing.",
)

# %% [markdown]
# The two lines are one. Where the LSTM needed two gates, one is enough here:
# to drop a number, the GRU writes a 0 in its place.

# %% check="gru_forward_values" points=2
# z = 1/2 and the candidate is tanh(1) at each step: half-way there, each time.
args = np.zeros((1, 3, 2)), np.zeros((1, 1)), np.ones((2, 3)), np.zeros((1, 3))
h = check.call(gru_forward, *args, np.array([0.0, 0.0, 1.0]), np.zeros(3))
right = [[[0.3807970780], [0.5711956170], [0.6663948865]]]
check.close("h", h, right, axes="N T H")
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
x, h_0 = rng.normal(size=(N, T, D)), np.zeros((N, H))
weights = random_gru(rng, D, H).values()
right = oracle.gru_forward(x, h_0, *weights)
h = check.call(gru_forward, x, h_0, *weights)
check.close("h", h, right, axes="N T H")
### END HIDDEN TESTS

# %% check="gru_forward_start" points=2
# The update gate near 1: the start is kept over all steps.
args = np.ones((2, 4, 1)), np.array([[0.25], [-0.5]]), np.ones((1, 3))
b_xh = np.array([0.0, 40.0, 0.0])
h = check.call(gru_forward, *args, np.zeros((1, 3)), b_xh, np.zeros(3))
right = [[[0.25]] * 4, [[-0.5]] * 4]
check.close("h", h, right, axes="N T H")
### BEGIN HIDDEN TESTS
N, T, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
x, h_0 = rng.normal(size=(N, T, D)), rng.normal(size=(N, H))
weights = random_gru(rng, D, H).values()
right = oracle.gru_forward(x, h_0, *weights)
h = check.call(gru_forward, x, h_0, *weights)
check.close("h", h, right, axes="N T H")
### END HIDDEN TESTS

# %% [markdown]
# ### Four networks of one name
#
# "GRU" doesn't say exactly what is computed. Two things differ from paper to
# paper and from program to program, and so four conventions are in
# circulation:
#
# | | reset **after** the product: $r_t \odot (h_{t-1} W_{hn} + b_{hn})$ | reset **before**: $(r_t \odot h_{t-1})\,W_{hn}$ |
# |---|---|---|
# | $z_t$ **keeps** the old | PyTorch; Keras as it comes; this lesson | Cho and others 2014; Keras with `reset_after=False` |
# | $z_t$ **takes** the new | Lasagne | Chung and others 2014 |
#
# None of them is wrong. But trained weights of one are nonsense to another. On
# top of that come the order of the blocks (PyTorch r, z, n; Keras z, r, h) and
# the number of biases. Whoever copies weights must look all of this up.
#
# How bad is it? Take the GRU by hand again, and read the same weights the
# other way round. (Your `gru_step` can do this: since
# $\sigma(-a) = 1 - \sigma(a)$, we turn the sign of all that goes into $z$.)

# %% show=true
turned = gru_hand | {"W_xh": gru_hand["W_xh"] * np.array([1, -1, 1])}
read = {
    "z keeps the old": gru_forward(x_words, no_state, *gru_hand.values())[0],
    "z takes the new": gru_forward(x_words, no_state, *turned.values())[0],
}
fig, ax = plt.subplots(figsize=(8.4, 3.4))
gates.draw_cells(ax, words, read, "college")
show(
    fig,
    alt="What the GRU holds after each word, as a year. Where z keeps the "
    "old, it holds 2004, then nothing from the full stop to 2010, then "
    "2010 up to the last full stop. The same weights read with z taking the "
    "new hold 2000, nothing, throughout.",
)

# %% [markdown]
# Read the other way round, the same weights write at every word but the years:
# the memory stays empty.
#
# ### Question 2 (5 points)
#
# A colleague gives you the weights of her trained GRU, fused in your order r,
# z, n, with two biases. In her program $z$ *takes the new*:
# $h_t = (1 - z_t) \odot h_{t-1} + z_t \odot n_t$.
#
# 1. Which numbers do you have to change, and how, so that your `gru_step`
#    gives the same states as her program?
# 2. Another colleague's program has the reset *before* the product. Can his
#    weights be changed in some such way, too? Give a reason.
# 3. Leave out the bias $b_{hn}$. Name a special case in which before and after
#    then make no difference.

# %% [markdown] answer="gru_conventions" points=5
# 1. Turn the sign of the z block (the middle $H$ columns or entries) in all
#    four arrays, $W_{xh}$, $W_{hh}$, $b_{xh}$ and $b_{hh}$. The pre-activation
#    of $z$ turns its sign, and $\sigma(-a) = 1 - \sigma(a)$: what took now
#    keeps.
# 2. No, not in general. Before the product, $r_t$ scales the *old units*, that
#    is, the rows of $W_{hn}$; after it, $r_t$ scales the *new units*, its
#    columns. $r_t$ changes with every input, so no fixed weights can make up
#    for it.
# 3. For example $r_t = 1$ everywhere, one unit only ($H = 1$), all units with
#    the same $r_t$, or a diagonal $W_{hn}$.
#
# **Marking scheme**
# - 2 points: the sign of the z block (1 point), in weights and biases alike (1
#   point)
# - 2 points: no (1 point), because the reset gate scales other things, old
#   units or new units, and changes with the input (1 point)
# - 1 point: any one case that holds, such as r = 1, one unit, equal r for all
#   units, diagonal W_hn, old state 0

# %% [markdown]
# ## 9. The same as in PyTorch
#
# At the start we said that this is the very network inside PyTorch. Prove it:
# copy the weights of a network of PyTorch into your functions, and compare.
#
# PyTorch keeps the weights of a layer in its `state_dict`, under these names
# (`ih`: from the input, `hh`: from the state, `l0`: layer 0):
#
# | name | LSTM | GRU | yours |
# |---|---|---|---|
# | `weight_ih_l0` | $(4H, D)$ | $(3H, D)$ | `W_xh`, transposed |
# | `weight_hh_l0` | $(4H, H)$ | $(3H, H)$ | `W_hh`, transposed |
# | `bias_ih_l0` | $(4H,)$ | $(3H,)$ | GRU: `b_xh`; LSTM: a part of `b_h` |
# | `bias_hh_l0` | $(4H,)$ | $(3H,)$ | GRU: `b_hh`; LSTM: the rest of `b_h` |
#
# The order of the blocks is yours already. PyTorch computes $x_t W^\top$ where
# you compute $x_t W$, hence the transposing. Its LSTM has two biases as well;
# since they are always added, your one is their sum.
#
# ### Exercise: `weights_from_torch` (20 minutes, medium)
#
# `weight_hh_l0` has $4H$ rows and $H$ columns in an LSTM, $3H$ rows in a GRU:
# that tells you which it is. `.detach().numpy()` makes an array of a tensor,
# `.astype(float)` one of float64.


# %%
def plain_arrays(weights):
    """CheckFailed if not all values of a dict are NumPy arrays of float64."""
    for name, array in weights.items():
        kind = array.dtype if type(array) is np.ndarray else type(array)
        check.that(kind == np.float64, f"{name}: {kind}, expected float64")


# %% exercise="weights_from_torch"
def weights_from_torch(state_dict):
    """The weights of torch.nn.LSTM or torch.nn.GRU as arrays. About 8 lines.

    state_dict: a dict of the four tensors of a network with one layer.
    Returns a dict of NumPy arrays, float64: W_xh (D, 4H), W_hh (H, 4H) and
    b_h (4H,) of an LSTM; W_xh (D, 3H), W_hh (H, 3H), b_xh and b_hh (3H,) of
    a GRU.
    """
    ### BEGIN SOLUTION
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    W_xh, W_hh, b_xh, b_hh = (
        state_dict[name].detach().numpy().astype(float).T for name in names
    )
    if W_hh.shape[1] == 4 * W_hh.shape[0]:
        return {"W_xh": W_xh, "W_hh": W_hh, "b_h": b_xh + b_hh}
    return {"W_xh": W_xh, "W_hh": W_hh, "b_xh": b_xh, "b_hh": b_hh}
    ### END SOLUTION


# %% show=true
torch.manual_seed(0)
x_torch = torch.randn(3, 50, 5, dtype=torch.float64)  # N, T, D
start = np.zeros((3, 7))
for kind in (torch.nn.LSTM, torch.nn.GRU):
    network = kind(5, 7, batch_first=True).double()
    mine = weights_from_torch(network.state_dict()).values()
    if kind is torch.nn.LSTM:
        h = lstm_forward(x_torch.numpy(), start, start, *mine)[0]
    else:
        h = gru_forward(x_torch.numpy(), start, *mine)
    theirs = network(x_torch)[0].detach().numpy()
    print(f"{kind.__name__:4}: {h.size} states, ", end="")
    print(f"largest difference {np.abs(h - theirs).max():.0e}")

# %% [markdown]
# Over a thousand numbers each, after fifty steps, and they agree to the last
# digits that the computer has. What you've built *is* `torch.nn.LSTM` and
# `torch.nn.GRU`. From now on you may use theirs with a good conscience: you
# know what's in it.

# %% check="weights_lstm" points=3
# H = 1, D = 2: transposed, and the two biases added.
state_dict = {
    "weight_ih_l0": torch.tensor(
        [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]
    ),
    "weight_hh_l0": torch.tensor([[0.5], [1.5], [2.5], [3.5]]),
    "bias_ih_l0": torch.tensor([1.0, 2.0, 3.0, 4.0]),
    "bias_hh_l0": torch.tensor([0.5, 0.5, 0.5, 1.0]),
}
right = {"W_xh": np.array([[1.0, 3.0, 5.0, 7.0], [2.0, 4.0, 6.0, 8.0]])}
right |= {"W_hh": np.array([[0.5, 1.5, 2.5, 3.5]])}
right |= {"b_h": np.array([1.5, 2.5, 3.5, 5.0])}
got = check.call(weights_from_torch, state_dict)
check.close("weights", got, right)
plain_arrays(got)
# H = 3: 12 columns are four blocks of 3.
twelve = {"weight_ih_l0": torch.ones(12, 2), "weight_hh_l0": torch.ones(12, 3)}
twelve |= {name: torch.ones(12) for name in ("bias_ih_l0", "bias_hh_l0")}
got = check.call(weights_from_torch, twelve)
check.equal("names for 12 columns", sorted(got), ["W_hh", "W_xh", "b_h"])
### BEGIN HIDDEN TESTS
for D, H in ((3, 2), (2, 3), (3, 4)):
    state_dict = oracle.random_state_dict(rng, D, H, 4)
    right = oracle.weights_from_torch(state_dict)
    got = check.call(weights_from_torch, state_dict)
    check.close("weights", got, right)
    plain_arrays(got)
### END HIDDEN TESTS

# %% check="weights_gru" points=3
# Three blocks: a GRU. Its two biases stay apart.
state_dict = {
    "weight_ih_l0": torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
    "weight_hh_l0": torch.tensor([[0.5], [1.5], [2.5]]),
    "bias_ih_l0": torch.tensor([1.0, 2.0, 3.0]),
    "bias_hh_l0": torch.tensor([0.5, 0.25, 0.125]),
}
right = {"W_xh": np.array([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]])}
right |= {"W_hh": np.array([[0.5, 1.5, 2.5]])}
right |= {"b_xh": np.array([1.0, 2.0, 3.0])}
right |= {"b_hh": np.array([0.5, 0.25, 0.125])}
got = check.call(weights_from_torch, state_dict)
check.close("weights", got, right)
plain_arrays(got)
# H = 4: 12 columns are three blocks of 4.
twelve = {"weight_ih_l0": torch.ones(12, 2), "weight_hh_l0": torch.ones(12, 4)}
twelve |= {name: torch.ones(12) for name in ("bias_ih_l0", "bias_hh_l0")}
got = check.call(weights_from_torch, twelve)
check.equal(
    "names for 12 columns", sorted(got), ["W_hh", "W_xh", "b_hh", "b_xh"]
)
### BEGIN HIDDEN TESTS
for D, H in ((3, 2), (2, 3), (3, 4)):
    state_dict = oracle.random_state_dict(rng, D, H, 3)
    right = oracle.weights_from_torch(state_dict)
    got = check.call(weights_from_torch, state_dict)
    check.close("weights", got, right)
    plain_arrays(got)
### END HIDDEN TESTS

# %% [markdown]
# ## 10. What do the gates cost?
#
# Count the parameters of one layer: weights from the input, weights from the
# state, biases. A plain network has one block of each, the GRU three, the LSTM
# four. We count one bias for each block of the plain network and of the LSTM,
# and two for the GRU, as in your arrays.
#
# ### Exercise: `count_parameters` (10 minutes, medium)


# %% exercise="count_parameters"
def count_parameters(cell, D, H):
    """Numbers in the weights and biases of one layer. About 3 lines.

    cell: "rnn", "lstm" or "gru".
    Returns a whole number.
    """
    ### BEGIN SOLUTION
    blocks = {"rnn": 1, "lstm": 4, "gru": 3}[cell]
    biases = 2 if cell == "gru" else 1
    return blocks * (D * H + H * H + biases * H)
    ### END SOLUTION


# %% show=true
counts = {"plain": count_parameters("rnn", 100, 100)}
counts |= {c.upper(): count_parameters(c, 100, 100) for c in ("gru", "lstm")}
fig, ax = plt.subplots(figsize=(6.0, 2.4))
gates.draw_counts(ax, counts)
show(
    fig,
    alt="Bars of the number of parameters for D = H = 100: plain network "
    "20,100, GRU 60,600, LSTM 80,400.",
)

# %% [markdown]
# Three times and four times as many as in the plain network: memory isn't
# free. A fair comparison keeps this in mind. For the parameters of this LSTM
# you could have a plain network of 237 units in place of 100.

# %% check="count_rnn_lstm" points=2
# D = 2, H = 3: one block is 6 + 9 + 3 = 18 numbers.
check.equal("rnn", check.call(count_parameters, "rnn", 2, 3), 18)
check.equal("lstm", check.call(count_parameters, "lstm", 2, 3), 72)
### BEGIN HIDDEN TESTS
D, H = (int(size) for size in rng.permutation(range(4, 40))[:2])
for cell in ("rnn", "lstm"):
    right = oracle.count_parameters(cell, D, H)
    check.equal(cell, check.call(count_parameters, cell, D, H), right)
### END HIDDEN TESTS

# %% check="count_gru" points=2
# Three blocks, with two biases each: 3 * (6 + 9 + 3 + 3).
check.equal("gru", check.call(count_parameters, "gru", 2, 3), 63)
### BEGIN HIDDEN TESTS
D, H = (int(size) for size in rng.permutation(range(4, 40))[:2])
right = oracle.count_parameters("gru", D, H)
check.equal("gru", check.call(count_parameters, "gru", D, H), right)
### END HIDDEN TESTS

# %% [markdown]
# ## 11. The year, k words back
#
# Back to the task of `04_gradients`: read a sentence, and at its end say the
# year that stood $k$ words back.

# %% show=true
ids, answers = recall.sentences(3, 8, np.random.default_rng(0))
for sentence, answer in zip(ids, answers, strict=True):
    print(f"{recall.text(sentence)}  ->  {recall.YEARS[answer]}")

# %% [markdown]
# Three networks of 32 units, plain, LSTM and GRU, each trained anew for every
# distance in at most 300 steps, each started as PyTorch starts it. **Guess
# before you run the cells:** which of the three find the year over 32 words?
# (Each cell takes some seconds.)

# %% show=true
ks = [2, 4, 8, 16, 32]
curves = {"plain": [recall.accuracy("rnn", k, steps=300) for k in ks]}

# %% show=true
curves["LSTM"] = [recall.accuracy("lstm", k, steps=300) for k in ks]

# %% show=true
curves["GRU"] = [recall.accuracy("gru", k, steps=300) for k in ks]

# %% show=true
chance = 1 / len(recall.YEARS)
fig, ax = plt.subplots(figsize=(7.2, 3.8))
gates.draw_recall(ax, ks, curves, chance)
show(
    fig,
    alt="Share of right answers over the distance k, on a logarithmic axis. "
    "All three are right up to 8 words. At 16 words only the GRU is still "
    "right, at 32 none of them: all guess.",
)

# %% [markdown]
# None! The GRU gets twice as far as the two others, and at 32 words all three
# guess. Are the gates good for nothing, then?
#
# (In `04_gradients` the plain network found the year over 16 words, from your
# orthogonal start with a radius of 0.6. PyTorch's start has about that radius,
# but isn't orthogonal, and at 16 words its luck decides: of five draws of it
# that we tried, three got there. This is one of the others.)
#
# Think of section 6. PyTorch starts with biases around 0, so the forget gate
# of the LSTM and the update gate of the GRU begin near 1/2. Look at the LSTM
# with bias 0 in the figure of section 7: after 32 steps about $10^{-7}$ of the
# error is left, so nobody tells the gates what they should have kept. The rule
# of thumb says $b_f \approx \log 32 \approx 3.5$. Let's start both with 3.

# %% show=true
settings = {"steps": 300, "forget_bias": 3.0}
name = "LSTM, forget bias 3"
curves[name] = [recall.accuracy("lstm", k, **settings) for k in ks]

# %% show=true
name = "GRU, update bias 3"
curves[name] = [recall.accuracy("gru", k, **settings) for k in ks]

# %% show=true
fig, ax = plt.subplots(figsize=(7.6, 3.8))
gates.draw_recall(ax, ks, curves, chance)
show(
    fig,
    alt="The same figure with two more curves, dashed: LSTM and GRU with a "
    "bias of 3. Both are right at all distances, 32 words included.",
)

# %% [markdown]
# That's the whole difference: one number, set before the training begins. A
# gate *can* keep a value over any distance. But training has to find out that
# it should, and for that the error must get there in the first place. (The
# plain network had such a number, too: in `04_gradients` the spectral radius
# of its $W_{hh}$ decided. But that's one number for all units and all words.)
#
# ## 12. Watch it read
#
# Last, look into gates that nobody set by hand. A small LSTM of PyTorch, five
# units, learns to say after **each** word which of four years holds, 2004 to
# 2007: the last one named, or none if a full stop has come since. It's the
# task of section 2 again, only now the network has to find the gates itself.

# %% show=true
network, read_out = reader.train()
print(f"right after {reader.accuracy(network, read_out):.1%} of the words")

# %% [markdown]
# **Guess:** at which words will its forget gates close, and at which will its
# input gates open?
#
# You copy its weights, and read a sentence with **your** functions. Choose
# what to look at: a gate, the cell or the state of all five units, word by
# word.

# %% show=true
read_text = "in 2004 i started college . in 2007 we moved to a small town ."
sentence = f"{read_text} my friend left".split()
learned = weights_from_torch(network.state_dict())
reading = inside(reader.encode(sentence)[None], learned)
letters = {"forget gate f": "f", "input gate i": "i", "cell c": "c"}
letters |= {"candidate g": "g", "output gate o": "o", "state h": "h"}


# %% show=true
def draw_reading(ax, look_at):
    """One gate, the cell or the state of all units."""
    letter = letters[look_at]
    gates.draw_rows(ax, reading[letter], sentence, letter, look_at)


explore(
    draw_reading,
    look_at=list(letters),
    static={"look_at": ["forget gate f", "input gate i", "cell c"]},
    size=(6.4, 3.0),
    alt="Three heat maps over the words of a sentence, a row for each of five "
    "units. Forget gate: dark in the first three rows at the years and at "
    "the full stops, bright elsewhere. Input gate: bright nearly "
    "everywhere. Cell: rows 2 and 3 change their sign at years and stops.",
)

# %% [markdown]
# Half of the guess is right, most likely. The forget gates of units 1, 2 and 3
# close at each year and at each full stop, as in the LSTM by hand. (Units 4
# and 5 have found something else to do.) But the input gates stand open nearly
# all the time! Take one unit, and look at all that happens in it:


# %% show=true
def draw_unit(ax, unit):
    """All that happens in one unit."""
    gates.draw_inside(ax, reading, sentence, unit - 1)


explore(
    draw_unit,
    unit=(1, 5),
    static={"unit": [2, 3]},
    size=(6.4, 3.2),
    alt="Units 2 and 3: a row for each of i, f, g, o, c, h and a column for "
    "each word. f is dark at years and full stops. The candidate g has, at "
    "ordinary words, the sign of the cell.",
)

# %% [markdown]
# In unit 2 the cell is negative while a year holds and positive where none
# does; unit 3 tells the two years apart. It takes several units to hold one of
# four years, and each holds a part of the answer.
#
# ### Question 3 (5 points)
#
# At ordinary words the forget gate of unit 2 stays below 1, at about 0.8. And
# yet this network is still right when the year was named a hundred words ago.
#
# 1. How much of a value would be left after 30 words if it were only
#    multiplied by 0.8 each time?
# 2. Look at the rows g, i and h of unit 2 at the words after a year. How does
#    the network keep the value all the same? Which weights does that need?
# 3. Why does the forget gate have to close at a year, although the new year is
#    written anyway?

# %% [markdown] answer="reading_gates" points=5
# 1. $0.8^{30} \approx 0.001$, a thousandth.
# 2. The candidate $g$ has the sign of the cell at each of these words, and the
#    input gate is open: what the forget gate loses is written anew at every
#    word. The network can do this because it hears its own state: $h_{t-1}$
#    shows the value, and $W_{hh}$ leads from it back into the candidate. So
#    the memory is refreshed, not only kept.
# 3. Otherwise the new would be added to the old, as in section 2. The cell
#    grows while it is refreshed, and once it's larger than 1, a single written
#    value, at most 1 in size, can't turn its sign.
#
# **Marking scheme**
# - 1 point: $0.8^{30}$, about 0.001
# - 3 points: the candidate repeats the sign of the cell (1 point), the open
#   input gate writes it again (1 point), through h_prev and W_hh (1 point)
# - 1 point: without dropping the old, the new is only added to it

# %% [markdown]
# ## Summary
#
# - A state that goes through a multiplication and a tanh at every step leaks.
#   A cell to which things are only *added* keeps them to the last digit, and
#   hands back the error unharmed; but it can't forget.
# - The forget gate multiplies the cell by a number between 0 and 1, made anew
#   at each step from what is read: 1 keeps, 0 drops. What it does to the
#   value, it does to the error.
# - The LSTM has three such gates and a candidate:
#   $c_t = f_t \odot c_{t-1} + i_t \odot g_t$, $h_t = o_t \odot \tanh c_t$.
# - The bias of the forget gate sets how long a value is kept before anything
#   has been learned: to learn over $k$ steps, start with about $\log k$.
# - The GRU makes forget and input one, $h_t = (1 - z_t) \odot n_t + z_t \odot
#   h_{t-1}$, and does without a private cell. Four conventions go by its name.
# - The LSTM has four times the parameters of a plain network, the GRU three
#   times. Yours are, number by number, those of PyTorch.
#
# ## What others call it
#
# | here | elsewhere |
# |---|---|
# | cell $c_t$ | cell state, memory cell; in the paper of 1997 the *constant error carousel* |
# | candidate $g_t$ | cell input, block input, cell gate, $\tilde{c}_t$ |
# | gates made from $x_t$ and $h_{t-1}$ | multiplicative units; *data-dependent* gating |
# | a gate that looks at $c_t$ as well | peephole connection |
# | adding to the cell | additive update; a skip connection through time |
# | the bias of the forget gate, chosen | forget-gate initialisation |
# | $z_t$ and $r_t$ | update gate and reset gate |
#
# ## Open questions
#
# - So far, our texts were made up. What does such a network learn from a
#   *real* one, letter by letter? Can it write? (`06_char_rnn`)
# - LSTM or GRU, one layer or three, how many units: how does one choose?
#   (`06_char_rnn`)
# - One step must wait for the one before. What does that mean for a computer
#   that could do thousands of things at once? (`07_hardware`)
#
# ## References
#
# - S. Hochreiter, J. Schmidhuber: Long short-term memory. Neural Computation, 1997.
# - F. Gers, J. Schmidhuber, F. Cummins: Learning to forget: continual prediction
#   with LSTM. 2000. (The forget gate.)
# - A. Graves, J. Schmidhuber: Framewise phoneme classification with bidirectional
#   LSTM and other neural network architectures. 2005. (Today's way back, through
#   all of it.)
# - K. Cho and others: Learning phrase representations using RNN encoder-decoder
#   for statistical machine translation. 2014. (The GRU.)
# - R. Jozefowicz, W. Zaremba, I. Sutskever: An empirical exploration of recurrent
#   network architectures. 2015. (The bias of the forget gate matters.)
# - K. Greff and others: LSTM: a search space odyssey. 2017. (Which gates can be
#   spared?)
# - C. Tallec, Y. Ollivier: Can recurrent neural networks warp time? 2018. (Why the
#   bias should be about the logarithm of the time.)

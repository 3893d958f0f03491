# %% [markdown]
# # Vanishing and exploding gradients
#
# `03_bptt` ended with a worry. Your error walked back through "hello", and it
# melted: three steps back it was 489 times smaller. **Must it shrink? And what
# if it grew instead?** Today you measure it, step by step, and find the number
# that decides in the long run. Then you see what can be done, and what can't.
#
# The worry has a practical side. Compare
#
# - "I started college **in 2004**. When?"
# - "**In 2004** I started college, then we moved to a small town, ... When?"
#
# In both the answer has to be fetched from the past, in the second from far
# back. If no error arrives there, no training can teach the network to keep
# the year.
#
# **When you are done, you can** compute how much of an error arrives $k$ steps
# back, and predict it from the weights; say where that prediction fails; clip a
# gradient without turning it; and say what clipping can't do. **You need**
# `03_bptt`, and matrices: products, eigenvalues, norms (each is explained where it
# comes up). **Time:** about four hours, the questions included.
#
# | you write | it tells |
# |---|---|
# | `jacobian_step` | what one step back does to an error |
# | `gradient_norms` | what many steps back can do to it at most |
# | `spectral_radius`, `rescale_spectral_radius` | the number that decides, and a way to set it |
# | `orthogonal_init` | a start at which nothing shrinks or grows |
# | `clip_by_norm` | what to do about an explosion |
# | `learnable_horizon` | how far back a network can see |

# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from unrolled.lab import check, cliff, explore, passes, recall, show, style
from unrolled.lab.figures import clipping, gradients

style.use()

# %% [markdown]
# ## 1. One step back, as a matrix
#
# Today one sequence is enough, so there's no axis for the batch: `x` is
# $(T, D)$, `h` is $(T, H)$, and `h_t` is $(H,)$. The forward pass is the one
# you know, and `numeric_gradient` is what you wrote in the last lesson.


# %%
def rnn_states(x, W_xh, W_hh, b_h):
    """All states h (T, H) of one sequence x (T, D), from a state of 0."""
    h, h_t = [], np.zeros(len(b_h))
    for x_t in x:
        h_t = np.tanh(x_t @ W_xh + h_t @ W_hh + b_h)
        h.append(h_t)
    return np.array(h)


def numeric_gradient(f, w, eps=1e-5):
    """The slope of f at w by central differences, an array like w."""
    slope = np.zeros(w.shape)
    for index in np.ndindex(w.shape):
        nudge = np.zeros(w.shape)
        nudge[index] = eps
        slope[index] = (f(w + nudge) - f(w - nudge)) / (2 * eps)
    return slope


# %% [markdown]
# In `03_bptt` you sent an error $dh_t$ one step back: times the slope of tanh,
# times $W_{hh}^\top$. No matter what the error is, the same thing happens to
# it. So the step back is a **matrix**, and it has a name, the *Jacobian* of
# the step. It lists how each number of the new state depends on each number of
# the old one:
#
# $$J[i, j] = \frac{\partial h_t[i]}{\partial h_{t-1}[j]} =
# (1 - h_t[i]^2)\; W_{hh}[j, i]$$
#
# Read it from right to left: old unit $j$ reaches new unit $i$ through the
# weight $W_{hh}[j, i]$, and then through the tanh of unit $i$. With it, the
# step back of the last lesson is one product, $dh_{t-1} = dh_t\, J$.
#
# ### Exercise: `jacobian_step` (15 minutes, medium)
#
# For a vector `v` and a matrix `A`: `v * A` multiplies column $j$ by $v[j]$,
# `v[:, None] * A` multiplies row $i$ by $v[i]$.


# %% exercise="jacobian_step"
def jacobian_step(h_t, W_hh):
    """How the state after a step depends on the one before. About 1 line.

    h_t: (H,), the state after the step; W_hh: (H, H).
    Returns J: (H, H), J[i, j] = d h_t[i] / d h_prev[j].
    """
    ### BEGIN SOLUTION
    return (1 - h_t**2)[:, None] * W_hh.T
    ### END SOLUTION


# %% [markdown]
# Don't believe it: measure it. Below, a random step with five units. The right
# picture doesn't know any calculus: each old unit is moved a little up and a
# little down.

# %% show=true
rng_demo = np.random.default_rng(0)
W_demo, a_demo = rng_demo.normal(size=(5, 5)), rng_demo.normal(size=5)
h_before = np.tanh(rng_demo.normal(size=5))
h_after = np.tanh(a_demo + h_before @ W_demo)
measured = np.array(
    [
        numeric_gradient(
            lambda h, i=i: np.tanh(a_demo + h @ W_demo)[i], h_before
        )
        for i in range(5)
    ]
)
yours = jacobian_step(h_after, W_demo)
fig, axes = plt.subplots(1, 2, figsize=(7.0, 2.9))
gradients.draw_jacobians(axes, yours, measured)
show(
    fig,
    alt="Two heat maps of five by five numbers, your Jacobian and the "
    "measured one: they look the same. The last row, new unit 4, is pale.",
)
print(f"largest difference: {np.abs(yours - measured).max():.1e}")

# %% [markdown]
# The two agree to ten digits or so. Look at the last row, the palest: new
# unit 4 has ended up at 0.95, near the end of tanh, where it's flat. Whatever
# the old state does, this unit hardly notices, so hardly any error comes back
# through it. It is *saturated*.

# %% check="jacobian_values" points=4
# Slopes 1 and 0.75; new unit 0 hears old unit 1 through W_hh[1, 0] = 3.
h_t, W = np.array([0.0, 0.5]), np.array([[1.0, 2.0], [3.0, 4.0]])
J = check.call(jacobian_step, h_t, W)
check.close("J", J, [[1.0, 3.0], [1.5, 3.0]])
### BEGIN HIDDEN TESTS
H = int(rng.integers(3, 6))
h_t, W = np.tanh(rng.normal(size=H)), rng.normal(size=(H, H))
J = check.call(jacobian_step, h_t, W)
check.close("J", J, oracle.jacobian_step(h_t, W))
### END HIDDEN TESTS

# %% check="jacobian_direction" points=3
# W_hh[0, 1] leads from old unit 0 to new unit 1, so only J[1, 0] isn't 0.
J = check.call(jacobian_step, np.zeros(2), np.array([[0.0, 2.0], [0.0, 0.0]]))
check.close("J", J, [[0.0, 0.0], [2.0, 0.0]])
### BEGIN HIDDEN TESTS
H = int(rng.integers(3, 6))
W = np.triu(rng.normal(size=(H, H)))
J = check.call(jacobian_step, np.zeros(H), W)
check.close("J", J, oracle.jacobian_step(np.zeros(H), W))
### END HIDDEN TESTS

# %% check="jacobian_saturated" points=3
# New unit 0 is at the end of tanh: its whole row is 0.
h_t, W = np.array([1.0, -0.5]), np.array([[2.0, 4.0], [6.0, 8.0]])
J = check.call(jacobian_step, h_t, W)
check.close("J", J, [[0.0, 0.0], [3.0, 6.0]])
### BEGIN HIDDEN TESTS
H = int(rng.integers(3, 6))
h_t, W = np.tanh(rng.normal(size=H)), rng.normal(size=(H, H))
h_t[int(rng.integers(H))] = -1.0
J = check.call(jacobian_step, h_t, W)
check.close("J", J, oracle.jacobian_step(h_t, W))
### END HIDDEN TESTS

# %% [markdown]
# ## 2. Many steps back, as a product
#
# Two steps back: the error passes $J_T$, then $J_{T-1}$. And so on to step
# $t$. The gradient over many steps is a **product of many matrices**, one per
# step:
#
# $$\frac{\partial h_T}{\partial h_t} = J_T\, J_{T-1} \cdots J_{t+1}$$
#
# The order matters, since matrices don't commute. And mind the end: the last
# factor is $J_{t+1}$, the step that *leaves* $h_t$. The step that led to $h_t$
# has no part in it.
#
# How much is left of an error after such a product? That depends on its
# direction, so ask how much it can be at most: the **largest factor by which
# the product can stretch any error**. This is its *spectral norm*,
# `np.linalg.norm(A, 2)`. If it's 0.001, then no error, whatever the loss,
# arrives with more than a thousandth of its size.
#
# ### Exercise: `gradient_norms` (20 minutes, medium)
#
# For $t = T$ the product has no factor at all. It's the identity, and its norm
# is 1: the error has not yet moved. Start there, and walk back.


# %% exercise="gradient_norms"
def gradient_norms(h, W_hh):
    """How much of an error can come back from the last state. About 5 lines.

    h: (T, H), the states of one sequence; W_hh: (H, H).
    Returns norms: (T,); norms[t] is the spectral norm of d h[-1] / d h[t],
    so norms[-1] is 1.
    """
    ### BEGIN SOLUTION
    norms, product = np.ones(len(h)), np.eye(len(W_hh))
    for t in reversed(range(len(h) - 1)):
        product = product @ jacobian_step(h[t + 1], W_hh)
        norms[t] = np.linalg.norm(product, 2)
    return norms
    ### END SOLUTION


# %% [markdown]
# Your result, held against reality. A network of 32 units reads 60 random
# inputs. PyTorch sends ten random errors of length 1 back from the last
# state, each in a real backward pass. How large does each arrive?

# %% show=true
H, D, T = 32, 8, 60
rng_demo = np.random.default_rng(1)
x_demo = 0.3 * rng_demo.normal(size=(T, D))
W_xh_demo = rng_demo.normal(size=(D, H)) / np.sqrt(D)
W_hh_demo = 0.6 * rng_demo.normal(size=(H, H)) / np.sqrt(H)
net_demo = x_demo, W_xh_demo, W_hh_demo, np.zeros(H)
norms = gradient_norms(rnn_states(*net_demo), W_hh_demo)
errors = rng_demo.normal(size=(10, H))
errors /= np.linalg.norm(errors, axis=1, keepdims=True)
fig, ax = plt.subplots(figsize=(6.4, 3.2))
gradients.draw_walk(ax, passes.sizes_of_errors(*net_demo, errors), norms)
show(
    fig,
    alt="Sizes of ten errors over the steps back, logarithmic, as grey lines: "
    "all fall along nearly straight lines, from 1 to below 1e-9 after 59 "
    "steps. Your norms are a line above all of them.",
)

# %% [markdown]
# Time runs from right to left here: 0 is the last state, 59 the first. The axis
# is logarithmic, so a straight line is a constant factor at each step. All ten
# errors go the same way down, and none lies above your line. That's the
# **vanishing gradient**: 59 steps back, at most two billionths are left.
#
# *A little history.* Sepp Hochreiter described this in his diploma thesis of
# 1991. Bengio, Simard and Frasconi showed in 1994 that it's no accident: a
# network that stores something safely for long must have gradients that
# vanish.

# %% check="norms_last" points=2
# A sequence of one step: the error hasn't moved yet.
norms = check.call(gradient_norms, np.array([[0.5, 0.1]]), 3 * np.eye(2))
check.close("norms", norms, [1.0], axes="T")
# One step more, and it has moved.
norms = check.call(gradient_norms, np.full((2, 2), 0.5), 3 * np.eye(2))
check.array("norms", norms, (2,), axes="T")
check.differs("the norms of two steps", norms[0], norms[1])
### BEGIN HIDDEN TESTS
H = int(rng.integers(3, 6))
h, W = np.tanh(rng.normal(size=(1, H))), rng.normal(size=(H, H))
norms = check.call(gradient_norms, h, W)
check.close("norms", norms, [1.0], axes="T")
### END HIDDEN TESTS

# %% check="norms_values" points=4
# One unit, slope 0.75 and weight 2: a factor of 1.5 at each step.
norms = check.call(gradient_norms, np.full((3, 1), 0.5), np.array([[2.0]]))
check.close("norms", norms, [2.25, 1.5, 1.0], axes="T")
### BEGIN HIDDEN TESTS
T, H = (int(size) for size in rng.permutation([3, 4]))
h, W = np.tanh(rng.normal(size=(T, H))), rng.normal(size=(H, H))
norms = check.call(gradient_norms, h, W)
check.close("norms", norms, oracle.gradient_norms(h, W), axes="T")
### END HIDDEN TESTS

# %% check="norms_order" points=4
# J_3 J_2 is not J_2 J_3, and its norm is neither a sum nor a product of norms.
h = np.array([[0.3, 0.3], [0.0, 0.9], [0.8, 0.0]])
norms = check.call(gradient_norms, h, np.array([[1.0, 0.0], [2.0, 1.0]]))
check.close("norms", norms, [0.9458204496, 1.2510791456, 1.0], axes="T")
### BEGIN HIDDEN TESTS
T, H = (int(size) for size in rng.permutation([4, 5]))
h, W = np.tanh(rng.normal(size=(T, H))), rng.normal(size=(H, H))
norms = check.call(gradient_norms, h, W)
check.close("norms", norms, oracle.gradient_norms(h, W), axes="T")
### END HIDDEN TESTS

# %% check="norms_own_slope" points=3
# The step that led to h[0] has no part in it: h[0] is saturated, no matter.
h = np.array([[1.0], [0.0], [0.5]])
norms = check.call(gradient_norms, h, np.array([[2.0]]))
check.close("norms", norms, [3.0, 1.5, 1.0], axes="T")
### BEGIN HIDDEN TESTS
T, H = (int(size) for size in rng.permutation([3, 4]))
h, W = np.tanh(rng.normal(size=(T, H))), rng.normal(size=(H, H))
h[0] = 1.0
norms = check.call(gradient_norms, h, W)
check.close("norms", norms, oracle.gradient_norms(h, W), axes="T")
### END HIDDEN TESTS

# %% [markdown]
# ### Question 1 (6 points)
#
# In `03_bptt` you mended a slide's chain rule for the third output, term by
# term. Now for any length: an error $dE/dh_T$ at the last state of a sequence
# of $T$ steps.
#
# 1. Write $dE/dW_{hh}$ as a sum over the steps $t$ in which $W_{hh}$ was used,
#    with the Jacobians $J$. Write $\partial h_t/\partial W_{hh}$ for the direct
#    effect within step $t$ alone.
# 2. Say which terms vanish if your norms fall as in the figure above.
# 3. Somebody prints the size of $dE/dW_{hh}$, finds that it isn't small at
#    all, and says: "So my gradient doesn't vanish." What's wrong with that?

# %% [markdown] answer="chain_rule_long" points=6
# 1. $$\frac{dE}{dW_{hh}} = \sum_{t=1}^{T} \frac{dE}{dh_T}\,
#    J_T\, J_{T-1} \cdots J_{t+1}\, \frac{\partial h_t}{\partial W_{hh}}$$
#    For $t = T$ there's no $J$ at all.
# 2. The terms of the early steps, $t$ far below $T$: their products of
#    Jacobians are long and have tiny norms. The terms of the last few steps
#    stay.
# 3. The size of the sum is about that of its largest terms, and those belong
#    to the last steps, whose products are short. It says nothing about the early
#    terms. The sum isn't small, but it doesn't contain what the network would
#    need to learn from words far back.
#
# **Marking scheme**
# - 2 points: a sum over all steps (1), with the product $J_T \cdots J_{t+1}$
#   in each term (1; the order must be right, the last factor $J_{t+1}$)
# - 1 point: the early terms vanish, those of the last steps stay
# - 3 points: the sum is ruled by the terms of the last steps (2), so it can be
#   large though nothing arrives from far back (1)

# %% [markdown]
# ## 3. The number that decides
#
# Which matrices make an error shrink, and which make it grow? Begin with a
# network **without tanh**. All its Jacobians are the same, $W_{hh}^\top$, and
# the product is a power of it.
#
# Powers of a matrix are ruled by its **eigenvalues**: an error along an
# eigenvector is multiplied by its eigenvalue $\lambda$ at every step, and
# after $k$ steps by $\lambda^k$. The largest wins in the long run. Its size is
# the **spectral radius**:
#
# $$\rho(W) = \max_i |\lambda_i|$$
#
# Two things to mind. Eigenvalues can be negative: at $-2$ the error turns
# around and doubles at each step. And they can be complex, even if the matrix
# is real: then the error is turned as well. What counts is the size,
# $|\lambda|$; that of a complex number is $|a + bi| = \sqrt{a^2 + b^2}$.
#
# ### Exercise: `spectral_radius` (5 minutes, easy)
#
# `np.linalg.eigvals` gives you the eigenvalues.


# %% exercise="spectral_radius"
def spectral_radius(W):
    """The size of the largest eigenvalue. About 1 line.

    W: (H, H). Returns a real number.
    """
    ### BEGIN SOLUTION
    return float(np.abs(np.linalg.eigvals(W)).max())
    ### END SOLUTION


# %% [markdown]
# Your circle around the eigenvalues of two matrices: a Gaussian one, all of
# whose entries are drawn independently, and a rotation, which turns everything
# by the same angle.

# %% show=true
turn = np.array([[0.6, -0.8], [0.8, 0.6]])
pair = {"Gaussian": W_hh_demo, "rotation": turn}
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.6))
for ax, (name, W) in zip(axes, pair.items(), strict=True):
    eigenvalues = np.linalg.eigvals(W)
    gradients.draw_eigenvalues(ax, eigenvalues, spectral_radius(W), name)
show(
    fig,
    alt="Two complex planes. Left, 32 eigenvalues of a Gaussian matrix fill "
    "a disc, your circle goes through the outermost. Right, the two complex "
    "eigenvalues of a rotation lie on your circle, of radius 1.",
)

# %% [markdown]
# The eigenvalues of the Gaussian matrix fill a disc. No eigenvalue may lie
# outside of your circle, and at least one must lie on it. The two of the
# rotation are complex and have the size 1: a rotation changes no length.

# %% check="radius_real" points=3
# Eigenvalues 3.14 and 1.37, as the diagonal says.
radius = check.call(spectral_radius, np.array([[3.14, 0.0], [1.0, 1.37]]))
check.close("radius", radius, 3.14)
### BEGIN HIDDEN TESTS
H = int(rng.integers(3, 6))
W = rng.uniform(0.1, 1, size=(H, H))  # all positive: the largest is real
radius = check.call(spectral_radius, W)
check.close("radius", radius, oracle.spectral_radius(W))
### END HIDDEN TESTS

# %% check="radius_negative" points=3
# Eigenvalues -2.17 and 0.53: the size counts, not the sign.
radius = check.call(spectral_radius, np.array([[-2.17, 0.0], [1.0, 0.53]]))
check.close("radius", radius, 2.17)
### BEGIN HIDDEN TESTS
H = int(rng.integers(3, 6))
W = -rng.uniform(0.1, 1, size=(H, H))
radius = check.call(spectral_radius, W)
check.close("radius", radius, oracle.spectral_radius(W))
### END HIDDEN TESTS

# %% check="radius_complex" points=3
# Eigenvalues -0.33 + 0.56i and -0.33 - 0.56i, both of size 0.65.
radius = check.call(spectral_radius, np.array([[-0.33, 0.8], [-0.392, -0.33]]))
check.close("radius", radius, 0.65)
### BEGIN HIDDEN TESTS
W = rng.normal(size=(5, 5))
W = W - W.T
radius = check.call(spectral_radius, W)
check.close("radius", radius, oracle.spectral_radius(W))
### END HIDDEN TESTS

# %% check="radius_is_no_norm" points=3
# Eigenvalues 0.53 and 0.29, though an error can be stretched 5 times at once.
radius = check.call(spectral_radius, np.array([[0.53, 0.0], [5.17, 0.29]]))
check.close("radius", radius, 0.53)
### BEGIN HIDDEN TESTS
H = int(rng.integers(3, 6))
W = np.diag(rng.permutation(np.linspace(0.4, 1, H)))
W += rng.uniform(1, 2) * np.eye(H, k=-1)
radius = check.call(spectral_radius, W)
check.close("radius", radius, 1.0, rtol=1e-6)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `rescale_spectral_radius` (5 minutes, easy)
#
# Now make it a dial, to turn in section 5. If you multiply a matrix by a
# number, all its eigenvalues are multiplied by that number. So which number
# gives it the radius `rho`?


# %% exercise="rescale_spectral_radius"
def rescale_spectral_radius(W, rho):
    """W times the positive number that gives it the radius rho. About 1 line.

    W: (H, H), with a spectral radius above 0; rho: a number above 0.
    Returns a new array (H, H).
    """
    ### BEGIN SOLUTION
    return W * (rho / spectral_radius(W))
    ### END SOLUTION


# %% check="rescale_radius" points=3
# From 4 to 0.5: an eighth of everything.
W = check.call(
    rescale_spectral_radius, np.array([[4.0, 8.0], [0.0, 2.0]]), 0.5
)
check.close("W", W, [[0.5, 1.0], [0.0, 0.25]])
### BEGIN HIDDEN TESTS
H, rho = int(rng.integers(3, 6)), float(rng.uniform(0.2, 1.2))
old = rng.uniform(0.5, 1, size=(H, H))  # a positive radius, of 1.5 or more
W = check.call(rescale_spectral_radius, old, rho)
check.array("W", W, (H, H))
check.close("its radius", oracle.spectral_radius(W), rho, rtol=1e-5)
### END HIDDEN TESTS

# %% check="rescale_grows" points=3
# It goes up as well as down, and eigenvalues of -0.5 and 0.25 stay opposite.
W = check.call(
    rescale_spectral_radius, np.array([[-0.5, 0.0], [1.0, 0.25]]), 2.0
)
check.close("W", W, [[-2.0, 0.0], [4.0, 1.0]])
### BEGIN HIDDEN TESTS
H, rho = int(rng.integers(3, 6)), float(rng.uniform(4, 9))
old = 0.1 * rng.normal(size=(H, H))
W = check.call(rescale_spectral_radius, old, rho)
check.close("W", W, oracle.rescale_spectral_radius(old, rho))
### END HIDDEN TESTS

# %% check="rescale_keeps_W" points=2
# The matrix still belongs to the caller.
old = np.array([[2.0, 1.0], [0.0, 1.0]])
before = old.copy()
W = check.call(rescale_spectral_radius, old, 1.0)
check.array("W", W, (2, 2))
check.unchanged("W", before, old)
check.differs("the new W and the old", W, old)
check.differs("two rows of the new W", W[0], W[1])
### BEGIN HIDDEN TESTS
old = rng.normal(size=(4, 4))
before = old.copy()
check.call(rescale_spectral_radius, old, 0.7)
check.unchanged("W", before, old)
### END HIDDEN TESTS

# %% [markdown]
# ## 4. A matrix that changes no length
#
# Is there a matrix that neither shrinks nor stretches *any* error? Yes: a
# rotation, for example, or a reflection. Such a matrix is called
# **orthogonal**. Its columns have length 1 and stand at right angles to each
# other. In one equation, with the identity $I$:
#
# $$Q^\top Q = I$$
#
# A recurrent network that starts from an orthogonal $W_{hh}$ starts right on
# the edge between vanishing and exploding.
#
# ### Exercise: `orthogonal_init` (10 minutes, medium)
#
# Draw a random one. Take a matrix of independent normal numbers and make it
# orthogonal: `np.linalg.qr(A)` splits $A$ into an orthogonal matrix and a
# triangular one. The same seed should always give the same matrix, another
# seed another one.


# %% exercise="orthogonal_init"
def orthogonal_init(H, seed):
    """A random orthogonal matrix. About 3 lines.

    H: units; seed: a whole number for the random generator.
    Returns Q: (H, H), with Q.T @ Q the identity.
    """
    ### BEGIN SOLUTION
    A = np.random.default_rng(seed).normal(size=(H, H))
    Q, _ = np.linalg.qr(A)
    return Q
    ### END SOLUTION


# %% [markdown]
# **The exact law.** Without tanh, and with $W_{hh} = \rho\, Q$, the product of
# $k$ Jacobians is $\rho^k$ times an orthogonal matrix. So its norm is exactly
#
# $$\left\| \frac{\partial h_T}{\partial h_{T-k}} \right\| = \rho^k$$
#
# You can test it with your own functions, since around $h = 0$ tanh is a
# straight line of slope 1: states of 0 make the network linear. The dotted
# lines are the law, the coloured ones are measured.

# %% show=true
Q_demo = orthogonal_init(H, seed=0)
curves = {}
for rho in (0.5, 0.9, 1.0, 1.1, 1.5):
    W = rescale_spectral_radius(Q_demo, rho)
    curves[rho] = gradient_norms(np.zeros((T, H)), W)
fig, ax = plt.subplots(figsize=(6.6, 3.6))
gradients.draw_law(ax, curves)
show(
    fig,
    alt="Norms over the steps back, logarithmic, for the radii 0.5, 0.9, 1, "
    "1.1 and 1.5: five straight lines that start at 1 and fan out, each "
    "under a dotted line, the law. At 1 the line is flat.",
)

# %% [markdown]
# Twelve digits are right, at least (see the title). And look at the powers:
# what a radius of 0.9 and one of 1.1 make of 59 steps differs by a factor of
# more than a hundred thousand. A product of many equal factors has no middle;
# it knows 0, infinity, and a very narrow road between.

# %% check="orthogonal_columns" points=4
# Columns of length 1, at right angles to each other.
Q = check.call(orthogonal_init, 3, 0)
check.array("Q", Q, (3, 3))
check.close("Q.T @ Q", Q.T @ Q, np.eye(3))
### BEGIN HIDDEN TESTS
H, seed = int(rng.integers(4, 40)), int(rng.integers(1, 1000))
Q = check.call(orthogonal_init, H, seed)
check.array("Q", Q, (H, H))
check.close("Q.T @ Q", Q.T @ Q, np.eye(H))
### END HIDDEN TESTS

# %% check="orthogonal_repeats" points=3
# The same seed, the same matrix.
first = check.call(orthogonal_init, 4, 7)
check.array("Q", first, (4, 4))
check.differs("two rows of Q", first[0], first[1])
second = check.call(orthogonal_init, 4, 7)
check.close("Q, drawn again", second, first)
### BEGIN HIDDEN TESTS
H, seed = int(rng.integers(3, 9)), int(rng.integers(1000))
first = check.call(orthogonal_init, H, seed)
check.array("Q", first, (H, H))
check.close("Q again", check.call(orthogonal_init, H, seed), first)
### END HIDDEN TESTS

# %% check="orthogonal_seeds" points=3
# Another seed, another matrix, and not one of a few.
first, second = (check.call(orthogonal_init, 4, seed) for seed in (0, 1))
for Q in (first, second):
    check.array("Q", Q, (4, 4))
apart = float(np.abs(first - second).max())
check.that(apart > 1e-3, "seeds 0 and 1 give the same matrix")
least = min(float(np.abs(Q).min()) for Q in (first, second))
check.that(least > 1e-9, "there are zeros in Q: is it drawn from all of them?")
### BEGIN HIDDEN TESTS
H, seed = int(rng.integers(5, 9)), int(rng.integers(1000))
first, second = (check.call(orthogonal_init, H, s) for s in (seed, seed + 1))
for Q in (first, second):
    check.array("Q", Q, (H, H))
apart = float(np.abs(first - second).max())
check.that(apart > 1e-3, "two seeds give the same matrix")
### END HIDDEN TESTS

# %% [markdown]
# ## 5. Move the dial
#
# Now with tanh and inputs, as in a real network. Three kinds of matrix, each
# set to the radius that you choose. *Orthogonal* and *Gaussian* you know. In
# *chain*, each unit feeds itself and the next one, in groups of four. `inputs`
# is the size of the inputs.
#
# **Guess before you move anything.** What happens at a radius of 1.2? The law
# says $1.2^{59}$, about 47,000.


# %%
def chain(groups):
    """Groups of four units; in each, a unit feeds itself and the next one."""
    return np.kron(np.eye(groups), np.eye(4) + np.eye(4, k=1))


# %% show=true
gaussian = rng_demo.normal(size=(H, H))
kinds = {"orthogonal": Q_demo, "Gaussian": gaussian, "chain": chain(H // 4)}
unit_inputs = rng_demo.normal(size=(T, D))


def draw_dial(ax, radius, matrix, inputs):
    W = rescale_spectral_radius(kinds[matrix], radius)
    h = rnn_states(inputs * unit_inputs, W_xh_demo, W, np.zeros(H))
    gradients.draw_norms(ax, gradient_norms(h, W), radius)


explore(
    draw_dial,
    radius=(0.1, 3.0, 0.1),
    matrix=list(kinds),
    inputs=[0.1, 0.0, 0.5],
    static={
        "radius": [0.5, 0.8, 1.0, 1.2, 1.5, 3.0],
        "matrix": ["orthogonal"],
        "inputs": [0.1],
    },
    size=(4.6, 3.0),
    alt="Norms over the steps back on a logarithmic axis, for a chosen "
    "spectral radius, beside the line of the linear law. Below 1 both fall "
    "together; above 1 the measured line stays far below the law.",
)

# %% [markdown]
# Below 1 the law is a good guide for the orthogonal matrix: no direction is
# stretched by more than the radius, and no slope of tanh is above 1, so the
# norms can only fall below the law. With inputs as small as these they do so
# gently. Above 1 the law fails, and for a reason worth knowing. If errors
# grow on the way back, states grow on the way *forward*, until they come near
# 1 and -1, where tanh is flat. There its slope $1 - h_t^2$ is small, and the
# product of weight and slope comes back down towards 1. **The explosion
# dampens itself**: at 1.2 only a factor between 2 and 25 is left of 47,000
# (each random matrix has its own; we drew 200). It takes a much larger radius
# to blow up for good: at 3 it's typically a hundred million. (The law says
# $3^{59}$, a number with 29 digits.)
#
# Try `inputs` 0.0: states of 0, so no tanh, and the law holds exactly for the
# orthogonal matrix. With 0.5 the states are larger, tanh is flatter there, and
# the gradient vanishes even at a radius of 1, or of 1.2.
#
# And try `chain` at 3, with `inputs` at 0.1 again: next to nothing is left,
# less than $10^{-80}$. Each unit feeds itself so strongly that it sticks near 1
# or near -1. There the small slope beats the large weight. Such a unit stores
# its sign safely, and its gradient is gone: that's what was shown in 1994.
#
# **An old question, answered.** In `02_forward_pass` two runs differed in their
# first letter only, and at scale 0.5 the trace of it shrank by about the same
# factor at every step. You know that factor now. The same product does both:
# $\partial h_T / \partial h_t$ says how much of a small change of $h_t$ gets
# through to $h_T$ on the way *forward*, and how much of an error at $h_T$ gets
# through to $h_t$ on the way *back*. What a network forgets quickly, it can
# hardly be taught to keep. And the chaos at scale 4 (a radius of 4.2), where a
# change by a millionth grew until it filled the state, is an explosion on the
# way forward.
#
# **Another surprise.** Below, three matrices, all with the *same* radius 0.8,
# and no inputs, so no tanh. Does the gradient fall from the first step on?

# %% show=true
same_radius = {
    name: gradient_norms(np.zeros((T, H)), rescale_spectral_radius(W, 0.8))
    for name, W in kinds.items()
}
fig, ax = plt.subplots(figsize=(6.8, 3.4))
gradients.draw_curves(ax, same_radius)
show(
    fig,
    alt="Norms over the steps back for three matrices of spectral radius "
    "0.8. Orthogonal: a straight line down. Gaussian: first a small rise to "
    "1.4, then down. Chain: a rise to 17, then down, far above the others.",
)

# %% [markdown]
# Without tanh the radius decides what happens **in the long run**; the norm
# says what can happen at the next step. For an orthogonal matrix times a number
# they're the same. The eigenvectors of the Gaussian one don't stand at right
# angles, and the chain has too few of them, one for each group of four. (Such
# matrices are called *non-normal*.) They can stretch an error again and again
# before their eigenvalues win. The chain does so for 14 steps, until the error
# is 17 times as long, though all of its eigenvalues are 0.8: errors of
# different units of a group add up on their way back. In the long run all three
# are multiplied by about 0.8 at each step.

# %% [markdown]
# **What is certain, and what isn't.** A step back stretches an error by at most
# the spectral norm of $J$. The slopes of tanh are at most 1, so this is at most
# the spectral norm of $W_{hh}$, its largest *singular value* $\sigma$; and over
# $k$ steps it's at most $\sigma^k$. So there's a theorem: **if $\sigma$ is below
# 1, the gradient vanishes**, whatever the states are.
#
# If only the radius is below 1, nothing follows. Below is a network of two units
# with the radius 0.5 and $\sigma = 2.5$, once with both states held at 0, once
# with the second one near the end of tanh. *Guess: tanh is flatter there, so
# will less come back?*

# %% show=true
W_two = np.array([[1.7, -1.2], [1.2, -0.7]])
held = {
    "states 0, 0": gradient_norms(np.tile([0.0, 0.0], (31, 1)), W_two),
    "states 0, 0.9": gradient_norms(np.tile([0.0, 0.9], (31, 1)), W_two),
}
fig, ax = plt.subplots(figsize=(6.8, 3.2))
gradients.draw_curves(ax, held)
show(
    fig,
    alt="Norms over 30 steps back, logarithmic, for a matrix of radius 0.5. "
    "With both states at 0: a rise to 2.5, then down to about 1e-7. With the "
    "second state at 0.9: a straight line up to more than 1e5.",
)
print(f"radius {spectral_radius(W_two):.3f},", end=" ")
print(f"largest singular value {np.linalg.norm(W_two, 2):.3f}")

# %% [markdown]
# With both slopes at 1 the two units nearly cancel each other's errors: one
# passes on what the other takes away. Flatten *one* tanh, and the
# other unit's error isn't cancelled any more. **A smaller slope has made the
# gradient explode**, at a radius of 0.5. So "tanh can only make things smaller"
# is true of one step, whose norm stays at most $\sigma$, and false of the
# product.
#
# Now the theorem. 300 random networks of 8 units, each scaled to
# $\sigma = 0.95$, read random inputs, small and large. None may lie above
# $0.95^k$.


# %% show=true
def closest_to_bound(sigma, rng):
    """The largest norm of one random network, as a share of sigma to the k."""
    W = rng.normal(size=(8, 8))
    W *= sigma / np.linalg.norm(W, 2)
    x = rng.uniform(0, 2) * rng.normal(size=(30, 8))
    norms = gradient_norms(rnn_states(x, np.eye(8), W, np.zeros(8)), W)
    return float((norms[:-1] / sigma ** np.arange(29, 0, -1)).max())


rng_bound = np.random.default_rng(5)
shares = [closest_to_bound(0.95, rng_bound) for _ in range(300)]
print(f"of 300 networks, {sum(s > 1 + 1e-9 for s in shares)} above the bound;")
print(f"the closest came to {100 * max(shares):.0f} % of it")

# %% [markdown]
# It's a strict condition, and few networks that work well fulfil it. But where
# it holds, you needn't measure anything.

# %% [markdown]
# ### Question 2 (6 points)
#
# Two students argue about their plain networks (tanh, 60 steps).
#
# - Ann: "The spectral radius of my $W_{hh}$ is 0.9. So at every step back every
#   error gets smaller."
# - Ben: "Mine is 1.2. So my gradient must be huge after 60 steps."
#
# Explain what's wrong with each. Name for each what you would measure to find
# out.

# %% [markdown] answer="radius_is_not_norm" points=6
# Ann: the radius is about the long run. At a single step an error can be
# stretched by up to the spectral norm of the Jacobian, which can be larger
# than 1 although all eigenvalues are below 1 (as for the Gaussian matrix and
# the chain). She should look at the spectral norm of $W_{hh}$, or better at
# `gradient_norms` over the steps.
#
# Ben: the law $\rho^k$ is that of a linear network. With tanh, growing states
# run into the flat parts, the slopes $1 - h_t^2$ become small, and the factor
# at each step comes down to about 1 or even below. He should measure the
# Jacobians on real states: `gradient_norms(h, W_hh)` with the states of his
# data.
#
# **Marking scheme**
# - 2 points (Ann): a single step can stretch though the radius is below 1 (1);
#   the norm, not the radius, bounds one step (1)
# - 2 points (Ben): growing states saturate tanh, its slopes become small (1),
#   so the factor at each step falls below the radius (1)
# - 2 points: a fitting measurement for each (1 point each), such as the
#   spectral norm of $W_{hh}$, and norms on real states

# %% [markdown]
# ## 6. When it explodes: clip
#
# An explosion is rarer than vanishing, and louder. Here is the smallest network
# that can do it: **one** unit, weight $w$ and bias $b$, no inputs. From a state
# of 0 it runs for 20 steps, and the last state should be 0.3; the loss is the
# square of what it's off by. With $w > 1$ the state runs away to one side or
# the other, by the sign of $b$, so the loss has two plateaus with a wall
# between them.
#
# We start near the top right corner, with a learning rate of 0.02. *Guess:
# what happens at the wall?*

# %% show=true
wild, sizes = cliff.descend(lambda grads: grads)
losses = cliff.loss(*wild.T)
i = int(sizes.argmax())
fig, ax = plt.subplots(figsize=(6.4, 3.6))
clipping.draw_cliff(ax, {"no clipping": wild})
show(
    fig,
    alt="The loss over w and b: two plateaus, above and below b = 0, with a "
    "thin low valley and a wall between. A path comes down from the top "
    "right to the wall, and leaves the picture.",
)
print(f"step {i}: gradient {sizes[i]:.0f}, b from {wild[i, 1]:.3f}", end=" ")
print(
    f"to {wild[i + 1, 1]:.3f}; loss {losses[i]:.3f}, at the end "
    f"{losses[-1]:.3f}"
)

# %% [markdown]
# For 51 steps all goes well. Then the path touches the wall, where the
# gradient is 403 instead of about 1, and *one* step throws $b$ from near 0 to
# above 8. There tanh is so flat that the gradient is below a millionth, and the
# network doesn't move any more: one bad step has destroyed it.
#
# But the gradient at the wall was right! It *pointed* the right way; it was
# only far too long for a learning rate made for the plateau. So keep the
# direction and cut the length. Take the **global norm**, the length of all
# gradients together as if they were one long vector,
#
# $$\|g\| = \sqrt{\textstyle\sum_{\text{arrays}} \sum_i g_i^2}$$
#
# and if it's above `max_norm`, multiply *all* of them by the same number, so
# that it becomes `max_norm`. If it isn't, change nothing.
#
# ### Exercise: `clip_by_norm` (20 minutes, medium)


# %% exercise="clip_by_norm"
def clip_by_norm(grads, max_norm):
    """Gradients of a global norm of at most max_norm. About 4 lines.

    grads: a dict of arrays; max_norm: a number above 0.
    Returns a new dict, and the global norm before clipping (a number). If
    all gradients are 0, they stay 0.
    """
    ### BEGIN SOLUTION
    norm = float(np.sqrt(sum((g**2).sum() for g in grads.values())))
    scale = max_norm / norm if norm > max_norm else 1.0
    return {name: g * scale for name, g in grads.items()}, norm
    ### END SOLUTION


# %% [markdown]
# The same start, the same learning rate, with your function in between:

# %% show=true
tame, tame_sizes = cliff.descend(lambda grads: clip_by_norm(grads, 1.0)[0])
fig, axes = plt.subplots(1, 2, figsize=(9.6, 3.2))
runs = {"no clipping": (wild, sizes), "clipped": (tame, tame_sizes)}
clipping.draw_descents(axes, runs)
show(
    fig,
    alt="Left, the size of the gradient over 200 training steps: a peak of "
    "403 without clipping, and nothing afterwards. Right, the loss: without "
    "clipping it jumps to 0.49 and stays, with clipping it falls to nearly "
    "0.",
)


# %% show=true
def draw_clipped(ax, max_norm):
    path, _ = cliff.descend(lambda grads: clip_by_norm(grads, max_norm)[0])
    clipping.draw_cliff(ax, {"clipped": path})
    ax.set_title(f"Loss at the end: {cliff.loss(*path[-1]):.3f}")


explore(
    draw_clipped,
    max_norm=[1.0, 0.1, 0.3, 3.0, 10.0, 30.0, 100.0, 1000.0],
    static={"max_norm": [0.1, 1.0, 10.0, 1000.0]},
    size=(5.4, 3.2),
    alt="The loss over w and b with the path of a descent whose gradients are "
    "clipped to a chosen norm. At 1 the path comes down to the wall, jumps "
    "to and fro across it in short steps, drifts to the left, where the wall "
    "is low, and ends in the dark valley; at 1000 it's thrown out.",
)

# %% [markdown]
# With a limit of 1 the path meets the wall again and again: its gradient even
# reaches 578. But it can't be thrown away any more. It bounces along the wall,
# comes to where the wall is low, and ends with a loss of 0.001.
#
# Move the limit. Anything from 1 to 30 brings it home. At 100 or more it's too
# loose, and the path is thrown out all the same; at 0.1 or 0.3 it's so tight
# that after 200 steps the path still hangs at the wall.
#
# **By norm or by value?** There's a second way in use: cut *each number* to
# between $-c$ and $c$. It sounds alike, but what does it do to the direction?
# Take the gradient at the wall, and measure by how many degrees each way turns
# it.


# %% show=true
def degrees(a, b):
    a, b = (np.concatenate([g.ravel() for g in d.values()]) for d in (a, b))
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


at_wall = cliff.slopes(*wild[i])
limits = np.array([0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0])
angles = {"by norm": [], "by value": []}
for c in limits:
    by_value = {n: np.clip(g, -c, c) for n, g in at_wall.items()}
    angles["by norm"].append(degrees(at_wall, clip_by_norm(at_wall, c)[0]))
    angles["by value"].append(degrees(at_wall, by_value))
fig, ax = plt.subplots(figsize=(6.0, 3.0))
clipping.draw_angles(ax, limits, angles)
show(
    fig,
    alt="Degrees by which a gradient is turned, over the limit: by norm 0 "
    "throughout; by value 44 up to a limit of 3, then falling to 3 at 100.",
)

# %% [markdown]
# By norm, the direction stays, whatever the limit is. By value it turns by up
# to 44 degrees. The gradient at the wall is 5.8 for $w$ and -403 for $b$: it
# says "move $b$". Cut to a limit of 1 it becomes 1 and -1, which says "move
# both alike". It's still downhill, but it's no longer what you measured.
#
# *(In PyTorch: `torch.nn.utils.clip_grad_norm_` and `clip_grad_value_`.
# Clipping by the norm is due to Pascanu, Mikolov and Bengio, 2013, who also
# drew such a wall.)*

# %% check="clip_scaled" points=3
# Length 5, at most 1: a fifth of each.
grads = {"w": np.array([3.0, 4.0])}
got = check.call(clip_by_norm, grads, 1.0)
clipped, _ = check.results(got, "grads", "norm")
check.close("grads", clipped, {"w": np.array([0.6, 0.8])}, rtol=2e-6)
### BEGIN HIDDEN TESTS
grads = {"W_hh": rng.normal(size=(3, 3))}
right, _ = oracle.clip_by_norm(grads, 0.5)
got = check.call(clip_by_norm, grads, 0.5)
clipped, _ = check.results(got, "grads", "norm")
check.close("grads", clipped, right, rtol=2e-6)
### END HIDDEN TESTS

# %% check="clip_returns_norm" points=2
# The second result: the norm before anything was cut.
got = check.call(clip_by_norm, {"w": np.array([3.0, 4.0])}, 1.37)
_, norm = check.results(got, "grads", "norm")
check.close("norm", norm, 5.0)
### BEGIN HIDDEN TESTS
grads = {"W_hh": rng.normal(size=(3, 3)), "b_h": rng.normal(size=3)}
got = check.call(clip_by_norm, grads, float(rng.uniform(0.1, 0.5)))
_, norm = check.results(got, "grads", "norm")
check.close("norm", norm, oracle.clip_by_norm(grads, 1.0)[1])
### END HIDDEN TESTS

# %% check="clip_global" points=4
# One norm for all arrays together: 2, 3 and 6 make 7.
grads = {"W": np.array([[2.0], [3.0]]), "b": np.array([6.0])}
got = check.call(clip_by_norm, grads, 3.5)
clipped, norm = check.results(got, "grads", "norm")
check.close("norm", norm, 7.0)
half = {"W": np.array([[1.0], [1.5]]), "b": np.array([3.0])}
check.close("grads", clipped, half, rtol=2e-6)
### BEGIN HIDDEN TESTS
grads = {"W_xh": rng.normal(size=(2, 4)), "W_hh": rng.normal(size=(4, 4))}
grads["b_h"] = 5 * rng.normal(size=4)
right, _ = oracle.clip_by_norm(grads, 1.5)
got = check.call(clip_by_norm, grads, 1.5)
clipped, _ = check.results(got, "grads", "norm")
check.close("grads", clipped, right, rtol=2e-6)
### END HIDDEN TESTS

# %% check="clip_small" points=2
# Length 5, at most 10: nothing to cut, and nothing to blow up.
grads = {"w": np.array([3.0, 4.0])}
got = check.call(clip_by_norm, grads, 10.0)
clipped, _ = check.results(got, "grads", "norm")
check.close("grads", clipped, {"w": np.array([3.0, 4.0])})
# At most 1, and there is.
clipped, _ = check.results(
    check.call(clip_by_norm, grads, 1.0), "grads", "norm"
)
check.differs("grads, cut", clipped["w"], np.array([3.0, 4.0]))
### BEGIN HIDDEN TESTS
grads = {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3)}
got = check.call(clip_by_norm, grads, 100.0)
clipped, _ = check.results(got, "grads", "norm")
check.close("grads", clipped, grads)
### END HIDDEN TESTS

# %% check="clip_zero" points=2
# No gradient at all: no division by 0, no NaN.
got = check.call(clip_by_norm, {"w": np.zeros(2)}, 1.0)
clipped, norm = check.results(got, "grads", "norm")
check.close("norm", norm, 0.0)
check.close("grads", clipped, {"w": np.zeros(2)})
# With a gradient there is a norm.
got = check.call(clip_by_norm, {"w": np.array([3.0, 4.0])}, 1.0)
check.differs("norm", check.results(got, "grads", "norm")[1], 0.0)
### BEGIN HIDDEN TESTS
grads = {"W": np.zeros((2, 3)), "b": np.zeros(3)}
got = check.call(clip_by_norm, grads, float(rng.uniform(1, 2)))
clipped, norm = check.results(got, "grads", "norm")
check.close("norm", norm, 0.0)
check.close("grads", clipped, grads)
### END HIDDEN TESTS

# %% check="clip_exact" points=2
# Also where gradients are tiny, the new norm is max_norm, and not about that.
grads = {"w": np.array([3e-5, 4e-5])}
got = check.call(clip_by_norm, grads, 1e-5)
clipped, _ = check.results(got, "grads", "norm")
check.close("grads", clipped, {"w": np.array([6e-6, 8e-6])}, atol=1e-14)
### BEGIN HIDDEN TESTS
grads = {"W": 1e-5 * rng.normal(size=(2, 3))}
right, _ = oracle.clip_by_norm(grads, 5e-6)
got = check.call(clip_by_norm, grads, 5e-6)
clipped, _ = check.results(got, "grads", "norm")
check.close("grads", clipped, right, atol=1e-14)
### END HIDDEN TESTS

# %% check="clip_keeps_grads" points=2
# The gradients still belong to the caller.
grads = {"w": np.array([3.0, 4.0])}
before = {"w": np.array([3.0, 4.0])}
got = check.call(clip_by_norm, grads, 1.37)
clipped, _ = check.results(got, "grads", "norm")
check.array("the new w", clipped["w"], (2,))
check.unchanged("grads", before, grads)
check.differs("the new w and the old", clipped["w"], grads["w"])
check.differs("two gradients", clipped["w"][0], clipped["w"][1])
### BEGIN HIDDEN TESTS
grads = {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3)}
before = {name: array.copy() for name, array in grads.items()}
check.call(clip_by_norm, grads, 0.1)
check.unchanged("grads", before, grads)
### END HIDDEN TESTS

# %% [markdown]
# ### Question 3 (5 points)
#
# A colleague's network can't learn to answer a question about a word 60 steps
# back. "Gradients are the problem," he says, "so I clip them, and I take a ten
# times larger learning rate as well."
#
# Will either of the two help? Give the reason for each. Then say in one
# sentence why one clips by norm rather than by value.

# %% [markdown] answer="clipping_and_vanishing" points=5
# Clipping doesn't help: his gradient isn't too large, the part of it that comes
# from 60 steps back is too small. Clipping only makes large gradients shorter;
# what has vanished stays vanished. (The clipped parts keep their proportions.)
#
# The larger learning rate doesn't help either: it multiplies the whole
# gradient, the terms of the last steps just as the terms of 60 steps back, so
# the far ones are as small as before *beside the near ones*. Training becomes
# unstable before they matter.
#
# By norm all numbers are multiplied by the same factor, so the direction of the
# step stays; by value the large ones are cut and the small ones aren't, so the
# step points elsewhere.
#
# **Marking scheme**
# - 2 points: 1 for clipping not helping; 1 for the reason: it only shortens, it
#   can't bring back what has vanished
# - 2 points: 1 for the learning rate not helping; 1 for the reason: it scales
#   near and far terms alike (their ratio stays), or it makes training unstable
#   long before
# - 1 point: by norm keeps the direction

# %% [markdown]
# ## 7. How far back can it see?
#
# Back to vanishing, and to the college. Say that a network **sees** a step if
# at least a certain share of an error can arrive there, the *threshold*. How
# many steps back can it see?
#
# ### Exercise: `learnable_horizon` (15 minutes, medium)
#
# The largest $k$ such that the norms at *all* of the steps from $T - k$ to $T$
# are at or above the threshold. A norm that's below the threshold ends it,
# also if farther back another one is above again.


# %% exercise="learnable_horizon"
def learnable_horizon(norms, threshold):
    """How many steps back the gradient stays large enough. About 5 lines.

    norms: (T,), as from gradient_norms, the last state at the end.
    Returns the largest whole number k from 0 to T - 1 for which none of
    norms[T-1-k], ..., norms[T-1] is below the threshold; and 0 if even the
    last one is. For norms (0.9, 0.05, 0.2, 0.5, 1.0) and the threshold 0.1
    it's 2: the 0.05 is in the way of the 0.9.
    """
    ### BEGIN SOLUTION
    k = 0
    for norm in norms[-2::-1]:
        if norm < threshold or norms[-1] < threshold:
            break
        k += 1
    return k
    ### END SOLUTION


# %% [markdown]
# Your horizon on the network of section 2, with a threshold of a thousandth:

# %% show=true
norms = gradient_norms(rnn_states(*net_demo), W_hh_demo)
fig, ax = plt.subplots(figsize=(6.4, 3.0))
clipping.draw_horizon(ax, norms, 1e-3, learnable_horizon(norms, 1e-3))
show(
    fig,
    alt="The norms over the steps back, falling; a dashed line at the "
    "threshold 0.001, and a vertical line where your horizon ends, at the "
    "crossing of the two.",
)

# %% [markdown]
# Your vertical line should stand where the curve goes below the dashed one.

# %% check="horizon_example" points=3
# Steps 1 and 2 back are large enough, step 3 is not.
norms = np.array([0.01, 0.02, 0.05, 0.3, 0.6, 1.0])
k = check.call(learnable_horizon, norms, 0.1)
check.equal("k", k, 2)
### BEGIN HIDDEN TESTS
T, radius = int(rng.integers(12, 20)), float(rng.uniform(0.5, 0.7))
norms = radius ** np.arange(T)[::-1]
threshold = radius ** (int(rng.integers(3, 8)) + 0.5)
k = check.call(learnable_horizon, norms, threshold)
check.equal("k", k, oracle.learnable_horizon(norms, threshold))
### END HIDDEN TESTS

# %% check="horizon_gap" points=4
# The 0.05 ends it, though farther back there is 0.9 again.
norms = np.array([0.9] * 50 + [0.05] + [0.7] * 41 + [1.0])
k = check.call(learnable_horizon, norms, 0.1)
check.equal("k", k, 41)
### BEGIN HIDDEN TESTS
T = int(rng.integers(9, 15))
norms = rng.uniform(0.3, 2, size=T)
norms[-1], norms[int(rng.integers(2, T - 3))] = 1.0, 0.1
k = check.call(learnable_horizon, norms, 0.2)
check.equal("k", k, oracle.learnable_horizon(norms, 0.2))
### END HIDDEN TESTS

# %% check="horizon_at_threshold" points=2
# At the threshold is enough.
k = check.call(learnable_horizon, np.array([0.125, 0.25, 0.5, 1.0]), 0.25)
check.equal("k", k, 2)
### BEGIN HIDDEN TESTS
T, at = int(rng.integers(6, 12)), int(rng.integers(2, 5))
norms = 0.5 ** np.arange(T)[::-1]
k = check.call(learnable_horizon, norms, float(0.5**at))
check.equal("k", k, at)
### END HIDDEN TESTS

# %% check="horizon_all" points=2
# All four are large enough: three steps back from the last.
k = check.call(learnable_horizon, np.array([0.8, 2.0, 0.9, 1.0]), 0.5)
check.equal("k", k, 3)
### BEGIN HIDDEN TESTS
T = int(rng.integers(5, 12))
norms = np.append(rng.uniform(0.6, 2, size=T - 1), 1.0)
k = check.call(learnable_horizon, norms, 0.5)
check.equal("k", k, oracle.learnable_horizon(norms, 0.5))
### END HIDDEN TESTS

# %% check="horizon_none" points=2
# Not even one step back; and not even the last state itself.
k = check.call(learnable_horizon, np.array([0.2, 0.1, 1.0]), 0.5)
check.equal("k", k, 0)
k = check.call(learnable_horizon, np.array([5.0, 4.0, 1.0]), 2.0)
check.equal("k for a threshold above the last norm", k, 0)
k = check.call(learnable_horizon, np.array([5.0, 4.0, 1.0]), 0.5)
check.differs("k for a threshold below all norms", k, 0)
### BEGIN HIDDEN TESTS
T = int(rng.integers(5, 9))
norms = np.append(rng.uniform(2, 3, size=T - 1), 1.0)
k = check.call(learnable_horizon, norms, 1.5)
check.equal("k", k, oracle.learnable_horizon(norms, 1.5))
### END HIDDEN TESTS

# %% [markdown]
# ### The test: in 2004 I started college
#
# Now the experiment that all this is for. A sentence names a year, then come
# other words, then the question. Exactly $k$ words follow the year, the last is
# "?", and there the network must answer. So the year is $k$ steps back.

# %% show=true
rng_text = np.random.default_rng(2)
for k in (1, 4, 8, 16):
    ids, answers = recall.sentences(1, k, rng_text)
    year = recall.YEARS[answers[0]]
    print(f"k = {k:2d}: {recall.text(ids[0])} -> {year}")

# %% [markdown]
# There are eight years, so guessing is right in 1 of 8 cases. We take a plain
# network of 32 units whose $W_{hh}$ starts from an orthogonal matrix at some
# radius, train it from scratch with 300 steps on fresh sentences, and test it
# on 512 new ones. (`torch.nn.RNN` with 32 units starts at a radius of about
# 0.6 on its own.)
#
# One such training takes about a second and proves little: another start and
# other sentences, and it may end differently. So it was done 1170 times, for 13
# radii, 15 distances and six seeds each; the results lie in
# `data/recall_map.json`. A field of the map below tells how many of the six
# networks have learned the task (right in more than 9 of 10 cases).
#
# Your part is the prediction. Suppose that a network can learn a distance if at
# least a certain share of the gradient arrives from there *at the start* of the
# training. By the law that's $\rho^k$, so the border of success should be your
# `learnable_horizon`, the curve $\rho^k =$ share. **Guess: what does this curve
# look like over the radius? Where will it go wrong?** Then run the cell, and
# find the share that fits best.

# %% show=true
recorded = json.loads(Path("data/recall_map.json").read_text())
radii, distances = recorded["radii"], recorded["distances"]
learned = np.mean(np.array(recorded["accuracy"]) > 0.9, axis=2)


def draw_map(ax, share):
    """How many networks have learned, and your horizon for each radius."""
    starts = [rescale_spectral_radius(Q_demo, rho) for rho in radii]
    norms = [gradient_norms(np.zeros((T, H)), W) for W in starts]
    horizons = [learnable_horizon(n, share) for n in norms]
    clipping.draw_recall_map(ax, (radii, distances), learned, horizons)


explore(
    draw_map,
    share=[1e-3, 1e-2, 1e-4, 1e-5, 1e-6, 1e-7],
    static={"share": [1e-3, 1e-5, 1e-7]},
    size=(4.3, 3.6),
    alt="Maps of radius 0.2 to 1.4 against distance 2 to 48, with your "
    "horizon for the shares 1e-3, 1e-5 and 1e-7. Networks learn below a "
    "border that climbs from about 8 words at radius 0.2 to about 30 at 0.7; "
    "from 0.9 on most learn all distances. 1e-5 follows the border, "
    "1e-3 lies below it, 1e-7 above.",
)

# %% [markdown]
# The shape is right: from radius 0.2 to 0.7 the border climbs as $\rho^k$ says.
# **About how far each start will get, you can tell from the weights alone,
# before any training.** And here is where the law fails:
#
# - **It doesn't tell the share.** A thousandth is far too strict; a
#   hundred-thousandth fits, on 129 of the 135 fields up to a radius of 1. But we
#   know that only afterwards. Another optimizer, or a longer training, has
#   another share.
# - **The border is a zone, not a line.** At radius 0.6 six of six networks have
#   learned 12 words, five 14, six 16, three 18, four 20, one 24. Whoever trains
#   one network for each distance sees right, wrong and right again, and could
#   prove anything.
# - **Near 1 something else goes wrong.** At 0.8 a share of $10^{-5}$ reaches
#   over 51 words, and yet one to three of six networks fail at most distances
#   from 16 on. Also at a radius of 1, where nothing vanishes at the start, single
#   ones fail. There the gradient arrives, and the training doesn't make
#   anything of it in 300 steps.
# - **Above 1 it says nonsense.** At 1.4 and 48 words the law promises a
#   gradient ten million times too large. But all of the networks at 1.3 and 1.4
#   learn all distances: as in section 5, tanh catches the explosion.
#
# Put a point of your own on the map: choose radius and distance, and train with
# a few seeds. Does it agree with the field?

# %% show=true
rho, k = 0.6, 18  # your choice
for seed in range(3):
    W = rescale_spectral_radius(orthogonal_init(32, seed), rho)
    right = recall.accuracy("rnn", k, steps=300, seed=seed, W_hh=W)
    print(
        f"radius {rho}, {k} words, seed {seed}: right in {100 * right:.0f} %"
    )

# %% [markdown]
# So is the orthogonal start the end of all worries? It's a good one, and it's
# in use. But it's only a *start*: training moves $W_{hh}$, and nothing keeps it
# orthogonal. And at an orthogonal matrix tanh goes on shrinking: with inputs of
# size 0.5 the gradient vanished at a radius of 1, too. We have put a ball on the
# tip of a needle, and we hope that it stays there.

# %% [markdown]
# **Three starts.** The orthogonal start has two rivals: the identity, which
# simply copies the state, and independent normal numbers (Gaussian). All three
# are set to the same radius, 1, and read the inputs of section 5, at a size of
# 0.3. *Which keeps most of the gradient 32 steps back? And which will learn
# best?*

# %% show=true
gauss_start = np.random.default_rng(3).normal(size=(H, H))
starts = {"orthogonal": Q_demo, "identity": np.eye(H), "Gaussian": gauss_start}
after = {}
for name, W in starts.items():
    W = rescale_spectral_radius(W, 1.0)
    h = rnn_states(0.3 * unit_inputs, W_xh_demo, W, np.zeros(H))
    after[name] = gradient_norms(h, W)
    print(f"{name:>10}: {after[name][-33]:.3f} is left 32 steps back")
fig, axes = plt.subplots(1, 2, figsize=(12, 3.4))
gradients.draw_starts(axes[0], after)
tables = {name: np.array(recorded[name]) > 0.9 for name in starts}
clipping.draw_successes(axes[1], distances, tables)
show(
    fig,
    alt="Left, norms over the steps back for the three starts, logarithmic: "
    "all fall, and the identity keeps most. Right, how many of six networks "
    "learn each distance: up to 20 words nearly all; from 28 on none with the "
    "identity, and most with the two others.",
)

# %% [markdown]
# The identity keeps most of the gradient, and it's the one that learns least: at
# 28 words and more none of its six networks, while of the others at least three
# of six learn each distance (the results are from the same file). Surprised?
# Your norm is the most that *any* direction can keep. It says that something
# can arrive, not that what arrives can be told apart. One difference: with the
# identity all the words, and the bias at each of them, are added up in the same
# place. The two others turn the state at each step, so that words at different
# distances point in different directions. **Without a gradient nothing is
# learned; with one, something may be.** (The identity became known as a start
# for recurrent networks of ReLU units: Le, Jaitly and Hinton, 2015.)

# %% [markdown]
# ## Summary
#
# - One step back is a matrix, the Jacobian $J = $ diag$(1 - h_t^2)\, W_{hh}^\top$;
#   many steps back are a product of them.
# - Without tanh, the spectral radius $\rho$ of $W_{hh}$ decides: the gradient
#   goes like $\rho^k$, exactly so for $\rho$ times an orthogonal matrix. Below 1
#   it vanishes, above 1 it explodes.
# - With tanh, growing states saturate units, whose slopes are small. So an
#   explosion usually dampens itself, and vanishing is the rule.
# - The radius is about the long run of a linear network. A single step can
#   stretch by the spectral norm, and with tanh a non-normal matrix can explode
#   though its radius is below 1. Only a largest singular value below 1 makes
#   the gradient vanish for certain.
# - Clipping by the global norm keeps the direction and saves a training from
#   single huge steps. It brings nothing back that has vanished.
# - About how far back a plain network will learn, $\rho^k$ at the start tells,
#   for radii below 1: up to a share that depends on the training, and with
#   luck deciding near the border.
#
# ## What others call it
#
# | here | elsewhere |
# |---|---|
# | largest factor, spectral norm | operator norm, largest singular value |
# | changes no length | orthogonal; *dynamical isometry*, if it holds for the whole network |
# | the edge between vanishing and exploding | criticality, the edge of chaos |
# | an error grows or shrinks by so much a step, in the long run | Lyapunov exponent (the logarithm of that factor) |
# | how far back it can see | effective memory, learnable horizon |
# | clip by norm | gradient norm clipping, rescaling |
#
# ## Open questions
#
# - The factor at each step is weight times slope, and we could only choose how
#   it *starts*. **Could a network have a way on which the state is handed on
#   untouched, with a factor of 1 by construction, and decide for itself what to
#   write there, what to keep and what to drop?** (`05_gates`)
# - The identity as a start copies the state, and tanh spoils the copy. What if
#   the state were *added to*, outside of tanh?
# - These networks carry a year over up to 48 words with 32 units. How would one
#   carry ten facts, each for another time?
#
# ## References
#
# - S. Hochreiter: Untersuchungen zu dynamischen neuronalen Netzen. Diploma thesis,
#   1991. (The vanishing gradient, in German.)
# - Y. Bengio, P. Simard, P. Frasconi: Learning long-term dependencies with gradient
#   descent is difficult. 1994.
# - R. Pascanu, T. Mikolov, Y. Bengio: On the difficulty of training recurrent
#   neural networks. 2013. (The wall, and clipping by the norm.)
# - A. Saxe, J. McClelland, S. Ganguli: Exact solutions to the nonlinear dynamics of
#   learning in deep linear neural networks. 2014. (Orthogonal starts.)
# - Q. Le, N. Jaitly, G. Hinton: A simple way to initialize recurrent networks of
#   rectified linear units. 2015.
# - M. Arjovsky, A. Shah, Y. Bengio: Unitary evolution recurrent neural networks.
#   2016. (What if it had to *stay* orthogonal?)

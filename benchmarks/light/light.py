# %% [markdown]
# # A light notebook
#
# Seventeen cells of numpy and torch, for timing the grader itself.

# %%
import numpy as np
import torch


# %% exercise="double"
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% check="double_number" points=10
assert double(2.0) == 4.0

# %% check="double_array" points=10
np.testing.assert_allclose(double(np.ones(3)), 2 * np.ones(3))


# %% exercise="mean_square"
def mean_square(x):
    """The mean of the squares of an array."""
    ### BEGIN SOLUTION
    return float((x**2).mean())
    ### END SOLUTION


# %% check="mean_square_small" points=10
assert mean_square(np.array([1.0, 3.0])) == 5.0

# %% check="mean_square_large" points=10
x = np.random.default_rng(0).normal(size=1000)
np.testing.assert_allclose(mean_square(x), np.mean(x * x))


# %% exercise="softmax"
def softmax(x):
    """Softmax over the last axis."""
    ### BEGIN SOLUTION
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
    ### END SOLUTION


# %% check="softmax_sums" points=10
np.testing.assert_allclose(softmax(np.ones((2, 3))).sum(axis=-1), 1.0)

# %% check="softmax_values" points=10
np.testing.assert_allclose(softmax(np.zeros(4)), 0.25)


# %% exercise="slope"
def slope(x):
    """The derivative of x cubed, by torch; x is a float."""
    ### BEGIN SOLUTION
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    (leaf**3).backward()
    return float(leaf.grad)
    ### END SOLUTION


# %% check="slope_value" points=10
assert abs(slope(2.0) - 12.0) < 1e-9

# %% check="slope_zero" points=10
assert slope(0.0) == 0.0

# %% [markdown]
# The end of the code.

# %% check="slope_negative" points=10
assert abs(slope(-1.0) - 3.0) < 1e-9

# %% [markdown] answer="why" points=10
# Because.
#
# **Marking scheme**
# - 10 points: a reason

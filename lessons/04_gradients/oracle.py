"""Independent, slow derivations of the graded functions of `gradients`.

Plain loops over numbers. No decomposition of a matrix is used: powers of matrices
(Gelfand's formula) give norms and radii.
"""

import math

import numpy as np

_SQUARINGS = 60


def jacobian_step(h_t, W_hh):
    """J (H, H), J[i, j] = d h_t[i] / d h_prev[j].

    Route: plain loops over numbers.
    """
    H = len(h_t)
    J = np.zeros((H, H))
    for i in range(H):
        for j in range(H):
            J[i, j] = (1.0 - h_t[i]) * (1.0 + h_t[i]) * W_hh[j, i]
    return J


def _product(A, B):
    """A @ B, number by number."""
    C = np.zeros((A.shape[0], B.shape[1]))
    for i in range(A.shape[0]):
        for j in range(B.shape[1]):
            C[i, j] = math.fsum(A[i, m] * B[m, j] for m in range(A.shape[1]))
    return C


def spectral_radius(W):
    """The largest size of an eigenvalue of W (H, H).

    Gelfand: the n-th root of the size of the n-th power goes to it. The power is
    squared again and again, and its size is taken out each time.

    Route: sizes of high powers, by repeated squaring.
    """
    power, log_size = np.array(W, float), 0.0
    for n in range(_SQUARINGS):
        size = max(abs(entry) for entry in power.ravel())
        if size == 0.0:
            return 0.0
        log_size += math.log(size) / 2.0**n
        power = power / size
        power = _product(power, power)
    return math.exp(log_size)


def gradient_norms(h, W_hh):
    """The spectral norm of d h_T / d h_t for every t, (T,).

    The largest stretch of A is the root of the largest eigenvalue of A A^T.

    Route: plain loops, and high powers of A A^T.
    """
    T, H = h.shape
    norms = np.ones(T)
    A = np.array([[float(i == j) for j in range(H)] for i in range(H)])
    for t in range(T - 2, -1, -1):
        A = _product(A, jacobian_step(h[t + 1], W_hh))
        norms[t] = math.sqrt(spectral_radius(_product(A, A.T)))
    return norms


def rescale_spectral_radius(W, rho):
    """W times the positive number that makes its spectral radius rho.

    Route: sizes of high powers, then number by number.
    """
    radius = spectral_radius(W)
    new = np.zeros(W.shape)
    for place in np.ndindex(W.shape):
        new[place] = W[place] * rho / radius
    return new


def clip_by_norm(grads, max_norm):
    """The clipped gradients, and their global norm before.

    Route: plain loops with exact sums.
    """
    norm = math.sqrt(
        math.fsum(
            float(g) ** 2 for array in grads.values() for g in array.ravel()
        )
    )
    new = {}
    for name in grads:
        new[name] = np.zeros(grads[name].shape)
        for place in np.ndindex(grads[name].shape):
            g = float(grads[name][place])
            new[name][place] = g * max_norm / norm if norm > max_norm else g
    return new, norm


def learnable_horizon(norms, threshold):
    """How many steps back no norm is below the threshold.

    Route: every k is tried, from the largest down.
    """
    T = len(norms)
    for k in range(T - 1, 0, -1):
        if all(norms[t] >= threshold for t in range(T - 1 - k, T)):
            return k
    return 0

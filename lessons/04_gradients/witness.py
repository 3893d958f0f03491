"""A second, independent route to everything that the hidden tests take from the oracle.

Each function has the name and the arguments of the oracle's.
"""

import numpy as np
import torch


def jacobian_step(h_t, W_hh):
    """J (H, H) of a step that ends in h_t; where the step began makes no difference.

    Route: torch's automatic differentiation of the step itself.
    """
    W, arrived = torch.tensor(W_hh), torch.atanh(torch.tensor(h_t))
    h_prev = torch.linspace(-0.5, 0.5, len(h_t), dtype=torch.float64)
    rest = arrived - h_prev @ W

    def step(h):
        return torch.tanh(rest + h @ W)

    return torch.autograd.functional.jacobian(step, h_prev).numpy()


def gradient_norms(h, W_hh):
    """Spectral norms (T,) of d h_T / d h_t.

    Route: torch's automatic differentiation of the forward pass, singular values.
    """
    W, states = torch.tensor(W_hh), torch.tensor(h)
    rest = torch.atanh(states[1:]) - states[:-1] @ W
    norms = []
    for t in range(len(h)):

        def run(h_t, start=t):
            for a_t in rest[start:]:
                h_t = torch.tanh(a_t + h_t @ W)
            return h_t

        J = torch.autograd.functional.jacobian(run, states[t])
        norms.append(float(torch.linalg.svdvals(J)[0]))
    return np.array(norms)


def _characteristic_polynomial(W):
    """Its coefficients, highest first, by the method of Faddeev and Le Verrier."""
    H = len(W)
    coefficients, M = [1.0], np.zeros((H, H))
    for n in range(1, H + 1):
        M = W @ M + coefficients[-1] * np.eye(H)
        coefficients.append(-np.trace(W @ M) / n)
    return np.array(coefficients)


def spectral_radius(W):
    """The largest size of a root of the characteristic polynomial.

    Route: the characteristic polynomial, its roots by Weierstrass's iteration.
    """
    scale = float(np.abs(W).max())
    if scale == 0:
        return 0.0
    coefficients = _characteristic_polynomial(np.asarray(W) / scale)
    H = len(W)
    roots = 1.5 * np.exp(2j * np.pi * (np.arange(H) + 0.3) / H)
    for _ in range(500):
        for i in range(H):
            others = np.prod(roots[i] - np.delete(roots, i))
            roots[i] -= np.polyval(coefficients, roots[i]) / others
    return scale * float(np.abs(roots).max())


def rescale_spectral_radius(W, rho):
    """W times the positive number that makes its spectral radius rho.

    Route: the roots of the characteristic polynomial.
    """
    return np.asarray(W) * (rho / spectral_radius(W))


def clip_by_norm(grads, max_norm):
    """Clipped gradients and global norm.

    Route: one long vector, torch's norm, and the smaller of two factors.
    """
    flat = torch.cat(
        [torch.tensor(array).reshape(-1) for array in grads.values()]
    )
    norm = torch.linalg.vector_norm(flat)
    factor = torch.clamp(max_norm / norm, max=1.0) if norm > 0 else 1.0
    parts = torch.split(
        flat * factor, [array.size for array in grads.values()]
    )
    new = {
        name: part.numpy().reshape(grads[name].shape)
        for name, part in zip(grads, parts, strict=True)
    }
    return new, float(norm)


def learnable_horizon(norms, threshold):
    """How many steps back no norm is below the threshold.

    Route: the running minimum from the end, and a count.
    """
    lowest = np.minimum.accumulate(np.asarray(norms)[::-1])
    return max(int(np.count_nonzero(lowest >= threshold)) - 1, 0)

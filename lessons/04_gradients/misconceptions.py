"""Wrong solutions that real students hand in, and right ones in other styles."""

import numpy as np

from unrolled.assignment.catalogue import misconception, style

# ---- jacobian_step


@misconception(
    "jacobian_step",
    fails=("jacobian_values", "jacobian_direction"),
    hint="J is transposed: J[i, j] belongs to new unit i and old unit j. W_hh[i, j] "
    "leads the other way, from old unit i to new unit j.",
)
def jacobian_transposed(h_t, W_hh):
    """Puts the old unit first."""
    return W_hh * (1 - h_t**2)


@misconception(
    "jacobian_step",
    fails=("jacobian_values", "jacobian_saturated"),
    hint="The slope of tanh multiplies the columns. It belongs to the new unit, which "
    "is the row of J.",
)
def jacobian_slope_on_columns(h_t, W_hh):
    """Scales the columns."""
    return W_hh.T * (1 - h_t**2)


@misconception(
    "jacobian_step",
    fails=("jacobian_values", "jacobian_direction"),
    hint="W_hh stands in J as it is. J[i, j] needs the weight from old unit j to new "
    "unit i: which index of W_hh comes first?",
)
def jacobian_untransposed_weights(h_t, W_hh):
    """Scales the rows of W_hh itself."""
    return (1 - h_t**2)[:, None] * W_hh


@misconception(
    "jacobian_step",
    fails=("jacobian_values", "jacobian_saturated"),
    hint="The slope of tanh is missing: this is the Jacobian of a network without "
    "tanh.",
)
def jacobian_linear(h_t, W_hh):
    """Forgets tanh."""
    return W_hh.T.copy()


@misconception(
    "jacobian_step",
    fails="jacobian_values",
    hint="The square is missing in the slope: tanh has the slope 1 - tanh squared.",
)
def jacobian_no_square(h_t, W_hh):
    """Takes 1 - h."""
    return (1 - h_t)[:, None] * W_hh.T


@misconception(
    "jacobian_step",
    fails="jacobian_values",
    hint="tanh is taken once more: h_t is the state after tanh already.",
)
def jacobian_tanh_twice(h_t, W_hh):
    """Takes h_t for the pre-activation."""
    return (1 - np.tanh(h_t) ** 2)[:, None] * W_hh.T


@misconception(
    "jacobian_step",
    fails=("jacobian_values", "jacobian_direction"),
    hint="This is the slope of the sigmoid, h (1 - h). The network uses tanh.",
)
def jacobian_sigmoid(h_t, W_hh):
    """Takes the slope of another function."""
    return (h_t * (1 - h_t))[:, None] * W_hh.T


@style("jacobian_step")
def jacobian_diag(h_t, W_hh):
    return np.diag(1 - h_t**2) @ W_hh.T


@style("jacobian_step")
def jacobian_loops(h_t, W_hh):
    H = len(h_t)
    J = np.zeros((H, H))
    for i in range(H):
        for j in range(H):
            J[i, j] = (1 - h_t[i] ** 2) * W_hh[j, i]
    return J


@style("jacobian_step")
def jacobian_einsum(h_t, W_hh):
    return np.einsum("i,ji->ij", 1 - h_t * h_t, W_hh)


@style("jacobian_step")
def jacobian_torch(h_t, W_hh):
    import torch

    slope = 1 - torch.as_tensor(h_t) ** 2
    return (slope[:, None] * torch.as_tensor(W_hh).T).numpy()


# ---- gradient_norms


@misconception(
    "gradient_norms",
    fails="norms_order",
    hint="The factors stand in the wrong order. On the way back the later steps come "
    "first: J_T stands left, each earlier J is put to the right.",
)
def norms_reversed_product(h, W_hh):
    """Multiplies from the left."""
    norms, product = np.ones(len(h)), np.eye(len(W_hh))
    for t in reversed(range(len(h) - 1)):
        product = jacobian_step(h[t + 1], W_hh) @ product
        norms[t] = np.linalg.norm(product, 2)
    return norms


@misconception(
    "gradient_norms",
    fails=("norms_values", "norms_own_slope"),
    hint="Each product begins one step too early: the step that led to h[t] is in it. "
    "d h_T / d h_t begins with the step that leaves h_t.",
)
def norms_own_step(h, W_hh):
    """Uses h[t] in place of h[t + 1]."""
    norms, product = np.ones(len(h)), np.eye(len(W_hh))
    for t in reversed(range(len(h) - 1)):
        product = product @ jacobian_step(h[t], W_hh)
        norms[t] = np.linalg.norm(product, 2)
    return norms


@misconception(
    "gradient_norms",
    fails=("norms_last", "norms_values"),
    hint="The last norm is not 1: the last step was multiplied before anything was "
    "kept. From h_T to h_T there's no step at all.",
)
def norms_last_step_taken(h, W_hh):
    """Multiplies before it measures, from the last state on."""
    norms, product = np.ones(len(h)), np.eye(len(W_hh))
    for t in reversed(range(len(h))):
        product = product @ jacobian_step(h[t], W_hh)
        norms[t] = np.linalg.norm(product, 2)
    return norms


@misconception(
    "gradient_norms",
    fails=("norms_last", "norms_order"),
    hint="This is the Frobenius norm, the root of the sum of all squares. Asked for is "
    "the largest stretch: np.linalg.norm needs a second argument.",
)
def norms_frobenius(h, W_hh):
    """Forgets the 2."""
    norms, product = np.ones(len(h)), np.eye(len(W_hh))
    norms[-1] = np.linalg.norm(product)
    for t in reversed(range(len(h) - 1)):
        product = product @ jacobian_step(h[t + 1], W_hh)
        norms[t] = np.linalg.norm(product)
    return norms


@misconception(
    "gradient_norms",
    fails="norms_order",
    hint="The norms of the steps are multiplied. Take the norm of the product instead: "
    "no single error is stretched the most at every step.",
)
def norms_product_of_norms(h, W_hh):
    """An upper bound only."""
    norms = np.ones(len(h))
    for t in reversed(range(len(h) - 1)):
        step = np.linalg.norm(jacobian_step(h[t + 1], W_hh), 2)
        norms[t] = norms[t + 1] * step
    return norms


@misconception(
    "gradient_norms",
    fails="norms_values",
    hint="The norms stand in the order of the walk back, the last state first. norms[t] "
    "belongs to h[t]: the last state stands at the end.",
)
def norms_walk_order(h, W_hh):
    """Appends on the way back."""
    norms, product = [1.0], np.eye(len(W_hh))
    for t in reversed(range(len(h) - 1)):
        product = product @ jacobian_step(h[t + 1], W_hh)
        norms.append(np.linalg.norm(product, 2))
    return np.array(norms)


@misconception(
    "gradient_norms",
    fails="norms_values",
    hint="Each norm is that of one step alone. Multiply the Jacobians of all steps "
    "between h_t and the end.",
)
def norms_single_steps(h, W_hh):
    """Never multiplies."""
    norms = np.ones(len(h))
    for t in range(len(h) - 1):
        norms[t] = np.linalg.norm(jacobian_step(h[t + 1], W_hh), 2)
    return norms


@misconception(
    "gradient_norms",
    fails="norms_order",
    hint="This is the largest eigenvalue of the product. Asked for is its spectral norm, "
    "which is larger as a rule.",
)
def norms_eigenvalues(h, W_hh):
    """Confuses norm and radius."""
    norms, product = np.ones(len(h)), np.eye(len(W_hh))
    for t in reversed(range(len(h) - 1)):
        product = product @ jacobian_step(h[t + 1], W_hh)
        norms[t] = np.abs(np.linalg.eigvals(product)).max()
    return norms


@style("gradient_norms")
def norms_svd(h, W_hh):
    product, found = np.eye(h.shape[1]), [1.0]
    for h_t in h[:0:-1]:
        product = product @ jacobian_step(h_t, W_hh)
        found.insert(0, np.linalg.svd(product, compute_uv=False)[0])
    return np.array(found)


@style("gradient_norms")
def norms_each_from_scratch(h, W_hh):
    T, H = h.shape
    norms = np.empty(T)
    for t in range(T):
        A = np.eye(H)
        for s in range(t + 1, T):
            A = jacobian_step(h[s], W_hh) @ A
        norms[t] = np.sqrt(np.linalg.eigvalsh(A @ A.T).max())
    return norms


@style("gradient_norms")
def norms_rows_of_errors(h, W_hh):
    errors, norms = np.eye(h.shape[1]), [1.0]
    for t in range(len(h) - 1, 0, -1):
        errors = (errors * (1 - h[t] ** 2)) @ W_hh.T
        norms.append(np.linalg.norm(errors, ord=2))
    return np.flip(norms)


@style("gradient_norms")
def norms_torch(h, W_hh):
    import torch

    W, A, norms = torch.as_tensor(W_hh), torch.eye(len(W_hh)).double(), [1.0]
    for h_t in torch.as_tensor(h[1:]).flip(0):
        A = A @ torch.diag(1 - h_t**2) @ W.T
        norms.append(float(torch.linalg.matrix_norm(A, 2)))
    return torch.tensor(norms[::-1], dtype=torch.float64)


# ---- spectral_radius


@misconception(
    "spectral_radius",
    fails=("radius_real", "radius_is_no_norm"),
    hint="This is the spectral norm, the largest stretch of a single step. The radius is "
    "the size of the largest eigenvalue.",
)
def radius_norm(W):
    """Takes the largest singular value."""
    return float(np.linalg.norm(W, 2))


@misconception(
    "spectral_radius",
    fails="radius_negative",
    hint="The largest eigenvalue by its sign was taken. A negative one can be larger in "
    "size.",
)
def radius_signed(W):
    """Forgets the absolute value."""
    return float(np.linalg.eigvals(W).real.max())


@misconception(
    "spectral_radius",
    fails="radius_complex",
    hint="Only the real parts are looked at. The size of a complex number counts both "
    "parts.",
)
def radius_real_part(W):
    """Throws the imaginary parts away."""
    return float(np.abs(np.linalg.eigvals(W).real).max())


@misconception(
    "spectral_radius",
    fails=("radius_real", "radius_negative"),
    hint="This is the smallest of the eigenvalues. The one that wins in the long run is "
    "the largest.",
)
def radius_smallest(W):
    """Takes the minimum."""
    return float(np.abs(np.linalg.eigvals(W)).min())


@misconception(
    "spectral_radius",
    fails=("radius_real", "radius_is_no_norm"),
    hint="The eigenvalues are computed for a symmetric matrix (eigvalsh), which looks "
    "at one triangle only. W is not symmetric.",
)
def radius_symmetric(W):
    """Uses eigvalsh."""
    return float(np.abs(np.linalg.eigvalsh(W)).max())


@misconception(
    "spectral_radius",
    fails=("radius_real", "radius_negative"),
    hint="The sizes of the eigenvalues are added up or averaged. Take the largest.",
)
def radius_sum(W):
    """Adds them up."""
    return float(np.abs(np.linalg.eigvals(W)).sum())


@misconception(
    "spectral_radius",
    fails=("radius_complex", "radius_is_no_norm"),
    hint="The largest entry of W was taken. Eigenvalues are not entries.",
)
def radius_largest_entry(W):
    """Looks at the entries."""
    return float(np.abs(W).max())


@style("spectral_radius")
def radius_loop(W):
    largest = 0.0
    for value in np.linalg.eig(W)[0]:
        largest = max(largest, abs(value))
    return largest


@style("spectral_radius")
def radius_hypot(W):
    values = np.linalg.eigvals(W)
    return np.sqrt((values.real**2 + values.imag**2).max())


@style("spectral_radius")
def radius_torch(W):
    import torch

    return torch.linalg.eigvals(torch.as_tensor(W)).abs().max().item()


@style("spectral_radius")
def radius_sorted(W):
    return float(sorted(np.abs(np.linalg.eigvals(W.T)))[-1])


# ---- rescale_spectral_radius


@misconception(
    "rescale_spectral_radius",
    fails=("rescale_radius", "rescale_grows"),
    hint="W is multiplied by rho, whatever its own radius is. Divide by that, too.",
)
def rescale_times_rho(W, rho):
    """Takes the old radius for 1."""
    return W * rho


@misconception(
    "rescale_spectral_radius",
    fails=("rescale_radius", "rescale_grows"),
    hint="The fraction is upside down: the old radius stands above the new one.",
)
def rescale_inverted(W, rho):
    """Divides the wrong way round."""
    return W * (spectral_radius(W) / rho)


@misconception(
    "rescale_spectral_radius",
    fails=("rescale_radius", "rescale_grows"),
    hint="This sets the spectral norm to rho, not the spectral radius.",
)
def rescale_norm(W, rho):
    """Divides by the norm."""
    return W * (rho / np.linalg.norm(W, 2))


@misconception(
    "rescale_spectral_radius",
    fails="rescale_grows",
    hint="Only matrices that are too large are changed. This isn't clipping: a smaller "
    "radius should become rho as well.",
)
def rescale_only_down(W, rho):
    """Clips."""
    return W * min(1.0, rho / spectral_radius(W))


@misconception(
    "rescale_spectral_radius",
    fails="rescale_keeps_W",
    hint="The matrix of the caller is changed: *= and /= write into it. Make a new "
    "array.",
)
def rescale_in_place(W, rho):
    """Writes into W."""
    W *= rho / spectral_radius(W)
    return W


@misconception(
    "rescale_spectral_radius",
    fails=("rescale_radius", "rescale_grows"),
    hint="The radius becomes 1 whatever rho is.",
)
def rescale_to_one(W, rho):
    """Forgets rho."""
    return W / spectral_radius(W)


@misconception(
    "rescale_spectral_radius",
    fails="rescale_grows",
    hint="The factor has the wrong sign: it was made from an eigenvalue instead of its "
    "size. The factor is positive.",
)
def rescale_by_eigenvalue(W, rho):
    """Divides by the largest eigenvalue itself, with its sign."""
    values = np.linalg.eigvals(W)
    return W * rho / values[np.abs(values).argmax()].real


@style("rescale_spectral_radius")
def rescale_loops(W, rho):
    factor, new = rho / spectral_radius(W), np.zeros(W.shape)
    for i, row in enumerate(W):
        for j, entry in enumerate(row):
            new[i, j] = factor * entry
    return new


@style("rescale_spectral_radius")
def rescale_copy(W, rho):
    W = W.copy()
    W /= spectral_radius(W)
    W *= rho
    return W


@style("rescale_spectral_radius")
def rescale_eigen(W, rho):
    values, vectors = np.linalg.eig(W)
    values = values * rho / np.abs(values).max()
    return (vectors @ np.diag(values) @ np.linalg.inv(vectors)).real


@style("rescale_spectral_radius")
def rescale_single_precision(W, rho):
    return (W * (rho / spectral_radius(W))).astype(np.float32)


# ---- orthogonal_init: its results are random, so they are looked at


def _drawn(calls):
    """(H, seed, result) of all calls that gave a square matrix of floats."""
    found = []
    for call in calls:
        if call.before is None or call.error is not None:
            return []
        args = [*call.before[0], *call.before[1].values()]
        Q = call.result
        if type(Q).__name__ == "Tensor":
            Q = Q.detach().numpy()
        if type(Q) is not np.ndarray or Q.dtype.kind != "f" or Q.ndim != 2:
            return []
        if Q.shape != (args[0], args[0]) or not np.isfinite(Q).all():
            return []
        found.append((args[0], args[1], np.asarray(Q, float)))
    return found


def _is_orthogonal(Q):
    return np.allclose(Q.T @ Q, np.eye(len(Q)), atol=1e-4)


def _all(calls, test):
    found = _drawn(calls)
    return bool(found) and all(test(Q) for _, _, Q in found)


def _unit(Q, axis):
    return np.allclose(np.linalg.norm(Q, axis=axis), 1, atol=1e-6)


def _is_identity(Q):
    return np.array_equal(Q, np.eye(len(Q)))


def _is_triangular(Q):
    return not np.tril(Q, -1).any()


def _is_one_sided(calls):
    return _all(
        calls,
        lambda Q: (
            not _is_orthogonal(Q)
            and not _is_triangular(Q)
            and (_unit(Q, 0) or _unit(Q, 1))
        ),
    )


def _is_scaled(Q):
    G = Q.T @ Q
    size = np.trace(G) / len(G)
    alike = size > 0 and np.allclose(
        G, size * np.eye(len(G)), atol=1e-6 * size
    )
    return bool(alike and abs(size - 1) > 1e-3)


def _looks_drawn(calls):
    """Neither orthogonal nor made so half-way: as the random numbers came."""
    return _all(
        calls,
        lambda Q: (
            not _is_orthogonal(Q)
            and not _is_triangular(Q)
            and not _unit(Q, 0)
            and not _unit(Q, 1)
            and not _is_scaled(Q)
        ),
    )


def _is_triangular_part(calls):
    return _all(calls, lambda Q: _is_triangular(Q) and not _is_orthogonal(Q))


def _pairs(calls, same_seed):
    """Pairs of results of one size, for the same seed or for different ones."""
    found = _drawn(calls)
    return [
        (a[2], b[2])
        for n, a in enumerate(found)
        for b in found[:n]
        if a[0] == b[0] and (a[1] == b[1]) == same_seed
    ]


def _ignores_seed(calls):
    pairs = _pairs(calls, same_seed=False)
    return bool(pairs) and all(
        np.allclose(a, b) and not _is_identity(a) for a, b in pairs
    )


def _is_always_identity(calls):
    return len(_pairs(calls, False)) > 0 and _all(calls, _is_identity)


def _never_repeats(calls):
    pairs = _pairs(calls, same_seed=True)
    return bool(pairs) and not any(np.allclose(a, b) for a, b in pairs)


def _is_wrongly_scaled(calls):
    return _all(calls, _is_scaled)


@misconception(
    "orthogonal_init",
    fails="orthogonal_columns",
    hint="This matrix is random, but not orthogonal: Q.T @ Q is not the identity. The "
    "random numbers still have to go through qr.",
    matches=_looks_drawn,
)
def orthogonal_gaussian(H, seed):
    """Returns the random numbers."""
    return np.random.default_rng(seed).normal(size=(H, H)) / np.sqrt(H)


@misconception(
    "orthogonal_init",
    fails="orthogonal_columns",
    hint="The columns (or rows) have length 1, but they don't stand at right angles to "
    "each other. Scaling them isn't enough.",
    matches=_is_one_sided,
)
def orthogonal_unit_columns(H, seed):
    """Normalises the columns only."""
    A = np.random.default_rng(seed).normal(size=(H, H))
    return A / np.linalg.norm(A, axis=0)


@misconception(
    "orthogonal_init",
    fails="orthogonal_columns",
    hint="This is the triangular one of the two matrices that qr gives. You want the "
    "other.",
    matches=_is_triangular_part,
)
def orthogonal_takes_r(H, seed):
    """Returns R."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(H, H)))[1]


@misconception(
    "orthogonal_init",
    fails="orthogonal_columns",
    hint="The columns are at right angles, but their length isn't 1. What qr gives needs "
    "no further scaling.",
    matches=_is_wrongly_scaled,
)
def orthogonal_scaled(H, seed):
    """Divides by the root of H once more."""
    A = np.random.default_rng(seed).normal(size=(H, H))
    return np.linalg.qr(A)[0] / np.sqrt(H)


@misconception(
    "orthogonal_init",
    fails="orthogonal_seeds",
    hint="Every seed gives the same matrix. The random generator has to be made from "
    "the seed that comes in.",
    matches=_ignores_seed,
)
def orthogonal_fixed_seed(H, seed):
    """Always starts from 0."""
    return np.linalg.qr(np.random.default_rng(0).normal(size=(H, H)))[0]


@misconception(
    "orthogonal_init",
    fails="orthogonal_repeats",
    hint="The same seed gives another matrix each time. The random generator has to be "
    "made from the seed, anew at every call.",
    matches=_never_repeats,
)
def orthogonal_unseeded(H, seed):
    """Ignores the seed."""
    return np.linalg.qr(np.random.default_rng().normal(size=(H, H)))[0]


@misconception(
    "orthogonal_init",
    fails="orthogonal_seeds",
    hint="This is the identity, whatever the seed is. It's orthogonal, but not random: "
    "draw one.",
    matches=_is_always_identity,
)
def orthogonal_identity(H, seed):
    """Returns the identity."""
    return np.eye(H)


def _is_permutation(calls):
    """Whether each result has a single 1 in each row, not always in the same place."""
    found = [np.asarray(call.result) for call in calls]
    alike = all(np.array_equal(Q, np.eye(len(Q))) for Q in found)
    return not alike and all(
        np.isin(Q, (0, 1)).all() and (Q.sum(axis=1) == 1).all() for Q in found
    )


@misconception(
    "orthogonal_init",
    fails="orthogonal_seeds",
    hint="This only shuffles the units: a permutation is orthogonal, but there are few "
    "of them, and no unit is mixed with another. Draw the matrix out of all.",
    matches=_is_permutation,
)
def orthogonal_permutation(H, seed):
    """Shuffles the identity."""
    return np.random.default_rng(seed).permutation(np.eye(H))


@style("orthogonal_init")
def orthogonal_gram_schmidt(H, seed):
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(H):
        row = rng.normal(size=H)
        for _ in range(2):
            for other in rows:
                row = row - (row @ other) * other
        rows.append(row / np.linalg.norm(row))
    return np.array(rows)


@style("orthogonal_init")
def orthogonal_svd(H, seed):
    U, _, V = np.linalg.svd(np.random.RandomState(seed).randn(H, H))
    return U @ V


@style("orthogonal_init")
def orthogonal_signs(H, seed):
    np.random.seed(seed)
    Q, R = np.linalg.qr(np.random.normal(size=(H, H)))
    return Q * np.sign(np.diag(R))


@style("orthogonal_init")
def orthogonal_torch(H, seed):
    import torch

    generator = torch.Generator().manual_seed(int(seed))
    A = torch.randn(H, H, generator=generator, dtype=torch.float64)
    return torch.linalg.qr(A).Q


@style("orthogonal_init")
def orthogonal_reflections(H, seed):
    rng, Q = np.random.default_rng(seed), np.eye(H)
    for _ in range(H):
        v = rng.normal(size=H)
        Q = Q - 2 * np.outer(Q @ v, v) / (v @ v)
    return Q


# ---- clip_by_norm


@misconception(
    "clip_by_norm",
    fails="clip_global",
    hint="Each array is clipped by its own norm. The norm is global: one for all arrays "
    "together, and one factor.",
)
def clip_each_array(grads, max_norm):
    """A norm for each array."""
    new, total = {}, 0.0
    for name, g in grads.items():
        norm = float(np.linalg.norm(g))
        total += norm**2
        new[name] = g * (max_norm / norm if norm > max_norm else 1.0)
    return new, float(np.sqrt(total))


@misconception(
    "clip_by_norm",
    fails=("clip_scaled", "clip_global"),
    hint="Each number is cut by itself, which turns the gradient. Multiply all numbers "
    "by the same factor.",
)
def clip_by_value(grads, max_norm):
    """Cuts each number."""
    norm = float(np.sqrt(sum((g**2).sum() for g in grads.values())))
    return {n: np.clip(g, -max_norm, max_norm) for n, g in grads.items()}, norm


@misconception(
    "clip_by_norm",
    fails="clip_small",
    hint="Small gradients are blown up to max_norm. Where the norm is below it, nothing "
    "should change.",
)
def clip_always(grads, max_norm):
    """Always rescales."""
    norm = float(np.sqrt(sum((g**2).sum() for g in grads.values())))
    scale = max_norm / norm if norm > 0 else 1.0
    return {n: g * scale for n, g in grads.items()}, norm


@misconception(
    "clip_by_norm",
    fails=("clip_small", "clip_zero"),
    hint="Always divided by the norm: small gradients are blown up, and where all of "
    "them are 0 it's a division by 0. Clip only what is too large.",
    exception=ZeroDivisionError,
)
def clip_always_unsafe(grads, max_norm):
    """Always rescales, also by 0."""
    norm = np.sqrt(sum((g**2).sum() for g in grads.values()))
    return {n: g * max_norm / norm for n, g in grads.items()}, norm


@misconception(
    "clip_by_norm",
    fails="clip_exact",
    hint="A small number is added to the norm before dividing. Where gradients are tiny "
    "it isn't small any more; you never divide by 0 if you only clip what is too large.",
)
def clip_eps(grads, max_norm):
    """Adds 1e-6, as some libraries do."""
    norm = float(np.sqrt(sum((g**2).sum() for g in grads.values())))
    scale = min(1.0, max_norm / (norm + 1e-6))
    return {n: g * scale for n, g in grads.items()}, norm


@misconception(
    "clip_by_norm",
    fails="clip_returns_norm",
    hint="The second result is the norm after clipping. Asked for is the norm before: it "
    "tells you that an explosion took place.",
)
def clip_norm_after(grads, max_norm):
    """Returns the new norm."""
    norm = float(np.sqrt(sum((g**2).sum() for g in grads.values())))
    scale = max_norm / norm if norm > max_norm else 1.0
    return {n: g * scale for n, g in grads.items()}, norm * scale


@misconception(
    "clip_by_norm",
    fails=("clip_scaled", "clip_returns_norm"),
    hint="The root is missing: this is the square of the norm.",
)
def clip_squared(grads, max_norm):
    """Forgets the root."""
    norm = float(sum((g**2).sum() for g in grads.values()))
    scale = max_norm / norm if norm > max_norm else 1.0
    return {n: g * scale for n, g in grads.items()}, norm


@misconception(
    "clip_by_norm",
    fails="clip_global",
    hint="The norms of the arrays are added up. The global norm is the root of the sum "
    "of all squares.",
)
def clip_sum_of_norms(grads, max_norm):
    """Adds the norms."""
    norm = float(sum(np.linalg.norm(g) for g in grads.values()))
    scale = max_norm / norm if norm > max_norm else 1.0
    return {n: g * scale for n, g in grads.items()}, norm


@misconception(
    "clip_by_norm",
    fails="clip_keeps_grads",
    hint="The gradients of the caller are changed: *= writes into their arrays. Make "
    "new ones.",
)
def clip_in_place(grads, max_norm):
    """Writes into the arrays."""
    norm = float(np.sqrt(sum((g**2).sum() for g in grads.values())))
    if norm > max_norm:
        for g in grads.values():
            g *= max_norm / norm
    return grads, norm


@style("clip_by_norm")
def clip_one_vector(grads, max_norm):
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in grads.values()]))
    if norm <= max_norm:
        return dict(grads), norm
    return {name: g / norm * max_norm for name, g in grads.items()}, norm


@style("clip_by_norm")
def clip_loops(grads, max_norm):
    total = 0.0
    for g in grads.values():
        for value in g.flat:
            total += value * value
    norm, new = total**0.5, {}
    for name, g in grads.items():
        new[name] = g.copy()
        if norm > max_norm:
            new[name] *= max_norm / norm
    return new, norm


@style("clip_by_norm")
def clip_torch(grads, max_norm):
    import torch

    tensors = {n: torch.as_tensor(g) for n, g in grads.items()}
    norm = torch.stack([t.norm() for t in tensors.values()]).norm()
    scale = torch.clamp(max_norm / norm, max=1.0) if norm > 0 else 1.0
    return {n: (t * scale).numpy() for n, t in tensors.items()}, norm.item()


@style("clip_by_norm")
def clip_hypot(grads, max_norm):
    import math

    norm = math.hypot(*(float(v) for g in grads.values() for v in g.ravel()))
    scale = min(1.0, max_norm / norm) if norm else 1.0
    return {name: scale * g for name, g in grads.items()}, norm


@style("clip_by_norm")
def clip_single_precision(grads, max_norm):
    small = {name: g.astype(np.float32) for name, g in grads.items()}
    norm = np.sqrt(sum(np.vdot(g, g) for g in small.values()))
    scale = np.float32(max_norm / norm) if norm > max_norm else np.float32(1)
    return {name: g * scale for name, g in small.items()}, norm


# ---- learnable_horizon


@misconception(
    "learnable_horizon",
    fails="horizon_gap",
    hint="All large norms are counted, also those behind a gap. The first one below the "
    "threshold, seen from the end, ends it.",
)
def horizon_counts_all(norms, threshold):
    """Counts wherever they stand."""
    return max(int((norms >= threshold).sum()) - 1, 0)


@misconception(
    "learnable_horizon",
    fails=("horizon_example", "horizon_all"),
    hint="One too many: the last state itself is counted. It's 0 steps back.",
)
def horizon_counts_last(norms, threshold):
    """Counts states, not steps."""
    k = 0
    for norm in norms[::-1]:
        if norm < threshold:
            break
        k += 1
    return k


@misconception(
    "learnable_horizon",
    fails=("horizon_at_threshold",),
    hint="A norm that is just at the threshold is refused. At the threshold is enough.",
)
def horizon_strict(norms, threshold):
    """Asks for more than the threshold."""
    k = 0
    for norm in norms[-2::-1]:
        if norm <= threshold or norms[-1] <= threshold:
            break
        k += 1
    return k


@misconception(
    "learnable_horizon",
    fails="horizon_gap",
    hint="This is the farthest step that is large enough. All steps between it and the "
    "end have to be so, too.",
)
def horizon_farthest(norms, threshold):
    """Ignores what lies between."""
    good = np.flatnonzero(norms >= threshold)
    return int(len(norms) - 1 - good[0]) if len(good) else 0


@misconception(
    "learnable_horizon",
    fails=("horizon_example", "horizon_gap"),
    hint="Counted from the first state. The last state stands at the end of norms: begin "
    "there.",
)
def horizon_from_the_start(norms, threshold):
    """Reads norms the wrong way round."""
    k = 0
    for norm in norms[1:]:
        if norm < threshold or norms[0] < threshold:
            break
        k += 1
    return k


@misconception(
    "learnable_horizon",
    fails=("horizon_example", "horizon_gap"),
    hint="This is the place in norms, counted from its start. Asked for is the number of "
    "steps back from the end.",
)
def horizon_index(norms, threshold):
    """Returns an index."""
    t = len(norms) - 1
    while t > 0 and norms[t - 1] >= threshold:
        t -= 1
    return t


@misconception(
    "learnable_horizon",
    fails="horizon_none",
    hint="The last norm is never looked at. Where even that is below the threshold, the "
    "result is 0.",
)
def horizon_skips_last(norms, threshold):
    """Begins one step back."""
    k = 0
    while k + 1 < len(norms) and norms[-2 - k] >= threshold:
        k += 1
    return k


@style("learnable_horizon")
def horizon_while(norms, threshold):
    if norms[-1] < threshold:
        return 0
    k = 0
    while k + 1 < len(norms) and norms[len(norms) - 2 - k] >= threshold:
        k += 1
    return k


@style("learnable_horizon")
def horizon_below(norms, threshold):
    below = np.flatnonzero(norms[::-1] < threshold)
    return max(int(below[0]) - 1, 0) if below.size else len(norms) - 1


@style("learnable_horizon")
def horizon_accumulate(norms, threshold):
    return max(
        np.logical_and.accumulate(norms[::-1] >= threshold).sum() - 1, 0
    )


@style("learnable_horizon")
def horizon_takewhile(norms, threshold):
    from itertools import takewhile

    good = list(takewhile(lambda norm: norm >= threshold, reversed(norms)))
    return len(good[1:])


@style("learnable_horizon")
def horizon_torch(norms, threshold):
    import torch

    good = (torch.as_tensor(norms).flip(0) >= threshold).int()
    return max(int(good.cumprod(0).sum()) - 1, 0)
